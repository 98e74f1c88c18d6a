// A coordinator whose slots move, natively: its store, SQLite databases for shards, and an alarm
// that a test sets off.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "native/runner.h"
#include "tests/support/harness.h"

namespace tidemark::testing {

class MoveHarness {
 public:
  MoveHarness();

  native::SqliteStore& database(const std::string& shard);

  // A request of the HTTP API, with what its `then` names.
  native::Answer Ask(std::string method, std::string path, const json& body = nullptr,
                     std::string after = "");
  // Its answer's body, or its refusal's code.
  json Post(std::string path, const json& body);
  std::string CodeOf(std::string path, const json& body);
  json Moves();
  // The state of the newest move.
  std::string State();

  // The alarm, so often until none is set. False where it goes on after so many.
  bool Settle(int runs = 400);
  // So many steps of the alarm that runs, or is due: what is not over then goes on at the next
  // call. False where nothing was to be done.
  bool StepAlarm(int steps);
  // The object dies. The platform sets an alarm off again that did not come to its end.
  void Crash();
  // How many rows a statement gives in each shard, in all.
  std::vector<std::string> Everywhere(const std::string& sql);
  std::vector<std::string> shards = {"a", "b", "c"};  // that the object has bindings of
  std::optional<int64_t> alarm;
  int64_t now_ms = kNow;
  int batches = 0;
  // Told before each; a failure that it returns is the answer, and nothing has happened.
  std::function<std::optional<Failure>(const std::string& shard)> before;
  // Told after each; a failure is answered in place of what did happen.
  std::function<std::optional<Failure>(const std::string& shard)> after;
  // Told before each: whether no answer comes, and it is kept for RunLate.
  std::function<bool(const std::string& shard)> late;
  // Runs one of those, whoever may have given it up. `draw` below their number picks it; false
  // where there are none.
  bool RunLate(const std::function<uint64_t(uint64_t)>& draw);

 private:
  struct Batch {
    std::string shard;
    std::vector<native::HostStatement> statements;
  };

  native::Stores StoresOf();
  std::unique_ptr<native::Running> Begin(std::string operation, Params params, std::string body,
                                         bool local);
  native::Answer Run(std::string operation, Params params, std::string body, bool local);

  Engine engine_;
  native::SqliteStore store_;
  std::unique_ptr<native::Running> running_;
  std::map<std::string, std::unique_ptr<native::SqliteStore>> databases_;
  std::vector<Batch> late_;
  uint64_t seed_ = 1;
};

}  // namespace tidemark::testing
