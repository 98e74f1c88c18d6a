// Edits by those with whom something is shared, in the space that owns it.

#include "base/limits.h"
#include "engine/await.h"
#include "records/exchange.h"
#include "records/operations.h"
#include "records/payload.h"
#include "records/publish.h"
#include "records/statements.h"
#include "shares/operations.h"
#include "shares/roots.h"

namespace tidemark {

Task<Reply> AcceptShared(Context context) {
  const Request& request = context.request;
  // No name of a device holds a slash: an editor's device is nobody else's.
  PushState state =
      co_await BeginExchange(context, request.Param("from") + "/" + request.Param("device"));
  state.editor = request.Param("from");
  PayloadOptions options;
  const Status pushed = co_await PushPayload(&state, &options, request.body_size);
  if (!pushed.ok()) co_return Reply::Error(pushed);
  if (state.written > 0) {
    co_await SetAlarm(request.now_ms + limits::kProjectDelayMs);
    co_await PublishChanges(context,
                            {.space = state.space, .from = state.space.head, .to = state.head});
  }
  Reply reply = Reply::Json("{\"rejected\":[" + state.rejected + "],\"corrections\":[" +
                            state.corrections + "]}");
  reply.data["written"] = std::to_string(state.written);
  reply.data["then"] = "share";
  co_return reply;
}

Task<Reply> CheckShared(Context context) {
  const Request& request = context.request;
  const std::string& user = request.identity.user_id;
  const std::string plan = request.Param("plan");
  std::string root;
  for (const Collection& collection : context.schema->collections) {
    if (collection.name != request.Param("collection")) continue;
    if (const Collection* found = ShareRootOf(*context.schema, collection)) root = found->name;
  }
  const bool own = user == request.space;
  const ResultSet share = co_await Query(own ? sql::kReadReceivedPermission : sql::kReadPermission,
                                         {plan, own ? request.Param("owner") : user, root});
  Status allowed = CheckShare(ParsePermission(share.Text(0)), Action::kRead);
  if (!allowed.ok()) co_return Reply::Error(allowed);
  const Space space = co_await ReadSpace();
  Reply reply;
  reply.data["cursor"] = FormatCursor({.epoch = space.epoch, .seq = space.head});
  co_return reply;
}

}  // namespace tidemark
