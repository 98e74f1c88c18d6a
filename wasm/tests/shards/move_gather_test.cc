// Databases that were filled before there was a slot table: their rows are gathered where their
// slots are, and are found all the time.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "shards/slot_table.h"
#include "shards/sql_fence.h"
#include "tests/shards/move_posts.h"
#include "tests/shards/move_settled.h"
#include "tests/support/move_harness.h"

namespace tidemark::testing {
namespace {

const json kAll = {{"availableShards", {"a", "b", "c"}}};

// Users and their posts in a and b, wherever it came about; c has nothing.
void Fill(MoveHarness* world, int users) {
  int post = 0;
  for (const char* name : {"a", "b"}) {
    native::SqliteStore& shard = world->database(name);
    shard.Execute(kUsers);
    shard.Execute(kPosts);
    for (int i = 0; i < users; ++i) {
      const std::string key = std::string(name) + "-" + std::to_string(i);
      shard.Execute("INSERT INTO users VALUES ('" + key + "', 'name')");
      ++post;
      shard.Execute("INSERT INTO posts VALUES (" + std::to_string(post) + ", '" + key +
                    "', 'text')");
    }
  }
}

SlotTable TableOf(MoveHarness* world) {
  const json told = json::parse(world->Ask("GET", "/slots").body, nullptr, false);
  return *ReadSlotTable(told["table"].dump());
}

// The shards of a table that have a row of a key, as the library asks.
std::vector<std::string> Having(MoveHarness* world, const SlotTable& table,
                                const std::string& key) {
  std::vector<std::string> having;
  const std::string sql = sqltext::LocateSql(table.tables, "users");
  for (const std::string& shard : table.shards) {
    native::Held held;
    auto ran = world->database(shard).Run({{sql, {int64_t{SlotOf(key)}, key}, {}}}, &held);
    const auto* sets = std::get_if<ResultSets>(&ran);
    EXPECT_NE(sets, nullptr);
    if (sets == nullptr || sets->front().Integer(0, 0) == 0) continue;
    EXPECT_EQ(sets->front().Integer(1, 0), sets->front().Integer(2, 0));
    if (sets->front().Integer(1, 0) != 0) having.push_back(shard);
  }
  return having;
}

TEST(Gathering, RowsOfAnyShardComeWhereTheirSlotsAre) {
  MoveHarness world;
  Fill(&world, 100);
  const std::vector<std::string> users = world.Everywhere("SELECT * FROM users");
  const std::vector<std::string> posts = world.Everywhere("SELECT * FROM posts");
  const json made = world.Post("/slots", kAll);
  EXPECT_EQ(made["table"]["gathering"], true);
  EXPECT_EQ(made["table"]["tables"], json({{"posts", "user_id"}, {"users", "id"}}));
  EXPECT_EQ(world.Moves().size(), 6U);
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "drain"}, {"shard", "a"}}), "moves_under_way");
  ASSERT_TRUE(world.Settle());
  for (const json& move : world.Moves()) {
    EXPECT_EQ(move["state"], "cleaned") << move;
    EXPECT_EQ(move["gathers"], true);
  }
  EXPECT_EQ(world.Everywhere("SELECT * FROM users"), users);
  EXPECT_EQ(world.Everywhere("SELECT * FROM posts"), posts);
  EXPECT_GT(world.database("c").Rows("SELECT 1 FROM users").size(), 30U);
  ExpectSettled(&world, kRoutes);
  EXPECT_EQ(world.Post("/moves", {{"kind", "drain"}, {"shard", "c"}})["moves"].size(), 2U);
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.Everywhere("SELECT * FROM posts"), posts);
  ExpectSettled(&world, kRoutes);
}

TEST(Gathering, RowsThatLieRightAreLeftAlone) {
  MoveHarness world;
  world.database("a").Execute(kUsers);
  world.database("b").Execute(kUsers);
  for (int i = 0; i < 50; ++i) {
    const std::string key = "user-" + std::to_string(i);
    world.database(SlotOf(key) < kSlots / 2 ? "a" : "b")
        .Execute("INSERT INTO users VALUES ('" + key + "', 'name')");
  }
  const json made = world.Post("/slots", {{"availableShards", {"a", "b"}}});
  EXPECT_FALSE(made["table"].contains("gathering"));
  EXPECT_TRUE(world.Moves().empty());
  ExpectSettled(&world, {{"users", "id"}});
}

TEST(Gathering, EachRowIsInOneShardOrFrozenInTwoAtEveryStep) {
  MoveHarness world;
  Fill(&world, 4);
  world.Post("/slots", {{"availableShards", {"a", "b"}}});
  const SlotTable table = TableOf(&world);
  int seen_twice = 0;
  for (int before = -1; world.StepAlarm(1);) {
    if (world.batches == before) continue;
    before = world.batches;
    int64_t slots = 0;
    for (const std::string& shard : table.shards) {
      slots += std::stoll(world.database(shard).Rows("SELECT slots FROM tidemark_shard")[0]);
    }
    for (const char* name : {"a", "b"}) {
      for (int i = 0; i < 4; ++i) {
        const std::string key = std::string(name) + "-" + std::to_string(i);
        const size_t times = Having(&world, table, key).size();
        ASSERT_TRUE(times == 1 || times == 2) << key;
        if (times == 1) continue;
        // Then whoever reads all shards knows.
        ++seen_twice;
        ASSERT_GT(slots, static_cast<int64_t>(2 * kSlots));
      }
    }
  }
  EXPECT_GT(seen_twice, 0);
  ExpectSettled(&world, kRoutes);
}

TEST(Gathering, DeathsAndFailuresLoseNothing) {
  for (int steps = 1; steps < 200; steps += 31) {
    MoveHarness world;
    Fill(&world, 8);
    const std::vector<std::string> posts = world.Everywhere("SELECT * FROM posts");
    world.Post("/slots", {{"availableShards", {"a", "b"}}});
    for (int i = 0; i < 3; ++i) {
      world.StepAlarm(steps);
      world.Crash();
    }
    int batch = 0;
    world.after = [&](const std::string&) -> std::optional<Failure> {
      if (++batch % 37 == steps % 37) return Failure{"unavailable", "D1 is down"};
      return std::nullopt;
    };
    ASSERT_TRUE(world.Settle()) << steps << world.Moves();
    EXPECT_EQ(world.Everywhere("SELECT * FROM posts"), posts) << steps;
    ExpectSettled(&world, kRoutes);
  }
}

TEST(Gathering, RowThatBothShardsHaveIsToldAndTheRestStaysWhereItIs) {
  MoveHarness world;
  Fill(&world, 30);
  const std::string key = "b-7";
  world.database("a").Execute("INSERT INTO users VALUES ('" + key + "', 'another')");
  const std::vector<std::string> before = world.Everywhere("SELECT * FROM users");
  world.Post("/slots", {{"availableShards", {"a", "b"}}});
  ASSERT_TRUE(world.Settle());
  std::string told;
  for (const json& move : world.Moves()) {
    if (move["state"] == "failed") told = move["error"];
  }
  EXPECT_NE(told.find("UNIQUE constraint failed: users.id"), std::string::npos) << told;
  EXPECT_EQ(world.Everywhere("SELECT * FROM users"), before);
  EXPECT_TRUE(TableOf(&world).gathering);
  EXPECT_EQ(Having(&world, TableOf(&world), key).size(), 2U);
  const std::string other = TableOf(&world).OwnerOf(key).shard == 0 ? "b" : "a";
  world.database(other).Execute("DELETE FROM posts WHERE user_id = '" + key + "'");
  world.database(other).Execute("DELETE FROM users WHERE id = '" + key + "'");
  for (const json& move : world.Moves()) {
    if (move["state"] == "failed") world.Post("/moves/retry", {{"id", move["id"]}});
  }
  ASSERT_TRUE(world.Settle());
  ExpectSettled(&world, kRoutes);
}

}  // namespace
}  // namespace tidemark::testing
