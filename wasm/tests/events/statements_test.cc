// The SQL of event logs against its schema: it prepares, its plan reads no table in full but those
// that it names for a reason, and the log's tables are the same in D1.

#include "events/statements.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/event_harness.h"

namespace tidemark::testing {
namespace {

std::string TextOf(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::set<std::string> TablesReadInFull(native::SqliteStore* store, std::string_view sql) {
  std::set<std::string> tables;
  for (const std::string& step : store->Plan(sql)) {
    std::smatch match;
    static const std::regex scan("SCAN (\\w+)");
    if (!std::regex_search(step, match, scan)) continue;
    if (match[1].str().starts_with("event_") || match[1] == "access_key") tables.insert(match[1]);
    // A table by its name in the statement: only `place` and `entry`, which recurse, may be read.
    if (match[1].str().size() == 1) {
      EXPECT_TRUE(match[1] == "p" || match[1] == "k" || match[1] == "b" || match[1] == "e") << step;
    }
  }
  return tables;
}

TEST(EventStatements, EachPreparesAndReadsNoTableInFullUnexpectedly) {
  EventHarness log;
  for (const sql::EventStatement& statement : sql::EventStatements()) {
    SCOPED_TRACE(statement.sql.name);
    std::set<std::string> scans;
    if (!statement.scans.empty()) scans.emplace(statement.scans);
    EXPECT_EQ(TablesReadInFull(&log.store, statement.sql.text), scans);
  }
}

// D1 gives a row as an object: columns of one name are one, and those that are numbers come first.
TEST(EventStatements, EachColumnHasANameOfItsOwnThatIsNoNumber) {
  EventHarness log;
  for (const sql::EventStatement& statement : sql::EventStatements()) {
    SCOPED_TRACE(statement.sql.name);
    std::set<std::string> names;
    for (const std::string& name : log.store.Columns(statement.sql.text)) {
      EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_NE(name.find_first_not_of("0123456789"), std::string::npos) << name;
    }
  }
}

TEST(EventStatements, EachOfTheSourcesIsRegistered) {
  std::set<std::string> registered;
  for (const sql::EventStatement& statement : sql::EventStatements()) {
    EXPECT_TRUE(registered.emplace(statement.sql.name).second) << statement.sql.name;
  }
  size_t found = 0;
  const std::regex name("constexpr Sql k[A-Za-z]+\\{\\s*\"([A-Za-z]+)\"");
  for (const auto& entry : std::filesystem::directory_iterator(TIDEMARK_ROOT "/wasm/events")) {
    const std::string source = TextOf(entry.path());
    for (std::sregex_iterator at(source.begin(), source.end(), name), end; at != end; ++at) {
      ++found;
      EXPECT_TRUE(registered.contains((*at)[1])) << entry.path() << ": " << (*at)[1];
    }
  }
  EXPECT_EQ(found, registered.size());
}

TEST(EventStatements, TheTablesOfTheLogAreTheSameInD1) {
  EventHarness log;
  native::SqliteStore database;
  database.Execute(TextOf(TIDEMARK_ROOT "/schema/db/0006_events.sql"));
  const auto tables = [](native::SqliteStore* store) {
    return store->Rows(
        "SELECT name, replace(sql, 'IF NOT EXISTS ', '') FROM sqlite_schema WHERE name IN "
        "('event_remote', 'event_log', 'event_batch', 'event_entry') ORDER BY name");
  };
  ASSERT_EQ(tables(&database).size(), 4U);
  EXPECT_EQ(tables(&database), tables(&log.store));
}

// Nothing of a log's own asks for a transaction: D1 has none.
TEST(EventStatements, NoneBeginsATransaction) {
  for (const sql::EventStatement& statement : sql::EventStatements()) {
    for (const char* word : {"BEGIN", "SAVEPOINT", "COMMIT"}) {
      EXPECT_EQ(statement.sql.text.find(word), std::string_view::npos) << statement.sql.name;
    }
  }
}

}  // namespace
}  // namespace tidemark::testing
