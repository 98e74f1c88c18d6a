// GET of a sharded document as its shards have it now, and what a shard tells of its writes.

#include <charconv>
#include <utility>

#include "base/limits.h"
#include "documents/change.h"
#include "documents/copy.h"
#include "documents/operations.h"
#include "engine/await.h"
#include "records/sql_space.h"

namespace tidemark {

Task<Reply> GetSharded(Context context) {
  const Request& request = context.request;
  std::optional<Document> ready = co_await ReadyDocument(context);
  if (!ready) co_return Busy("settle");
  Document& document = *ready;
  if (!document.exists()) co_return Reply::Error(Status::NotFound("There is no document yet"));
  // Whoever asks with a tag gets no body if that is the document's.
  Copied copied = co_await CopyDocument(context, {});
  if (copied.bytes > limits::kViewBytesMax) {
    co_return Reply::Error(Status::TooLarge(
        "view_too_large", "The owner answers at most " + std::to_string(limits::kViewBytesMax) +
                              " bytes; read the published document, or one shard"));
  }
  if (!copied.done) co_return Busy("settle");
  document.tag.version = copied.version;
  if (auto refusal = Refusal(request, document.etag(), true, false)) {
    co_return std::move(*refusal);
  }
  Reply reply;
  reply.headers.emplace_back("content-type", "application/json");
  if (const auto etag = document.etag()) reply.headers.emplace_back("etag", *etag);
  if (request.Param("method") != "HEAD") reply.body = std::move(copied.body);
  co_return reply;
}

Task<Reply> NoteShard(Context context) {
  const Request& request = context.request;
  const ResultSet noted = co_await Query(sql::kReadMeta, {"noted"});
  const int64_t version = NumberOf(request.params, "version");
  if (version > noted.Integer(0, 0)) co_await Query(sql::kWriteMeta, {"noted", version});
  co_await SetAlarm(request.now_ms);
  co_return Reply();
}

}  // namespace tidemark
