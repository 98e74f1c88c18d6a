// A document's alarm: its journal goes to R2, the activity of its writes to D1, and what it is now
// to its readers.

#include <algorithm>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/copy.h"
#include "documents/operations.h"
#include "documents/progress.h"
#include "engine/await.h"
#include "records/sql_space.h"
#include "shares/deliver.h"

namespace tidemark {
namespace {

// To KV, or to R2 where it is too large or R2 is asked for; then KV says so.
Task<bool> PublishCopy(Context context, std::string app, int64_t bytes, Progress* progress) {
  const std::string key = SnapshotKey(app);
  const bool large =
      bytes > limits::kKvDocumentBytes || context.request.Param("publish") == kPublishInR2;
  const Copied copied = co_await CopyDocument(
      std::move(context), {.store = large ? "r2" : "kv", .key = key}, progress->published);
  if (copied.same) co_return true;
  if (!copied.done) {
    // Of a sharded document the size is known only now.
    if (!large && copied.bytes > limits::kKvDocumentBytes) progress->large = 1;
    co_return false;
  }
  if (large) {
    const Document document = co_await ReadDocument();
    const std::string version =
        FormatVersion({.version = copied.version, .epoch = document.tag.epoch});
    auto answer = co_await Store(
        "kv", "put", {{"key", key}, {"meta", R"({"in":"r2","version":")" + version + R"("})"}});
    if (std::holds_alternative<Failure>(answer)) co_return false;
  }
  progress->published = copied.version;
  if (copied.bytes <= limits::kKvDocumentBytes) progress->large = 0;
  co_return true;
}

// A shard tells its manifest, which publishes the whole.
Task<bool> NoteManifest(std::string app, int64_t version, Progress* progress) {
  auto answer =
      co_await Call(ManifestName(app), "note_shard", {{"version", std::to_string(version)}});
  const auto* reply = std::get_if<CallReply>(&answer);
  if (reply == nullptr || reply->status >= 300) co_return false;
  progress->published = version;
  co_return true;
}

// The highest version that a shard has told of.
Task<int64_t> NotedVersion() {
  const ResultSet noted = co_await Query(sql::kReadMeta, {"noted"});
  co_return noted.Integer(0, 0);
}

}  // namespace

Task<Reply> TickDocument(Context context) {
  const Request request = context.request;
  const int64_t now_ms = request.now_ms;
  const std::optional<ObjectName> object = ParseObjectName(request.space);
  if (!object) co_return Reply::Error(Status::NotFound("This object is no document's"));
  const bool settled = object->shard || co_await Settle(context);
  Progress progress = co_await ReadProgress();
  const bool flushed = co_await FlushJournal(request, &progress);
  const bool recorded = co_await RecordWrites(request, &progress);
  bool published = true;
  const Document document = co_await ReadDocument();
  const int64_t publish_at = progress.published_at + limits::kPublishEveryMs;
  const int64_t newest = std::max(document.tag.version, co_await NotedVersion());
  if (progress.published < newest && object->shard) {
    published = co_await NoteManifest(object->app, newest, &progress);
  } else if (progress.published < newest && publish_at <= now_ms) {
    const int64_t bytes = progress.large > 0 ? limits::kIntegerMax : document.bytes;
    progress.published_at = now_ms;
    published = co_await PublishCopy(context, object->app, bytes, &progress);
  }
  const bool done = settled && flushed && recorded && published;
  const int64_t failures = progress.failures;
  progress.failures = done ? 0 : failures + 1;
  co_await WriteProgress(progress);
  const Document after = co_await ReadDocument();
  if (!done) co_await SetAlarm(now_ms + BackOff(failures));
  // Readers do not wait for what else failed.
  const int64_t left = std::max(after.tag.version, co_await NotedVersion());
  if (published && progress.published < left) {
    co_await SetAlarm(
        std::max(progress.published_at + limits::kPublishEveryMs, now_ms + limits::kFlushDelayMs));
  }
  Reply reply;
  reply.data["flushed"] = flushed ? "1" : "0";
  reply.data["recorded"] = recorded ? "1" : "0";
  reply.data["published"] = std::to_string(progress.published);
  co_return reply;
}

}  // namespace tidemark
