// The night's work on a document: a copy that was read back takes the journal's place as far as the
// days that are kept allow, old deletions are forgotten, and readers get what they may have missed.
//
// Every step may be done again, and the run may end between any two. What of the journal lies
// behind the newest daily snapshot of before the days that are kept is what goes: any moment since
// is in that snapshot and the rest. Where no days are kept, the night's own copy is the one.
// Versions stay as they are.

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/commit.h"
#include "documents/deletions.h"
#include "documents/flush_document.h"
#include "documents/operations.h"
#include "documents/progress.h"
#include "documents/replay.h"
#include "documents/snapshots.h"
#include "documents/sql_tables.h"
#include "engine/await.h"
#include "engine/params.h"

namespace tidemark {
namespace {

// Deletes the objects of the journal up to a key; how many.
Task<Result<int64_t>> FoldJournal(std::string app, std::string bound) {
  int64_t folded = 0;
  while (folded < limits::kFoldedObjects) {
    auto listed = co_await Store("r2", "list", {{"prefix", JournalPrefix(app)}});
    const auto* page = std::get_if<StoreReply>(&listed);
    if (page == nullptr || page->status != 200) co_return StoreUnavailable();
    const auto keys = ParseTree(DataOf(page->data, "keys"), 1);
    if (!keys.ok() || !keys->is_array()) co_return StoreUnavailable();
    std::vector<std::string> old;
    for (const nlohmann::json& key : *keys) {
      const auto* text = key.get_ptr<const std::string*>();
      if (text != nullptr && *text <= bound) old.push_back(*text);
    }
    if (old.empty()) break;
    auto deleted = co_await Store("r2", "delete", {{"keys", StringsJson(old)}});
    if (std::holds_alternative<Failure>(deleted)) co_return StoreUnavailable();
    folded += static_cast<int64_t>(old.size());
    if (DataOf(page->data, "cursor").empty() || old.size() < keys->size()) break;
  }
  co_return folded;
}

// The version up to which the journal is not needed any more; 0: all of it is.
Task<Result<int64_t>> FoldedVersion(Request request, std::string app, Copied copied) {
  const Result<int64_t> days =
      IntegerParam(request, "journal_days", 0, limits::kJournalDaysMax, limits::kJournalDays);
  if (!days.ok()) {
    co_return Status::Error(503, "not_configured",
                            "The variable JOURNAL_DAYS is wrong: " + days.status().message());
  }
  if (*days == 0) co_return copied.version;
  const int64_t since = request.now_ms - *days * limits::kDayMs;
  const Result<Snapshot> base = co_await FindBase(std::move(app), since, /*daily=*/true);
  if (!base.ok()) co_return base.status();
  co_return base->tag.version;
}

// Readers whose copy is older than this one get a new one with the next alarm. True: they will.
Task<bool> Republish(Request request, std::string app, Copied copied) {
  auto answer = co_await Store("kv", "get", {{"key", SnapshotKey(app)}, {"meta_only", "1"}});
  const auto* published = std::get_if<StoreReply>(&answer);
  if (published == nullptr) co_return false;
  const Document document = co_await ReadDocument();
  Progress progress = co_await ReadProgress();
  const std::optional<DocumentTag> tag = ParseVersion(DataOf(published->data, "version"));
  const bool current = tag && tag->epoch == document.tag.epoch && tag->version >= copied.version;
  if (current) co_return false;
  if (progress.published >= copied.version) {
    progress.published = 0;
    co_await WriteProgress(progress);
  }
  co_await SetAlarm(request.now_ms + limits::kFlushDelayMs);
  co_return true;
}

// The same of what the shards have; false: one of them cannot be reached.
Task<bool> ForgetInShards(std::string app, int64_t before, int64_t* forgotten) {
  std::vector<std::string> shards = co_await ListFlushed();
  const std::vector<ShardReply> told = co_await CallShards(app, std::move(shards), "flush_shard",
                                                           {{"forget", std::to_string(before)}});
  for (const ShardReply& shard : told) {
    if (shard) *forgotten += NumberOf(shard->data, "forgotten");
  }
  const bool all = AllOk(told);
  if (all) co_await Query(sql::kDeleteMeta, {"dropped"});
  co_return all;
}

}  // namespace

Task<Reply> CompactDocument(Context context) {
  const Request& request = context.request;
  const std::optional<ObjectName> object = ParseObjectName(request.space);
  if (!object || object->shard) {
    co_return Reply::Error(Status::NotFound("This object is no document's"));
  }
  if (!co_await Settle(context)) co_return Busy("settle");
  Reply reply;
  const Document document = co_await ReadDocument();
  if (!document.exists()) {
    reply.data["skipped"] = "nothing";
    co_return reply;
  }
  Progress progress = co_await ReadProgress();
  if (!co_await FlushJournal(request, &progress)) co_return Reply::Error(StoreUnavailable());
  const Copied copied = co_await CopyDocument(
      context,
      {.store = "r2", .key = SnapshotKey(object->app), .seal = SealKey(object->app, kNewestCopy)});
  if (!copied.done) co_return Reply::Error(StoreUnavailable());
  const Result<int64_t> version = co_await FoldedVersion(request, object->app, copied);
  if (!version.ok()) co_return Reply::Error(version.status());
  Result<int64_t> folded = 0;
  if (*version > 0) {
    const Status told = co_await WriteFolded(object->app, *version);
    if (!told.ok()) co_return Reply::Error(told);
    folded = co_await FoldJournal(object->app, JournalBound(object->app, *version));
  }
  if (!folded.ok()) co_return Reply::Error(folded.status());
  const int64_t before = request.now_ms - limits::kForgetDeletedDays * limits::kDayMs;
  int64_t forgotten = co_await ForgetDeletions(before);
  const bool reached = co_await ForgetInShards(object->app, before, &forgotten);
  const bool republishes = co_await Republish(request, object->app, copied);
  if (!reached) co_return Busy("settle");
  reply.data["version"] = std::to_string(copied.version);
  reply.data["bytes"] = std::to_string(copied.bytes);
  reply.data["folded"] = std::to_string(*folded);
  reply.data["forgotten"] = std::to_string(forgotten);
  if (republishes) reply.data["republishes"] = "1";
  co_return reply;
}

}  // namespace tidemark
