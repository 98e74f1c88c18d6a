// Whether a shard has a key's row, for keys that have no place yet.

#include <gtest/gtest.h>

#include "shards/existing_sql.h"
#include "shards/sql_find.h"
#include "tests/support/existing_harness.h"

namespace tidemark::testing {
namespace {

std::string Find(ExistingHarness* harness, const std::string& table, const std::string& column,
                 const std::string& key) {
  const native::Answer answer = harness->Run(
      "find_key", {{"shard", "db"}, {"table", table}, {"column", column}, {"key", key}});
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.data.at("found");
}

TEST(FindKey, FindsARowByATextAndByANumber) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE users (id TEXT PRIMARY KEY, number INTEGER);
    INSERT INTO users VALUES ('user-1', 7);)sql");
  EXPECT_EQ(Find(&harness, "users", "id", "user-1"), "1");
  EXPECT_EQ(Find(&harness, "users", "number", "7"), "1");
  EXPECT_EQ(Find(&harness, "users", "id", "user-2"), "");
}

TEST(FindKey, WithoutTheTableOrTheColumnThereIsNoRow) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE users (id TEXT PRIMARY KEY);
    INSERT INTO users VALUES ('name');)sql");
  EXPECT_EQ(Find(&harness, "posts", "id", "name"), "");
  EXPECT_EQ(Find(&harness, "users", "name", "name"), "");
}

TEST(FindKey, ANameIsNeverReadAsSql) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE "a ""b"" c" ("the ""key""" TEXT PRIMARY KEY);
    INSERT INTO "a ""b"" c" VALUES ('1');)sql");
  EXPECT_EQ(Find(&harness, "a \"b\" c", "the \"key\"", "1"), "1");
  EXPECT_EQ(Find(&harness, "a \"b\" c; DROP TABLE x; --", "the \"key\"", "1"), "");
}

TEST(FindKey, OfADatabaseThatFailsIsItsFailure) {
  ExistingHarness harness;
  harness.on_d1 = [](const std::string&) { return Failure{"unavailable", "overloaded"}; };
  const native::Answer answer = harness.Run(
      "find_key", {{"shard", "db"}, {"table", "users"}, {"column", "id"}, {"key", "1"}});
  EXPECT_EQ(answer.status, 503);
}

TEST(FindKey, OfAPrimaryKeyGoesByItsIndex) {
  native::SqliteStore store;
  store.Execute("CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT)");
  const std::string text = existing::FillSql(
      sql::kFindKey, {{"table", existing::QuoteName("users")}, {"key", existing::QuoteName("id")}});
  const std::vector<std::string> plan = store.Plan(text);
  ASSERT_EQ(plan.size(), 1U);
  EXPECT_NE(plan[0].find("SEARCH users USING COVERING INDEX"), std::string::npos) << plan[0];
}

}  // namespace
}  // namespace tidemark::testing
