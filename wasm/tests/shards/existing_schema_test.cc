// A schema, made and dropped.

#include <gtest/gtest.h>

#include "tests/support/existing_harness.h"

namespace tidemark::testing {
namespace {

using Texts = std::vector<std::string>;

native::Answer Create(ExistingHarness* harness, const std::string& schema = {}) {
  return harness->Run("create_schema", {{"shard", "db"}, {"schema", schema}});
}
native::Answer Drop(ExistingHarness* harness, const json& tables) {
  return harness->Run("drop_schema", {{"shard", "db"}, {"tables", tables.dump()}});
}
bool Exists(ExistingHarness* harness, const std::string& table) {
  return harness->Run("schema_exists", {{"shard", "db"}, {"table", table}}).data.at("exists") ==
         "1";
}
json Tables(ExistingHarness* harness) { return harness->Ask("list_tables", {{"shard", "db"}}); }

TEST(CreateSchema, TheDefaultTakesTheRowsOfTheExamplesAndComesTwice) {
  ExistingHarness harness;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(Create(&harness).status, 200);
  EXPECT_EQ(Tables(&harness), json({"posts", "users"}));
  harness.database("db").Execute(R"sql(
    INSERT INTO users (id, name, email) VALUES ('user-123', 'Johnson', 'alice@example.com');
    INSERT INTO users (id, name, location) VALUES ('user-456', 'West', 'California');
    INSERT INTO users (id, username) VALUES ('user-7', 'john_doe');
    INSERT INTO posts (id, user_id, title, content) VALUES ('post-1', 'user-7', 'T', 'C');
    INSERT INTO shard_mappings VALUES ('user-123', 'db', 1, 1);)sql");
  const Texts times = harness.database("db").Rows(
      "SELECT count(*) FROM users WHERE created_at BETWEEN 1600000000000 AND 9000000000000");
  EXPECT_EQ(times, Texts{"3"});
}

TEST(CreateSchema, RunsEachStatementOfAScript) {
  ExistingHarness harness;
  const native::Answer answer = Create(&harness, R"sql(
    -- a comment; with a semicolon
    CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT DEFAULT ';');
    /* another; one */ CREATE TABLE log (n INTEGER);
    CREATE TRIGGER on_note AFTER INSERT ON notes BEGIN
      INSERT INTO log VALUES (1); INSERT INTO log VALUES (CASE WHEN 1 THEN 2 END);
    END;
    INSERT INTO notes (id) VALUES ('a;b'))sql");
  EXPECT_EQ(answer.data.at("statements"), "4");
  EXPECT_EQ(harness.database("db").Rows("SELECT * FROM log"), (Texts{"1", "2"}));
  EXPECT_EQ(harness.database("db").Rows("SELECT id, body FROM notes"), Texts{"a;b|;"});
}

TEST(CreateSchema, ThatFailsChangesNothing) {
  ExistingHarness harness;
  const native::Answer answer =
      Create(&harness, "CREATE TABLE a (id TEXT PRIMARY KEY); CREATE TABEL b (id TEXT)");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(Tables(&harness), json::array());
  EXPECT_EQ(Create(&harness, "CREATE TABLE a (t TEXT DEFAULT 'open").status, 400);
}

TEST(SchemaExists, OfTablesAndVirtualOnesAndNotOfViews) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE users (id TEXT PRIMARY KEY);
    CREATE VIEW everyone AS SELECT * FROM users;
    CREATE VIRTUAL TABLE pages USING fts5(body);)sql");
  EXPECT_TRUE(Exists(&harness, "users"));
  EXPECT_TRUE(Exists(&harness, "Users"));
  EXPECT_TRUE(Exists(&harness, "pages"));
  EXPECT_FALSE(Exists(&harness, "everyone"));
  EXPECT_FALSE(Exists(&harness, "us"));
  EXPECT_FALSE(Exists(&harness, "users' OR '1'='1"));
}

TEST(DropSchema, TakesTheTablesThatAreThere) {
  ExistingHarness harness;
  ASSERT_EQ(Create(&harness).status, 200);
  harness.Fill("db", "kept", 1, "k");
  const native::Answer answer = Drop(&harness, {"USERS", "posts", "posts", "shard_mappings", "no"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Tables(&harness), json({"kept"}));
  EXPECT_FALSE(Exists(&harness, "shard_mappings"));
}

TEST(DropSchema, TakesParentsBeforeTheirChildren) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE parents (id TEXT PRIMARY KEY);
    CREATE TABLE children (id TEXT PRIMARY KEY, parent TEXT REFERENCES parents (id));
    INSERT INTO parents VALUES ('p');
    INSERT INTO children VALUES ('c', 'p');)sql");
  EXPECT_EQ(Drop(&harness, {"parents"}).status, 409);
  EXPECT_EQ(Drop(&harness, {"parents", "children"}).status, 200);
  EXPECT_EQ(Tables(&harness), json::array());
}

TEST(DropSchema, ANameIsANameAndNothingMore) {
  ExistingHarness harness;
  harness.Fill("db", "users", 1, "u");
  harness.database("db").Execute("CREATE TABLE \"a; DROP TABLE users; --\" (id TEXT)");
  EXPECT_EQ(Drop(&harness, {"x; DROP TABLE users", "a; DROP TABLE users; --"}).status, 200);
  EXPECT_EQ(Tables(&harness), json({"users"}));
}

TEST(DropSchema, WhatIsNoTableIsRefused) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE users (id TEXT PRIMARY KEY);
    CREATE VIEW everyone AS SELECT * FROM users;
    CREATE VIRTUAL TABLE pages USING fts5(body);)sql");
  for (const char* name : {"everyone", "pages_data"}) {
    EXPECT_EQ(Drop(&harness, {"users", name}).data.at("error"), "invalid_table_name") << name;
  }
  EXPECT_EQ(Drop(&harness, {{"a", 1}}).data.at("error"), "invalid_parameter");
  EXPECT_EQ(Tables(&harness), json({"pages", "users"}));
  EXPECT_EQ(Drop(&harness, {"pages"}).status, 200);
  EXPECT_EQ(Tables(&harness), json({"users"}));
}

TEST(DropSchema, ATableThatIsMadeAgainIsLookedAtAgain) {
  ExistingHarness harness;
  harness.Fill("db", "users", 2, "u");
  const Params integrate = {{"shard", "db"}, {"notes", "1"}, {"again", "never"}};
  harness.Run("integrate_database", integrate);
  Drop(&harness, {"users"});
  harness.Fill("db", "users", 3, "new");
  harness.Run("integrate_database", integrate);
  EXPECT_EQ(harness.MappedTo("db"), 5);
}

TEST(DropSchema, TakesTheLibrarysOwnTablesToo) {
  ExistingHarness harness;
  harness.Fill("db", "users", 2, "u");
  harness.Run("integrate_database", {{"shard", "db"}, {"notes", "1"}});
  EXPECT_EQ(Drop(&harness, {"users", "tidemark_integration", "shard_mappings"}).status, 200);
  EXPECT_TRUE(harness.database("db").Rows("SELECT name FROM sqlite_master").empty());
}

}  // namespace
}  // namespace tidemark::testing
