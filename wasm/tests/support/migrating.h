// A record that is moved from one shard to another: what the tests of its move have in common.

#pragma once

#include <string>
#include <vector>

#include "tests/support/existing_harness.h"

namespace tidemark::testing {

using Texts = std::vector<std::string>;

inline constexpr const char* kUsers =
    "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT, n INTEGER)";
inline constexpr const char* kAnn = "INSERT INTO users VALUES ('u1', 'Ann', 1), ('u2', 'Bob', 2)";

// What moves a row of `users` from the shard "old" to "new", with these parameters besides.
inline Params Of(const std::string& key, const Params& more = {}) {
  Params params = {{"source", "old"}, {"target", "new"}, {"table", "users"}, {"key", key}};
  for (const auto& [name, value] : more) params[name] = value;
  return params;
}

// "moved:1", "moved:" where nothing was to be moved, or the code of an error.
inline std::string Migrate(ExistingHarness* harness, const std::string& key,
                           const Params& more = {}) {
  const native::Answer answer = harness->Run("migrate_record", Of(key, more));
  return answer.status == 200 ? "moved:" + answer.data.at("moved") : answer.data.at("error");
}

inline Texts Rows(ExistingHarness* harness, const std::string& shard,
                  const std::string& sql = "SELECT * FROM users ORDER BY id") {
  return harness->database(shard).Rows(sql);
}

inline void Prepare(ExistingHarness* harness) {
  harness->database("old").Execute(std::string(kUsers) + ";" + kAnn);
  harness->database("new").Execute(kUsers);
}

// Of moves that have not ended.
inline int Notes(ExistingHarness* harness) {
  return std::stoi(Rows(harness, "new", "SELECT count(*) FROM tidemark_moves").front());
}

}  // namespace tidemark::testing
