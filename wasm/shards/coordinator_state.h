// What the coordinator knows of its shards.
//
// Others may read it as JSON under the storage key `coordinator_state`, as it is after each change:
//   {"knownShards": [name...], "shardStats": {name: {"binding", "count", "lastUpdated"}},
//    "strategy": name, "roundRobinIndex": position}
// It is read back once at most: by an object that has that text and no tables yet.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "engine/operation.h"
#include "shards/strategy.h"

namespace tidemark {

struct CoordinatorShard {
  std::string name;
  int64_t keys = 0;
  int64_t updated_at = 0;  // in ms
};

struct CoordinatorState {
  std::vector<CoordinatorShard> shards;  // as they were registered
  Strategy strategy = Strategy::kRoundRobin;
  int64_t position = 0;  // of round-robin, among the names in their order

  // Null where none has that name.
  CoordinatorShard* Find(std::string_view name);
  std::vector<std::string> Names() const;
  // Keep the turn of round-robin with whoever has it. The name is new, or is there.
  void Add(CoordinatorShard shard);
  void Remove(std::string_view name);

  std::string Json() const;
};

// Of such a text. What makes no sense in it is left out.
CoordinatorState ReadStateJson(std::string_view text, int64_t now_ms);

// For use within the coordinator's operations.
Task<CoordinatorState> ReadState();
// The same among other reads: two statements, and what came of them.
std::vector<Statement> StateReads();
CoordinatorState TakeState(const ResultSet& turn, const ResultSet& shards);
Statement WriteShardStatement(const CoordinatorShard& shard);
Statement WriteTurnStatement(const CoordinatorState& state);

// {"binding", "count", "lastUpdated"}
void WriteStats(const CoordinatorShard& shard, json::Writer* out);

// {"error": in words, "code"}.
Reply CoordinatorError(const Status& status);
Status ShardNotFound(const std::string& name);
Status TooManyShards();

}  // namespace tidemark
