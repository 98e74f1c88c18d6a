// The snapshot of a day: made once, and overwritten by nobody once it has its seal.

#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/operations.h"
#include "documents/snapshots.h"
#include "engine/await.h"
#include "engine/params.h"

namespace tidemark {

Task<Reply> SnapshotDocument(Context context) {
  const Request& request = context.request;
  const std::optional<ObjectName> object = ParseObjectName(request.space);
  const Result<int64_t> at = IntegerParam(request, "at", 0, limits::kTimeMaxMs, request.now_ms);
  if (!at.ok()) co_return Reply::Error(at.status());
  const std::string day = DayOf(*at);
  if (!object || object->shard || day.empty()) {
    co_return Reply::Error(Status::NotFound("This object is no document's"));
  }
  if (!co_await Settle(context)) co_return Busy("settle");
  Reply reply;
  const Document document = co_await ReadDocument();
  const Result<Snapshot> there = co_await ReadSnapshot(object->app, day);
  if (!there.ok()) co_return Reply::Error(there.status());
  // One of ours without a seal is of a run that died, or was not what R2 has: it is made anew.
  const bool unsealed = !there->name.empty() && there->tag.version > 0 && there->sha256.empty();
  if ((!there->name.empty() && !unsealed) || !document.exists()) {
    reply.data["skipped"] = document.exists() ? "there" : "nothing";
    co_return reply;
  }
  const Copied copied = co_await CopyDocument(context, {.store = "r2",
                                                        .key = DailySnapshotKey(object->app, day),
                                                        .absent = !unsealed,
                                                        .seal = SealKey(object->app, day)});
  if (!copied.done && !copied.existed) co_return Reply::Error(StoreUnavailable());
  reply.data["version"] = std::to_string(copied.version);
  reply.data["bytes"] = std::to_string(copied.bytes);
  co_return reply;
}

}  // namespace tidemark
