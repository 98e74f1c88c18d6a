// Where keys are.
//
// A key is placed once. The directory remembers it: whoever asks again, from wherever, gets the
// same shard, so that two first writes of a key at once do not part its rows. A read gets what a
// write would, and nothing is remembered of it.
//
// Where new keys are bounded by sizes, and one is not known, it is answered which: whoever asks
// finds them out and asks again.

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "shards/allocate_sizes.h"
#include "shards/coordinator_request.h"
#include "shards/coordinator_sql.h"
#include "shards/shard_names.h"
#include "shards/strategy.h"

namespace tidemark {
namespace {

using Names = std::vector<std::string>;
using Tree = nlohmann::json;

// KV shows a change everywhere within a minute or so.
constexpr int64_t kMovedLatelyMs = 600'000;

struct Asked {
  std::optional<Strategy> strategy;
  std::optional<Names> available;
  bool write = true;
  std::optional<Region> region;
  ShardPlaces places;
  SizeBound bound;
};

bool Has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Null counts as not given: that is what is left of `undefined` in some clients.
const Tree* Given(const Tree& body, std::string_view name) {
  const Tree* field = Field(body, name);
  return field == nullptr || field->is_null() ? nullptr : field;
}

Result<std::string> OptionalText(const Tree& body, std::string_view name) {
  const Tree* field = Given(body, name);
  if (field == nullptr) return std::string();
  if (const auto* text = field->get_ptr<const std::string*>()) return *text;
  return Status::Invalid("invalid_parameter", std::string(name) + " must be a text");
}

Result<Asked> ReadAsked(const Tree& body) {
  Asked asked;
  const Result<std::string> type = OptionalText(body, "operationType");
  if (!type.ok() || (!type->empty() && *type != "read" && *type != "write")) {
    return Status::Invalid("invalid_parameter", "operationType must be read or write");
  }
  asked.write = *type != "read";
  if (const Tree* strategy = Given(body, "strategy"); strategy != nullptr) {
    const auto* name = strategy->get_ptr<const std::string*>();
    const Result<Strategy> known = ParseStrategy(name == nullptr ? "" : *name);
    if (!known.ok()) return known.status();
    asked.strategy = *known;
  }
  if (const Tree* available = Given(body, "availableShards"); available != nullptr) {
    Result<Names> names = ReadShardNames(*available);
    if (!names.ok()) return names.status();
    asked.available = std::move(*names);
  }
  const Result<std::string> region = OptionalText(body, "targetRegion");
  if (!region.ok()) return region.status();
  const Result<std::optional<Region>> target = ReadTargetRegion(*region);
  if (!target.ok()) return target.status();
  asked.region = *target;
  const Tree* places = Given(body, "shardLocations");
  Result<ShardPlaces> read = ReadShardPlaces(places == nullptr ? "" : DumpTree(*places));
  if (!read.ok()) return read.status();
  asked.places = std::move(*read);
  Result<SizeBound> bound = ReadSizeBound(body);
  if (!bound.ok()) return bound.status();
  asked.bound = std::move(*bound);
  return asked;
}

// Those to choose from: all that are registered or, of those that the caller has, all but the
// retired. What the caller has is registered with its first key.
Result<Names> CandidatesOf(const Asked& asked, const Names& retired, int64_t now_ms,
                           CoordinatorState* state) {
  const Status none = Status::Invalid("no_shards", "No shards available");
  const Names known = state->Names();
  if (!asked.available) {
    if (known.empty()) return none;
    return known;
  }
  Names candidates;
  for (const std::string& name : *asked.available) {
    if (Has(retired, name)) continue;
    candidates.push_back(name);
    if (!Has(known, name)) state->Add({.name = name, .keys = 0, .updated_at = now_ms});
  }
  if (candidates.empty()) return none;
  if (state->shards.size() > limits::kSqlShardsMax) return TooManyShards();
  return candidates;
}

// `excluded` only where a shard is.
std::string Told(const std::string& shard, const Names& excluded = {}) {
  Tree told = {{"shard", shard}};
  if (!excluded.empty()) told["excluded"] = excluded;
  return DumpTree(told);
}

}  // namespace

Result<std::string> AllocateShard(CoordinatorCall* call) {
  Result<Asked> asked = ReadAsked(call->body);
  if (!asked.ok()) return asked.status();
  CoordinatorState& state = call->state;
  // One that is registered no more, and that the caller does not have either, keeps no key.
  const Names available = asked->available.value_or(Names());
  if (state.Find(call->placed) != nullptr || Has(available, call->placed)) {
    return Told(call->placed);
  }
  const size_t registered = state.shards.size();
  Result<Names> candidates = CandidatesOf(*asked, call->retired, call->now_ms, &state);
  if (!candidates.ok()) return candidates.status();
  const SizeChoice by_size = ChooseBySize(asked->bound, call->sizes, call->now_ms, &*candidates);
  if (!by_size.unknown.empty()) {
    if (asked->write) NoteSizes(asked->bound, call->now_ms, &call->writes);
    return DumpTree({{"sizes", by_size.unknown}});
  }
  const Chosen chosen = ChooseShardOf({.key = call->key,
                                       .strategy = asked->strategy.value_or(state.strategy),
                                       .shards = state.Names(),
                                       .available = std::move(*candidates),
                                       .position = state.position,
                                       .seed = call->seed,
                                       .region = asked->region,
                                       .places = std::move(asked->places)});
  std::string told = Told(chosen.shard, by_size.excluded);
  if (!asked->write) return told;
  state.position = chosen.position;
  call->writes = {{sql::kWriteDirectory.text, {call->hash, chosen.shard}},
                  WriteTurnStatement(state)};
  for (size_t i = registered; i < state.shards.size(); ++i) {
    call->writes.push_back(WriteShardStatement(state.shards[i]));
  }
  call->Count(chosen.shard, 1);
  NoteSizes(asked->bound, call->now_ms, &call->writes);
  return told;
}

Result<std::string> FindMovedKey(CoordinatorCall* call) {
  const bool lately = call->moved_at >= call->now_ms - kMovedLatelyMs;
  if (call->placed.empty() || !lately) return std::string("{\"shard\":null}");
  std::string body;
  json::Writer writer(&body);
  writer.Raw("{\"shard\":");
  writer.Quoted(call->placed);
  writer.Raw(",\"movedAt\":");
  writer.Integer(call->moved_at);
  writer.Char('}');
  return std::move(writer).Take();
}

Result<std::string> PlaceKey(CoordinatorCall* call) {
  CoordinatorState& state = call->state;
  if (state.Find(call->shard) == nullptr) {
    const Tree* available = Given(call->body, "availableShards");
    const Result<Names> names = available == nullptr ? Names() : ReadShardNames(*available);
    if (!names.ok()) return names.status();
    if (!Has(*names, call->shard)) return ShardNotFound(call->shard);
    state.Add({.name = call->shard, .keys = 0, .updated_at = call->now_ms});
    if (state.shards.size() > limits::kSqlShardsMax) return TooManyShards();
    call->writes = {WriteShardStatement(*state.Find(call->shard)), WriteTurnStatement(state)};
  }
  call->writes.push_back({sql::kWriteMovedKey.text, {call->hash, call->shard, call->now_ms}});
  call->writes.push_back({sql::kPruneMovedKeys.text, {call->now_ms - kMovedLatelyMs}});
  if (call->placed != call->shard) {
    call->writes.push_back({sql::kWriteDirectory.text, {call->hash, call->shard}});
    call->Count(call->shard, 1);
    call->Count(call->placed, -1);
  }
  return std::string(kSuccess);
}

Result<std::string> ForgetKey(CoordinatorCall* call) {
  if (call->placed.empty()) return std::string(kSuccess);
  call->writes = {{sql::kForgetDirectory.text, {call->hash}},
                  {sql::kForgetMovedKey.text, {call->hash}}};
  call->Count(call->placed, -1);
  return std::string(kSuccess);
}

}  // namespace tidemark
