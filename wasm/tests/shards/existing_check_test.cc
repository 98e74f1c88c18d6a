// Whether a database holds rows that nobody has mapped.

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/existing_harness.h"

namespace tidemark::testing {
namespace {

void Integrate(ExistingHarness* harness, Params more = {}) {
  more.emplace("shard", "db");
  more.emplace("notes", "1");
  harness->Ask("integrate_database", std::move(more));
}

bool Needed(ExistingHarness* harness, Params more = {}) {
  more["shard"] = "db";
  const native::Answer answer = harness->Run("check_migration", std::move(more));
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.data.at("needed") == "1";
}

TEST(CheckMigration, NeededBeforeAndNotAfter) {
  ExistingHarness harness;
  harness.Fill("db", "users", 200, "user-");
  EXPECT_TRUE(Needed(&harness));
  Integrate(&harness);
  EXPECT_FALSE(Needed(&harness));
}

TEST(CheckMigration, LooksAtLittle) {
  ExistingHarness harness;
  for (int i = 0; i < 15; ++i) {
    harness.Fill("db", "table" + std::to_string(i), 100, "row-" + std::to_string(i) + "-");
  }
  EXPECT_TRUE(Needed(&harness));
  EXPECT_LE(harness.queries, 5);
  EXPECT_LE(harness.lookups, 30);
  Integrate(&harness);
  harness.queries = harness.lookups = 0;
  EXPECT_FALSE(Needed(&harness));
  EXPECT_LE(harness.queries, 5);
  EXPECT_LE(harness.lookups, 3);
}

TEST(CheckMigration, ADatabaseWithoutRowsNeedsNone) {
  ExistingHarness harness;
  EXPECT_FALSE(Needed(&harness));
  harness.database("db").Execute(R"sql(
    CREATE TABLE users (id TEXT PRIMARY KEY);
    CREATE TABLE keyless (n INTEGER);
    INSERT INTO keyless VALUES (1);
    CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY);
    INSERT INTO d1_migrations VALUES (1);)sql");
  EXPECT_FALSE(Needed(&harness));
  EXPECT_EQ(harness.calls, 0);
}

TEST(CheckMigration, ASmallTableThatIsMappedNeedsNone) {
  ExistingHarness harness;
  harness.Fill("db", "users", 5, "user-");
  for (int i = 0; i < 5; ++i) harness.mapped["user-" + std::to_string(i)] = "db";
  EXPECT_FALSE(Needed(&harness));
  harness.mapped.erase("user-3");
  EXPECT_TRUE(Needed(&harness));
}

// Its first keys prove nothing of those behind them.
TEST(CheckMigration, ALargeTableWhoseFirstKeysAreMappedIsNeeded) {
  ExistingHarness harness;
  harness.Fill("db", "users", 50, "user-");
  for (int i = 0; i < 20; ++i) harness.mapped["user-" + std::to_string(i)] = "db";
  EXPECT_TRUE(Needed(&harness));
}

TEST(CheckMigration, AnInterruptedIntegrationIsNeeded) {
  ExistingHarness harness;
  harness.Fill("db", "users", 50, "user-");
  Integrate(&harness, {{"records_max", "20"}});
  EXPECT_TRUE(Needed(&harness));
}

TEST(CheckMigration, MappingsThatWereClearedAreMissed) {
  ExistingHarness harness;
  harness.Fill("db", "users", 50, "user-");
  Integrate(&harness);
  harness.mapped.clear();
  EXPECT_EQ(harness.Run("check_migration", {{"shard", "db"}}).data.at("restart"), "1");
}

TEST(CheckMigration, ANewTableIsSeen) {
  ExistingHarness harness;
  harness.Fill("db", "users", 50, "user-");
  Integrate(&harness);
  harness.Fill("db", "posts", 1, "post-");
  EXPECT_TRUE(Needed(&harness));
  EXPECT_FALSE(Needed(&harness, {{"tables", R"(["users"])"}}));
}

TEST(CheckMigration, OfADatabaseOrHostThatFailsIsItsFailure) {
  ExistingHarness harness;
  harness.Fill("db", "users", 5, "user-");
  harness.on_call = [](const std::string&) { return Failure{"unavailable", "KV is down"}; };
  EXPECT_EQ(harness.Run("check_migration", {{"shard", "db"}}).status, 503);
}

}  // namespace
}  // namespace tidemark::testing
