#include "tests/support/harness.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "shards/placement.h"

namespace tidemark::testing {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The shards' tables: the migrations, and what the test's own collections add to them.
void Migrate(native::SqliteStore* shard) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(TIDEMARK_ROOT "/schema/shards")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  files.emplace_back(TIDEMARK_ROOT "/wasm/tests/four_collections.sql");
  for (const auto& file : files) shard->Execute(ReadFile(file));
}

}  // namespace

SpaceHarness::SpaceHarness(std::string user_id)
    : engine(FourCollections()), user(std::move(user_id)) {
  for (const std::string_view name : ShardNames()) {
    auto& shard = shards[std::string(name)];
    shard = std::make_unique<native::SqliteStore>();
    Migrate(shard.get());
  }
  Request open = RequestOf("open_space", {}, true);
  open.identity = {};
  native::RunToEnd(&engine, open, "", "", StoresOfSpace(), true);
}

Request SpaceHarness::RequestOf(std::string operation, Params params, bool in_space) const {
  Request request;
  request.operation = std::move(operation);
  request.now_ms = now_ms;
  request.seed = seed_;
  request.identity.user_id = user;
  if (in_space) request.space = user;
  request.params = std::move(params);
  return request;
}

native::Stores SpaceHarness::StoresOfSpace() {
  native::Stores stores = StoresOfWorker();
  stores.own = &space;
  return stores;
}

native::Stores SpaceHarness::StoresOfWorker() {
  native::Stores stores;
  stores.d1 = [this](const std::string& shard, const std::vector<native::HostStatement>& statements,
                     native::Held* held) -> std::variant<ResultSets, Failure> {
    if (d1_down) return Failure{"unavailable", "D1 is down"};
    if (on_d1) {
      if (std::optional<Failure> failure = on_d1(statements)) return *failure;
    }
    return shards.at(shard)->Run(statements, held);
  };
  stores.set_alarm = [this](int64_t at_ms) {
    if (alarm_at == 0 || at_ms < alarm_at) alarm_at = at_ms;
  };
  stores.call = [this](const native::HostCommand& command,
                       native::Held* held) -> std::variant<CallReply, Failure> {
    Request request = RequestOf(command.operation, command.params, true);
    const bool local = command.operation != "catch_up";
    if (!local) request.params["place"] = place;
    native::Answer answer = native::RunToEnd(&engine, request, "user", "", StoresOfSpace(), local);
    held->texts.push_back(answer.body);
    return CallReply{answer.status, answer.data, {static_cast<uint32_t>(held->texts.size() - 1)}};
  };
  return stores;
}

native::Answer SpaceHarness::Post(std::string_view device, const std::string& body,
                                  std::string_view content_type) {
  const Request request = RequestOf(
      "sync", {{"device", std::string(device)}, {"content_type", std::string(content_type)}}, true);
  return native::RunToEnd(&engine, request, "user", body, StoresOfSpace(), true);
}

json SpaceHarness::Sync(std::string_view device, json body) {
  const native::Answer answer = Post(device, body.dump());
  return json::parse(answer.body, nullptr, false);
}

native::Answer SpaceHarness::Run(std::string operation, Params params, std::string_view role) {
  const Request request = RequestOf(std::move(operation), std::move(params), true);
  return native::RunToEnd(&engine, request, role, "", StoresOfSpace(), true);
}

native::Answer SpaceHarness::Tick() {
  alarm_at = 0;
  Request request = RequestOf("tick", {{"place", place}}, true);
  request.identity = {};
  return native::RunToEnd(&engine, request, "", "", StoresOfSpace(), false);
}

native::Answer SpaceHarness::List(Params params) {
  params.try_emplace("place", place);
  const Request request = RequestOf("list", std::move(params), false);
  return native::RunToEnd(&engine, request, "user", "", StoresOfWorker(), false);
}

std::vector<std::string> SpaceHarness::Records() {
  return space.Rows("SELECT collection, id, data FROM records WHERE deleted = 0 ORDER BY 1, 2");
}

std::vector<std::string> SpaceHarness::Projected() {
  std::vector<std::string> rows;
  for (const auto& [binding, shard] : shards) {
    for (const Collection& collection : FourCollections().collections) {
      const std::string name(collection.name);
      for (const std::string& row : shard->Rows("SELECT '" + name + "', id, seq FROM \"" + name +
                                                "\" WHERE deleted_at IS NULL ORDER BY id")) {
        rows.push_back(row);
      }
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace tidemark::testing
