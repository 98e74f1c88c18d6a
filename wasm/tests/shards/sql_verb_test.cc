// What statements are, and which tables they name; SQLite agrees where it takes them.

#include "shards/sql_verb.h"

#include <gtest/gtest.h>

#include "shards/sql_tables.h"
#include "tests/shards/sql_oracle.h"

namespace tidemark::testing {
namespace {

using sqltext::Effect;
using sqltext::Statement;

struct Row {
  std::string sql;
  Effect effect;
  std::string table;   // empty for none
  std::string tables;  // with commas between
  bool sqlite = true;  // SQLite takes it
};

constexpr Effect kRead = Effect::kRead;
constexpr Effect kWrite = Effect::kWrite;
constexpr Effect kSchema = Effect::kSchema;
constexpr Effect kOther = Effect::kOther;
constexpr Effect kTransaction = Effect::kTransaction;

const std::vector<Row> kReads = {
    {"SELECT 1", kRead, "", ""},
    {"SELECT * FROM users", kRead, "users", "users"},
    {"select * from USERS", kRead, "USERS", "USERS"},
    {"-- all\nSELECT * FROM users", kRead, "users", "users"},
    {"/* INSERT INTO x */ SELECT * FROM users", kRead, "users", "users"},
    {"\xEF\xBB\xBFSELECT * FROM users", kRead, "users", "users"},
    {"SELECT/**/name/**/FROM/**/users", kRead, "users", "users"},
    {"SELECT 'INSERT INTO posts' FROM users", kRead, "users", "users"},
    {"SELECT * FROM main.users", kRead, "users", "users"},
    {"SELECT * FROM \"users\"", kRead, "users", "users"},
    {"SELECT * FROM `users`", kRead, "users", "users"},
    {"SELECT * FROM [users]", kRead, "users", "users"},
    {"SELECT * FROM 'users'", kRead, "users", "users"},
    {"SELECT * FROM \"main\".\"users\"", kRead, "users", "users"},
    {"SELECT * FROM \"order\" WHERE offset = 1", kRead, "order", "order"},
    {"SELECT * FROM users u", kRead, "users", "users"},
    {"SELECT * FROM users AS u, posts p", kRead, "users", "users,posts"},
    {"SELECT * FROM users JOIN posts ON posts.user_id = users.id", kRead, "users", "users,posts"},
    {"SELECT * FROM users u LEFT JOIN posts p ON p.user_id = u.id, \"order\"", kRead, "users",
     "users,posts,order"},
    {"SELECT * FROM users NATURAL JOIN posts", kRead, "users", "users,posts"},
    {"SELECT * FROM users u CROSS JOIN posts USING (id)", kRead, "users", "users,posts"},
    {"SELECT * FROM users INDEXED BY users_by_city WHERE city = 'a'", kRead, "users", "users"},
    {"SELECT * FROM users NOT INDEXED, posts", kRead, "users", "users,posts"},
    {"SELECT * FROM (users u JOIN posts p ON u.id = p.user_id)", kRead, "users", "users,posts"},
    {"SELECT * FROM ((users), (posts JOIN \"order\"))", kRead, "users", "users,posts,order"},
    {"SELECT * FROM (SELECT * FROM users)", kRead, "", "users"},
    {"SELECT * FROM (SELECT * FROM users) s JOIN posts", kRead, "posts", "users,posts"},
    {"SELECT * FROM ((SELECT * FROM users) s, posts)", kRead, "posts", "users,posts"},
    {"SELECT (SELECT count(*) FROM posts) FROM users", kRead, "users", "posts,users"},
    {"SELECT * FROM users WHERE id IN (SELECT user_id FROM posts)", kRead, "users", "users,posts"},
    {"SELECT 1 IN tidemark_slots", kRead, "", "tidemark_slots", false},
    {"SELECT age IN ids FROM users", kRead, "users", "ids,users", false},
    {"SELECT * FROM users WHERE EXISTS (SELECT 1 FROM posts WHERE user_id = users.id)", kRead,
     "users", "users,posts"},
    {"SELECT * FROM json_each('[1]')", kRead, "", ""},
    {"SELECT * FROM json_each('[1]') e JOIN users ON users.id = e.value", kRead, "users", "users"},
    {"SELECT * FROM users, json_each(users.name)", kRead, "users", "users"},
    {"SELECT a IS DISTINCT FROM name FROM (SELECT 1 AS a), users", kRead, "users", "users"},
    {"SELECT 1 IS NOT DISTINCT FROM 2", kRead, "", ""},
    {"SELECT count(*) FILTER (WHERE age > 1) FROM users", kRead, "users", "users"},
    {"SELECT name, sum(age) OVER w FROM users WINDOW w AS (ORDER BY age), v AS (ORDER BY id)",
     kRead, "users", "users"},
    {"SELECT CASE WHEN age THEN 1 END FROM users", kRead, "users", "users"},
    {"SELECT id FROM users UNION SELECT user_id FROM posts", kRead, "users", "users,posts"},
    {"SELECT id FROM users ORDER BY name, age LIMIT 1, 2", kRead, "users", "users"},
    {"SELECT name, city FROM users GROUP BY name, city HAVING count(*) > 1", kRead, "users",
     "users"},
    {"SELECT users.id FROM users, users u2, USERS u3", kRead, "users", "users"},
    {"SELECT replace(name, 'a', 'b') FROM users", kRead, "users", "users"},
    {"SELECT id FROM people", kRead, "people", "people"},
    {"VALUES (1), (2)", kRead, "", ""},
    {"VALUES ((SELECT count(*) FROM users))", kRead, "", "users"},
    {"TABLE users", kRead, "users", "users", false},
    {"WITH u AS (SELECT * FROM users) SELECT * FROM u", kRead, "", "users"},
    {"WITH u AS (SELECT * FROM users) SELECT * FROM u JOIN posts", kRead, "posts", "users,posts"},
    {"WITH u (a, b) AS NOT MATERIALIZED (SELECT id, name FROM users), "
     "p AS MATERIALIZED (SELECT * FROM u) SELECT * FROM p, u",
     kRead, "", "users"},
    {"WITH users AS (SELECT 1) SELECT * FROM main.users", kRead, "users", "users"},
    {"WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 5) SELECT * FROM n",
     kRead, "", ""},
    {"WITH recursive AS (SELECT 1) SELECT * FROM recursive", kRead, "", "", false},
    {"SELECT * FROM (WITH posts AS (SELECT 1) SELECT * FROM posts), posts", kRead, "posts",
     "posts"},
    {"with a as (select 1) values (2)", kRead, "", ""},
    {"EXPLAIN SELECT * FROM users", kRead, "users", "users"},
    {"EXPLAIN QUERY PLAN SELECT * FROM users", kRead, "users", "users"},
    {"PRAGMA user_version", kRead, "", ""},
    {"PRAGMA main.user_version", kRead, "", ""},
    {"PRAGMA table_info(users)", kRead, "", ""},
    {"PRAGMA table_info = users", kRead, "", ""},
    {"pragma TABLE_XINFO('users')", kRead, "", ""},
    {"PRAGMA foreign_key_check", kRead, "", ""},
    {"PRAGMA database_list", kRead, "", ""},
    {"PRAGMA page_count", kRead, "", ""},
};

const std::vector<Row> kWrites = {
    {"INSERT INTO users (id) VALUES (?)", kWrite, "users", "users"},
    {"insert into main.users as u (id) values (1)", kWrite, "users", "users"},
    {"INSERT OR REPLACE INTO users (id) VALUES (1)", kWrite, "users", "users"},
    {"INSERT OR IGNORE INTO \"order\" DEFAULT VALUES", kWrite, "order", "order"},
    {"REPLACE INTO users (id) VALUES (1)", kWrite, "users", "users"},
    {"INSERT INTO users (id) SELECT user_id FROM posts", kWrite, "users", "users,posts"},
    {"INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
     kWrite, "users", "users"},
    {"INSERT INTO users (id) VALUES (1) ON CONFLICT DO NOTHING RETURNING id", kWrite, "users",
     "users"},
    {"-- note\n/* more */ INSERT INTO users (id) VALUES (1)", kWrite, "users", "users"},
    {"WITH p AS (SELECT * FROM posts) INSERT INTO users (id) SELECT user_id FROM p", kWrite,
     "users", "posts,users"},
    {"INSERT INTO users (id) WITH p AS (SELECT 1) SELECT * FROM p", kWrite, "users", "users"},
    {"WITH p AS (SELECT 'SELECT') UPDATE users SET name = (SELECT * FROM p)", kWrite, "users",
     "users"},
    {"WITH p AS (SELECT 1) DELETE FROM users WHERE id IN p", kWrite, "users", "users"},
    {"WITH users AS (SELECT 1) UPDATE users SET name = 'a'", kWrite, "users", "users"},
    {"WITH users AS (SELECT 1) DELETE FROM users", kWrite, "users", "users"},
    {"WITH users AS (SELECT 1 AS id) INSERT INTO users (id) SELECT id FROM users", kWrite, "users",
     "users"},
    {"WITH p AS (SELECT 1) REPLACE INTO users (id) SELECT * FROM p", kWrite, "users", "users"},
    {"UPDATE users SET name = 'a'", kWrite, "users", "users"},
    {"UPDATE OR IGNORE main.users SET name = 'a'", kWrite, "users", "users"},
    {"UPDATE users AS u SET name = p.title FROM posts p WHERE p.user_id = u.id", kWrite, "users",
     "users,posts"},
    {"UPDATE \"users\" SET name = (SELECT title FROM posts), age = 1 WHERE id = 1", kWrite, "users",
     "users,posts"},
    {"DELETE FROM users", kWrite, "users", "users"},
    {"DELETE FROM [users] AS u WHERE u.id = 1 RETURNING *", kWrite, "users", "users"},
    {"DELETE FROM users WHERE id IN (SELECT user_id FROM posts)", kWrite, "users", "users,posts"},
    {"PRAGMA user_version = 1", kWrite, "", ""},
    {"PRAGMA user_version(1)", kWrite, "", ""},
    {"PRAGMA main.user_version=1", kWrite, "", ""},
    {"/* */ PRAGMA application_id = -1", kWrite, "", ""},
    {"PRAGMA incremental_vacuum", kWrite, "", ""},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT REFERENCES users (id) ON DELETE CASCADE)",
     kSchema, "t", "t,users"},
    {"CREATE TABLE IF NOT EXISTS main.t (a)", kSchema, "t", "t"},
    {"CREATE TABLE t AS SELECT * FROM users, posts", kSchema, "t", "t,users,posts"},
    {"CREATE TABLE if_not (a)", kSchema, "if_not", "if_not"},
    {"CREATE VIRTUAL TABLE t USING fts5(a, content = 'posts')", kSchema, "t", "t"},
    {"CREATE UNIQUE INDEX IF NOT EXISTS i ON users (name, age) WHERE age > 1", kSchema, "users",
     "users"},
    {"CREATE INDEX i ON \"order\" (offset)", kSchema, "order", "order"},
    {"CREATE VIEW v AS SELECT * FROM users, posts", kSchema, "v", "v,users,posts"},
    {"CREATE TRIGGER tr AFTER UPDATE OF name ON users BEGIN UPDATE posts SET title = new.name; "
     "DELETE FROM \"order\" WHERE id = CASE WHEN new.age THEN 1 END; END",
     kSchema, "users", "users,posts,order"},
    {"DROP TABLE users", kSchema, "users", "users"},
    {"DROP TABLE IF EXISTS main.posts", kSchema, "posts", "posts"},
    {"DROP VIEW people", kSchema, "people", "people"},
    {"DROP INDEX users_by_city", kSchema, "", ""},
    {"ALTER TABLE users RENAME TO people2", kSchema, "users", "users"},
    {"ALTER TABLE users ADD COLUMN x REFERENCES posts (id)", kSchema, "users", "users,posts"},
};

const std::vector<Row> kOthers = {
    {"BEGIN", kTransaction, "", ""},
    {"BEGIN IMMEDIATE TRANSACTION", kTransaction, "", ""},
    {"COMMIT", kTransaction, "", ""},
    {"END TRANSACTION", kTransaction, "", ""},
    {"ROLLBACK TO s", kTransaction, "", "", false},
    {"SAVEPOINT s", kTransaction, "", ""},
    {"RELEASE s", kTransaction, "", ""},
    {"VACUUM", kOther, "", ""},
    {"VACUUM INTO 'users'", kOther, "", ""},
    {"ANALYZE users", kOther, "", ""},
    {"REINDEX users", kOther, "", ""},
    {"ATTACH 'x' AS y", kOther, "", ""},
    {"DETACH y", kOther, "", ""},
    {"PRAGMA optimize", kWrite, "", ""},  // which SQLite holds to be no write until it runs
    {"frobnicate users", kOther, "", "", false},
    {"(SELECT 1)", kOther, "", "", false},
    {"WITH u SELECT 1", kOther, "", "", false},
    {"WITH", kOther, "", "", false},
    {"EXPLAIN", kRead, "", "", false},
    {"EXPLAIN INSERT INTO users (id) VALUES (1)", kRead, "users", "users"},
    {"EXPLAIN QUERY PLAN DELETE FROM users", kRead, "users", "users"},
    {"", Effect::kEmpty, "", "", false},
    {"-- nothing", Effect::kEmpty, "", "", false},
    {"SELECT * FROM", kRead, "", "", false},
    {"SELECT * FROM users,", kRead, "users", "users", false},
    {"SELECT * FROM main.", kRead, "", "", false},
    {"INSERT INTO", kWrite, "", "", false},
    {"UPDATE", kWrite, "", "", false},
    {"UPDATE OR", kWrite, "", "", false},
};

void ExpectRow(const Row& row) {
  SCOPED_TRACE(row.sql);
  const Result<Statement> statement = Statement::Read(row.sql);
  ASSERT_TRUE(statement.ok()) << statement.status().message();
  const sqltext::Verb verb = VerbOf(*statement);
  EXPECT_EQ(NameOf(verb.effect), NameOf(row.effect));
  const Result<sqltext::Tables> tables = TablesOf(*statement, verb);
  ASSERT_TRUE(tables.ok());
  EXPECT_EQ(tables->main, row.table);
  std::string names;
  for (const std::string& name : tables->names) names += (names.empty() ? "" : ",") + name;
  EXPECT_EQ(names, row.tables);
}

TEST(SqlVerb, EachStatementIsWhatItsMainVerbSaysAndNamesItsTables) {
  for (const auto* rows : {&kReads, &kWrites, &kOthers}) {
    for (const Row& row : *rows) ExpectRow(row);
  }
  EXPECT_GT(kReads.size() + kWrites.size() + kOthers.size(), 120U);
}

// Writes change a database and reads do not: SQLite says the same of each that it takes.
TEST(SqlVerb, SqliteAgreesOnWhatOnlyReads) {
  int judged = 0;
  for (const auto* rows : {&kReads, &kWrites}) {
    for (const Row& row : *rows) {
      SqlOracle sqlite;
      const auto prepared = sqlite.Prepare(row.sql);
      EXPECT_EQ(prepared.has_value(), row.sqlite) << row.sql << ": " << sqlite.error();
      if (!prepared) continue;
      ++judged;
      EXPECT_EQ(prepared->readonly, row.effect == kRead) << row.sql;
    }
  }
  EXPECT_GT(judged, 90);
}

TEST(SqlVerb, AnExplainedWriteIsARead) {
  const Result<Statement> statement = Statement::Read("EXPLAIN DROP TABLE users");
  ASSERT_TRUE(statement.ok());
  EXPECT_TRUE(VerbOf(*statement).explain);
  EXPECT_EQ(VerbOf(*statement).effect, Effect::kRead);
  EXPECT_FALSE(VerbOf(*Statement::Read("SELECT 1")).explain);
}

TEST(SqlVerb, MoreThan256TablesAreTooComplex) {
  const auto tables_of = [](int count) {
    std::string sql = "SELECT * FROM t0";
    for (int i = 1; i < count; ++i) sql += ", t" + std::to_string(i);
    const Result<Statement> statement = Statement::Read(sql);
    return sqltext::TablesOf(*statement, VerbOf(*statement)).status().code();
  };
  EXPECT_EQ(tables_of(257), "sql_too_complex");
}

TEST(SqlVerb, EachOf256TablesIsNamed) {
  std::string sql = "SELECT * FROM t0";
  for (int i = 1; i < 256; ++i) sql += ", t" + std::to_string(i);
  const Result<Statement> statement = Statement::Read(sql);
  const Result<sqltext::Tables> tables = sqltext::TablesOf(*statement, VerbOf(*statement));
  ASSERT_TRUE(tables.ok());
  EXPECT_EQ(tables->names.size(), 256U);
}

}  // namespace
}  // namespace tidemark::testing
