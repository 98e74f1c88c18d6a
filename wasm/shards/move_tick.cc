// What the coordinator's alarm runs: a part of the first move that is not over, piece by piece,
// each stored before the next is begun.

#include <algorithm>
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

// Batches of a run while no writes wait for it: between runs the databases are left to others.
constexpr int64_t kPace = 12;

// Reads the source's tables. Where they are others than it began with it begins anew, unless a
// group is being handed over.
Task<Status> Prepare(Mover* mover) {
  Move& move = mover->move;
  if (move.failing || (move.state == kSwitched && move.group.empty())) co_return Status();
  Result<ShardSchema> schema = co_await ReadSchema(move.from);
  if (!schema.ok()) co_return schema.status();
  mover->schema = std::move(*schema);
  const bool switched = move.state == kSwitched;
  Result<Layout> layout = co_await ReadLayout(move.from, &mover->schema, mover->routes, !switched);
  mover->spent += 2;
  if (!layout.ok()) co_return layout.status();
  mover->layout = std::move(*layout);
  if (move.state == kQueued || move.schema == mover->layout.digest) co_return Status();
  if (switched) {
    const Result<bool> unveiled = co_await IsUnveiled(mover);
    if (!unveiled.ok()) co_return unveiled.status();
    if (*unveiled) co_return co_await LimitLayout(mover);
    move.failing = true;
  }
  co_return TablesChanged(move.from);
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

bool FailedToGather(const ResultSet& moves) {
  return std::any_of(moves.rows.begin(), moves.rows.end(), [](const std::vector<Cell>& row) {
    const Move move = MoveOf(row);
    return move.gathers && move.state == kFailed;
  });
}

// Every row lies where its slot is: what shards had of others' slots counts no more.
Task<Status> EndGathering(Mover* mover) {
  for (const std::string& shard : mover->table.shards) {
    Texts texts;
    texts.Add(std::string(sql::kForgetGathered.text));
    texts.Add(std::string(sql::kSumParts.text), {int64_t{1}});
    const Status counted = co_await Write(mover, shard, std::move(texts));
    if (!counted.ok()) co_return counted;
  }
  const int64_t before = mover->table.version;
  ++mover->table.version;
  mover->table.gathering = false;
  const ResultSet written = co_await Query(
      sql::kNextSlotTable, {mover->table.version, WriteSlotTable(mover->table), before});
  co_return written.rows.empty() ? TableChanged() : Status();
}

// What is to be done about a piece that failed; how long it is waited then.
Task<int64_t> AfterFailure(Mover* mover, Status status, bool abandoned) {
  Move& move = mover->move;
  int64_t wait_ms = 0;
  // What will be refused again ends it, but not halfway through handing slots over.
  const bool refused = status.http_status() < 500;
  if (!abandoned) {
    move.failing = move.failing || (refused && move.state != kSwitched);
    move.error = std::string(status.code()) + ": " + status.message();
  }
  const bool referred = status.code() == "rows_referenced" ||
                        status.message().find("FOREIGN KEY") != std::string::npos;
  const bool widens = !abandoned && move.failing && referred && !move.wide && !move.group.empty() &&
                      move.group.size() < move.left.size();
  if (widens) {
    // Its rows may refer to rows of other slots that are to go: then they go together.
    move.failing = false;
    move.state = kFenced;
  }
  if (abandoned || !(move.failing || widens)) wait_ms = limits::kSlotMoveRetryMs;
  // Writes do not wait for a database that does not answer.
  if (!move.failing && move.state == kFenced) {
    // Should it die here, or not be told that they are thawed, they are frozen and compared anew.
    move.table = -1;
    move.place.clear();
    co_await Batch({WriteMoveStatement(move, mover->now_ms)});
    const Status thawed = co_await Thaw(mover);
    move.wide = move.wide || (widens && thawed.ok());
    if (!thawed.ok()) move.error += "; " + thawed.message();
  }
  co_await Batch({WriteMoveStatement(move, mover->now_ms)});
  co_return wait_ms;
}

// No move is left: if none has failed that gathers rows, all are gathered.
Task<Reply> Rest(Mover* mover) {
  Reply reply;
  reply.data["rest"] = "1";
  if (!mover->table.gathering) co_return reply;
  if (FailedToGather(co_await Query(sql::kReadSlotMoves))) co_return reply;
  const Status done = co_await EndGathering(mover);
  if (done.ok()) co_return reply;
  reply.data["rest"] = "";
  reply.data["error"] = done.message();
  co_await SetAlarm(mover->now_ms + limits::kSlotMoveRetryMs);
  co_return reply;
}

}  // namespace

Task<Reply> TickMoves(Context context) {
  const int64_t now_ms = context.request.now_ms;
  ResultSets sets = co_await Batch({{sql::kReadNextMove.text, {}},
                                    {sql::kReadSlotTable.text, {}},
                                    {sql::kReadRoutes.text, {}},
                                    {sql::kNextMoveRun.text, {now_ms}}});
  const SlotState slots = SlotStateOf(sets[1]);
  Mover mover{.now_ms = now_ms, .run = sets[3].Integer(0, 0), .table = slots.table};
  if (sets[0].rows.empty() || !slots.there) co_return co_await Rest(&mover);
  mover.move = MoveOf(sets[0].rows[0]);
  for (const std::vector<Cell>& row : sets[2].rows) {
    mover.routes.emplace_back(existing::TextOf(row[0]), existing::TextOf(row[1]));
  }
  Move& move = mover.move;
  const int64_t id = move.id;
  const bool abandoned = move.failing;  // then its error is why
  Status status = co_await Prepare(&mover);
  const auto rests = [&] {
    const bool waited_for = move.state == kFenced || move.state == kSwitched;
    return mover.spent >= (waited_for ? limits::kSlotMoveBatches : kPace);
  };
  bool handed_over = false;
  while (status.ok() && !move.over() && !rests() && !handed_over) {
    const bool switched = move.state == kSwitched;
    status = co_await Advance(&mover);
    if (!status.ok()) break;
    handed_over = switched && move.state == kCatchingUp;
    if (!abandoned) move.error.clear();
    co_await Batch({WriteMoveStatement(move, now_ms)});
    // It goes on, or begins anew, by what is read then.
    if (abandoned || mover.limited) break;
  }
  int64_t wait_ms = 0;
  if (!status.ok()) wait_ms = co_await AfterFailure(&mover, status, abandoned);
  co_await SetAlarm(now_ms + wait_ms);
  Reply reply;
  reply.data["move"] = std::to_string(id);
  reply.data["state"] = move.state;
  reply.data["error"] = move.error;
  co_return reply;
}

}  // namespace tidemark
