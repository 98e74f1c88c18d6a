// A space's alarm: copy what changed to D1, prune once a day, and set the next alarm.

#include <algorithm>

#include "base/limits.h"
#include "engine/await.h"
#include "records/operations.h"
#include "records/project.h"
#include "records/prune.h"
#include "records/statements.h"
#include "shares/deliver.h"
#include "shares/operations.h"

namespace tidemark {
namespace {

Task<int64_t> ReadNumber(std::string key) {
  const ResultSet row = co_await Query(sql::kReadMeta, {std::move(key)});
  co_return row.Integer(0, 0);
}

}  // namespace

Task<Reply> Tick(Context context) {
  const int64_t now_ms = context.request.now_ms;
  const Projection projected = co_await Project(context);

  const int64_t attempts = co_await ReadNumber("projection_attempts");
  const bool retry = projected.failed || projected.set_aside > 0;
  const int64_t failed_attempts = retry ? attempts + 1 : 0;
  if (failed_attempts != attempts) {
    co_await Query(sql::kWriteMeta, {"projection_attempts", failed_attempts});
  }

  int64_t prune_at = co_await ReadNumber("prune_at");
  if (prune_at <= now_ms) {
    co_await Prune(context);
    co_await PruneShares(context);
    prune_at = now_ms + limits::kDayMs;
    co_await Query(sql::kWriteMeta, {"prune_at", prune_at});
  }
  int64_t next = prune_at;
  if (retry) next = std::min(next, now_ms + BackOff(attempts));
  if (!retry && !projected.done) next = now_ms + limits::kProjectDelayMs;
  const int64_t shares_at = co_await SharesDueAt();
  // What is due runs after this; the alarm stands behind it, for where the object dies meanwhile.
  co_await SetAlarm(std::min(next, std::max(shares_at, now_ms + limits::kShareBehindMs)));

  Reply reply;
  if (shares_at <= now_ms) reply.data["then"] = "share";
  reply.data["projected_seq"] = std::to_string(projected.seq);
  reply.data["rows_written"] = std::to_string(projected.rows_written);
  if (projected.set_aside > 0) reply.data["set_aside"] = std::to_string(projected.set_aside);
  if (!projected.problem.empty()) reply.data["problem"] = projected.problem;
  co_return reply;
}

Task<Reply> CatchUp(Context context) {
  const Space space = co_await ReadSpace();
  int64_t projected_seq = space.projected_seq;
  const std::string place = context.request.Param("place");
  Reply reply;
  reply.data["shard"] = co_await ProjectedShard(context.request.space);
  bool done = projected_seq >= space.head && (place.empty() || place == reply.data["shard"]);
  if (!done) {
    // It is done only if nothing was stored meanwhile: whoever joined this run later relies on it.
    const Projection projected = co_await Project(context);
    projected_seq = projected.seq;
    done = projected.done;
    reply.data["shard"] = projected.shard;
    if (!done) co_await SetAlarm(context.request.now_ms + 1000);
  }
  if (done) reply.data["cursor"] = FormatCursor({.epoch = space.epoch, .seq = projected_seq});
  co_return reply;
}

}  // namespace tidemark
