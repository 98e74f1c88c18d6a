// Which shard a key gets, and that it keeps it.

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "shards/rendezvous.h"
#include "tests/shards/coordinator_harness.h"

namespace tidemark::testing {
namespace {

json Key(const std::string& key) { return {{"primaryKey", key}}; }
json Key(const std::string& key, const std::string& strategy) {
  return {{"primaryKey", key}, {"strategy", strategy}};
}

TEST(CoordinatorAllocates, ByRoundRobinUnlessTold) {
  Coordinator coordinator;
  coordinator.Register({"c", "a", "b"});
  std::string taken;
  for (int key = 0; key < 6; ++key) taken += coordinator.Allocate(Key(std::to_string(key)));
  EXPECT_EQ(taken, "abcabc");
  for (const char* shard : {"a", "b", "c"}) EXPECT_EQ(coordinator.CountOf(shard), 2);
  EXPECT_EQ(coordinator.state["strategy"], "round-robin");
  EXPECT_EQ(coordinator.state["roundRobinIndex"], 0);
}

TEST(CoordinatorAllocates, TheSameKeyToTheSameShardForEver) {
  Coordinator coordinator;
  coordinator.Register({"a", "b", "c"});
  const std::string shard = coordinator.Allocate(Key("user-123"));
  for (const char* strategy : {"round-robin", "random", "hash"}) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(coordinator.Allocate(Key("user-123", strategy)), shard);
  }
  EXPECT_EQ(coordinator.CountOf(shard), 1);
  EXPECT_EQ(coordinator.state["roundRobinIndex"], 1);
}

TEST(CoordinatorAllocates, ByHashAsEverybodyElseDoes) {
  Coordinator coordinator;
  const std::vector<std::string> names = {"a", "b", "c"};
  coordinator.Register({"b", "c", "a"});
  for (int key = 0; key < 30; ++key) {
    const std::string text = std::to_string(key);
    EXPECT_EQ(coordinator.Allocate(Key(text, "hash")), Rendezvous(text, names));
  }
}

TEST(CoordinatorAllocates, AtRandomToAll) {
  Coordinator coordinator;
  coordinator.Register({"a", "b", "c"});
  std::set<std::string> taken;
  for (int key = 0; key < 40; ++key) {
    taken.insert(coordinator.Allocate(Key(std::to_string(key), "random")));
  }
  EXPECT_EQ(taken.size(), 3U);
}

TEST(CoordinatorAllocates, ByLocationWhereItIsTold) {
  Coordinator coordinator;
  coordinator.Register({"db-east", "db-west"});
  json body = Key("k", "location");
  body["targetRegion"] = "wnam";
  body["shardLocations"] = {{"db-east", "enam"}, {"db-west", {{"region", "wnam"}}}};
  EXPECT_EQ(coordinator.Allocate(body), "db-west");
  body["primaryKey"] = "l";
  body["targetRegion"] = "weur";
  EXPECT_EQ(coordinator.Allocate(body), "db-east");
  body["primaryKey"] = "m";
  body["targetRegion"] = "mars";
  EXPECT_EQ(coordinator.Allocate(body), "invalid_region");
}

TEST(CoordinatorAllocates, AReadIsToldAndNothingIsRemembered) {
  Coordinator coordinator;
  coordinator.Register({"a", "b"});
  json read = Key("k");
  read["operationType"] = "read";
  EXPECT_EQ(coordinator.Allocate(read), "a");
  EXPECT_EQ(coordinator.Allocate(read), "a");
  EXPECT_EQ(coordinator.state["roundRobinIndex"], 0);
  EXPECT_EQ(coordinator.CountOf("a"), 0);
  EXPECT_EQ(coordinator.Allocate(Key("other")), "a");
  EXPECT_EQ(coordinator.Allocate(Key("k")), "b");
  EXPECT_EQ(coordinator.Allocate(read), "b");
}

TEST(CoordinatorAllocates, AmongThoseThatTheCallerHas) {
  Coordinator coordinator;
  coordinator.Register({"a", "b", "c"});
  std::string taken;
  for (int key = 0; key < 4; ++key) {
    json body = Key(std::to_string(key));
    body["availableShards"] = {"c", "b"};
    taken += coordinator.Allocate(body);
  }
  EXPECT_EQ(taken, "bcbc");
}

TEST(CoordinatorAllocates, ToANewShardOfTheCallersButNotToARetiredOne) {
  Coordinator coordinator;
  coordinator.Register({"a", "b"});
  coordinator.Ask("DELETE", "/shards", R"({"shard":"b"})");
  std::string taken;
  for (int key = 0; key < 4; ++key) {
    json body = Key(std::to_string(key));
    body["availableShards"] = {"a", "b", "c"};
    taken += coordinator.Allocate(body);
  }
  EXPECT_EQ(taken, "acac");
  EXPECT_EQ(coordinator.Get("/shards"), json({"a", "c"}));
  json body = Key("k");
  body["availableShards"] = {"b"};
  EXPECT_EQ(coordinator.Allocate(body), "no_shards");
  coordinator.Register({"b"});
  EXPECT_EQ(coordinator.Allocate(body), "b");
}

TEST(CoordinatorAllocates, WhoRegisteredNoneNamesThemWithTheFirstKey) {
  Coordinator coordinator;
  EXPECT_EQ(coordinator.Allocate(Key("k")), "no_shards");
  json body = Key("k");
  body["availableShards"] = {"db-2", "db-1"};
  EXPECT_EQ(coordinator.Allocate(body), "db-1");
  EXPECT_EQ(coordinator.Get("/shards"), json({"db-2", "db-1"}));
  EXPECT_EQ(coordinator.CountOf("db-1"), 1);
  EXPECT_EQ(coordinator.Allocate(Key("l")), "db-2");
}

// What lies in a shard that takes no new keys stays there.
TEST(CoordinatorAllocates, ARememberedShardEvenWhereItIsNotAvailable) {
  Coordinator coordinator;
  coordinator.Register({"a", "b"});
  EXPECT_EQ(coordinator.Allocate(Key("k")), "a");
  json body = Key("k");
  body["availableShards"] = {"b"};
  EXPECT_EQ(coordinator.Allocate(body), "a");
}

TEST(CoordinatorAllocates, AnotherShardOnceItsOwnIsGone) {
  Coordinator coordinator;
  coordinator.Register({"a", "b"});
  EXPECT_EQ(coordinator.Allocate(Key("k")), "a");
  coordinator.Ask("DELETE", "/shards", R"({"shard":"a"})");
  EXPECT_EQ(coordinator.Allocate(Key("k")), "b");
  coordinator.Register({"a"});
  EXPECT_EQ(coordinator.Allocate(Key("k")), "b");
  EXPECT_EQ(coordinator.CountOf("a"), 0);
  EXPECT_EQ(coordinator.CountOf("b"), 1);
}

TEST(CoordinatorAllocates, InTurnAlsoWhenShardsComeAndGo) {
  Coordinator coordinator;
  coordinator.Register({"b", "d", "f"});
  int key = 0;
  const auto next = [&] { return coordinator.Allocate(Key(std::to_string(key++))); };
  EXPECT_EQ(next(), "b");
  coordinator.Register({"a", "c"});  // one that was passed, and one whose turn it is
  EXPECT_EQ(next(), "d");
  coordinator.Ask("DELETE", "/shards", R"({"shard":"f"})");
  EXPECT_EQ(next(), "a");
  coordinator.Ask("DELETE", "/shards", R"({"shard":"a"})");
  EXPECT_EQ(next(), "b");
  for (const char* shard : {"b", "c", "d"}) {
    coordinator.Ask("DELETE", "/shards", json({{"shard", shard}}).dump());
  }
  EXPECT_EQ(next(), "no_shards");
  coordinator.Register({"x"});
  EXPECT_EQ(next(), "x");
}

TEST(CoordinatorAllocates, WhatMakesNoSenseIsRefusedAndChangesNothing) {
  Coordinator coordinator;
  coordinator.Register({"a", "b"});
  const json state = coordinator.state;
  const std::vector<std::pair<json, std::string>> cases = {
      {json::object(), "invalid_parameter"},
      {json::array(), "invalid_parameter"},
      {Key(""), "invalid_parameter"},
      {{{"primaryKey", 7}}, "invalid_parameter"},
      {Key("k", "mixed"), "invalid_strategy"},
      {{{"primaryKey", "k"}, {"strategy", 7}}, "invalid_strategy"},
      {{{"primaryKey", "k"}, {"operationType", "look"}}, "invalid_parameter"},
      {{{"primaryKey", "k"}, {"operationType", 1}}, "invalid_parameter"},
      {{{"primaryKey", "k"}, {"availableShards", json::array()}}, "no_shards"},
      {{{"primaryKey", "k"}, {"availableShards", "a"}}, "invalid_shards"},
      {{{"primaryKey", "k"}, {"availableShards", {1}}}, "invalid_shards"},
      {{{"primaryKey", "k"}, {"availableShards", {"a", "a"}}}, "invalid_shards"},
      {{{"primaryKey", "k"}, {"targetRegion", 1}}, "invalid_parameter"},
      {{{"primaryKey", "k"}, {"shardLocations", {{"a", 1}}}}, "invalid_parameter"},
  };
  for (const auto& [body, code] : cases) EXPECT_EQ(coordinator.Allocate(body), code) << body;
  EXPECT_EQ(coordinator.state, state);
  EXPECT_TRUE(coordinator.store.Rows("SELECT shard FROM placed").empty());
  // What is null was not given.
  EXPECT_EQ(coordinator.Allocate({{"primaryKey", "k"},
                                  {"strategy", nullptr},
                                  {"operationType", nullptr},
                                  {"availableShards", nullptr}}),
            "a");
}

}  // namespace
}  // namespace tidemark::testing
