// Entries of the activity as the Worker sends them, and who asks for them.

#pragma once

#include <string>

#include "tests/support/accounts.h"

namespace tidemark::testing {

inline json EntryOf(int number, json more = {}) {
  json entry = {{"time", kNow + number}, {"number", number}, {"method", "GET"},
                {"path", "/health"},     {"status", 200},    {"duration_ms", 3}};
  if (more.is_object()) entry.update(more);
  return entry;
}

inline native::Answer Record(AccountsHarness* harness, const json& entries,
                             const std::string& source = "0123456789abcdef") {
  return harness->Run("record_activity", {{"source", source}}, entries.dump());
}

inline native::Answer ListOf(AccountsHarness* harness, Params params,
                             std::string_view role = "admin", const std::string& user = "user-1") {
  return harness->Run("list_activity", std::move(params), "", UserNamed(user), role);
}

// That many requests of `user`, a second apart, the newest now: written by SQL alone.
inline void Fill(AccountsHarness* harness, int rows, const std::string& user) {
  harness->database.Execute(
      "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < " +
      std::to_string(rows) +
      ") INSERT INTO activity SELECT printf('%08x-%04x-7000-8000-%012x', at >> 16, at & 65535, i),"
      " at, 'GET', '/', NULL, 200, 0, '" +
      user + "', 1, NULL FROM (SELECT i, " + std::to_string(kNow) + " - i * 1000 AS at FROM n)");
}

}  // namespace tidemark::testing
