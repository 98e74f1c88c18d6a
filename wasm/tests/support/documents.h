// What the tests of documents ask of a harness.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/document_harness.h"
#include "tests/support/journal_replay.h"

namespace tidemark::testing {

// The tables of the document, and its journal: what no refused write may change.
inline std::vector<std::string> Stored(DocumentHarness* documents) {
  std::vector<std::string> rows;
  for (const char* table : {"member", "record", "journal", "frozen", "frozen_member", "staged",
                            "staged_member", "meta"}) {
    for (std::string& row : documents->store().Rows(std::string("SELECT * FROM ") + table)) {
      rows.push_back(table + ("|" + std::move(row)));
    }
  }
  return rows;
}

inline std::string ErrorOf(const native::Answer& answer) {
  const auto found = answer.data.find("error");
  return found == answer.data.end() ? std::string() : found->second;
}

inline int64_t CountIn(native::SqliteStore* store, const std::string& sql) {
  return std::stoll(store->Rows(sql).front());
}

// The entries of the journal that are still in the object, in order.
inline std::vector<json> EntriesOf(DocumentHarness* documents) {
  std::vector<json> entries;
  for (const std::string& row : documents->store().Rows("SELECT entry FROM journal ORDER BY n")) {
    entries.push_back(json::parse(row, nullptr, false));
  }
  return entries;
}

// {"NAME":[{"id":"PREFIX0","n":0},...]}: a document of one collection.
inline std::string Numbered(const std::string& name, int count) {
  std::string text = "{\"" + name + "\":[";
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    text += R"({"id":"u)" + std::to_string(i) + R"(","n":)" + std::to_string(i) + "}";
  }
  return text + "]}";
}

}  // namespace tidemark::testing
