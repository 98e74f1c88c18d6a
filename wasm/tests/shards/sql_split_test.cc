// Where statements end: case by case, and as SQLite's own shell finds it.

#include "shards/sql_split.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "shards/sql_token.h"
#include "tests/shards/sql_oracle.h"

namespace tidemark::testing {
namespace {

using sqltext::Split;

constexpr std::string_view kTrigger =
    "CREATE TRIGGER t AFTER INSERT ON users BEGIN\n"
    "  UPDATE users SET name = CASE WHEN new.age > 1 THEN 'END;' ELSE ';' END;\n"
    "  SELECT ';', 1; -- END;\n"
    "END";

struct Script {
  std::string text;
  std::vector<std::string> statements;
};

const std::vector<Script>& Scripts() {
  static const std::string trigger(kTrigger);
  static const std::vector<Script> scripts = {
      {"", {}},
      {" \n;;; ; ", {}},
      {"-- nothing; here\n/* nor; here */", {}},
      {"SELECT 1", {"SELECT 1"}},
      {"SELECT 1;", {"SELECT 1"}},
      {"  SELECT 1 ;\n ; SELECT 2\n", {"SELECT 1", "SELECT 2"}},
      {"SELECT ';'; SELECT \";\"; SELECT `;`; SELECT [;]",
       {"SELECT ';'", "SELECT \";\"", "SELECT `;`", "SELECT [;]"}},
      {"SELECT 'it''s;';SELECT x'3b'", {"SELECT 'it''s;'", "SELECT x'3b'"}},
      {"-- first\nCREATE TABLE a (b); -- of a\nCREATE TABLE c (d)",
       {"-- first\nCREATE TABLE a (b)", "-- of a\nCREATE TABLE c (d)"}},
      {"SELECT 1 -- one; two\n + 2; SELECT 3", {"SELECT 1 -- one; two\n + 2", "SELECT 3"}},
      {"SELECT 1; -- the end;", {"SELECT 1"}},
      {"SELECT 1 -- the end;", {"SELECT 1 -- the end;"}},
      {"SELECT $a(;); SELECT 2", {"SELECT $a(;)", "SELECT 2"}},
      {trigger, {trigger}},
      {trigger + ";", {trigger}},
      {trigger + "; SELECT 1; " + trigger + ";SELECT 2",
       {trigger, "SELECT 1", trigger, "SELECT 2"}},
      {"create temp trigger t after delete on users begin select 1; end; select 2",
       {"create temp trigger t after delete on users begin select 1; end", "select 2"}},
      {"CREATE/**/TEMPORARY/**/TRIGGER t BEGIN SELECT 1; /**/ END /**/; SELECT 2",
       {"CREATE/**/TEMPORARY/**/TRIGGER t BEGIN SELECT 1; /**/ END /**/", "SELECT 2"}},
      {"EXPLAIN CREATE TRIGGER t BEGIN SELECT 1; END; SELECT 2",
       {"EXPLAIN CREATE TRIGGER t BEGIN SELECT 1; END", "SELECT 2"}},
      {"EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN SELECT 1; END; SELECT 2",
       {"EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN SELECT 1; END", "SELECT 2"}},
      {"CREATE TRIGGER t BEGIN SELECT 1; SELECT 2", {"CREATE TRIGGER t BEGIN SELECT 1; SELECT 2"}},
      {"CREATE TABLE trigger_log (a); SELECT 2", {"CREATE TABLE trigger_log (a)", "SELECT 2"}},
      {"CREATE TABLE trigger (a); SELECT 2", {"CREATE TABLE trigger (a)", "SELECT 2"}},
      {"DROP TRIGGER t; SELECT 2", {"DROP TRIGGER t", "SELECT 2"}},
      {"BEGIN; SELECT 1; END; SELECT 2", {"BEGIN", "SELECT 1", "END", "SELECT 2"}},
      {"SELECT CASE WHEN 1 THEN 2 END; SELECT 3", {"SELECT CASE WHEN 1 THEN 2 END", "SELECT 3"}},
  };
  return scripts;
}

TEST(SqlSplit, StatementsEndAtSemicolonsThatAreTheirs) {
  for (const Script& script : Scripts()) {
    const auto statements = Split(script.text);
    ASSERT_TRUE(statements.ok()) << script.text;
    EXPECT_EQ(std::vector<std::string>(statements->begin(), statements->end()), script.statements);
  }
}

TEST(SqlSplit, WhatWasSplitIsOneStatement) {
  for (const Script& script : Scripts()) {
    for (const std::string& statement : script.statements) {
      const auto again = Split(statement);
      ASSERT_TRUE(again.ok() && again->size() == 1) << statement;
      EXPECT_EQ(again->front(), statement);
    }
  }
}

// At each semicolon of the text, SQLite's shell would run what came so far, or wait for more.
TEST(SqlSplit, SqlitesShellFindsTheSameEnds) {
  int semicolons = 0;
  for (const Script& script : Scripts()) {
    // The shell takes these for a TRIGGER's name and does not look behind QUERY PLAN, or knows no
    // parameter with brackets.
    if (script.text.find("QUERY PLAN") != std::string::npos) continue;
    if (script.text.find("$a(") != std::string::npos) continue;
    sqltext::Lexer lexer(script.text);
    for (sqltext::Token token; lexer.Next(&token);) {
      if (token.kind != sqltext::Kind::kOperator || script.text[token.begin] != ';') continue;
      const std::string before = script.text.substr(0, token.begin + 1);
      // A semicolon is an end where what stands before it is no longer with it alone.
      const std::string more = before + "SELECT 0";
      const auto with = Split(more);
      ASSERT_TRUE(with.ok());
      const bool ends = !with->empty() && with->back() == "SELECT 0";
      EXPECT_EQ(sqlite3_complete(before.c_str()) != 0, ends) << before;
      ++semicolons;
    }
  }
  EXPECT_EQ(semicolons, 40);
}

TEST(SqlSplit, SqliteTakesEachStatementWholeAndTheNextBehindIt) {
  SqlOracle sqlite;
  const std::string script =
      "CREATE TRIGGER a1 AFTER INSERT ON a BEGIN INSERT INTO a SELECT CASE WHEN 1 THEN ';' END; "
      "DELETE FROM a; END; /* ; */ INSERT INTO a VALUES (';--'), ('/*');SELECT * FROM a;;"
      "SELECT ';' AS \"a;b\" FROM a -- last;";
  sqlite.Execute("CREATE TABLE a (b)");
  const auto statements = Split(script);
  ASSERT_TRUE(statements.ok());
  for (const std::string_view statement : *statements) {
    const auto prepared = sqlite.Prepare(statement);
    ASSERT_TRUE(prepared) << statement << sqlite.error();
    EXPECT_EQ(prepared->size, statement.size()) << statement;
  }
  EXPECT_EQ(statements->size(), 4U);
}

TEST(SqlSplit, WhatIsNotClosedIsSaidWithItsPlace) {
  const std::pair<std::string, std::string> rows[] = {
      {"SELECT 1; SELECT 'a", "A string is not closed, at byte 17"},
      {"SELECT \"a", "A quoted name is not closed, at byte 7"},
      {"SELECT `a", "A quoted name is not closed, at byte 7"},
      {"SELECT [a", "A quoted name is not closed, at byte 7"},
      {"SELECT x'a", "A string is not closed, at byte 7"},
      {"/* a", "A comment is not closed, at byte 0"},
      {"SELECT 1 # 2", "This is no SQL, at byte 9"},
      {std::string("SELECT 1;\0", 10), "A NUL is no SQL, at byte 9"},
      {std::string("SELECT 1 /*\0*/;", 15), "A NUL is no SQL, at byte 11"},
      {std::string("SELECT '\0'", 10), "A NUL is no SQL, at byte 8"},
      {"SELECT '\xFF'", "The text is not UTF-8, at byte 8"},
  };
  for (const auto& [text, message] : rows) {
    const auto statements = Split(text);
    ASSERT_FALSE(statements.ok()) << text;
    EXPECT_EQ(statements.status().code(), "invalid_sql");
    EXPECT_EQ(statements.status().http_status(), 400);
    EXPECT_EQ(statements.status().message(), message);
  }
}

TEST(SqlSplit, AStatementHasAtMost100KilobytesAndAScriptAMegabyte) {
  const std::string full = "SELECT '" + std::string(limits::kSqlTextBytesMax - 9, 'a') + "'";
  ASSERT_EQ(full.size(), limits::kSqlTextBytesMax);
  EXPECT_TRUE(Split(full + ";" + full + "; ").ok());
  EXPECT_EQ(Split("SELECT 1;" + full.substr(0, 8) + "b" + full.substr(8)).status().code(),
            "sql_too_long");
  EXPECT_EQ(Split(full + " ;SELECT 1;" + full + "1").status().code(), "sql_too_long");
  const std::string comment(limits::kSqlScriptBytesMax - 9, ' ');
  EXPECT_TRUE(Split(comment + "SELECT 1;").ok());
  EXPECT_EQ(Split(comment + "SELECT 12;").status().code(), "sql_too_long");
  EXPECT_EQ(Split(comment + "SELECT 12;").status().http_status(), 413);
}

}  // namespace
}  // namespace tidemark::testing
