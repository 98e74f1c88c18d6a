// A document's alarm: its journal goes to R2, the activity of its writes to D1, and what it is now
// to its readers.

#include <algorithm>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/copy.h"
#include "documents/operations.h"
#include "documents/progress.h"
#include "engine/await.h"
#include "shares/deliver.h"

namespace tidemark {
namespace {

// To KV, or to R2 where it is too large; then KV says so.
Task<bool> PublishCopy(std::string app, int64_t bytes, Progress* progress) {
  const std::string key = SnapshotKey(app);
  const bool large = bytes > limits::kKvDocumentBytes;
  Copied copied = co_await CopyDocument({.store = large ? "r2" : "kv", .key = key});
  if (!copied.done) co_return false;
  if (large) {
    const Document document = co_await ReadDocument();
    const std::string version =
        FormatVersion({.version = copied.version, .epoch = document.tag.epoch});
    auto answer = co_await Store(
        "kv", "put", {{"key", key}, {"meta", R"({"in":"r2","version":")" + version + R"("})"}});
    if (std::holds_alternative<Failure>(answer)) co_return false;
  }
  progress->published = copied.version;
  co_return true;
}

}  // namespace

Task<Reply> TickDocument(Context context) {
  const Request request = context.request;
  const int64_t now_ms = request.now_ms;
  const std::optional<ObjectName> object = ParseObjectName(request.space);
  if (!object) co_return Reply::Error(Status::NotFound("This object is no document's"));
  Progress progress = co_await ReadProgress();
  const bool flushed = co_await FlushJournal(request, &progress);
  const bool recorded = co_await RecordWrites(request, &progress);
  bool published = true;
  const Document document = co_await ReadDocument();
  const int64_t publish_at = progress.published_at + limits::kPublishEveryMs;
  if (progress.published < document.tag.version && publish_at <= now_ms) {
    progress.published_at = now_ms;
    published = co_await PublishCopy(object->app, document.bytes, &progress);
  }
  const bool done = flushed && recorded && published;
  const int64_t failures = progress.failures;
  progress.failures = done ? 0 : failures + 1;
  co_await WriteProgress(progress);
  const Document after = co_await ReadDocument();
  if (!done) {
    co_await SetAlarm(now_ms + BackOff(failures));
  } else if (progress.published < after.tag.version) {
    co_await SetAlarm(std::max(publish_at, now_ms + limits::kFlushDelayMs));
  }
  Reply reply;
  reply.data["flushed"] = flushed ? "1" : "0";
  reply.data["recorded"] = recorded ? "1" : "0";
  reply.data["published"] = std::to_string(progress.published);
  co_return reply;
}

}  // namespace tidemark
