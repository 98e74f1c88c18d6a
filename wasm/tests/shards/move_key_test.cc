// Single keys that move apart from their slots, and what befalls them when slots move.

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

constexpr const char* kKey = "user-3";

std::string OwnerOf(MoveHarness* world, const std::string& key) {
  const json told = json::parse(world->Ask("GET", "/slots").body, nullptr, false);
  const Result<SlotTable> table = ReadSlotTable(told["table"].dump());
  return table->shards[table->OwnerOf(key).shard];
}

void Fill(MoveHarness* world, int users) {
  for (const char* name : {"a", "b", "c"}) {
    world->database(name).Execute(kUsers);
    world->database(name).Execute(kPosts);
  }
  const std::string names[] = {"a", "b", "c"};
  for (int i = 0; i < users; ++i) {
    const std::string key = "user-" + std::to_string(i);
    native::SqliteStore& shard = world->database(names[SlotOf(key) * 3 / kSlots]);
    shard.Execute("INSERT INTO users VALUES ('" + key + "', 'name')");
    shard.Execute("INSERT INTO posts VALUES (" + std::to_string(i) + ", '" + key + "', 'x')");
  }
  world->Post("/slots", {{"availableShards", {"a", "b", "c"}}});
}

json MoveTo(const std::string& shard, const std::string& key = kKey) {
  return {{"kind", "key"}, {"key", key}, {"shard", shard}};
}

// Where a write and a read of the key are let through, as the library asks.
std::string Where(MoveHarness* world, const std::string& key, std::string_view fence) {
  std::string where;
  for (const std::string& shard : world->shards) {
    native::Held held;
    const std::vector<Param> params = {int64_t{SlotOf(key)},
                                       std::string(sqltext::kKeyPrefix) + key};
    auto ran = world->database(shard).Run({{std::string(fence), params, {}}}, &held);
    const auto* sets = std::get_if<ResultSets>(&ran);
    if (sets != nullptr && !sets->front().rows.empty()) where += shard;
  }
  return where;
}

void ExpectAt(MoveHarness* world, const std::string& key, const std::string& shard) {
  EXPECT_EQ(OwnerOf(world, key), shard);
  EXPECT_EQ(Where(world, key, sqltext::kWriteFence), shard);
  EXPECT_EQ(Where(world, key, sqltext::kReadFence), shard);
  EXPECT_EQ(world->database(shard).Rows("SELECT name FROM users WHERE id = '" + key + "'").size(),
            1U);
  ExpectSettled(world, kRoutes);
}

TEST(KeyMoves, KeyGoesWithAllItsRowsAndItsNeighboursStay) {
  MoveHarness world;
  Fill(&world, 60);
  const std::vector<std::string> posts = world.Everywhere("SELECT * FROM posts");
  const std::string home = OwnerOf(&world, kKey);
  const std::string other = home == "a" ? "b" : "a";
  const size_t before = world.database(other).Rows("SELECT 1 FROM posts").size();
  EXPECT_TRUE(world.Post("/moves", MoveTo(home))["moves"].empty());
  const json begun = world.Post("/moves", MoveTo(other))["moves"];
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(begun[0]["key"], kKey);
  EXPECT_EQ(begun[0]["slots"], 0);
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  EXPECT_EQ(world.Moves().back()["copied"], 2);
  EXPECT_EQ(world.database(other).Rows("SELECT 1 FROM posts").size(), before + 1);
  EXPECT_EQ(world.Everywhere("SELECT * FROM posts"), posts);
  ExpectAt(&world, kKey, other);
  world.Post("/moves", MoveTo(home));
  ASSERT_TRUE(world.Settle());
  ExpectAt(&world, kKey, home);
  EXPECT_EQ(world.Ask("GET", "/slots").body.find(kKey), std::string::npos);
}

TEST(KeyMoves, KeyStaysApartWhileSlotsMoveAndLeavesADrainedShard) {
  MoveHarness world;
  Fill(&world, 90);
  const std::vector<std::string> posts = world.Everywhere("SELECT * FROM posts");
  const std::string home = OwnerOf(&world, kKey);
  const std::string other = home == "a" ? "b" : "a";
  const std::string third = home == "c" || other == "c" ? (home == "b" ? "a" : "b") : "c";
  world.Post("/moves", MoveTo(other));
  ASSERT_TRUE(world.Settle());
  // Its slot goes, and the mark that the key is elsewhere goes with it.
  world.Post("/moves", {{"kind", "drain"}, {"shard", home}});
  ASSERT_TRUE(world.Settle());
  ExpectAt(&world, kKey, other);
  world.Post("/moves", {{"kind", "add"}, {"shard", home}});
  ASSERT_TRUE(world.Settle());
  ExpectAt(&world, kKey, other);
  world.Post("/moves", {{"kind", "drain"}, {"shard", other}});
  ASSERT_TRUE(world.Settle());
  EXPECT_NE(OwnerOf(&world, kKey), other);
  ExpectAt(&world, kKey, OwnerOf(&world, kKey));
  EXPECT_TRUE(world.database(other).Rows("SELECT 1 FROM users").empty());
  EXPECT_EQ(world.Everywhere("SELECT * FROM posts"), posts);
}

TEST(KeyMoves, DeathsAndLostAnswersLoseNothing) {
  for (int steps = 1; steps < 80; steps += 2) {
    MoveHarness world;
    Fill(&world, 30);
    const std::vector<std::string> posts = world.Everywhere("SELECT * FROM posts");
    const std::string home = OwnerOf(&world, kKey);
    const std::string other = home == "a" ? "b" : "a";
    for (const std::string& shard : {other, home, other}) {
      world.Post("/moves", MoveTo(shard));
      world.StepAlarm(steps);
      world.Crash();
      int batch = 0;
      world.after = [&](const std::string&) -> std::optional<Failure> {
        if (++batch == steps) return Failure{"unavailable", "D1 is down"};
        return std::nullopt;
      };
      ASSERT_TRUE(world.Settle()) << steps;
      world.after = nullptr;
      EXPECT_EQ(world.State(), "cleaned") << world.Moves();
      EXPECT_EQ(world.Everywhere("SELECT * FROM posts"), posts) << steps;
      ExpectAt(&world, kKey, shard);
    }
  }
}

// A write as the library's, on each shard; how many took it.
int WriteEverywhere(MoveHarness* world, const std::string& key, const std::string& value) {
  int taken = 0;
  for (const std::string& shard : world->shards) {
    native::Held held;
    const std::vector<Param> place = {int64_t{SlotOf(key)}, std::string(sqltext::kKeyPrefix) + key};
    auto ran =
        world->database(shard).Run({{std::string(sqltext::kWriteFence), place, {}},
                                    {"UPDATE users SET name = ?1 WHERE id = ?2", {value, key}, {}},
                                    {std::string(sqltext::kAfterWrite), {}, {}}},
                                   &held);
    const auto* sets = std::get_if<ResultSets>(&ran);
    if (sets == nullptr) continue;
    EXPECT_EQ(sets->back().Integer(0, 0), 1) << shard;
    ++taken;
  }
  return taken;
}

TEST(KeyMoves, KeyThatWasAwayIsFrozenWithItsSlot) {
  MoveHarness world;
  Fill(&world, 30);
  const std::string home = OwnerOf(&world, kKey);
  const std::string other = home == "a" ? "b" : "a";
  for (const std::string& shard : {other, home}) {
    world.Post("/moves", MoveTo(shard));
    ASSERT_TRUE(world.Settle());
  }
  std::string last;
  int turn = 0;
  int refused = 0;
  for (const char* kind : {"drain", "add"}) {
    world.Post("/moves", {{"kind", kind}, {"shard", home}});
    while (world.StepAlarm(1)) {
      const std::string value = "value " + std::to_string(++turn);
      const int taken = WriteEverywhere(&world, kKey, value);
      ASSERT_LE(taken, 1);
      if (taken == 1) last = value;
      refused += 1 - taken;
    }
    EXPECT_EQ(world.Everywhere("SELECT name FROM users WHERE id = 'user-3'"),
              std::vector<std::string>{last});
    ExpectSettled(&world, kRoutes);
  }
  EXPECT_GT(refused, 0);
}

TEST(KeyMoves, KeyWhoseMoveIsRetriedLeavesADrainedShardToo) {
  MoveHarness world;
  Fill(&world, 30);
  const std::string home = OwnerOf(&world, kKey);
  const std::string other = home == "a" ? "b" : "a";
  world.database(other).Execute("DELETE FROM posts; DELETE FROM users");
  world.database(other).Execute("CREATE UNIQUE INDEX once ON users (name)");
  std::string theirs = "t";
  while (OwnerOf(&world, theirs) != other) theirs += "t";
  world.database(other).Execute("INSERT INTO users VALUES ('" + theirs + "', 'name')");
  world.Post("/moves", MoveTo(other));
  ASSERT_TRUE(world.Settle());
  const json failed = world.Moves().back();
  EXPECT_EQ(failed["state"], "failed");
  ExpectSettled(&world, kRoutes);
  world.database(other).Execute("DROP INDEX once");
  world.Post("/moves", MoveTo(home, theirs));
  ASSERT_TRUE(world.Settle());
  world.Post("/moves/retry", {{"id", failed["id"]}});
  ASSERT_TRUE(world.Settle());
  ExpectAt(&world, kKey, other);
  world.Post("/moves", {{"kind", "drain"}, {"shard", other}});
  ASSERT_TRUE(world.Settle());
  EXPECT_NE(OwnerOf(&world, kKey), other);
  EXPECT_TRUE(world.database(other).Rows("SELECT 1 FROM users").empty());
  ExpectSettled(&world, kRoutes);
}

TEST(KeyMoves, KeyWhoseSlotHasComeToItIsLetGoOfOnDemand) {
  MoveHarness world;
  Fill(&world, 30);
  const std::string home = OwnerOf(&world, kKey);
  const std::string other = home == "a" ? "b" : "a";
  world.Post("/moves", MoveTo(other));
  ASSERT_TRUE(world.Settle());
  json weights = {{"a", 0}, {"b", 0}, {"c", 0}};
  weights[other] = 1;
  world.Post("/moves", {{"kind", "rebalance"}, {"weights", weights}});
  ASSERT_TRUE(world.Settle());
  EXPECT_NE(world.Ask("GET", "/slots").body.find("\"exceptions\":[["), std::string::npos);
  EXPECT_TRUE(world.Post("/moves", MoveTo(other))["moves"].empty());
  EXPECT_EQ(world.Ask("GET", "/slots").body.find("\"exceptions\":[["), std::string::npos);
  weights[other] = 0;
  weights[home] = 1;
  world.Post("/moves", {{"kind", "rebalance"}, {"weights", weights}});
  ASSERT_TRUE(world.Settle());
  ExpectAt(&world, kKey, home);
}

TEST(KeyMoves, NumbersAreKeysToo) {
  MoveHarness world;
  for (const char* name : {"a", "b", "c"}) {
    world.database(name).Execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
    world.database(name).Execute("CREATE TABLE notes (user_id, text TEXT, PRIMARY KEY (text))");
  }
  world.Post("/routes", {{"tables", {{"notes", "user_id"}}}});
  world.Post("/slots", {{"availableShards", {"a", "b", "c"}}});
  const std::string home = OwnerOf(&world, "7");
  const std::string other = home == "a" ? "b" : "a";
  world.database(home).Execute("INSERT INTO users VALUES (7, 'seven')");
  world.database(home).Execute(
      "INSERT INTO notes VALUES (7, 'integer'), ('7', 'text'), (7.0, 'real')");
  world.Post("/moves", MoveTo(other, "7"));
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.database(other).Rows("SELECT id FROM users"), std::vector<std::string>{"7"});
  EXPECT_EQ(world.database(other).Rows("SELECT text FROM notes").size(), 3U);
  EXPECT_TRUE(world.database(home).Rows("SELECT text FROM notes").empty());
}

TEST(KeyMoves, WhatMakesNoSenseIsRefused) {
  MoveHarness world;
  Fill(&world, 3);
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "key"}, {"shard", "a"}}), "invalid_parameter");
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "key"}, {"key", kKey}}), "invalid_parameter");
  EXPECT_EQ(world.CodeOf("/moves", MoveTo("a", std::string(1025, 'k'))), "invalid_parameter");
  EXPECT_EQ(world.CodeOf("/moves", MoveTo("z")), "not_found");
  const std::string home = OwnerOf(&world, kKey);
  const std::string other = home == "a" ? "b" : "a";
  json dry = MoveTo(other);
  dry["dryRun"] = true;
  EXPECT_EQ(world.Post("/moves", dry)["moves"].size(), 1U);
  EXPECT_TRUE(world.Moves().empty());
  world.Post("/moves", MoveTo(other));
  EXPECT_EQ(world.CodeOf("/moves", MoveTo(home)), "moves_under_way");
  EXPECT_EQ(world.CodeOf("/flush", nullptr), "moves_under_way");
}

}  // namespace
}  // namespace tidemark::testing
