#include "tests/support/move_harness.h"

#include <algorithm>
#include <utility>

namespace tidemark::testing {

MoveHarness::MoveHarness() : engine_(FourCollections()) {
  Check(Run("open_coordinator", {{"state", ""}}, "", true).status == 200);
}

native::SqliteStore& MoveHarness::database(const std::string& shard) {
  auto& database = databases_[shard];
  if (database == nullptr) database = std::make_unique<native::SqliteStore>();
  return *database;
}

native::Stores MoveHarness::StoresOf() {
  native::Stores stores{.own = &store_};
  stores.d1 = [this](const std::string& shard, const std::vector<native::HostStatement>& statements,
                     native::Held* held) -> std::variant<ResultSets, Failure> {
    ++batches;
    if (before) {
      if (std::optional<Failure> failure = before(shard)) return *failure;
    }
    if (late && late(shard)) {
      late_.push_back({shard, statements});
      return Failure{"unavailable", "no answer"};
    }
    auto answer = database(shard).Run(statements, held);
    if (after) {
      if (std::optional<Failure> failure = after(shard)) return *failure;
    }
    return answer;
  };
  stores.set_alarm = [this](int64_t at_ms) { alarm = at_ms; };
  return stores;
}

std::unique_ptr<native::Running> MoveHarness::Begin(std::string operation, Params params,
                                                    std::string body, bool local) {
  Request request;
  request.operation = std::move(operation);
  request.now_ms = now_ms;
  request.seed = ++seed_;
  request.space = "default";
  request.params = std::move(params);
  request.body_size = static_cast<uint32_t>(body.size());
  return std::make_unique<native::Running>(&engine_, request, "", std::move(body), StoresOf(),
                                           local);
}

native::Answer MoveHarness::Run(std::string operation, Params params, std::string body,
                                bool local) {
  const auto running = Begin(std::move(operation), std::move(params), std::move(body), local);
  while (!running->done()) running->Step();
  return running->Take();
}

native::Answer MoveHarness::Ask(std::string method, std::string path, const json& body,
                                std::string after_version) {
  const Params params = {{"method", std::move(method)},
                         {"path", std::move(path)},
                         {"environment", "test"},
                         {"after", std::move(after_version)},
                         {"databases", json(shards).dump()}};
  const std::string text = body.is_null() ? "" : body.dump();
  native::Answer answer = Run("coordinator_request", params, text, true);
  if (!answer.data.contains("then")) return answer;
  native::Answer then = Run(answer.data.at("then"), {}, "", false);
  return then.status >= 400 ? then : Run("coordinator_request", params, text, true);
}

json MoveHarness::Post(std::string path, const json& body) {
  const native::Answer answer = Ask("POST", std::move(path), body);
  Check(answer.status == 200);
  return json::parse(answer.body, nullptr, false);
}

std::string MoveHarness::CodeOf(std::string path, const json& body) {
  const native::Answer answer = Ask("POST", std::move(path), body);
  const json told = json::parse(answer.body, nullptr, false);
  return answer.status < 400 ? "" : told["code"].get<std::string>();
}

json MoveHarness::Moves() {
  return json::parse(Ask("GET", "/moves").body, nullptr, false)["moves"];
}

std::string MoveHarness::State() {
  const json moves = Moves();
  return moves.empty() ? "" : moves.back()["state"].get<std::string>();
}

bool MoveHarness::Settle(int runs) {
  for (int i = 0; alarm && i < runs; ++i) {
    now_ms = std::max(now_ms, *alarm);
    alarm.reset();
    Check(Run("tick_moves", {}, "", false).status == 200);
  }
  return !alarm;
}

bool MoveHarness::StepAlarm(int steps) {
  if (running_ == nullptr) {
    if (!alarm) return false;
    now_ms = std::max(now_ms, *alarm);
    alarm.reset();
    running_ = Begin("tick_moves", {}, "", false);
  }
  for (int i = 0; i < steps && !running_->done(); ++i) running_->Step();
  if (running_->done()) running_.reset();
  return true;
}

bool MoveHarness::RunLate(const std::function<uint64_t(uint64_t)>& draw) {
  if (late_.empty()) return false;
  const auto which = late_.begin() + static_cast<ptrdiff_t>(draw(late_.size()));
  const Batch batch = std::move(*which);
  late_.erase(which);
  native::Held held;
  database(batch.shard).Run(batch.statements, &held);
  return true;
}

void MoveHarness::Crash() {
  if (running_ == nullptr) return;
  running_.reset();
  alarm = now_ms;
}

std::vector<std::string> MoveHarness::Everywhere(const std::string& sql) {
  std::vector<std::string> all;
  for (const std::string& shard : shards) {
    const bool empty = database(shard)
                           .Rows(
                               "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT "
                               "LIKE 'tidemark%' AND name NOT LIKE 'sqlite%'")
                           .empty();
    if (empty) continue;
    for (std::string& row : database(shard).Rows(sql)) all.push_back(std::move(row));
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace tidemark::testing
