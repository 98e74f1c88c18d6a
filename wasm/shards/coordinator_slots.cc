// Which shard owns each slot, and the moves of slots from one to another. What touches the shards
// is left to operations that span them: `then` names one that the object runs before it asks again.

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "shards/coordinator_request.h"
#include "shards/coordinator_sql.h"
#include "shards/shard_names.h"
#include "shards/slot_plan.h"
#include "shards/sql_move.h"

namespace tidemark {
namespace {

using moves::Move;
using Names = std::vector<std::string>;
using Tree = nlohmann::json;

bool Has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status NoSlots() { return Status::Error(404, "no_slots", "There is no slot table yet"); }

Status Reachable(const CoordinatorCall& call, const std::string& name) {
  if (Has(call.databases, name)) return {};
  return Status::Error(409, "shard_unreachable",
                       "The coordinator has no D1 binding of the name " + name);
}

Status Register(CoordinatorCall* call, const std::string& name) {
  CoordinatorState& state = call->state;
  if (state.Find(name) != nullptr) return {};
  if (state.shards.size() >= limits::kSqlShardsMax) return TooManyShards();
  state.Add({.name = name, .keys = 0, .updated_at = call->now_ms});
  call->writes.push_back(WriteShardStatement(state.shards.back()));
  call->writes.push_back(WriteTurnStatement(state));
  call->writes.push_back({sql::kRestoreShard.text, {name}});
  call->changed = true;
  return {};
}

std::string Told(const moves::SlotState& state) {
  return "{\"version\":" + std::to_string(state.table.version) + ",\"table\":" + state.text + "}";
}

// Where a shard stands in the table; its size where it does not.
uint16_t PlaceIn(const SlotTable& table, const std::string& name) {
  return static_cast<uint16_t>(std::find(table.shards.begin(), table.shards.end(), name) -
                               table.shards.begin());
}

Result<std::vector<SlotMove>> PlanRebalance(const CoordinatorCall& call, const SlotTable& table) {
  std::vector<double> weights;
  weights.reserve(table.shards.size());
  for (const int64_t count : table.Counts()) weights.push_back(count > 0 ? 1 : 0);
  const Tree* given = Field(call.body, "weights");
  if (given != nullptr && !given->is_null()) {
    if (!given->is_object()) {
      return Status::Invalid("invalid_weights", "weights must be an object of numbers");
    }
    for (const auto& [name, weight] : given->items()) {
      const uint16_t at = PlaceIn(table, name);
      if (at == table.shards.size()) return ShardNotFound(name);
      const std::optional<double> number = NumberField(*given, name);
      weights[at] = number.value_or(-1);  // which is refused
    }
  }
  return PlanWeights(table, weights);
}

// The plan for what is asked. Of a shard that is to be added the table has its name already.
Result<std::vector<SlotMove>> PlanOf(const CoordinatorCall& call, const SlotTable& table,
                                     const std::string& kind) {
  if (kind == "rebalance") return PlanRebalance(call, table);
  const uint16_t shard = PlaceIn(table, call.shard);
  if (shard == table.shards.size()) return ShardNotFound(call.shard);
  if (kind == "add") return PlanAdded(table, shard);
  std::vector<bool> takers;
  const std::vector<int64_t> counts = table.Counts();
  if (counts[shard] == 0) return std::vector<SlotMove>();
  takers.reserve(counts.size());
  for (const int64_t count : counts) takers.push_back(count > 0);
  return PlanDrained(table, shard, takers);
}

Move QueuedMove(const CoordinatorCall& call, const std::string& from, const std::string& to) {
  return {.from = from,
          .to = to,
          .state = std::string(moves::kQueued),
          .started_at = call.now_ms,
          .updated_at = call.now_ms};
}

// A single key. None where it lies there already.
std::vector<Move> MovesOfKey(const CoordinatorCall& call, const SlotTable& table,
                             const std::string& key, uint16_t to) {
  const uint16_t from = table.OwnerOf(key).shard;
  if (from == to) return {};
  Move move = QueuedMove(call, table.shards[from], table.shards[to]);
  move.key = key;
  move.left = {SlotOf(key)};
  return {std::move(move)};
}

// Keys that lie in the shard apart from their slots: to where those are, once they have moved.
void AddKeysApart(const CoordinatorCall& call, SlotTable table, const std::vector<SlotMove>& plan,
                  std::vector<Move>* planned) {
  const uint16_t shard = PlaceIn(table, call.shard);
  for (const SlotMove& slot : plan) table.slots[slot.slot].shard = slot.to;
  for (const std::string& key : call.apart) {
    const Sha256Digest digest = Sha256Of(key);
    if (!table.IsApart(digest) || table.OwnerOf(digest).shard != shard) continue;
    const uint16_t to = table.slots[SlotOfDigest(digest)].shard;
    for (Move& move : MovesOfKey(call, table, key, to)) planned->push_back(std::move(move));
  }
}

// Keys that are with their slots again are forgotten.
void NoteKeyApart(CoordinatorCall* call, const std::string& key) {
  for (const std::string& one : call->apart) {
    if (one == key || call->slots.table.IsApart(Sha256Of(one))) continue;
    call->writes.push_back({sql::kDropKeyApart.text, {one}});
  }
  call->writes.push_back({sql::kAddKeyApart.text, {key}});
}

// One move for each two shards.
std::vector<Move> MovesOf(const CoordinatorCall& call, const SlotTable& table,
                          const std::vector<SlotMove>& plan) {
  std::vector<Move> found;
  for (const SlotMove& slot : plan) {
    const std::string& from = table.shards[slot.from];
    const std::string& to = table.shards[slot.to];
    auto at = std::find_if(found.begin(), found.end(),
                           [&](const Move& move) { return move.from == from && move.to == to; });
    if (at == found.end()) {
      found.push_back(QueuedMove(call, from, to));
      at = found.end() - 1;
    }
    at->left.push_back(slot.slot);
    ++at->slots;
  }
  for (Move& move : found) std::sort(move.left.begin(), move.left.end());
  return found;
}

// The moves that take a key to the shard of the call.
Result<std::vector<Move>> PlanOfKey(CoordinatorCall* call, SlotTable* table, const std::string& key,
                                    bool dry) {
  const uint16_t to = PlaceIn(*table, call->shard);
  if (to == table->shards.size()) return ShardNotFound(call->shard);
  std::vector<Move> planned = MovesOfKey(*call, *table, key, to);
  if (table->exceptions.size() >= limits::kSlotExceptionsMax && !planned.empty()) {
    return Status::Error(409, "too_many_exceptions",
                         "There are at most " + std::to_string(limits::kSlotExceptionsMax) +
                             " keys that lie apart from their slots");
  }
  if (!dry && !planned.empty()) NoteKeyApart(call, key);
  // Its slot has come to it: it goes with the slot again.
  const Sha256Digest digest = Sha256Of(key);
  if (!dry && planned.empty() && table->IsApart(digest) &&
      table->slots[SlotOfDigest(digest)].shard == to) {
    Check(ApplyKeyMove(table, digest, to).ok());
    call->writes.push_back(moves::WriteTableStatement(*table, true, ""));
  }
  return planned;
}

}  // namespace

Result<std::string> MakeSlots(CoordinatorCall* call) {
  const Tree* available = Field(call->body, "availableShards");
  Result<Names> names = ReadShardNames(available == nullptr ? Tree() : *available);
  if (!names.ok()) return names.status();
  const moves::SlotState& slots = call->slots;
  for (const std::string& name : *names) {
    if (Status registered = Register(call, name); !registered.ok()) return registered;
  }
  if (slots.installed) return Told(slots);
  for (const std::string& name : *names) {
    if (Status reachable = Reachable(*call, name); !reachable.ok()) return reachable;
  }
  std::sort(names->begin(), names->end());
  if (!slots.there || slots.table.shards != *names) {
    const Result<SlotTable> table = MakeSlotTable(std::move(*names));
    if (!table.ok()) return table.status();
    call->writes.push_back(moves::WriteTableStatement(*table, false, ""));
  }
  call->then = "install_slots";
  return std::string();
}

Result<std::string> ReadSlots(CoordinatorCall* call) {
  if (!call->slots.installed) return NoSlots();
  const std::string version = std::to_string(call->slots.table.version);
  if (call->after == version) return "{\"version\":" + version + "}";
  return Told(call->slots);
}

Result<std::string> DeclareRoutes(CoordinatorCall* call) {
  const Status invalid =
      Status::Invalid("invalid_parameter", "tables must be an object of columns' names, or null");
  const Tree* tables = ObjectField(call->body, "tables");
  if (tables == nullptr || tables->size() > limits::kExistingTablesMax) return invalid;
  for (const auto& [name, column] : tables->items()) {
    const auto* text = column.get_ptr<const std::string*>();
    if (name.empty() || (!column.is_null() && (text == nullptr || text->empty()))) {
      return invalid;
    }
    call->writes.push_back({sql::kWriteRoute.text, {name, text == nullptr ? "" : *text}});
  }
  return std::string(kSuccess);
}

Result<std::string> ListMoves(CoordinatorCall* call) { return moves::MovesJson(call->moves); }

Result<std::string> PlanMoves(CoordinatorCall* call) {
  if (!call->slots.installed) return NoSlots();
  const std::string* asked = StringField(call->body, "kind");
  const std::string kind = asked == nullptr ? "" : *asked;
  const std::string* shard = StringField(call->body, "shard");
  const bool dry = BoolField(call->body, "dryRun").value_or(false);
  const std::string* given = StringField(call->body, "key");
  const std::string key = given == nullptr ? "" : *given;
  const bool of_key = kind == "key";
  const bool valid = kind == "rebalance" || ((kind == "add" || kind == "drain") && shard) ||
                     (of_key && shard && !key.empty() && key.size() <= limits::kSqlKeyBytesMax);
  if (!valid) {
    return Status::Invalid("invalid_parameter",
                           "kind must be add or drain, with a shard, key, with it too, or "
                           "rebalance");
  }
  call->shard = shard == nullptr ? "" : *shard;
  SlotTable table = call->slots.table;
  if (kind == "add") {
    if (Status reachable = Reachable(*call, call->shard); !reachable.ok()) return reachable;
  }
  const bool busy = std::any_of(call->moves.begin(), call->moves.end(),
                                [](const Move& move) { return !move.over(); });
  if ((busy || table.gathering) && !dry) {
    return Status::Error(409, "moves_under_way", "Slots are moving: ask again when they have");
  }
  if (kind == "add" && PlaceIn(table, call->shard) == table.shards.size()) {
    if (Status named = AddShardName(&table, call->shard); !named.ok()) return named;
    if (!dry) {
      call->writes.push_back(moves::WriteTableStatement(call->slots.table, true, call->shard));
      call->then = "install_slots";
      return std::string();
    }
  }
  std::vector<Move> planned;
  if (of_key) {
    Result<std::vector<Move>> plan = PlanOfKey(call, &table, key, dry);
    if (!plan.ok()) return plan.status();
    planned = std::move(*plan);
  } else {
    const Result<std::vector<SlotMove>> plan = PlanOf(*call, table, kind);
    if (!plan.ok()) return plan.status();
    planned = MovesOf(*call, table, *plan);
    if (kind == "drain") AddKeysApart(*call, table, *plan, &planned);
  }
  for (const Move& move : planned) {
    if (Status from = Reachable(*call, move.from); !from.ok()) return from;
    if (Status to = Reachable(*call, move.to); !to.ok()) return to;
  }
  if (dry) return moves::MovesJson(planned);
  if (kind == "add") {
    if (Status registered = Register(call, call->shard); !registered.ok()) return registered;
  }
  for (Move& move : planned) {
    call->writes.push_back({sql::kAddSlotMove.text,
                            {move.from, move.to, move.slots, call->now_ms, moves::WorkOf(move)}});
  }
  call->writes.push_back({sql::kPruneSlotMoves.text, {}});
  call->queued = true;
  return moves::MovesJson(planned);
}

Result<std::string> RetryMove(CoordinatorCall* call) {
  const Result<int64_t> id = IntegerIn(call->body, "id", 1, limits::kIntegerMax, 0);
  if (!id.ok()) return id.status();
  for (Move& move : call->moves) {
    if (move.id != *id) continue;
    if (move.state == moves::kFailed) {
      move.state = moves::kQueued;
      if (!move.key.empty()) call->writes.push_back({sql::kAddKeyApart.text, {move.key}});
      move.wide = false;
      move.begun = 0;
      move.error.clear();
      call->writes.push_back(moves::WriteMoveStatement(move, call->now_ms));
    }
    call->alarm = !move.over();
    return std::string(kSuccess);
  }
  return Status::NotFound("There is no move of this number");
}

}  // namespace tidemark
