#include "documents/seal.h"

#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/change.h"
#include "documents/changes.h"
#include "documents/sql_read.h"
#include "documents/sql_restore.h"
#include "engine/await.h"

namespace tidemark {
namespace {

constexpr Keep kPage{limits::kJournalPartUnits, limits::kPageRowsMax};

class Sealer {
 public:
  Sealer(CopyTarget target, DocumentTag tag, Copied copied)
      : target_(std::move(target)), tag_(std::move(tag)), copied_(std::move(copied)) {}

  Task<bool> Run();

 private:
  Task<bool> Open(size_t framed);
  Task<bool> WriteAll();
  Task<bool> WritePages(bool records, std::string collection);
  Task<bool> Write(std::vector<Part> parts);

  CopyTarget target_;
  DocumentTag tag_;
  Copied copied_;
  std::string stream_;
  bool first_ = true;
};

Task<bool> Sealer::Open(size_t framed) {
  const ResultSet measured = co_await Query(sql::kMeasurePlaces, {tag_.version});
  const int64_t size = measured.Integer(0, 0) + static_cast<int64_t>(framed);
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

Task<bool> Sealer::WritePages(bool records, std::string collection) {
  int64_t after = 0;
  for (bool more = true; more;) {
    std::vector<Param> params{tag_.version, after};
    if (records) params.emplace_back(collection);
    const ResultSet page = co_await Query(records ? sql::kReadRecordPlaces : sql::kReadMemberPlaces,
                                          std::move(params), kPage);
    if (page.kept.empty()) co_return true;
    std::vector<Part> parts;
    if (!std::exchange(first_, false)) parts.emplace_back(",");
    parts.emplace_back(page.kept.front().handle);
    if (!co_await Write(std::move(parts))) co_return false;
    after = page.last;
    more = page.more;
  }
  co_return true;
}

Task<bool> Sealer::WriteAll() {
  const ResultSet collections = co_await Query(sql::kListCollections, {tag_.version});
  if (!co_await WritePages(/*records=*/false, {})) co_return false;
  for (const std::vector<Cell>& row : collections.rows) {
    const std::string key = *std::get_if<std::string>(&row[0]);
    if (!co_await WritePages(/*records=*/true, key)) co_return false;
  }
  co_return true;
}

Task<bool> Sealer::Run() {
  const std::string version = std::to_string(tag_.version);
  std::string head = R"({"epoch":")" + tag_.epoch + R"(","first":)" + version + R"(,"last":)" +
                     version + R"(,"previous":0,"entries":[)" +
                     EntryHead({.seq = tag_.version, .op = "place"});
  const std::string tail = "]}]}";
  if (!co_await Open(head.size() + tail.size())) co_return false;
  const bool written =
      co_await Write({std::move(head)}) && co_await WriteAll() && co_await Write({tail});
  auto answer = co_await Store(target_.store, written ? "close" : "abort", {{"stream", stream_}});
  const auto* reply = std::get_if<StoreReply>(&answer);
  co_return written&& reply != nullptr && reply->status == 200;
}

}  // namespace

Task<std::string> SealCopy(CopyTarget target, DocumentTag tag, Copied copied) {
  if (!co_await HoldsCopy(target.key, copied)) co_return "what was stored is not what was sent";
  Sealer sealer(std::move(target), std::move(tag), std::move(copied));
  const bool sealed = co_await sealer.Run();
  co_return sealed ? "" : "the seal was not stored";
}

}  // namespace tidemark
