// Slots of a coordinator that move between SQLite databases.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "shards/slot_table.h"
#include "tests/shards/move_settled.h"
#include "tests/support/move_harness.h"

namespace tidemark::testing {
namespace {

constexpr const char* kUsers = "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT)";
const std::map<std::string, std::string> kByUser = {{"users", "id"}};

// The shard of a first table over `names`, in order.
size_t FirstOwner(const std::string& key, size_t names) { return SlotOf(key) * names / kSlots; }

void AddUser(MoveHarness* world, const std::string& shard, const std::string& key) {
  world->database(shard).Execute("INSERT INTO users VALUES ('" + key + "', 'name of " + key + "')");
}

// Two shards with so many users, a slot table over them, and a third shard that has nothing.
std::vector<std::string> FillUsers(MoveHarness* world, int users) {
  const std::string names[] = {"a", "b"};
  for (const std::string& name : names) world->database(name).Execute(kUsers);
  for (int i = 0; i < users; ++i) {
    const std::string key = "user-" + std::to_string(i);
    AddUser(world, names[FirstOwner(key, 2)], key);
  }
  world->Post("/slots", {{"availableShards", {"b", "a"}}});
  return world->Everywhere("SELECT * FROM users");
}

// Of b's slots a few go to a, in three groups; of two keys in three they are.
const json kFewToA = {{"kind", "rebalance"}, {"weights", {{"a", 2096}, {"b", 2000}}}};

std::vector<std::string> FillFew(MoveHarness* world) {
  for (const char* name : {"a", "b"}) world->database(name).Execute(kUsers);
  int number = 0;
  for (int i = 0; i < 30; ++i) {
    std::string key;
    do {
      key = "user-" + std::to_string(number++);
    } while (i % 3 > 0 && SlotOf(key) < kSlots - 48);
    AddUser(world, FirstOwner(key, 2) == 0 ? "a" : "b", key);
  }
  world->Post("/slots", {{"availableShards", {"b", "a"}}});
  return world->Everywhere("SELECT * FROM users");
}

const json kAddC = {{"kind", "add"}, {"shard", "c"}};
const json kDrainC = {{"kind", "drain"}, {"shard", "c"}};

TEST(Slots, FirstTableIsInstalledInEachShardAndThenStaysAsItIs) {
  MoveHarness world;
  EXPECT_EQ(world.Ask("GET", "/slots").status, 404);
  EXPECT_EQ(world.CodeOf("/slots", {{"availableShards", {"a", "z"}}}), "shard_unreachable");
  FillUsers(&world, 20);
  const json first = world.Post("/slots", {{"availableShards", {"a", "b", "c"}}});
  EXPECT_EQ(first["version"], 1);
  EXPECT_EQ(first["table"]["shards"], json({"a", "b"}));
  EXPECT_EQ(json::parse(world.Ask("GET", "/slots").body), first);
  EXPECT_EQ(world.Ask("GET", "/slots", nullptr, "1").body, R"({"version":1})");
  EXPECT_EQ(json::parse(world.Ask("GET", "/slots", nullptr, "0").body), first);
  EXPECT_EQ(json::parse(world.Ask("GET", "/shards").body), json({"b", "a", "c"}));
  EXPECT_EQ(world.database("a").Rows("SELECT slots FROM tidemark_shard"),
            std::vector<std::string>{"2048"});
  ExpectSettled(&world, kByUser);
}

TEST(Slots, ShardThatDoesNotAnswerIsAskedAgainByTheNextRequest) {
  MoveHarness world;
  int left = 3;
  world.before = [&](const std::string&) -> std::optional<Failure> {
    if (--left < 0) return Failure{"unavailable", "D1 is down"};
    return std::nullopt;
  };
  EXPECT_EQ(world.CodeOf("/slots", {{"availableShards", {"a", "b"}}}), "unavailable");
  EXPECT_EQ(world.Ask("GET", "/slots").status, 404);
  world.before = nullptr;
  EXPECT_EQ(world.CodeOf("/slots", {{"availableShards", {"a", "b"}}}), "");
  ExpectSettled(&world, {});
}

TEST(Moves, AddedShardTakesItsShareAndDrainedOneGivesAllBack) {
  MoveHarness world;
  const std::vector<std::string> users = FillUsers(&world, 600);
  const json planned = world.Post("/moves", kAddC);
  ASSERT_EQ(planned["moves"].size(), 2U);
  EXPECT_EQ(planned["moves"][0]["to"], "c");
  EXPECT_EQ(world.CodeOf("/moves", kDrainC), "moves_under_way");
  ASSERT_TRUE(world.Settle());
  for (const json& move : world.Moves()) {
    EXPECT_EQ(move["state"], "cleaned") << move;
    EXPECT_EQ(move["copied"], move["rows"]);
  }
  EXPECT_EQ(world.Everywhere("SELECT * FROM users"), users);
  EXPECT_GT(world.database("c").Rows("SELECT 1 FROM users").size(), 100U);
  ExpectSettled(&world, kByUser);
  EXPECT_TRUE(world.Post("/moves", kAddC)["moves"].empty());
  EXPECT_EQ(world.Post("/moves", kDrainC)["moves"].size(), 2U);
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.Everywhere("SELECT * FROM users"), users);
  EXPECT_TRUE(world.database("c").Rows("SELECT 1 FROM users").empty());
  ExpectSettled(&world, kByUser);
}

TEST(Moves, DryRunOfARebalancePlansAndChangesNothing) {
  MoveHarness world;
  FillUsers(&world, 10);
  const std::string before = world.Ask("GET", "/slots").body;
  const json plan = world.Post(
      "/moves", {{"kind", "rebalance"}, {"weights", {{"a", 3}, {"b", 1}}}, {"dryRun", true}});
  ASSERT_EQ(plan["moves"].size(), 1U);
  EXPECT_EQ(plan["moves"][0]["from"], "b");
  EXPECT_EQ(plan["moves"][0]["slots"], 1024);
  EXPECT_EQ(
      world.Post("/moves", {{"kind", "add"}, {"shard", "c"}, {"dryRun", true}})["moves"].size(),
      2U);
  EXPECT_EQ(world.Ask("GET", "/slots").body, before);
  EXPECT_TRUE(world.Moves().empty());
  EXPECT_FALSE(world.alarm);
  EXPECT_TRUE(world.Post("/moves", {{"kind", "rebalance"}})["moves"].empty());
}

TEST(Moves, WhatMakesNoSenseIsRefused) {
  MoveHarness world;
  EXPECT_EQ(world.CodeOf("/moves", kAddC), "no_slots");
  FillUsers(&world, 1);
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "drain"}}), "invalid_parameter");
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "swap"}, {"shard", "a"}}), "invalid_parameter");
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "drain"}, {"shard", "z"}}), "not_found");
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "add"}, {"shard", "z"}}), "shard_unreachable");
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "rebalance"}, {"weights", {{"z", 1}}}}), "not_found");
  EXPECT_EQ(world.CodeOf("/moves", {{"kind", "rebalance"}, {"weights", {{"a", -1}}}}),
            "invalid_weights");
  EXPECT_EQ(world.CodeOf("/moves/retry", {{"id", 1}}), "not_found");
  EXPECT_EQ(world.CodeOf("/routes", {{"tables", {{"users", 1}}}}), "invalid_parameter");
}

TEST(Moves, DeathBetweenAnyTwoStepsEndsInTheSameRows) {
  int deaths = 0;
  for (int steps = 1; steps < 130; steps += 3) {
    MoveHarness world;
    const std::vector<std::string> users = FillFew(&world);
    world.Post("/moves", kFewToA);
    for (int i = 0; i < steps; ++i) world.StepAlarm(1);
    if (world.State() != "cleaned") ++deaths;
    world.Crash();
    ASSERT_TRUE(world.Settle()) << steps;
    EXPECT_EQ(world.State(), "cleaned") << steps << world.Moves();
    EXPECT_EQ(world.Everywhere("SELECT * FROM users"), users) << steps;
    ExpectSettled(&world, kByUser);
  }
  EXPECT_GT(deaths, 10);
}

TEST(Moves, ShardThatFailsOrWhoseAnswerIsLostAtAnyBatchIsAskedAgain) {
  for (const bool lost : {false, true}) {
    for (int at = 0; at < 60; ++at) {
      MoveHarness world;
      const std::vector<std::string> users = FillFew(&world);
      world.Post("/moves", kFewToA);
      int batch = 0;
      const auto fail = [&](const std::string&) -> std::optional<Failure> {
        if (batch++ == at) return Failure{"unavailable", "D1 is down"};
        return std::nullopt;
      };
      (lost ? world.after : world.before) = fail;
      ASSERT_TRUE(world.Settle());
      EXPECT_EQ(world.State(), "cleaned") << at << lost << world.Moves();
      EXPECT_EQ(world.Everywhere("SELECT * FROM users"), users) << at << lost;
      ExpectSettled(&world, kByUser);
    }
  }
}

// A batch that nobody waits for any more runs after others have run in its place.
TEST(Moves, BatchThatComesLateIsRefused) {
  for (int at = 0; at < 24; ++at) {
    for (const int later : {2, 1'000}) {
      MoveHarness world;
      const std::vector<std::string> users = FillFew(&world);
      world.Post("/moves", kFewToA);
      int batch = 0;
      world.late = [&](const std::string&) { return batch++ == at; };
      world.before = [&](const std::string&) -> std::optional<Failure> {
        if (batch == at + 1 + later) world.RunLate([](uint64_t) { return 0; });
        return std::nullopt;
      };
      ASSERT_TRUE(world.Settle());
      world.RunLate([](uint64_t) { return 0; });
      EXPECT_EQ(world.State(), "cleaned") << at << " " << later << world.Moves();
      EXPECT_EQ(world.Everywhere("SELECT * FROM users"), users) << at << " " << later;
      ExpectSettled(&world, kByUser);
      if (HasFailure()) FAIL() << at << " " << later;
    }
  }
}

TEST(Moves, WritersBetweenStepsLoseNothing) {
  MoveHarness world;
  FillUsers(&world, 300);
  world.Post("/moves", kAddC);
  int turn = 0;
  int refused = 0;
  std::map<std::string, std::string> model;
  for (const std::string& row : world.Everywhere("SELECT id || '=' || name FROM users")) {
    model[row.substr(0, row.find('='))] = row.substr(row.find('=') + 1);
  }
  // As the library's fence: a write is one where its slot may be written.
  world.before = [&](const std::string&) -> std::optional<Failure> {
    const std::string key = "user-" + std::to_string(turn * 7 % 400);
    for (const std::string& shard : world.shards) {
      native::SqliteStore& store = world.database(shard);
      if (store.Rows("SELECT 1 FROM sqlite_master WHERE name = 'tidemark_slots'").empty()) continue;
      if (store
              .Rows("SELECT 1 FROM tidemark_slots WHERE writable = 1 AND slot = " +
                    std::to_string(SlotOf(key)))
              .empty()) {
        continue;
      }
      const std::string value = "value " + std::to_string(turn);
      if (turn % 5 == 0) {
        store.Execute("DELETE FROM users WHERE id = '" + key + "'");
        model.erase(key);
      } else {
        store.Execute("INSERT OR REPLACE INTO users VALUES ('" + key + "', '" + value + "')");
        model[key] = value;
      }
      ++turn;
      return std::nullopt;
    }
    ++turn;
    ++refused;
    return std::nullopt;
  };
  ASSERT_TRUE(world.Settle());
  world.before = nullptr;
  std::vector<std::string> expected;
  for (const auto& [key, value] : model) expected.push_back(key + "|" + value);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(world.Everywhere("SELECT * FROM users"), expected);
  EXPECT_GT(turn, 40);
  ExpectSettled(&world, kByUser);
}

}  // namespace
}  // namespace tidemark::testing
