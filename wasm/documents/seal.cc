#include "documents/seal.h"

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/changes.h"
#include "documents/shard_of.h"
#include "documents/sql_read.h"
#include "documents/sql_restore.h"
#include "engine/await.h"

namespace tidemark {
namespace {

constexpr Keep kPage{limits::kJournalPartUnits, limits::kPageRowsMax};
constexpr int64_t kAnyKind = 1;
constexpr std::string_view kTail = "]}]}";

class Sealer {
 public:
  Sealer(CopyTarget target, DocumentTag tag, Copied copied, SharedMoment moment)
      : target_(std::move(target)),
        tag_(std::move(tag)),
        copied_(std::move(copied)),
        moment_(std::move(moment)) {}

  Task<bool> Run();

 private:
  std::string Head() const;
  std::string ShardHead(const std::string& shard) const;
  Task<bool> Open();
  Task<bool> WriteOwn();
  Task<bool> WriteOwnPages(bool records, std::string collection);
  Task<bool> WriteShards();
  Task<bool> WriteShardPages(std::string shard, Params range);
  Task<bool> WriteChanges(Handle changes);
  Task<bool> Write(std::vector<Part> parts);

  CopyTarget target_;
  DocumentTag tag_;
  Copied copied_;
  SharedMoment moment_;
  std::string stream_;
  bool first_ = true;  // no change yet of this entry
};

std::string Sealer::Head() const {
  const std::string version = std::to_string(tag_.version);
  std::string head = R"({"epoch":")" + tag_.epoch + R"(","first":)" + version + R"(,"last":)" +
                     version + R"(,"previous":0,"entries":[)" +
                     EntryHead({.seq = tag_.version, .op = "place"});
  if (!moment_.layout.empty()) head += R"({"op":"spread"})";
  return head;
}

// It ends the entry before.
std::string Sealer::ShardHead(const std::string& shard) const {
  std::string head = R"(]},{"object":)";
  json::AppendQuoted(&head, ShardObjectName(moment_.app, shard));
  return head + ',' + EntryHead({.seq = tag_.version, .op = "place"}).substr(1);
}

Task<bool> Sealer::Open() {
  const ResultSet measured = co_await Query(sql::kMeasurePlaces, {tag_.version, kAnyKind});
  int64_t size = static_cast<int64_t>(Head().size() + kTail.size()) + measured.Integer(0, 0);
  if (!moment_.layout.empty() && measured.Integer(0, 0) > 0) ++size;  // a comma
  for (size_t i = 0; i < moment_.shards.size(); ++i) {
    size += static_cast<int64_t>(ShardHead(moment_.shards[i]).size()) + moment_.places[i];
  }
  std::string meta = R"({"version":)";
  json::AppendQuoted(&meta, FormatVersion(tag_));
  meta += R"(,"sha256":")" + copied_.sha256 + R"("})";
  auto answer = co_await Store(
      target_.store, "open",
      {{"key", target_.seal}, {"size", std::to_string(size)}, {"meta", std::move(meta)}});
  const auto* reply = std::get_if<StoreReply>(&answer);
  if (reply == nullptr || reply->status != 200) co_return false;
  stream_ = DataOf(reply->data, "stream");
  co_return true;
}

Task<bool> Sealer::Write(std::vector<Part> parts) {
  auto answer = co_await Store(target_.store, "write", {{"stream", stream_}}, std::move(parts));
  const auto* reply = std::get_if<StoreReply>(&answer);
  co_return reply != nullptr && reply->status == 200;
}

Task<bool> Sealer::WriteChanges(Handle changes) {
  std::vector<Part> parts;
  if (!std::exchange(first_, false)) parts.emplace_back(",");
  parts.emplace_back(changes);
  co_return co_await Write(std::move(parts));
}

Task<bool> Sealer::WriteOwnPages(bool records, std::string collection) {
  int64_t after = 0;
  for (bool more = true; more;) {
    std::vector<Param> params{tag_.version, after};
    params.push_back(records ? Param(collection) : Param(kAnyKind));
    const ResultSet page = co_await Query(records ? sql::kReadRecordPlaces : sql::kReadMemberPlaces,
                                          std::move(params), kPage);
    if (page.kept.empty()) co_return true;
    if (!co_await WriteChanges(page.kept.front().handle)) co_return false;
    after = page.last;
    more = page.more;
  }
  co_return true;
}

Task<bool> Sealer::WriteOwn() {
  first_ = moment_.layout.empty();
  if (!co_await WriteOwnPages(/*records=*/false, {})) co_return false;
  if (!moment_.layout.empty()) co_return true;
  const ResultSet collections = co_await Query(sql::kListCollections, {tag_.version});
  for (const std::vector<Cell>& row : collections.rows) {
    const std::string key = *std::get_if<std::string>(&row[0]);
    if (!co_await WriteOwnPages(/*records=*/true, key)) co_return false;
  }
  co_return true;
}

Task<bool> Sealer::WriteShardPages(std::string shard, Params range) {
  range["copy"] = std::to_string(moment_.copy);
  range["places"] = "1";
  range["after"] = "0";
  for (bool more = true; more;) {
    auto answer = co_await Call(ShardObjectName(moment_.app, shard), "read_shard_page", range);
    const auto* reply = std::get_if<CallReply>(&answer);
    if (reply == nullptr || reply->status >= 300) co_return false;
    if (DataOf(reply->data, "rows") == "0") co_return true;
    if (!co_await WriteChanges(reply->body)) co_return false;
    range["after"] = DataOf(reply->data, "last");
    more = DataOf(reply->data, "more") == "1";
  }
  co_return true;
}

Task<bool> Sealer::WriteShards() {
  for (const std::string& shard : moment_.shards) {
    if (!co_await Write({ShardHead(shard)})) co_return false;
    first_ = true;
    if (shard == kRootShard) {
      const Params values{{"before", std::to_string(limits::kIntegerMax)}};
      if (!co_await WriteShardPages(shard, values)) co_return false;
      continue;
    }
    for (const Section& section : moment_.sections) {
      const std::vector<std::string> holding = moment_.Holding(section.collection);
      if (std::find(holding.begin(), holding.end(), shard) == holding.end()) continue;
      if (!co_await WriteShardPages(shard, {{"collection", section.collection}})) co_return false;
    }
  }
  co_return true;
}

Task<bool> Sealer::Run() {
  if (!co_await Open()) co_return false;
  bool written = co_await Write({Head()});
  written = written && co_await WriteOwn();
  written = written && co_await WriteShards();
  written = written && co_await Write({std::string(kTail)});
  auto answer = co_await Store(target_.store, written ? "close" : "abort", {{"stream", stream_}});
  const auto* reply = std::get_if<StoreReply>(&answer);
  co_return written&& reply != nullptr && reply->status == 200;
}

}  // namespace

Task<std::string> SealCopy(CopyTarget target, DocumentTag tag, Copied copied, SharedMoment moment) {
  if (!co_await HoldsCopy(target.key, copied)) co_return "what was stored is not what was sent";
  Sealer sealer(std::move(target), std::move(tag), std::move(copied), std::move(moment));
  const bool sealed = co_await sealer.Run();
  co_return sealed ? "" : "the seal was not stored";
}

}  // namespace tidemark
