// What a write puts into which column: case by case, and with rows in SQLite as the judge.

#include "shards/sql_sets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

#include "tests/shards/sql_oracle.h"

namespace tidemark::testing {
namespace {

using sqltext::Cell;
using sqltext::Inserted;
using sqltext::Statement;
using sqltext::Tables;
using sqltext::Value;
using sqltext::Verb;

struct Writes {
  Inserted inserted;
  std::vector<Cell> sets;
};

Writes WritesOf(const Statement& statement) {
  const Verb verb = VerbOf(statement);
  const Result<Tables> tables = TablesOf(statement, verb);
  Check(tables.ok());
  return {InsertedOf(statement, verb, *tables), SetsOf(statement, verb, *tables)};
}

// With spaces between: column=?number, ='text', =integer, =NULL, =excluded.column, or =... for an
// expression.
std::string Told(const std::vector<Cell>& cells) {
  using Type = Value::Type;
  std::string text;
  for (const Cell& cell : cells) {
    if (!text.empty()) text += ' ';
    text += cell.column + '=';
    const Value& value = cell.value;
    if (value.type == Type::kParameter) text += '?' + std::to_string(value.number);
    if (value.type == Type::kText) text += '\'' + value.text + '\'';
    if (value.type == Type::kInteger) text += std::to_string(value.number);
    if (value.type == Type::kNull) text += "NULL";
    if (value.type == Type::kExcluded) text += "excluded." + value.text;
    if (value.type == Type::kExpression) text += "...";
    Check(value.type != Type::kNone);
  }
  return text;
}

struct Row {
  std::string sql;
  std::string told;
  bool sqlite = true;  // SQLite takes it
};

void ExpectSets(const std::vector<Row>& rows) {
  SqlOracle sqlite;
  for (const Row& row : rows) {
    const Result<Statement> statement = Statement::Read(row.sql);
    ASSERT_TRUE(statement.ok()) << row.sql;
    EXPECT_EQ(Told(WritesOf(*statement).sets), row.told) << row.sql;
    EXPECT_EQ(sqlite.Prepare(row.sql).has_value(), row.sqlite) << row.sql << ": " << sqlite.error();
  }
}

TEST(SqlSets, AnUpdateTellsWhatItSetsEachColumnTo) {
  ExpectSets({
      {"UPDATE users SET name = ? WHERE id = ?", "name=?1"},
      {"UPDATE users SET name == ?, age = -5, city = 'it''s', email = NULL",
       "name=?1 age=-5 city='it's' email=NULL"},
      {"UPDATE users SET name = ?2, email = ?1 WHERE id = ?3", "name=?2 email=?1"},
      {"UPDATE users SET name = :n, email = @e, city = :n", "name=?1 email=?2 city=?1"},
      {"update main.users as u set Name=? where u.id=?", "Name=?1"},
      {"UPDATE users SET name = ((?)), age = (-1)", "name=?1 age=-1"},
      {"UPDATE users SET name = lower(?), age = age + 1, email = name, city = \"name\"",
       "name=... age=... email=... city=..."},
      {"UPDATE users SET age = 1.5, name = x'61', email = -NULL, city = TRUE",
       "age=... name=... email=... city=..."},
      {"UPDATE users SET name = ? COLLATE NOCASE, email = ? || 'a'", "name=... email=..."},
      {"UPDATE users SET age = (SELECT 1), name = (SELECT ?)", "age=... name=..."},
      {"UPDATE users SET name = max('a', 'b'), age = ?", "name=... age=?1"},
      {"UPDATE users SET name = CASE WHEN age = 1 THEN 'a' ELSE 'b' END, age = ?",
       "name=... age=?1"},
      {"UPDATE OR REPLACE users SET name = ?", "name=?1"},
      {"UPDATE users SET name = ? RETURNING email = ?", "name=?1"},
      {"UPDATE users SET name = 'a' FROM posts WHERE posts.id = 1", "name='a'"},
      {"UPDATE users SET age = name IS NOT DISTINCT FROM 'b', id = 1 FROM posts", "age=... id=1"},
      {"WITH p AS (SELECT ? AS a) UPDATE users SET name = ? WHERE id = ?", "name=?2"},
      {"UPDATE users SET name = ? WHERE age = (SELECT id FROM posts WHERE title = 'SET email = 1')",
       "name=?1"},
      {"UPDATE users SET", "", false},
      {"UPDATE users SET name", "name=...", false},
      {"UPDATE users SET name =", "name=...", false},
      {"UPDATE users SET name = 1,, age = 2", "name=1 age=2", false},
      {"UPDATE users SET name = 1, age = ? ORDER BY id, email LIMIT 1", "name=1 age=?1"},
      {"UPDATE users SET name = ? LIMIT 1", "name=?1"},
  });
}

TEST(SqlSets, WhatStandsInCommentsStringsAndNamesSetsNothing) {
  ExpectSets({
      {"UPDATE users /* SET a = 1 */ SET -- b = 2,\n name /* , email = 3 */ = ? WHERE id = ?",
       "name=?1"},
      {"UPDATE users SET name = 'a, email = ''b'' WHERE SET excluded.name', age = ?",
       "name='a, email = 'b' WHERE SET excluded.name' age=?1"},
      {"UPDATE users SET \"name\" = ?, `email` = ?, [city] = ?, 'age' = ?, \"group\" = ?",
       "name=?1 email=?2 city=?3 age=?4 group=?5"},
      {"UPDATE \"order\" SET offset = ?, key = 'set'", "offset=?1 key='set'"},
      {"UPDATE t SET \"set\" = 1, \"where\" = 2, [from] = 3, end = 4, desc = ?, \"a\"\"b\" = 6",
       "set=1 where=2 from=3 end=4 desc=?1 a\"b=6", false},
      {"UPDATE \"set\" SET a = ?", "a=?1", false},
      {"SELECT 'UPDATE users SET name = 1'", ""},
      {"DELETE FROM users WHERE name = 'SET age = 1'", ""},
      {"EXPLAIN UPDATE users SET name = ?", ""},
      {"CREATE TRIGGER r AFTER INSERT ON users BEGIN UPDATE posts SET title = 1; END", ""},
  });
}

TEST(SqlSets, ARowValueIsToldByItsParts) {
  ExpectSets({
      {"UPDATE users SET (name, age) = (?, 2) WHERE id = 'a'", "name=?1 age=2"},
      {"UPDATE users SET (name, age) = (max(1, 2), (?)), city = 'c'", "name=... age=?1 city='c'"},
      {"UPDATE users SET (\"name\", [age]) = ((?, ?))", "name=?1 age=?2"},
      {"UPDATE users SET (name) = (?)", "name=?1"},
      {"UPDATE users SET (name) = ?, (age) = 1", "name=?1 age=1"},
      {"UPDATE users SET (name, age) = (SELECT ?, ?)", "name=... age=..."},
      {"UPDATE users SET (name, age) = (VALUES (?, ?))", "name=... age=..."},
      {"UPDATE users SET (name, age) = (WITH p AS (SELECT 1) SELECT 'a', ?)", "name=... age=..."},
      {"UPDATE users SET (name, age) = (?, ?, ?)", "name=... age=...", false},
      {"UPDATE users SET (name, age) = ?", "name=... age=...", false},
      {"UPDATE users SET () = ()", "", false},
  });
}

TEST(SqlSets, AColumnThatIsSetToDifferentValuesIsAnExpression) {
  ExpectSets({
      {"UPDATE users SET name = ?1, name = ?1", "name=?1"},
      {"UPDATE users SET name = ?, name = ?", "name=..."},
      {"UPDATE users SET name = 'a', age = 1, \"NAME\" = NULL", "name=... age=1"},
      {"UPDATE users SET (name, age) = (1, 2), age = 3", "name=1 age=..."},
      {"INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 1, age = 2 "
       "WHERE name = 3 ON CONFLICT DO UPDATE SET name = 1, age = 4, city = 5 RETURNING id",
       "name=1 age=... city=5"},
  });
}

TEST(SqlSets, AnUpsertTellsWhatItTakesOfTheRowThatIsRefused) {
  const std::string insert = "INSERT INTO users (id, name) VALUES (?, ?) ON CONFLICT ";
  ExpectSets({
      {insert + "(id) DO UPDATE SET name = excluded.name", "name=excluded.name"},
      {insert + "DO UPDATE SET name = EXCLUDED . \"name\", age = (excluded.[age])",
       "name=excluded.name age=excluded.age"},
      {insert + "DO UPDATE SET name = \"Excluded\".`na``me`, age = [excluded].'age'",
       "name=excluded.na`me age=excluded.age", false},
      {insert + "DO UPDATE SET name = /* a */ `excluded` /* . */ . id", "name=excluded.id"},
      {insert + "DO UPDATE SET (name, age) = (excluded.name, ?)", "name=excluded.name age=?3"},
      {insert + "DO UPDATE SET name = 'excluded.name'", "name='excluded.name'"},
      {insert + "DO UPDATE SET name = 'excluded'.'name'", "name=excluded.name"},
      {insert + "DO UPDATE SET name = excluded.name || 'a', age = users.age", "name=... age=..."},
      {insert + "DO UPDATE SET name = main.excluded.name", "name=...", false},
      {insert + "DO NOTHING", ""},
      {"INSERT INTO users AS excluded (id) VALUES (1) ON CONFLICT DO UPDATE SET name = "
       "excluded.name",
       "name=..."},
      {"UPDATE users SET name = excluded.name FROM users AS excluded", "name=..."},
      {"INSERT INTO users (id) SELECT p.id FROM posts p JOIN posts q ON p.id = q.id WHERE true "
       "ON CONFLICT (id) DO UPDATE SET name = ?",
       "name=?1"},
  });
}

TEST(SqlSets, AnInsertTellsTheColumnsThatItNames) {
  const std::string any = "any columns";
  const std::vector<Row> rows = {
      {"INSERT INTO users (id, name, age) VALUES (?, 'a', NULL)", "id=?1 name='a' age=NULL"},
      {"REPLACE INTO main.users AS u (\"id\", `name`, [age], 'city') VALUES (?2, lower(?), 1, ?1)",
       "id=?2 name=... age=1 city=?1"},
      {"INSERT INTO users (id, name) VALUES (?1, ?2), (?3, ?2)", "id=... name=?2"},
      {"INSERT INTO users (id, name) VALUES (1, NULL), (1, 'NULL')", "id=1 name=..."},
      {"INSERT INTO users (id, name) SELECT ?, ?", "id=... name=..."},
      {"INSERT INTO users (id) WITH p AS (SELECT 1) SELECT * FROM p", "id=..."},
      {"INSERT INTO users (id) VALUES (?) UNION SELECT 1", "id=..."},
      {"INSERT INTO users (id, ID) VALUES (1, 2)", "id=..."},
      {"INSERT INTO users (id) VALUES (1) ON CONFLICT DO UPDATE SET name = 2 RETURNING city",
       "id=1"},
      {"WITH p (a) AS (SELECT 1) INSERT INTO users (id) VALUES (?)", "id=?1"},
      {"INSERT INTO users (id) DEFAULT VALUES", "id=...", false},
      {"INSERT INTO users (id) VALUES (1, 2)", "id=...", false},
      {"INSERT INTO users (id) VALUES", "id=...", false},
      {"INSERT INTO users (id) VALUES (1),", "id=...", false},
      {"INSERT INTO users VALUES (1, 2, 3, 4, 5, 6)", any},
      {"INSERT INTO users SELECT * FROM users", any},
      {"INSERT INTO users DEFAULT VALUES", any},
      {"UPDATE users SET name = 1", any},
      {"SELECT * FROM users", any},
  };
  SqlOracle sqlite;
  for (const Row& row : rows) {
    const Result<Statement> statement = Statement::Read(row.sql);
    ASSERT_TRUE(statement.ok()) << row.sql;
    const Inserted inserted = WritesOf(*statement).inserted;
    EXPECT_EQ(inserted.named ? Told(inserted.cells) : any, row.told) << row.sql;
    EXPECT_EQ(sqlite.Prepare(row.sql).has_value(), row.sqlite) << row.sql << ": " << sqlite.error();
  }
}

constexpr const char* kColumns[] = {"name", "email", "city"};

// A random part of a SET list.
std::string RandomSet(std::mt19937* random, bool upsert) {
  const auto pick = [random](size_t count) { return (*random)() % count; };
  const auto column = [&] {
    const std::string name = kColumns[pick(3)];
    const std::string forms[] = {name, '"' + name + '"', '[' + name + ']', '`' + name + "`/**/"};
    return forms[pick(4)];
  };
  const auto value = [&]() -> std::string {
    const std::string values[] = {
        "?",          "?1",  "'a,'",      "NULL",          "7",
        "lower('B')", "(?)", "?3 -- ,\n", "name || 'SET'", "CASE WHEN age THEN 1 ELSE 2 END"};
    const size_t at = pick(upsert ? 13 : 10);
    return at < 10 ? values[at] : "excluded." + column();
  };
  if (pick(4) > 0) return column() + "=" + value();
  return "(" + column() + "," + column() + ")=(" + value() + ", " + value() + ")";
}

std::string RandomWrite(std::mt19937* random) {
  const bool upsert = (*random)() % 2 == 0;
  std::string sql = "UPDATE users SET ";
  if (upsert) {
    sql =
        "INSERT INTO users (id, name, email, city) VALUES ('k', ?, 'b', ?) "
        "ON CONFLICT (id) DO UPDATE SET ";
  }
  const size_t parts = 1 + (*random)() % 3;
  for (size_t i = 0; i < parts; ++i) sql += (i > 0 ? ", " : "") + RandomSet(random, upsert);
  return sql + " WHERE users.id = 'k' RETURNING name, email, city";
}

// What a value that is told comes to; none for an expression.
std::optional<std::string> Written(const Writes& writes, const Value& value) {
  using Type = Value::Type;
  if (value.type == Type::kParameter) return "p" + std::to_string(value.number);
  if (value.type == Type::kText) return value.text;
  if (value.type == Type::kInteger) return std::to_string(value.number);
  if (value.type == Type::kNull) return "NULL";
  for (const Cell& cell : writes.inserted.cells) {
    if (value.type == Type::kExcluded && cell.column == value.text) {
      return Written(writes, cell.value);
    }
  }
  return std::nullopt;
}

TEST(SqlSets, EveryRowThatSqliteWritesHasTheValuesThatAreTold) {
  SqlOracle sqlite;
  sqlite.Execute("INSERT INTO users VALUES ('k', 'own', 'own', 'own', 1, NULL)");
  std::mt19937 random(11);
  int told = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string sql = RandomWrite(&random);
    const Result<Statement> statement = Statement::Read(sql);
    ASSERT_TRUE(statement.ok()) << sql;
    std::vector<std::string> parameters;
    for (int at = 1; at <= statement->parameters(); ++at) {
      parameters.push_back("p" + std::to_string(at));
    }
    sqlite.Execute("UPDATE users SET name = 'own', email = 'own', city = 'own'");
    const auto rows = sqlite.Rows(sql, parameters);
    ASSERT_TRUE(rows && rows->size() == 1) << sql << sqlite.error();
    const Writes writes = WritesOf(*statement);
    for (size_t column = 0; column < 3; ++column) {
      const auto set = std::find_if(writes.sets.begin(), writes.sets.end(), [&](const Cell& cell) {
        return cell.column == kColumns[column];
      });
      if (set == writes.sets.end()) {
        EXPECT_EQ((*rows)[0][column], "own") << sql;
      } else if (const auto value = Written(writes, set->value)) {
        ++told;
        EXPECT_EQ((*rows)[0][column], *value) << sql;
      }
    }
  }
  EXPECT_GT(told, 2'000);
}

}  // namespace
}  // namespace tidemark::testing
