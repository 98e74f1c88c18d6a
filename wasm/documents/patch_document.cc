// PATCH, by the type of its body.

#include <algorithm>

#include "documents/app.h"
#include "documents/commit.h"
#include "documents/operations.h"
#include "engine/params.h"

namespace tidemark {

namespace {

Task<Reply> PatchByType(Context context) {
  const std::string type = context.request.Param("content_type");
  if (IsMediaType(type, "application/json")) co_return co_await PatchRecords(std::move(context));
  const bool merge = IsMediaType(type, "application/merge-patch+json");
  if (!merge && !IsMediaType(type, "application/json-patch+json")) {
    Reply reply = Reply::Error(UnsupportedType(
        "application/json, application/merge-patch+json or application/json-patch+json"));
    // RFC 5789, section 3.1.
    reply.headers.emplace_back(
        "accept-patch",
        "application/json, application/merge-patch+json, application/json-patch+json");
    co_return reply;
  }
  co_return co_await PatchTree(std::move(context), merge);
}

}  // namespace

Task<Reply> PatchDocument(Context context) {
  const std::optional<ObjectName> object = ParseObjectName(context.request.space);
  Reply reply = co_await PatchByType(std::move(context));
  if (!object || !object->shard) co_return reply;
  // A shard answers by way of another object, which is told no headers.
  for (const auto& [name, value] : reply.headers) {
    if (name == "etag" || name == "accept-patch") reply.data[name] = value;
  }
  co_return reply;
}

}  // namespace tidemark
