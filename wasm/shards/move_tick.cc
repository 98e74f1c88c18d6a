// What the coordinator's alarm runs: a part of the first move that is not over, piece by piece,
// each stored before the next is begun.

#include <utility>

#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/move_work.h"
#include "shards/operations.h"
#include "shards/sql_move.h"

namespace tidemark {
namespace {

using namespace moves;  // NOLINT(google-build-using-namespace)

// Reads the source's tables. Where they are others than it began with it begins anew, unless a
// group is being handed over.
Task<Status> Prepare(Mover* mover) {
  Move& move = mover->move;
  if (move.failing || (move.state == kSwitched && move.group.empty())) co_return Status();
  Result<ShardSchema> schema = co_await ReadSchema(move.from);
  if (!schema.ok()) co_return schema.status();
  mover->schema = std::move(*schema);
  Result<Layout> layout = co_await ReadLayout(move.from, &mover->schema, mover->routes);
  mover->spent += 2;
  if (!layout.ok()) co_return layout.status();
  mover->layout = std::move(*layout);
  if (move.state == kQueued || move.schema == mover->layout.digest) co_return Status();
  co_return Status::Error(409, "schema_differs",
                          "The tables of " + move.from + " were changed while rows were moved");
}

Task<Status> Advance(Mover* mover) {
  const Move& move = mover->move;
  if (move.failing) co_return co_await Abandon(mover);
  if (move.state == kQueued) co_return co_await Begin(mover);
  if (move.state == kCopying) co_return co_await CopyPage(mover);
  if (move.state == kCatchingUp) co_return co_await CatchUp(mover);
  if (move.state == kFenced) co_return co_await Compare(mover);
  co_return co_await HandOver(mover);
}

}  // namespace

Task<Reply> TickMoves(Context context) {
  ResultSets sets = co_await Batch(
      {{sql::kReadNextMove.text, {}}, {sql::kReadSlotTable.text, {}}, {sql::kReadRoutes.text, {}}});
  if (sets[0].rows.empty() || sets[1].rows.empty()) co_return Reply();
  const int64_t now_ms = context.request.now_ms;
  Mover mover{.now_ms = now_ms, .move = MoveOf(sets[0].rows[0])};
  mover.table = SlotStateOf(sets[1]).table;
  for (const std::vector<Cell>& row : sets[2].rows) {
    mover.routes.emplace_back(existing::TextOf(row[0]), existing::TextOf(row[1]));
  }
  Move& move = mover.move;
  const int64_t id = move.id;
  const bool abandoned = move.failing;  // then its error is why
  Status status = co_await Prepare(&mover);
  while (status.ok() && !move.over() && mover.spent < limits::kSlotMoveBatches) {
    status = co_await Advance(&mover);
    if (!status.ok()) break;
    if (!abandoned) move.error.clear();
    co_await Batch({WriteMoveStatement(move, now_ms)});
  }
  int64_t again_ms = now_ms;
  if (!status.ok()) {
    // What will be refused again ends it, but not halfway through handing slots over.
    const bool refused = status.http_status() < 500;
    if (!abandoned) {
      move.failing = move.failing || (refused && move.state != kSwitched);
      move.error = std::string(status.code()) + ": " + status.message();
    }
    if (abandoned || !move.failing) again_ms += limits::kSlotMoveRetryMs;
    // Writes do not wait for a database that does not answer.
    if (!move.failing && move.state == kFenced) {
      // Should it die here, or not be told that they are thawed, they are frozen and compared anew.
      move.table = -1;
      move.place.clear();
      co_await Batch({WriteMoveStatement(move, now_ms)});
      const Status thawed = co_await Thaw(&mover);
      if (!thawed.ok()) move.error += "; " + thawed.message();
    }
    co_await Batch({WriteMoveStatement(move, now_ms)});
  }
  co_await SetAlarm(again_ms);
  Reply reply;
  reply.data["move"] = std::to_string(id);
  reply.data["state"] = move.state;
  reply.data["error"] = move.error;
  co_return reply;
}

}  // namespace tidemark
