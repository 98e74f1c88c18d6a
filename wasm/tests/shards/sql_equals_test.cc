// Which columns a statement fixes to one value: case by case, and with rows in SQLite as the judge.

#include "shards/sql_equals.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/shards/sql_oracle.h"

namespace tidemark::testing {
namespace {

using sqltext::Cell;
using sqltext::Statement;
using sqltext::Value;

std::vector<Cell> EqualsIn(const Statement& statement) {
  const sqltext::Verb verb = VerbOf(statement);
  const Result<sqltext::Tables> tables = TablesOf(statement, verb);
  Check(tables.ok());
  return EqualsOf(statement, verb, *tables, ClausesOf(statement, verb));
}

// column=?number, column='text' or column=integer, with spaces between.
std::string Told(const std::vector<Cell>& equals) {
  std::string text;
  for (const Cell& equal : equals) {
    if (!text.empty()) text += ' ';
    text += equal.column + '=';
    if (equal.value.type == Value::Type::kParameter) text += '?';
    if (equal.value.type == Value::Type::kText) text += '\'' + equal.value.text + '\'';
    if (equal.value.type != Value::Type::kText) text += std::to_string(equal.value.number);
  }
  return text;
}

struct Row {
  std::string sql;
  std::string equals;
  bool sqlite = true;  // SQLite takes it
};

void ExpectRows(const std::vector<Row>& rows) {
  SqlOracle sqlite;
  for (const Row& row : rows) {
    const Result<Statement> statement = Statement::Read(row.sql);
    ASSERT_TRUE(statement.ok()) << row.sql;
    EXPECT_EQ(Told(EqualsIn(*statement)), row.equals) << row.sql;
    const auto prepared = sqlite.Prepare(row.sql);
    EXPECT_EQ(prepared.has_value(), row.sqlite) << row.sql << ": " << sqlite.error();
    if (prepared) EXPECT_EQ(prepared->parameters, statement->parameters()) << row.sql;
  }
}

TEST(SqlEquals, AConditionThatAllRowsMeetIsTold) {
  ExpectRows({
      {"SELECT * FROM users", ""},
      {"SELECT * FROM users WHERE id = ?", "id=?1"},
      {"SELECT * FROM users WHERE id == ?", "id=?1"},
      {"SELECT * FROM users WHERE ? = id", "id=?1"},
      {"SELECT * FROM users WHERE 'a' = id", "id='a'"},
      {"SELECT * FROM users WHERE id='it''s'", "id='it's'"},
      {"SELECT * FROM users WHERE id = 7", "id=7"},
      {"SELECT * FROM users WHERE id = -7", "id=-7"},
      {"SELECT * FROM users WHERE id = 0x10", "id=16"},
      {"SELECT * FROM users WHERE id = 9007199254740991", "id=9007199254740991"},
      {"SELECT * FROM users WHERE id = 9007199254740992", ""},
      {"SELECT * FROM users WHERE id = 1.0", ""},
      {"SELECT * FROM users WHERE id = x'61'", ""},
      {"SELECT * FROM users WHERE id = NULL", ""},
      {"SELECT * FROM users WHERE id = name", ""},
      {"SELECT * FROM users WHERE id = \"name\"", ""},
      {"SELECT * FROM users WHERE 'id' = ?", ""},
      {"SELECT * FROM users WHERE \"id\" = ?", "id=?1"},
      {"SELECT * FROM users WHERE [id] = ? AND `group` = 1", "id=?1 group=1"},
      {"SELECT * FROM users WHERE \"group\" = ?", "group=?1"},
      {"SELECT * FROM \"order\" WHERE offset = ? AND key = ?", "offset=?1 key=?2"},
      {"SELECT * FROM users WHERE users.id = ?", "id=?1"},
      {"SELECT * FROM users WHERE main.users.id = ?", "id=?1"},
      {"SELECT * FROM users AS u WHERE u.id = ?", "id=?1"},
      {"SELECT * FROM users U WHERE \"u\".id = ?", "id=?1"},
      {"SELECT * FROM users WHERE (id) = (?)", "id=?1"},
      {"SELECT * FROM users WHERE ((id = ?))", "id=?1"},
      {"SELECT * FROM users WHERE id = ? AND age > 3", "id=?1"},
      {"SELECT * FROM users WHERE age > 3 AND id = ? AND name = 'a'", "id=?1 name='a'"},
      {"SELECT * FROM users WHERE (age > 3 AND (id = ? AND name = 'a'))", "id=?1 name='a'"},
      {"SELECT * FROM users WHERE id = ? AND (age = 1 OR age = 2)", "id=?1"},
      {"SELECT * FROM users WHERE id = ? AND NOT age = 1", "id=?1"},
      {"SELECT * FROM users WHERE id = ? AND name IS NOT NULL", "id=?1"},
      {"SELECT * FROM users WHERE age BETWEEN 1 AND 2 AND id = ?", "id=?1"},
      {"SELECT * FROM users WHERE age NOT BETWEEN 1 AND 2 AND id = ?", "id=?1"},
      {"SELECT * FROM users WHERE CASE WHEN id = 1 AND age = 2 THEN 1 END AND name = ?", "name=?1"},
      {"SELECT * FROM users WHERE id IN (?)", "id=?1"},
      {"SELECT * FROM users WHERE id IN ((?)) AND age IN (1)", "id=?1 age=1"},
      {"SELECT * FROM users WHERE id = ? AND id = 'b'", "id=?1"},
      {"SELECT * FROM users WHERE id = ? GROUP BY name HAVING age = 1", "id=?1"},
      {"SELECT * FROM users WHERE id = ? ORDER BY age = 1 LIMIT 3", "id=?1"},
      {"SELECT DISTINCT name FROM users WHERE id = ?", "id=?1"},
      {"SELECT count(*) FROM users WHERE id = ?", "id=?1"},
      {"SELECT id = 1 FROM users WHERE age = 2", "age=2"},
      {"SELECT * FROM users u JOIN posts p ON p.id = 3 WHERE u.id = ? AND p.title = 'a'", "id=?1"},
      {"SELECT * FROM users, json_each('[1]') WHERE users.id = ?", "id=?1"},
      {"WITH p AS (SELECT * FROM posts WHERE id = 1) SELECT * FROM users WHERE id = ?", "id=?1"},
      {"EXPLAIN SELECT * FROM users WHERE id = ?", "id=?1"},
      {"UPDATE users SET name = 'a', age = 2 WHERE id = ?", "id=?1"},
      {"UPDATE users SET name = 'a' FROM posts p WHERE p.id = 1 AND users.id = ?", "id=?1"},
      {"UPDATE users SET name = ? WHERE id = ? RETURNING age = 1", "id=?2"},
      {"DELETE FROM users WHERE id = ?", "id=?1"},
      {"DELETE FROM users AS u WHERE u.id = ? RETURNING *", "id=?1"},
  });
}

TEST(SqlEquals, WhatIsNotCertainIsNotTold) {
  ExpectRows({
      {"SELECT * FROM users WHERE id = ? OR age = 1", ""},
      {"SELECT * FROM users WHERE id = ? AND age = 2 OR name = 'a'", ""},
      {"SELECT * FROM users WHERE (id = ? OR age = 2) AND name = 'a'", "name='a'"},
      {"SELECT * FROM users WHERE NOT id = ?", ""},
      {"SELECT * FROM users WHERE NOT (id = ?)", ""},
      {"SELECT * FROM users WHERE id <> ?", ""},
      {"SELECT * FROM users WHERE id != ?", ""},
      {"SELECT * FROM users WHERE id >= ?", ""},
      {"SELECT * FROM users WHERE id LIKE ?", ""},
      {"SELECT * FROM users WHERE id IS ?", ""},
      {"SELECT * FROM users WHERE id IS NOT ?", ""},
      {"SELECT * FROM users WHERE id IN (?, ?)", ""},
      {"SELECT * FROM users WHERE id IN ()", ""},
      {"SELECT * FROM users WHERE id NOT IN (?)", ""},
      {"SELECT * FROM users WHERE id IN (SELECT ?)", ""},
      {"SELECT * FROM users WHERE id IN (VALUES (?))", ""},
      {"SELECT * FROM users WHERE id IN (?) = 0", ""},
      {"SELECT * FROM users WHERE ? IN (id)", ""},
      {"SELECT * FROM users WHERE id = ? = 0", ""},
      {"SELECT * FROM users WHERE (id = ?) = 0", ""},
      {"SELECT * FROM users WHERE (id = ?) IS FALSE", ""},
      {"SELECT * FROM users WHERE id = ? IS FALSE", ""},
      {"SELECT * FROM users WHERE id = ? COLLATE NOCASE", ""},
      {"SELECT * FROM users WHERE id COLLATE NOCASE = ?", ""},
      {"SELECT * FROM users WHERE id = ? || 'a'", ""},
      {"SELECT * FROM users WHERE id = +?", ""},
      {"SELECT * FROM users WHERE id = (SELECT ?)", ""},
      {"SELECT * FROM users WHERE id = lower(?)", ""},
      {"SELECT * FROM users WHERE lower(id) = ?", ""},
      {"SELECT * FROM users WHERE id + 1 = ?", ""},
      {"SELECT * FROM users WHERE (id, name) = (?, ?)", ""},
      {"SELECT * FROM users WHERE (id, name) IN ((?, ?))", ""},
      {"SELECT * FROM users WHERE EXISTS (SELECT 1 FROM posts WHERE id = ?)", ""},
      {"SELECT * FROM users WHERE CASE WHEN age THEN id = ? ELSE 1 END", ""},
      {"SELECT * FROM users WHERE age BETWEEN 1 AND id = ?", ""},
      {"SELECT * FROM users JOIN posts ON posts.user_id = users.id WHERE posts.id = ?", ""},
      {"SELECT * FROM users u JOIN users v WHERE v.id = ?", ""},
      {"SELECT * FROM users JOIN posts ON users.id = ?", ""},
      {"SELECT * FROM (SELECT * FROM users) WHERE id = ?", ""},
      {"WITH u AS (SELECT * FROM users) SELECT * FROM u WHERE id = ?", ""},
      {"SELECT id FROM users WHERE id = 1 UNION SELECT id FROM posts", ""},
      {"SELECT id FROM users UNION SELECT id FROM posts WHERE id = 1", ""},
      {"SELECT * FROM users GROUP BY name HAVING id = ?", ""},
      {"DELETE FROM users WHERE id IN (SELECT user_id FROM posts WHERE id = ?)", ""},
      {"UPDATE users SET id = ?", ""},
      {"CREATE VIEW v AS SELECT * FROM users WHERE id = 1", ""},
  });
}

TEST(SqlEquals, AnInsertTellsTheCellsOfItsOneRow) {
  ExpectRows({
      {"INSERT INTO users (id, name) VALUES (?, 'a')", "id=?1 name='a'"},
      {"INSERT OR REPLACE INTO users(id,age) VALUES(?2,-3)", "id=?2 age=-3"},
      {"REPLACE INTO users (\"id\", [group]) VALUES (?, ?)", "id=?1 group=?2"},
      {"INSERT INTO main.users AS u (id) VALUES (?)", "id=?1"},
      {"INSERT INTO users (name, id) VALUES (lower(?), ?)", "id=?2"},
      {"INSERT INTO users (name, id) VALUES ((SELECT ?), (?))", "id=?2"},
      {"INSERT INTO users (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET age = 5 WHERE id = 'x'",
       "id=?1"},
      {"INSERT INTO users (id) VALUES (?) RETURNING id", "id=?1"},
      {"WITH p AS (SELECT 1) INSERT INTO users (id) VALUES (?)", "id=?1"},
      {"INSERT INTO users (id) VALUES (NULL)", ""},
      {"INSERT INTO users (id) VALUES (?), (?)", ""},
      {"INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", ""},
      {"INSERT INTO users (id) SELECT ?", ""},
      {"INSERT INTO users (id) SELECT id FROM posts WHERE id = ?", ""},
      {"INSERT INTO users DEFAULT VALUES", ""},
      {"INSERT INTO users (id, name) VALUES (?)", "", false},
      {"INSERT INTO users (id) VALUES (?) UNION SELECT 1", "", true},
      {"INSERT INTO users (id) VALUES", "", false},
      {"INSERT INTO users (id)", "", false},
  });
}

TEST(SqlEquals, ParametersAreNumberedAsSqliteDoes) {
  ExpectRows({
      {"SELECT * FROM users WHERE id = ?5 AND name = ?", "id=?5 name=?6"},
      {"SELECT * FROM users WHERE id = ? AND name = ?1", "id=?1 name=?1"},
      {"SELECT * FROM users WHERE id = ?3 AND name = ?2 AND age = ?", "id=?3 name=?2 age=?4"},
      {"SELECT * FROM users WHERE id = :a AND name = :a AND age = ?", "id=?1 name=?1 age=?2"},
      {"SELECT * FROM users WHERE id = :a AND name = @a AND age = $a", "id=?1 name=?2 age=?3"},
      {"SELECT * FROM users WHERE id = ?2 AND name = :a AND age = ?", "id=?2 name=?3 age=?4"},
      {"SELECT * FROM users WHERE id = ?007 AND name = ?", "id=?7 name=?8"},
      {"SELECT ?, '?', \"id\", /* ? */ ? FROM users -- ?\nWHERE id = ?", "id=?3"},
      {"SELECT * FROM users WHERE id = ?100", "id=?100"},
      {"SELECT $a::b(c), ? FROM users WHERE id = $a::b(c)", "id=?1"},
  });
}

TEST(SqlEquals, MoreThan100ParametersAndParameterZeroAreRefused) {
  SqlOracle sqlite;
  const std::pair<std::string, std::string_view> rows[] = {
      {"SELECT ?101", "too_many_parameters"},
      {"SELECT ?99999999999999999999", "too_many_parameters"},
      {"SELECT ?100, ?", "too_many_parameters"},
      {"SELECT ?100, :a", "too_many_parameters"},
      {"SELECT ?0", "invalid_sql"},
      {"SELECT (1", "invalid_sql"},
      {"SELECT 1)", "invalid_sql"},
      {"SELECT (CASE 1)", ""},
  };
  for (const auto& [sql, code] : rows) {
    const Result<Statement> statement = Statement::Read(sql);
    EXPECT_EQ(statement.ok() ? "" : statement.status().code(), code) << sql;
    EXPECT_FALSE(sqlite.Prepare(sql)) << sql;
  }
}

// A condition of a few random parts, in random brackets.
std::string RandomCondition(std::mt19937* random, int depth) {
  static const std::vector<std::string> terms = {"id = 'b'",
                                                 "'b' = id",
                                                 "id = ?",
                                                 "age = 2",
                                                 "age > 1",
                                                 "name = 'x'",
                                                 "users.id = 'b'",
                                                 "id IN ('b')",
                                                 "id IN ('a', 'b')",
                                                 "id <> 'b'",
                                                 "age BETWEEN 1 AND 2",
                                                 "id IS 'b'",
                                                 "CASE WHEN id = 'b' AND age = 1 THEN 1 ELSE 0 END",
                                                 "id = 'b' COLLATE NOCASE",
                                                 "(id = 'b') = 0",
                                                 "age IN (2)",
                                                 "id = 'b' = 0",
                                                 "name IS NOT NULL",
                                                 "(id, age) = ('b', 2)",
                                                 "id NOT IN ('b')",
                                                 "age = -1",
                                                 "? = id",
                                                 "id = 'b' IS FALSE",
                                                 "-age = 2",
                                                 "EXISTS (SELECT 1 FROM posts WHERE id = 2)"};
  const auto pick = [random](size_t count) { return (*random)() % count; };
  std::string text;
  const size_t parts = 1 + pick(3);
  for (size_t i = 0; i < parts; ++i) {
    if (i > 0) text += pick(3) == 0 ? " OR " : " AND ";
    if (pick(6) == 0) text += "NOT ";
    const bool nested = depth < 2 && pick(3) == 0;
    text += nested ? '(' + RandomCondition(random, depth + 1) + ')' : terms[pick(terms.size())];
  }
  return text;
}

TEST(SqlEquals, EveryRowThatSqliteFindsHasTheValuesThatAreTold) {
  SqlOracle sqlite;
  sqlite.Execute(
      "INSERT INTO posts (id) VALUES (1), (2);"
      "INSERT INTO users (id, name, age) VALUES ('a', 'x', 1), ('b', 'x', 2), ('c', NULL, 2), "
      "('B', 'y', -1), ('d', 'x', NULL), ('e', 'y', 3)");
  std::mt19937 random(7);
  int told = 0;
  int found = 0;
  for (int i = 0; i < 4'000; ++i) {
    const std::string sql = "SELECT id, age, name FROM users WHERE " + RandomCondition(&random, 0);
    const Result<Statement> statement = Statement::Read(sql);
    ASSERT_TRUE(statement.ok()) << sql;
    const std::vector<std::string> parameters(static_cast<size_t>(statement->parameters()), "b");
    const auto rows = sqlite.Rows(sql, parameters);
    ASSERT_TRUE(rows) << sql << sqlite.error();
    for (const Cell& equal : EqualsIn(*statement)) {
      ++told;
      const std::string value = equal.value.type == Value::Type::kParameter ? "b"
                                : equal.value.type == Value::Type::kText
                                    ? equal.value.text
                                    : std::to_string(equal.value.number);
      const size_t column = equal.column == "id" ? 0 : equal.column == "age" ? 1 : 2;
      for (const SqlRow& row : *rows) {
        ++found;
        EXPECT_EQ(row[column], value) << sql;
      }
    }
  }
  EXPECT_GT(told, 800);
  EXPECT_GT(found, 200);
}

}  // namespace
}  // namespace tidemark::testing
