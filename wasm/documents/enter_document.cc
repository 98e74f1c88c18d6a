// The way of a request to a document: the core says whether the caller may, and which object it is.

#include "base/limits.h"
#include "documents/app.h"
#include "documents/operations.h"
#include "ops/access.h"

namespace tidemark {

Task<Reply> EnterDocument(Context context) {
  const Request& request = context.request;
  const std::string app = request.Param("app");
  if (Status status = CheckApp(app); !status.ok()) co_return Reply::Error(status);
  const Action action = request.Param("action") == "read" ? Action::kRead : Action::kWrite;
  const Status allowed = CheckDocument(request.identity, false, action, request.Param("editors"));
  if (!allowed.ok()) co_return Reply::Error(allowed);
  const Result<Sharding> sharding = ShardingOf(request.Param("shards"), app);
  if (!sharding.ok()) co_return Reply::Error(sharding.status());
  // They go on to an object in a header.
  if (request.Param("if_match").size() > limits::kPreconditionBytesMax ||
      request.Param("if_none_match").size() > limits::kPreconditionBytesMax) {
    co_return Reply::Error(Status::Invalid("invalid_precondition", "The list of tags is too long"));
  }
  Reply reply;
  const std::string shard = request.Param("shard");
  if (shard.size() > limits::kShardNameBytesMax) {
    co_return Reply::Error(Status::NotFound("There is no such shard"));
  }
  const bool one = sharding->sharded() && !shard.empty();
  if (action == Action::kWrite && !shard.empty() && !one) {
    co_return Reply::Error(
        Status::Error(409, "not_sharded", "This document is not sharded: write to it as a whole"));
  }
  reply.data["layout"] = LayoutText(*sharding);
  reply.data["manifest"] = ManifestName(app);
  reply.data["object"] = one ? ShardObjectName(app, shard) : ManifestName(app);
  // What is asked of a sharded document as a whole is not for one object alone. Nor are patches: a
  // shard may have to be made first, or have to ask.
  const bool patches = request.Param("method") == "PATCH";
  if (sharding->sharded() && (!one || patches)) reply.data["whole"] = "1";
  co_return reply;
}

}  // namespace tidemark
