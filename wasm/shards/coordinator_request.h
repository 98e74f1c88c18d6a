// What serves the coordinator's HTTP API: plain functions, by what they serve. What the request
// needs of the tables is read before, at once; what is to be written is written after, at once.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/command.h"
#include "shards/coordinator_state.h"
#include "shards/move_state.h"

namespace tidemark {

struct CoordinatorCall {
  int64_t now_ms = 0;
  uint64_t seed = 0;
  std::string environment;
  nlohmann::json body;  // null where the route takes none
  CoordinatorState state;

  // Of the body's `primaryKey`: its hash, and the shard where it was placed, or nothing. Of its
  // `availableShards`: those that are retired.
  std::string key;
  Blob hash;
  std::string placed;
  int64_t moved_at = 0;  // lately; then it is placed where it was moved to
  std::vector<std::string> retired;
  // Of the body's `name`: the next number, or -1, and how many sequences there are.
  std::string sequence;
  int64_t next = -1;
  int64_t sequences = 0;
  // Of the body's `shard`, where it is not registered: how many keys were placed there.
  std::string shard;
  int64_t keys = 0;

  // Where slots are asked for: their table, the moves, the D1 databases of the object, and the
  // query's `after`.
  moves::SlotState slots;
  std::vector<moves::Move> moves;
  std::vector<std::string> apart;  // keys that lie apart from their slots, or did
  std::vector<std::string> databases;
  std::string after;
  // Where counts are asked for: whether there are shards to be counted first.
  bool counts_due = false;
  // Where a new key is bounded by sizes: those that are known.
  ResultSet sizes;

  std::vector<Statement> writes;
  std::string then;     // a spanning operation that runs before this request is asked again
  bool queued = false;  // moves were: they are the answer, and the alarm is set
  bool alarm = false;
  bool changed = false;  // the state is another now: it is told

  // One key more of a shard, or one less, never below none. Nothing where it is not registered.
  void Count(std::string_view name, int64_t by);
};

// The answer's body: JSON, but for the health.
using CoordinatorHandler = Result<std::string> (*)(CoordinatorCall* call);

// coordinator_shards.cc
Result<std::string> ListShardNames(CoordinatorCall* call);
Result<std::string> RegisterShard(CoordinatorCall* call);
Result<std::string> UnregisterShard(CoordinatorCall* call);
Result<std::string> ListShardStats(CoordinatorCall* call);
Result<std::string> SetShardCount(CoordinatorCall* call);
Result<std::string> FlushCoordinator(CoordinatorCall* call);

// coordinator_keys.cc
Result<std::string> AllocateShard(CoordinatorCall* call);
Result<std::string> FindMovedKey(CoordinatorCall* call);
Result<std::string> PlaceKey(CoordinatorCall* call);
Result<std::string> ForgetKey(CoordinatorCall* call);

// coordinator_slots.cc
Result<std::string> MakeSlots(CoordinatorCall* call);
Result<std::string> ReadSlots(CoordinatorCall* call);
Result<std::string> DeclareRoutes(CoordinatorCall* call);
Result<std::string> ListMoves(CoordinatorCall* call);
Result<std::string> PlanMoves(CoordinatorCall* call);
Result<std::string> RetryMove(CoordinatorCall* call);

// coordinator_request.cc
Result<std::string> LeaseNumbers(CoordinatorCall* call);

// An integer of the body; the fallback where it is not given, unless that is below `least`. Code:
// `invalid_parameter`.
Result<int64_t> IntegerIn(const nlohmann::json& body, std::string_view name, int64_t least,
                          int64_t most, int64_t fallback);

inline constexpr std::string_view kSuccess = "{\"success\":true}";

}  // namespace tidemark
