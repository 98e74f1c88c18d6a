// Databases that were there before, natively: SQLite as shards, a map in the place of KV, and a
// host that answers the calls of shards/operations.h as the library's does.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "native/runner.h"
#include "tests/support/harness.h"

namespace tidemark::testing {

class ExistingHarness {
 public:
  ExistingHarness();

  native::SqliteStore& database(const std::string& shard);
  // Makes a table `items(id, name)` with so many rows, `{prefix}0` and on.
  void Fill(const std::string& shard, const std::string& table, int rows, std::string_view prefix);

  native::Answer Run(std::string operation, Params params);
  // The reply's body.
  json Ask(std::string operation, Params params);
  // A run that a test steps through; another one than any before.
  std::unique_ptr<native::Running> Begin(std::string operation, Params params);

  // Whoever is mapped to a shard.
  int MappedTo(const std::string& shard) const;

  std::map<std::string, std::string> mapped;  // key to shard
  std::vector<std::string> known;             // shards that were told of
  int64_t now_ms = kNow;
  int queries = 0;  // batches for databases
  int calls = 0;
  int lookups = 0;  // keys that were looked up, or mapped
  // Told before each; a failure that it returns is the answer.
  std::function<std::optional<Failure>(const std::string& shard)> on_d1;
  std::function<std::optional<Failure>(const std::string& operation)> on_call;
  // Databases without a batch of their own: each statement by itself.
  bool one_by_one = false;

 private:
  native::Stores StoresOf();
  Params Serve(const std::string& operation, const Params& params);
  Params MapKeys(const Params& params);

  Engine engine_;
  std::map<std::string, std::unique_ptr<native::SqliteStore>> databases_;
  uint64_t seed_ = 1;
};

}  // namespace tidemark::testing
