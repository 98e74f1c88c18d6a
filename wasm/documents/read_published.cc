// GET of the published document: from KV, or from R2 where it is large or where that is asked for.
// No object is asked.

#include "base/limits.h"
#include "documents/app.h"
#include "documents/document.h"
#include "documents/operations.h"
#include "engine/await.h"

namespace tidemark {
namespace {

// It changes at any time: a cache asks each time, and is mostly answered 304.
constexpr const char* kCached = "public, no-cache";

Reply Unavailable() {
  return Reply::Error(
      Status::Error(503, "unavailable", "The published document cannot be read now; try again"));
}

}  // namespace

Task<Reply> ReadPublished(Context context) {
  const Request& request = context.request;
  const std::string app = request.Param("app");
  if (Status status = CheckApp(app); !status.ok()) co_return Reply::Error(status);
  const std::string key = SnapshotKey(app);
  const bool in_r2 = request.Param("publish") == kPublishInR2;
  auto answer = co_await Store(in_r2 ? "r2" : "kv", "get", {{"key", key}});
  const auto* published = std::get_if<StoreReply>(&answer);
  if (published == nullptr) co_return Unavailable();
  if (published->status == 404) {
    co_return Reply::Error(Status::NotFound("There is no document yet"));
  }
  const auto text = [](const StoreReply& reply, std::string_view name) {
    const auto found = reply.data.find(name);
    return found == reply.data.end() ? std::string() : found->second;
  };
  std::string etag = '"' + text(*published, "version") + '"';
  if (auto refusal = Refusal(request, etag, true, false)) {
    refusal->headers.emplace_back("cache-control", kCached);
    co_return std::move(*refusal);
  }
  Handle body = published->body;
  const bool head = request.Param("method") == "HEAD";
  if (!in_r2 && text(*published, "in") == "r2" && !head) {
    auto large = co_await Store("r2", "get", {{"key", key}});
    const auto* object = std::get_if<StoreReply>(&large);
    if (object == nullptr || object->status != 200) co_return Unavailable();
    body = object->body;
    etag = '"' + text(*object, "version") + '"';
  }
  Reply reply;
  reply.headers.emplace_back("content-type", "application/json");
  reply.headers.emplace_back("etag", std::move(etag));
  reply.headers.emplace_back("cache-control", kCached);
  if (!head) reply.body.emplace_back(body);
  co_return reply;
}

}  // namespace tidemark
