// Which shards there are, and how many keys each has.

#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "shards/coordinator_request.h"
#include "shards/coordinator_sql.h"
#include "shards/operations.h"
#include "shards/sql_move.h"

namespace tidemark {

Task<Reply> OpenCoordinator(Context context) {
  const ResultSets sets = co_await Batch({{sql::kCreateCoordinator.text, {}},
                                          {sql::kCreateCoordinatorShard.text, {}},
                                          {sql::kCreateRetiredShard.text, {}},
                                          {sql::kCreateDirectory.text, {}},
                                          {sql::kCreateMovedKeys.text, {}},
                                          {sql::kCreateSequence.text, {}},
                                          {sql::kCreateSlotTable.text, {}},
                                          {sql::kCreateRoutes.text, {}},
                                          {sql::kCreateSlotMoves.text, {}},
                                          {sql::kCreateKeysApart.text, {}},
                                          {sql::kCreateMoveRun.text, {}},
                                          {sql::kCreateCountTries.text, {}},
                                          {sql::kCreateCountTriesAt.text, {}},
                                          {sql::kCreateShardSizes.text, {}},
                                          {sql::kReadCoordinator.text, {}}});
  Reply reply;
  if (!sets.back().rows.empty()) co_return reply;
  const CoordinatorState state =
      ReadStateJson(context.request.Param("state"), context.request.now_ms);
  std::vector<Statement> writes = {WriteTurnStatement(state)};
  for (const CoordinatorShard& shard : state.shards) writes.push_back(WriteShardStatement(shard));
  co_await Batch(std::move(writes));
  reply.data["state"] = state.Json();
  co_return reply;
}

Task<Reply> CountShard(Context context) {
  const Result<int64_t> by = IntegerParam(context.request, "by", -1, 1, 0);
  if (!by.ok()) co_return Reply::Error(by.status());
  CoordinatorCall call{.now_ms = context.request.now_ms};
  call.state = co_await ReadState();
  call.Count(context.request.Param("shard"), *by);
  Reply reply;
  if (!call.changed) co_return reply;
  reply.data["state"] = call.state.Json();
  co_await Batch(std::move(call.writes));
  co_return reply;
}

Result<std::string> ListShardNames(CoordinatorCall* call) {
  std::string names;
  json::Writer out(&names);
  out.Char('[');
  for (const CoordinatorShard& shard : call->state.shards) {
    out.Comma();
    out.Quoted(shard.name);
  }
  out.Char(']');
  return std::move(out).Take();
}

Result<std::string> RegisterShard(CoordinatorCall* call) {
  CoordinatorState& state = call->state;
  if (state.Find(call->shard) != nullptr) return std::string(kSuccess);
  if (state.shards.size() >= limits::kSqlShardsMax) return TooManyShards();
  state.Add({.name = call->shard, .keys = call->keys, .updated_at = call->now_ms});
  call->writes = {WriteShardStatement(state.shards.back()),
                  WriteTurnStatement(state),
                  {sql::kRestoreShard.text, {call->shard}}};
  call->changed = true;
  return std::string(kSuccess);
}

Result<std::string> UnregisterShard(CoordinatorCall* call) {
  if (call->state.Find(call->shard) == nullptr) return std::string(kSuccess);
  call->state.Remove(call->shard);
  call->writes = {{sql::kRemoveCoordinatorShard.text, {call->shard}},
                  {sql::kRetireShard.text, {call->shard}},
                  {sql::kPruneRetiredShards.text, {}},
                  {sql::kDropCountTry.text, {call->shard}},
                  {sql::kDropShardSize.text, {call->shard}},
                  WriteTurnStatement(call->state)};
  call->changed = true;
  return std::string(kSuccess);
}

// Counts that are due come first: then it is asked again.
Result<std::string> ListShardStats(CoordinatorCall* call) {
  if (call->counts_due) {
    call->then = "count_slots";
    return std::string();
  }
  std::string stats;
  json::Writer out(&stats);
  out.Char('[');
  for (const CoordinatorShard& shard : call->state.shards) {
    out.Comma();
    WriteStats(shard, &out);
  }
  out.Char(']');
  return std::move(out).Take();
}

Result<std::string> SetShardCount(CoordinatorCall* call) {
  const Result<int64_t> count = IntegerIn(call->body, "count", 0, limits::kIntegerMax, -1);
  if (!count.ok()) return count.status();
  const CoordinatorShard* shard = call->state.Find(call->shard);
  if (shard == nullptr) return ShardNotFound(call->shard);
  call->Count(call->shard, *count - shard->keys);
  return std::string(kSuccess);
}

Result<std::string> FlushCoordinator(CoordinatorCall* call) {
  if (call->environment == "production") {
    return Status::Forbidden(
        "A coordinator in production is not flushed: it would forget where keys were placed");
  }
  for (const moves::Move& move : call->moves) {
    if (!move.over()) {
      return Status::Error(409, "moves_under_way", "Slots are moving: ask again when they have");
    }
  }
  call->state = {};
  call->writes = {{sql::kClearCoordinator.text, {}}, {sql::kClearRetired.text, {}},
                  {sql::kClearDirectory.text, {}},   {sql::kClearSequences.text, {}},
                  {sql::kClearSlotTable.text, {}},   {sql::kClearRoutes.text, {}},
                  {sql::kClearSlotMoves.text, {}},   {sql::kClearKeysApart.text, {}},
                  {sql::kClearMovedKeys.text, {}},   {sql::kClearCountTries.text, {}},
                  {sql::kClearShardSizes.text, {}},  WriteTurnStatement(call->state)};
  call->changed = true;
  return std::string(kSuccess);
}

}  // namespace tidemark
