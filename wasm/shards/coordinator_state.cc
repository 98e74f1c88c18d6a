#include "shards/coordinator_state.h"

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/await.h"
#include "shards/coordinator_sql.h"

namespace tidemark {
namespace {

using Tree = nlohmann::json;

constexpr uint32_t kStateDepth = 3;

std::vector<std::string> Sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

// The name whose turn it is; empty where there is none.
std::string NextName(const CoordinatorState& state) {
  const std::vector<std::string> names = Sorted(state.Names());
  return names.empty() ? "" : names[static_cast<size_t>(state.position) % names.size()];
}

// The place of the first name that is no less than this one.
int64_t PlaceOf(const CoordinatorState& state, const std::string& name) {
  const std::vector<std::string> names = Sorted(state.Names());
  const auto at = std::lower_bound(names.begin(), names.end(), name);
  return at == names.end() ? 0 : at - names.begin();
}

int64_t CountOf(const Tree& object, std::string_view key, int64_t fallback) {
  return std::max<int64_t>(IntegerField(object, key).value_or(fallback), 0);
}

}  // namespace

CoordinatorShard* CoordinatorState::Find(std::string_view name) {
  const auto at = std::find_if(shards.begin(), shards.end(),
                               [&](const CoordinatorShard& shard) { return shard.name == name; });
  return at == shards.end() ? nullptr : &*at;
}

std::vector<std::string> CoordinatorState::Names() const {
  std::vector<std::string> names;
  names.reserve(shards.size());
  for (const CoordinatorShard& shard : shards) names.push_back(shard.name);
  return names;
}

void CoordinatorState::Add(CoordinatorShard shard) {
  const std::string next = NextName(*this);
  shards.push_back(std::move(shard));
  if (position != 0) position = PlaceOf(*this, next);  // a round that begins, begins with the first
}

void CoordinatorState::Remove(std::string_view name) {
  const std::string next = NextName(*this);
  std::erase_if(shards, [&](const CoordinatorShard& shard) { return shard.name == name; });
  position = PlaceOf(*this, next);
}

std::string CoordinatorState::Json() const {
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"knownShards\":[");
  for (const CoordinatorShard& shard : shards) {
    out.Comma();
    out.Quoted(shard.name);
  }
  out.Raw("],\"shardStats\":{");
  for (const CoordinatorShard& shard : shards) {
    if (&shard != shards.data()) out.Char(',');
    out.Quoted(shard.name);
    out.Char(':');
    WriteStats(shard, &out);
  }
  out.Raw("},\"strategy\":");
  out.Quoted(StrategyName(strategy));
  out.Raw(",\"roundRobinIndex\":");
  out.Integer(position);
  out.Char('}');
  return std::move(out).Take();
}

CoordinatorState ReadStateJson(std::string_view text, int64_t now_ms) {
  CoordinatorState state;
  const auto tree = ParseTree(text, kStateDepth);
  if (!tree.ok()) return state;
  const Tree none = Tree::array();
  const Tree* names = ArrayField(*tree, "knownShards");
  const Tree* stats = ObjectField(*tree, "shardStats");
  for (const Tree& item : names == nullptr ? none : *names) {
    const auto* name = item.get_ptr<const std::string*>();
    if (name == nullptr || name->empty() || name->size() > limits::kSqlShardNameBytesMax ||
        state.Find(*name) != nullptr || state.shards.size() == limits::kSqlShardsMax) {
      continue;
    }
    const Tree* of_shard = stats == nullptr ? nullptr : ObjectField(*stats, *name);
    const Tree& known = of_shard == nullptr ? none : *of_shard;
    state.shards.push_back({.name = *name,
                            .keys = CountOf(known, "count", 0),
                            .updated_at = CountOf(known, "lastUpdated", now_ms)});
  }
  // One for writes and another for reads: what is placed here is written.
  const Tree* strategies = ObjectField(*tree, "strategy");
  const std::string* strategy =
      strategies == nullptr ? StringField(*tree, "strategy") : StringField(*strategies, "write");
  const Result<Strategy> known = ParseStrategy(strategy == nullptr ? "" : *strategy);
  if (known.ok()) state.strategy = *known;
  const int64_t index = CountOf(*tree, "roundRobinIndex", 0);
  // There it counts shards as they were registered.
  if (index < static_cast<int64_t>(state.shards.size())) {
    state.position = PlaceOf(state, state.shards[static_cast<size_t>(index)].name);
  }
  return state;
}

std::vector<Statement> StateReads() {
  return {{sql::kReadCoordinator.text, {}}, {sql::kReadCoordinatorShards.text, {}}};
}

CoordinatorState TakeState(const ResultSet& turn, const ResultSet& shards) {
  CoordinatorState state;
  const Result<Strategy> strategy = ParseStrategy(turn.Text(0));
  if (strategy.ok()) state.strategy = *strategy;
  state.position = turn.Integer(1, 0);
  for (const std::vector<Cell>& row : shards.rows) {
    state.shards.push_back({.name = *std::get_if<std::string>(&row[0]),
                            .keys = *std::get_if<int64_t>(&row[1]),
                            .updated_at = *std::get_if<int64_t>(&row[2])});
  }
  return state;
}

Task<CoordinatorState> ReadState() {
  const ResultSets sets = co_await Batch(StateReads());
  co_return TakeState(sets[0], sets[1]);
}

Statement WriteShardStatement(const CoordinatorShard& shard) {
  return {sql::kWriteCoordinatorShard.text, {shard.name, shard.keys, shard.updated_at}};
}

Statement WriteTurnStatement(const CoordinatorState& state) {
  return {sql::kWriteCoordinator.text, {std::string(StrategyName(state.strategy)), state.position}};
}

void WriteStats(const CoordinatorShard& shard, json::Writer* out) {
  out->Raw("{\"binding\":");
  out->Quoted(shard.name);
  out->Raw(",\"count\":");
  out->Integer(shard.keys);
  out->Raw(",\"lastUpdated\":");
  out->Integer(shard.updated_at);
  out->Char('}');
}

Reply CoordinatorError(const Status& status) {
  std::string body = "{\"error\":";
  json::AppendQuoted(&body, status.message());
  body += ",\"code\":";
  json::AppendQuoted(&body, status.code());
  Reply reply = Reply::Json(body + "}");
  reply.status = status.http_status();
  reply.data["error"] = std::string(status.code());
  return reply;
}

Status ShardNotFound(const std::string& name) {
  return Status::NotFound("Shard " + name + " not found");
}

Status TooManyShards() {
  return Status::Error(409, "too_many_shards",
                       "There are at most " + std::to_string(limits::kSqlShardsMax) + " shards");
}

}  // namespace tidemark
