// The SQL over databases that were there before: each prepares, filled as it is for a table of any
// name; none reads a table through that it is not meant to; and nobody can end a name that is
// quoted.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "shards/existing_sql.h"
#include "shards/sql_existing.h"
#include "tests/support/harness.h"

namespace tidemark::testing {
namespace {

using existing::FillSql;
using existing::Names;
using existing::QuoteName;

// Of what reads tables in full, or what SQLite tells of itself.
const std::map<std::string_view, std::set<std::string>> kScans = {
    {"ReadReferences", {"m"}},
    {"ReadTableSql", {"sqlite_master"}},
    {"CountKeys", {"a \"table\""}},
    {"ReadIntegration", {"tidemark_integration"}},  // a row a table
};

const Names& AllNames() {
  static const std::string key = QuoteName("the key");
  static const std::string text = FillSql(sql::kKeyText, {{"key", key}});
  static const std::string only =
      FillSql(sql::kOnlyAs, {{"compared", FillSql(sql::kExactly, {{"column", key}})},
                             {"values", "?1"},
                             {"types", FillSql(sql::kTypeOf, {{"column", key}})},
                             {"as", "'[\"text\"]'"}});
  static const Names names = {
      {"table", QuoteName("a \"table\"")},
      {"child", QuoteName("a \"table\"")},
      {"key", key},
      {"column", key},
      {"columns", key},
      {"text", text},
      {"label", "'name:'"},
      {"value",
       FillSql(sql::kKeyWithNames,
               {{"text", text},
                {"names", FillSql(sql::kLookupName, {{"column", key}, {"label", "'name:'"}})}})},
      {"element", "json(value)"},
      {"rowid", "_rowid_"},
      {"after", FillSql(sql::kAfterValue, {{"key", key}})},
      {"types", FillSql(sql::kTypeOf, {{"column", key}})},
      {"values", "?1"},
      {"where", FillSql(sql::kByKey, {{"key", key}})},
      {"is", "+?1"},
      {"only", only},
      {"rows", "31"},
      {"find", "SELECT 1"},
      {"pairs", FillSql(sql::kReferencePair, {{"column", key}, {"key", key}})},
  };
  return names;
}

std::string Filled(const Sql& sql) {
  Names names = AllNames();
  const auto set = [&](std::string_view name, std::string value) {
    for (auto& [each, text] : names) {
      if (each == name) text = std::move(value);
    }
  };
  if (sql.name == "ReadRowValues") set("values", FillSql(sql::kValueOf, AllNames()) + " AS c0");
  if (sql.name == "RowsOfKey") set("where", "t." + QuoteName("the key") + " = ?1");
  if (sql.name == "FindReference") set("where", "parent." + QuoteName("the key") + " = ?1");
  return FillSql(sql, names);
}

TEST(ExistingStatements, EachPreparesAndReadsNoTableInFullUnexpectedly) {
  native::SqliteStore store;
  store.Execute("CREATE TABLE \"a \"\"table\"\"\" (\"the key\" TEXT PRIMARY KEY, b TEXT)");
  store.Execute(sql::kCreatePosts.text);
  store.Execute(sql::kCreateIntegration.text);
  store.Execute(sql::kCreateMoves.text);
  const std::regex scan("SCAN (.+?)( USING.*)?");
  for (const Sql& sql : sql::kExistingStatements) {
    SCOPED_TRACE(sql.name);
    std::set<std::string> scanned;
    const std::string text = Filled(sql);
    if (sql.name.starts_with("Create") || sql.name == "DropTable") {
      store.Plan(text);
      continue;
    }
    for (const std::string& step : store.Plan(text)) {
      std::smatch match;
      const bool no_table = step.find("VIRTUAL TABLE") != std::string::npos ||
                            step.find("CONSTANT ROW") != std::string::npos ||
                            step.find("(subquery") != std::string::npos ||
                            step.find("_rowid_") != std::string::npos;
      if (std::regex_match(step, match, scan) && !no_table) scanned.insert(match[1]);
    }
    const auto expected = kScans.find(sql.name);
    EXPECT_EQ(scanned, expected == kScans.end() ? std::set<std::string>() : expected->second);
  }
}

TEST(ExistingStatements, EachOfTheSourceIsRegistered) {
  std::set<std::string> registered;
  for (const Sql& sql : sql::kExistingStatements) registered.emplace(sql.name);
  for (const Sql& sql : sql::kExistingPieces) registered.emplace(sql.name);
  std::stringstream text;
  text << std::ifstream(TIDEMARK_ROOT "/wasm/shards/sql_existing.h").rdbuf();
  const std::string source = text.str();
  const std::regex name("constexpr Sql k[A-Za-z]+\\{\\s*\"([A-Za-z]+)\"");
  size_t found = 0;
  for (std::sregex_iterator at(source.begin(), source.end(), name), end; at != end; ++at) {
    ++found;
    EXPECT_TRUE(registered.contains((*at)[1])) << (*at)[1];
  }
  EXPECT_EQ(found, registered.size());
}

// Two constants of one name would be one to the linker, and either might be the one that is left.
TEST(Statements, NoTwoInTheCoreHaveOneName) {
  std::set<std::string> names;
  const std::regex name("constexpr Sql (k[A-Za-z]+)");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TIDEMARK_ROOT "/wasm")) {
    if (entry.path().extension() != ".h" && entry.path().extension() != ".cc") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator at(source.begin(), source.end(), name), end; at != end; ++at) {
      EXPECT_TRUE(names.insert((*at)[1]).second) << entry.path() << ": " << (*at)[1];
    }
  }
  EXPECT_GT(names.size(), 100U);
}

TEST(ExistingStatements, AQuotedNameIsTheNameWhateverItHolds) {
  native::SqliteStore store;
  for (const std::string name : {"plain", "with \"quotes\"", "\"", "a;--", "x'y", "{key}", "é\n"}) {
    store.Execute("CREATE TABLE " + QuoteName(name) + " (" + QuoteName(name) + " TEXT)");
    EXPECT_EQ(store.Rows("SELECT name FROM sqlite_master"), std::vector<std::string>{name});
    store.Execute(FillSql(sql::kDropTable, {{"table", QuoteName(name)}}));
  }
}

TEST(ExistingStatements, WhatIsFilledInIsNotFilledAgain) {
  EXPECT_EQ(FillSql({"T", "{a} {b} {a}"}, {{"a", "{b}"}, {"b", "{a}"}}), "{b} {a} {b}");
  EXPECT_EQ(FillSql({"T", "none"}, {}), "none");
}

}  // namespace
}  // namespace tidemark::testing
