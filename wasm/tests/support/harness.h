// A space, its D1 shards and its devices, natively: the two-client harness of the tests.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "native/runner.h"

namespace tidemark {

// The product's collections and one more, `notes`, which merges by field (four_collections.json).
const Schema& FourCollections();

namespace testing {

using nlohmann::json;

inline constexpr int64_t kNow = 1'795'000'000'000;

class SpaceHarness {
 public:
  explicit SpaceHarness(std::string user = "user-1");

  // POST /sync as a device: the whole answer. `body` gets the cursor given, if any.
  native::Answer Post(std::string_view device, const std::string& body,
                      std::string_view content_type = "application/json");
  json Sync(std::string_view device, json body);

  // Any operation, as the user.
  native::Answer Run(std::string operation, Params params, std::string_view role = "user");
  // The space's alarm: projection and pruning.
  native::Answer Tick();
  // GET /{collection}, in the Worker.
  native::Answer List(Params params);

  // The space's records that are not deleted, as "collection|id|data", sorted.
  std::vector<std::string> Records();
  // The same rows as all of D1 has them: "collection|id|seq".
  std::vector<std::string> Projected();

  Engine engine;
  native::SqliteStore space;
  std::map<std::string, std::unique_ptr<native::SqliteStore>> shards;
  std::string user;
  int64_t now_ms = kNow;
  int64_t alarm_at = 0;
  bool d1_down = false;
  std::string place;  // the shard that the host says is the user's
  // Told each batch for D1 before it runs; a failure that it returns is D1's answer.
  std::function<std::optional<Failure>(const std::vector<native::HostStatement>&)> on_d1;

  native::Stores StoresOfSpace();
  native::Stores StoresOfWorker();
  Request RequestOf(std::string operation, Params params, bool in_space) const;

 private:
  uint64_t seed_ = 1;
};

}  // namespace testing
}  // namespace tidemark
