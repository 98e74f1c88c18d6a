// The SQL of moves: each prepares, filled as it is for a table of any name, and none reads a table
// through that it is not meant to.

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "shards/existing_sql.h"
#include "shards/sql_move.h"
#include "tests/support/harness.h"

namespace tidemark::testing {
namespace {

using existing::FillSql;
using existing::Names;

// Of what reads tables in full, or what SQLite tells of itself.
const std::map<std::string_view, std::set<std::string>> kScans = {
    {"ReadRoutes", {"route"}},         // a row a table
    {"ReadSlotMoves", {"slot_move"}},  // a thousand at most
    {"ReadNextMove", {"slot_move"}},   // likewise
    {"ListKeysApart", {"key_apart"}},  // ten thousand at most
    {"SumParts", {"s"}},               // 4,096, and some keys
    {"ForgetGathered", {"tidemark_slots"}},
    {"CountTriggers", {"sqlite_master"}},
    {"ReadForeignKeys", {"m"}},  // a row a table
    {"ReadTriggers", {"sqlite_master"}},
    {"ReadTexts", {"sqlite_master"}},
    {"ListOurs", {"sqlite_master"}},
    {"HasRows", {"a \"table\""}},  // until its first row
    {"CountKeyTexts", {"s"}},      // all keys, when counts are asked for
    {"CheckOthers", {"g"}},
    {"CheckStaying", {"g"}},                // of the rows that go
    {"DeleteGone", {"tidemark_gone_0"}},    // likewise
    {"ForgetGoneLog", {"tidemark_log_0"}},  // likewise
};

const Names& AllNames() {
  static const Names names = {{"table", "\"a \"\"table\"\"\""},
                              {"child", "\"a \"\"table\"\"\""},
                              {"place", "s._rowid_"},
                              {"keys", "k0"},
                              {"key", "s.\"the key\""},
                              {"types", "substr(typeof(s.\"the key\"), 1, 1)"},
                              {"values", "s.\"the key\" AS c0"},
                              {"which", "WHERE (s._rowid_) > (?1) ORDER BY s._rowid_ LIMIT 5"},
                              {"tuples", "(?1), (?2)"},
                              {"log", "tidemark_log_0"},
                              {"gone", "tidemark_gone_0"},
                              {"stage", "tidemark_stage_0"},
                              {"index", "tidemark_stage_0_other"},
                              {"name", "tidemark_log_0"},
                              {"trigger", "tidemark_move_0_insert"},
                              {"new", "NEW._rowid_"},
                              {"old", "OLD._rowid_"},
                              {"gone_keys", "g.k0"},
                              {"pairs", "s.\"the key\" = c.\"the key\""},
                              {"child_gone", "tidemark_gone_0"},
                              {"child_keys", "x.k0"},
                              {"child_place", "+c._rowid_"},
                              {"columns", "k0, c0"},
                              {"cells", "c0"},
                              {"text", "s.key"}};
  return names;
}

std::string Filled(const Sql& sql) {
  Names names = AllNames();
  for (auto& [name, text] : names) {
    if (name == "columns" && sql.name == "PutInStage") text = "k0";
    if (name == "tuples" && sql.name == "PutInStage") text = "(?1, ?2)";
    if (name == "columns" && sql.name == "UnveilRows") text = "\"the key\"";
    if (name == "keys" && sql.name == "CountKeyTexts") {
      text = "SELECT s.\"the key\" AS key FROM \"a \"\"table\"\"\" AS s";
    }
  }
  return FillSql(sql, names);
}

void ExpectPlanned(native::SqliteStore* store, const Sql& sql) {
  SCOPED_TRACE(sql.name);
  const std::regex scan("SCAN (.+?)( USING.*)?");
  std::set<std::string> scanned;
  const std::vector<std::string> plan = store->Plan(Filled(sql));
  if (sql.name.starts_with("Create") || sql.name.starts_with("Clear")) return;
  for (const std::string& step : plan) {
    std::smatch match;
    const bool no_table = step.find("VIRTUAL TABLE") != std::string::npos ||
                          step.find("CONSTANT ROW") != std::string::npos ||
                          step.find("(subquery") != std::string::npos;
    if (std::regex_match(step, match, scan) && !no_table) scanned.insert(match[1]);
  }
  scanned.erase("2-ROW VALUES CLAUSE");
  const auto expected = kScans.find(sql.name);
  EXPECT_EQ(scanned, expected == kScans.end() ? std::set<std::string>() : expected->second);
}

TEST(MoveStatements, EachPreparesAndReadsNoTableInFullUnexpectedly) {
  native::SqliteStore own;
  for (const Sql& text : {sql::kCreateSlotTable, sql::kCreateRoutes, sql::kCreateSlotMoves,
                          sql::kCreateKeysApart, sql::kCreateMoveRun}) {
    own.Execute(text.text);
  }
  for (const Sql& sql : sql::kSlotStatements) ExpectPlanned(&own, sql);
  native::SqliteStore shard;
  shard.Execute("CREATE TABLE \"a \"\"table\"\"\" (\"the key\" TEXT PRIMARY KEY, b TEXT)");
  shard.Execute(sql::kCreateSlots.text);
  shard.Execute(sql::kCreateShardSum.text);
  shard.Execute(sql::kCreateOrder.text);
  for (const Sql& sql : {sql::kCreateLog, sql::kCreateGone, sql::kCreateStage, sql::kIndexStage}) {
    shard.Execute(Filled(sql));
  }
  for (const Sql& sql : sql::kMoveStatements) {
    // What is there is not made again.
    if (sql.name == "CreateLog" || sql.name == "CreateGone" || sql.name == "CreateStage") continue;
    Sql other = sql;
    const std::string text =
        std::regex_replace(std::string(sql.text), std::regex("\\{index\\}"), "another_index");
    other.text = text;
    ExpectPlanned(&shard, other);
  }
}

TEST(MoveStatements, EachOfTheSourceIsRegistered) {
  std::set<std::string> registered;
  for (const Sql& sql : sql::kSlotStatements) registered.emplace(sql.name);
  for (const Sql& sql : sql::kMoveStatements) registered.emplace(sql.name);
  for (const Sql& sql : sql::kMovePieces) registered.emplace(sql.name);
  std::stringstream text;
  text << std::ifstream(TIDEMARK_ROOT "/wasm/shards/sql_move.h").rdbuf();
  const std::string source = text.str();
  const std::regex name("constexpr Sql k[A-Za-z]+\\{\\s*\"([A-Za-z]+)\"");
  size_t found = 0;
  for (std::sregex_iterator at(source.begin(), source.end(), name), end; at != end; ++at) {
    ++found;
    EXPECT_TRUE(registered.contains((*at)[1])) << (*at)[1];
  }
  EXPECT_EQ(found, registered.size());
}

}  // namespace
}  // namespace tidemark::testing
