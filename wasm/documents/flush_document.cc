#include "documents/flush_document.h"

#include <algorithm>

#include "accounts/sql.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/deletions.h"
#include "documents/operations.h"
#include "documents/progress.h"
#include "documents/snapshots.h"
#include "documents/sql_shards.h"
#include "documents/sql_tables.h"
#include "engine/await.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

constexpr int kTriesMax = 3;

}  // namespace

Task<std::vector<std::string>> ListFlushed() {
  std::vector<std::string> shards = co_await ListShards();
  const ResultSet row = co_await Query(sql::kReadMeta, {"dropped"});
  if (const Result<nlohmann::json> dropped = ParseTree(row.Text(0), 1); dropped.ok()) {
    for (const nlohmann::json& name : *dropped) {
      if (const auto* text = name.get_ptr<const std::string*>()) shards.push_back(*text);
    }
  }
  std::sort(shards.begin(), shards.end());
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  co_return shards;
}

// As a copy's moment (copy.cc): who is told it writes above it from then on, and nobody had written
// above it before.
Task<std::optional<int64_t>> FlushDocument(Request request) {
  const std::string app = ObjectNameOf(request.space).app;
  std::vector<std::string> shards = co_await ListFlushed();
  Progress progress = co_await ReadProgress();
  if (shards.empty()) {
    const bool flushed = co_await FlushJournal(request, &progress);
    co_return flushed ? std::optional(limits::kIntegerMax) : std::nullopt;
  }
  int64_t ahead = limits::kFreezeAheadMs;
  int64_t least = request.now_ms + ahead;
  for (int attempt = 0; attempt < kTriesMax; ++attempt, ahead *= 4) {
    const Document document = co_await ReadDocument();
    const int64_t moment = std::max({least, document.clock + 1, document.tag.version + 1});
    co_await Query(sql::kRaiseClock, {moment});
    // One that is registered after this step writes above it too.
    shards = co_await ListFlushed();
    const auto flushed =
        AllOf(co_await CallShards(app, shards, "flush_shard", {{"clock", std::to_string(moment)}}));
    if (!flushed) co_return std::nullopt;
    int64_t version = 0;
    for (const CallReply& shard : *flushed) {
      version = std::max(version, NumberOf(shard.data, "version"));
    }
    if (version > moment) {
      least = version + ahead;
      continue;
    }
    if (!co_await FlushJournal(request, &progress)) co_return std::nullopt;
    co_await Query(sql::kDeleteMeta, {"dropped"});
    co_return moment;
  }
  co_return std::nullopt;
}

Task<Reply> FlushShard(Context context) {
  const Request& request = context.request;
  const ResultSets told =
      co_await Batch({{sql::kRaiseClock.text, {NumberOf(request.params, "clock")}},
                      {sql::kReadDocument.text, {}}});
  Progress progress = co_await ReadProgress();
  if (!co_await FlushJournal(request, &progress)) co_return Reply::Error(StoreUnavailable());
  const int64_t before = NumberOf(request.params, "forget");
  Reply reply;
  reply.data["version"] = std::to_string(told[1].Integer(6, 0));
  if (before > 0) reply.data["forgotten"] = std::to_string(co_await ForgetDeletions(before));
  co_return reply;
}

}  // namespace tidemark
