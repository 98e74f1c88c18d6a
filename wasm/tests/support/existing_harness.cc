#include "tests/support/existing_harness.h"

#include <algorithm>

namespace tidemark::testing {

ExistingHarness::ExistingHarness() : engine_(FourCollections()) {}

native::SqliteStore& ExistingHarness::database(const std::string& shard) {
  auto& database = databases_[shard];
  if (database == nullptr) database = std::make_unique<native::SqliteStore>();
  return *database;
}

void ExistingHarness::Fill(const std::string& shard, const std::string& table, int rows,
                           std::string_view prefix) {
  native::SqliteStore& store = database(shard);
  store.Execute("CREATE TABLE IF NOT EXISTS \"" + table + "\" (id TEXT PRIMARY KEY, name TEXT)");
  store.Execute("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < " +
                std::to_string(rows) + ") INSERT INTO \"" + table + "\" SELECT '" +
                std::string(prefix) + "' || i, 'name ' || i FROM n");
}

native::Stores ExistingHarness::StoresOf() {
  native::Stores stores;
  stores.d1 = [this](const std::string& shard, const std::vector<native::HostStatement>& statements,
                     native::Held* held) -> std::variant<ResultSets, Failure> {
    ++queries;
    if (on_d1) {
      if (std::optional<Failure> failure = on_d1(shard)) return *failure;
    }
    if (!one_by_one) return database(shard).Run(statements, held);
    ResultSets sets;
    for (const native::HostStatement& statement : statements) {
      auto answer = database(shard).Run({statement}, held);
      if (auto* failure = std::get_if<Failure>(&answer)) return *failure;
      sets.push_back(std::move(std::get_if<ResultSets>(&answer)->front()));
    }
    return sets;
  };
  stores.call = [this](const native::HostCommand& command,
                       native::Held* held) -> std::variant<CallReply, Failure> {
    ++calls;
    if (on_call) {
      if (std::optional<Failure> failure = on_call(command.operation)) return *failure;
    }
    Params data = Serve(command.operation, command.params);
    held->texts.emplace_back();
    return CallReply{200, std::move(data), {static_cast<uint32_t>(held->texts.size() - 1)}};
  };
  return stores;
}

Params ExistingHarness::MapKeys(const Params& params) {
  const std::string& shard = params.at("shard");
  int created = 0;
  json collisions = json::array();
  for (const json& each : json::parse(params.at("keys"), nullptr, false)) {
    const std::string key = each.is_array() ? each[0].get<std::string>() : each.get<std::string>();
    ++lookups;
    const auto [at, is_new] = mapped.emplace(key, shard);
    if (is_new) ++created;
    if (!is_new && at->second != shard) collisions.push_back({key, at->second});
    if (!is_new || !each.is_array()) continue;
    for (size_t i = 1; i < each.size(); ++i) {
      if (each[i].is_string()) mapped.emplace(each[i].get<std::string>(), shard);
    }
  }
  return {{"mapped", std::to_string(created)},
          {"collided", std::to_string(collisions.size())},
          {"collisions", collisions.dump()},
          {"cost", std::to_string(2 * json::parse(params.at("keys"), nullptr, false).size())}};
}

Params ExistingHarness::Serve(const std::string& operation, const Params& params) {
  if (operation == "map_keys") return MapKeys(params);
  if (operation == "known_shard") {
    known.push_back(params.at("shard"));
    return {};
  }
  Check(operation == "unmapped_keys");
  json unmapped = json::array();
  const json keys = json::parse(params.at("keys"), nullptr, false);
  for (size_t i = 0; i < keys.size(); ++i) {
    ++lookups;
    if (!mapped.contains(keys[i].get<std::string>())) unmapped.push_back(i);
  }
  return {{"unmapped", unmapped.dump()}};
}

std::unique_ptr<native::Running> ExistingHarness::Begin(std::string operation, Params params) {
  Request request;
  request.operation = std::move(operation);
  request.now_ms = now_ms;
  request.seed = ++seed_;
  request.params = std::move(params);
  return std::make_unique<native::Running>(&engine_, request, "", "", StoresOf(), false);
}

native::Answer ExistingHarness::Run(std::string operation, Params params) {
  const auto running = Begin(std::move(operation), std::move(params));
  while (!running->done()) running->Step();
  return running->Take();
}

json ExistingHarness::Ask(std::string operation, Params params) {
  return json::parse(Run(std::move(operation), std::move(params)).body, nullptr, false);
}

int ExistingHarness::MappedTo(const std::string& shard) const {
  return static_cast<int>(std::count_if(mapped.begin(), mapped.end(),
                                        [&](const auto& pair) { return pair.second == shard; }));
}

}  // namespace tidemark::testing
