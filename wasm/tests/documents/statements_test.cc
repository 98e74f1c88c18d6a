// The SQL of documents against its schema: it prepares, its plan reads no table in full but those
// that it names for a reason, and json_each is outermost where it is joined with a table.

#include "documents/statements.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "documents/sql_rounds.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

std::set<std::string> Words(std::string_view text) {
  std::stringstream stream{std::string(text)};
  std::set<std::string> words;
  for (std::string word; stream >> word;) words.insert(word);
  return words;
}

// The table that a step reads in full; empty where it reads none.
std::string Scanned(const std::string& step) {
  const bool no_table = step.find("VIRTUAL TABLE") != std::string::npos ||
                        step.find("CONSTANT ROW") != std::string::npos ||
                        step.find("(subquery") != std::string::npos;
  if (!step.starts_with("SCAN ") || no_table) return {};
  return step.substr(5, step.find(' ', 5) - 5);
}

void ExpectPlan(native::SqliteStore* store, const Sql& sql, std::string_view scans) {
  SCOPED_TRACE(sql.name);
  std::set<std::string> scanned;
  bool read_a_table = false;
  for (const std::string& step : store->Plan(sql.text)) {
    const bool is_virtual = step.find("VIRTUAL TABLE") != std::string::npos;
    const bool reads = step.starts_with("SCAN ") || step.starts_with("SEARCH ");
    if (const std::string table = Scanned(step); !table.empty()) scanned.insert(table);
    if (is_virtual && std::string_view(sql.text).find("CROSS JOIN") != std::string_view::npos) {
      EXPECT_FALSE(read_a_table) << "json_each is not outermost: " << step;
    }
    read_a_table |= reads && !is_virtual && step.find("SUBQUERY") == std::string::npos;
  }
  EXPECT_EQ(scanned, Words(scans));
}

TEST(DocumentStatements, EachPreparesAndReadsNoTableInFullUnexpectedly) {
  DocumentHarness documents;
  for (const sql::DocumentStatement& statement : sql::DocumentStatements()) {
    ExpectPlan(&documents.store(), statement.sql, statement.scans);
  }
  for (const Sql& statement : sql::kDocumentStatements) ExpectPlan(&documents.db, statement, "");
}

// A SQL text that nobody registered would have no test.
TEST(DocumentStatements, EachOfTheSourcesIsRegistered) {
  std::set<std::string> registered;
  for (const sql::DocumentStatement& statement : sql::DocumentStatements()) {
    EXPECT_TRUE(registered.emplace(statement.sql.name).second) << statement.sql.name;
  }
  for (const Sql& statement : sql::kDocumentStatements) registered.emplace(statement.name);
  size_t found = 0;
  const std::regex name("constexpr Sql k[A-Za-z]+\\{\\s*\"([A-Za-z]+)\"");
  for (const auto& entry : std::filesystem::directory_iterator(TIDEMARK_ROOT "/wasm/documents")) {
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator at(source.begin(), source.end(), name), end; at != end; ++at) {
      ++found;
      EXPECT_TRUE(registered.contains((*at)[1])) << entry.path() << ": " << (*at)[1];
    }
  }
  EXPECT_EQ(found, registered.size());
}

}  // namespace
}  // namespace tidemark::testing
