// A record from one database to another: as it is, whatever it holds, and once.

#include <gtest/gtest.h>

#include "tests/support/migrating.h"

namespace tidemark::testing {
namespace {

TEST(Migrate, MovesOneRecordAndLeavesTheOthers) {
  ExistingHarness harness;
  Prepare(&harness);
  EXPECT_EQ(Migrate(&harness, "u1"), "moved:1");
  EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|1"});
  EXPECT_EQ(Notes(&harness), 0);
  EXPECT_TRUE(harness.mapped.empty());
  EXPECT_EQ(Migrate(&harness, "u1"), "moved:");
}

TEST(Migrate, IsInBothUntilItMayBeDeleted) {
  ExistingHarness harness;
  Prepare(&harness);
  for (const char* until : {"copied", "mapped"}) {
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(Migrate(&harness, "u1", {{"until", until}}), "moved:1");
      EXPECT_EQ(Rows(&harness, "old").size(), 2U);
      EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|1"});
      EXPECT_EQ(Rows(&harness, "new", "SELECT state FROM tidemark_moves"), Texts{until});
    }
  }
  EXPECT_EQ(Migrate(&harness, "u1"), "moved:1");
  EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
}

TEST(Migrate, MakesTheTableWhereThereIsNone) {
  ExistingHarness harness;
  harness.database("old").Execute(std::string(kUsers) + "; CREATE INDEX by_n ON users (n);" + kAnn);
  EXPECT_EQ(Migrate(&harness, "u2"), "moved:1");
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u2|Bob|2"});
  EXPECT_EQ(Rows(&harness, "new", "SELECT name FROM sqlite_master WHERE name = 'by_n'"),
            Texts{"by_n"});
}

// A value of every type and size, in columns of every affinity.
TEST(Migrate, ARecordArrivesAsItWas) {
  for (const char* end : {")", ") WITHOUT ROWID"}) {
    ExistingHarness harness;
    for (const char* shard : {"old", "new"}) {
      harness.database(shard).Execute(
          "CREATE TABLE users (id PRIMARY KEY, a, b TEXT, c INTEGER, \"the d\" REAL, e BLOB, "
          "f NUMERIC, g, h, i COLLATE NOCASE, x AS (c + 1)" +
          std::string(end));
    }
    harness.database("old").Execute(R"sql(
      INSERT INTO users VALUES
        ('k', 9007199254740993, '007', -9223372036854775807, 1e300, x'00ff', 0.1, NULL, '',
         'MiXed'),
        (42, 1.0, 'it''s "é"', 0, -0.5, 'text', '1x', 1, x'', ''),
        ('42x', 3.0, NULL, NULL, 2, 7, 1e20, 'null', 0.30000000000000004, X'41'))sql");
    const std::string dump =
        "SELECT quote(id), quote(a), quote(b), quote(c), quote(\"the d\"), quote(e), quote(f), "
        "quote(g), quote(h), quote(i), x, typeof(a), typeof(h) FROM users ORDER BY 1";
    const Texts before = Rows(&harness, "old", dump);
    for (const char* key : {"k", "42", "42x"}) EXPECT_EQ(Migrate(&harness, key), "moved:1") << key;
    EXPECT_EQ(Rows(&harness, "new", dump), before);
    EXPECT_TRUE(Rows(&harness, "old").empty());
  }
}

TEST(Migrate, ATableOfAHundredColumns) {
  ExistingHarness harness;
  std::string columns = "id TEXT PRIMARY KEY";
  std::string values = "'u1'";
  for (int i = 1; i < 100; ++i) {
    columns += ", \"column " + std::to_string(i) + "\" INTEGER";
    values += ", " + std::to_string(i);
  }
  harness.database("old").Execute("CREATE TABLE users (" + columns + ")");
  harness.database("old").Execute("INSERT INTO users VALUES (" + values + ")");
  const Texts before = Rows(&harness, "old");
  EXPECT_EQ(Migrate(&harness, "u1"), "moved:1");
  EXPECT_EQ(Rows(&harness, "new"), before);
}

TEST(Migrate, AnotherKeyThanId) {
  ExistingHarness harness;
  harness.database("old").Execute(R"sql(
    CREATE TABLE "my orders" ("order no" INTEGER PRIMARY KEY, total REAL);
    INSERT INTO "my orders" VALUES (7, 1.5), (8, 2.5);)sql");
  EXPECT_EQ(Migrate(&harness, "7", {{"table", "MY ORDERS"}}), "moved:1");
  EXPECT_EQ(Rows(&harness, "new", "SELECT * FROM \"my orders\""), Texts{"7|1.5"});
  EXPECT_EQ(Migrate(&harness, "7x", {{"table", "my orders"}}), "record_not_found");
}

TEST(Migrate, WhatCannotBeMovedIsRefusedAndStays) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.database("old").Execute(R"sql(
    CREATE TABLE keyless (id TEXT);
    CREATE TABLE wide (id TEXT PRIMARY KEY, more TEXT);
    INSERT INTO wide VALUES ('w', 'x');
    CREATE TABLE loose (id PRIMARY KEY);
    INSERT INTO loose VALUES ('1'), (1);
    CREATE TABLE endless (id TEXT PRIMARY KEY, n REAL);
    INSERT INTO endless VALUES ('e', 9e999);
    CREATE TABLE odd (id TEXT PRIMARY KEY, n TEXT);
    INSERT INTO odd VALUES ('o', '01');)sql");
  harness.database("new").Execute(R"sql(
    CREATE TABLE wide (id TEXT PRIMARY KEY);
    CREATE TABLE odd (id TEXT PRIMARY KEY, n INTEGER);
    INSERT INTO users VALUES ('u2', 'Another Bob', 2);)sql");
  const std::pair<Params, const char*> rows[] = {
      {Of("u9"), "record_not_found"},
      {Of("u1", {{"table", "none"}}), "invalid_table_name"},
      {Of("u1", {{"table", "keyless"}}), "invalid_table_name"},
      {Of("u1", {{"table", "users; DROP TABLE users"}}), "invalid_table_name"},
      {Of("w", {{"table", "wide"}}), "schema_differs"},
      {Of("1", {{"table", "loose"}}), "ambiguous_key"},
      {Of("o", {{"table", "odd"}}), "copy_differs"},
      {Of("u2"), "record_exists"},
  };
  for (const auto& [params, error] : rows) {
    const native::Answer answer = harness.Run("migrate_record", params);
    EXPECT_GE(answer.status, 400);
    EXPECT_EQ(answer.data.at("error"), error);
  }
  EXPECT_EQ(Rows(&harness, "old").size(), 2U);
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u2|Another Bob|2"});
  EXPECT_EQ(Rows(&harness, "old", "SELECT * FROM odd"), Texts{"o|01"});
  EXPECT_TRUE(Rows(&harness, "new", "SELECT * FROM odd").empty());
  EXPECT_EQ(Notes(&harness), 0);
}

// A parent that is deleted would take its children with it, or be refused.
TEST(Migrate, ARecordThatOthersReferToStays) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.database("old").Execute(R"sql(
    CREATE TABLE posts (id TEXT PRIMARY KEY,
      author TEXT REFERENCES users (id) ON DELETE CASCADE, editor TEXT REFERENCES users);
    INSERT INTO posts VALUES ('p', 'u1', NULL);
    CREATE TABLE staff (id TEXT PRIMARY KEY, boss TEXT REFERENCES staff (id));
    INSERT INTO staff VALUES ('self', 'self'), ('top', NULL), ('low', 'top');)sql");
  EXPECT_EQ(Migrate(&harness, "u1"), "record_referenced");
  EXPECT_EQ(Rows(&harness, "old", "SELECT id FROM posts"), Texts{"p"});
  EXPECT_EQ(Migrate(&harness, "u2"), "moved:1");
  EXPECT_EQ(Migrate(&harness, "top", {{"table", "staff"}}), "record_referenced");
  EXPECT_EQ(Migrate(&harness, "self", {{"table", "staff"}}), "moved:1");
}

}  // namespace
}  // namespace tidemark::testing
