#include "shards/strategy.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "shards/rendezvous.h"
#include "shards/size_limit.h"

namespace tidemark {
namespace {

using Names = std::vector<std::string>;

Names Named(int count) {
  Names names;
  for (int i = 0; i < count; ++i) names.push_back("db-" + std::to_string(i));
  return names;
}

Choice ChoiceOf(Strategy strategy, const Names& shards) {
  return {.key = "user-123", .strategy = strategy, .shards = shards, .available = shards};
}

class RendezvousOf : public ::testing::TestWithParam<int> {};

// Whatever the number of shards has in common with the keys' own pattern.
TEST_P(RendezvousOf, SpreadsIntegersEvenly) {
  const int shards = GetParam();
  const Names names = Named(shards);
  constexpr int kKeysPerShard = 100;
  std::map<std::string, int> counts;
  for (int key = 0; key < shards * kKeysPerShard; ++key) {
    ++counts[Rendezvous(std::to_string(key), names)];
  }
  ASSERT_EQ(counts.size(), names.size());
  // A deviation of 10: five of them.
  for (const auto& [name, count] : counts) EXPECT_NEAR(count, kKeysPerShard, 50) << name;
}

INSTANTIATE_TEST_SUITE_P(Shards, RendezvousOf, ::testing::Values(1, 2, 3, 4, 5, 31, 62, 93));

class RendezvousGrows : public ::testing::TestWithParam<int> {};

TEST_P(RendezvousGrows, MovesKeysOnlyToAnAddedShardAndItsShareOfThem) {
  const int shards = GetParam();
  const Names before = Named(shards);
  const Names after = Named(shards + 1);
  const int keys = (shards + 1) * 600;
  int moved = 0;
  for (int key = 0; key < keys; ++key) {
    const std::string& old = Rendezvous("user-" + std::to_string(key), before);
    const std::string& now = Rendezvous("user-" + std::to_string(key), after);
    if (old == now) continue;
    ++moved;
    ASSERT_EQ(now, after.back());
  }
  EXPECT_NEAR(moved, 600, 125);
}

INSTANTIATE_TEST_SUITE_P(Shards, RendezvousGrows, ::testing::Values(1, 2, 3, 4, 5, 30));

TEST(Rendezvous, TheOrderOfTheNamesDoesNotMatter) {
  for (int key = 0; key < 200; ++key) {
    const std::string text = std::to_string(key);
    const Names names = {"b", "a", "c"};
    const Names others = {"c", "b", "a"};
    EXPECT_EQ(Rendezvous(text, names), Rendezvous(text, others));
  }
}

// By an independent calculation with `sha256sum`: what is stored must be found again for ever.
TEST(Rendezvous, StaysWhereItWas) {
  const Names names = {"db-east", "db-west", "db-central"};
  EXPECT_EQ(Rendezvous("user-123", names), "db-east");
  EXPECT_EQ(Rendezvous("0", names), "db-west");
  EXPECT_EQ(Rendezvous("2", names), "db-central");
  EXPECT_EQ(Rendezvous("", names), "db-east");
}

TEST(RoundRobin, TakesEachInTurnByName) {
  Choice choice = ChoiceOf(Strategy::kRoundRobin, {"c", "a", "b"});
  std::string taken;
  for (int i = 0; i < 7; ++i) {
    const Chosen chosen = ChooseShardOf(choice);
    taken += chosen.shard;
    choice.position = chosen.position;
  }
  EXPECT_EQ(taken, "abcabca");
}

TEST(RoundRobin, SkipsWhoMayNotBeChosenAndStaysEven) {
  Choice choice = ChoiceOf(Strategy::kRoundRobin, {"a", "b", "c", "d"});
  choice.available = {"d", "a"};
  std::string taken;
  for (int i = 0; i < 6; ++i) {
    const Chosen chosen = ChooseShardOf(choice);
    taken += chosen.shard;
    choice.position = chosen.position;
    if (i == 3) choice.available = choice.shards;  // b and c are back: nobody has a turn twice
  }
  EXPECT_EQ(taken, "adadab");
}

TEST(RoundRobin, APositionPastTheEndBeginsAnew) {
  Choice choice = ChoiceOf(Strategy::kRoundRobin, {"a", "b"});
  choice.position = 5;
  EXPECT_EQ(ChooseShardOf(choice).shard, "b");
}

TEST(RandomStrategy, TakesEachAsOftenAndTheSameForTheSameSeed) {
  Choice choice = ChoiceOf(Strategy::kRandom, Named(5));
  std::map<std::string, int> counts;
  for (choice.seed = 1; choice.seed <= 5'000; ++choice.seed) ++counts[ChooseShardOf(choice).shard];
  ASSERT_EQ(counts.size(), 5U);
  for (const auto& [name, count] : counts) EXPECT_NEAR(count, 1'000, 150) << name;
  EXPECT_EQ(ChooseShardOf(choice).shard, ChooseShardOf(choice).shard);
}

// Who gets keys, of shards at places, from a target region.
std::set<std::string> Located(const ShardPlaces& places, std::string_view target,
                              const Names& unplaced = {}) {
  Names shards = unplaced;
  for (const auto& [name, place] : places) shards.push_back(name);
  Choice choice = ChoiceOf(Strategy::kLocation, shards);
  choice.places = places;
  choice.region = ParseRegion(target);
  std::set<std::string> taken;
  for (int key = 0; key < 50; ++key) {
    choice.key = std::to_string(key);
    taken.insert(ChooseShardOf(choice).shard);
  }
  return taken;
}

TEST(Location, TheNearestTakesAllWhateverThePriorities) {
  const ShardPlaces places = {{"east", {.region = Region::kEnam, .priority = 5}},
                              {"west", {.region = Region::kWnam, .priority = 0}}};
  EXPECT_EQ(Located(places, "wnam"), (std::set<std::string>{"west"}));
  EXPECT_EQ(Located(places, "apac"), (std::set<std::string>{"west"}));
  EXPECT_EQ(Located(places, "weur"), (std::set<std::string>{"east"}));
}

TEST(Location, OfThoseAsNearTheHighestPriorityAndThenAllOfThem) {
  ShardPlaces places = {{"a", {.region = Region::kWeur, .priority = 0}},
                        {"b", {.region = Region::kWeur, .priority = 0.5}},
                        {"c", {.region = Region::kWeur, .priority = 0.5}}};
  EXPECT_EQ(Located(places, "enam"), (std::set<std::string>{"b", "c"}));
  places["a"].priority = 1;
  EXPECT_EQ(Located(places, "enam"), (std::set<std::string>{"a"}));
}

// 0 is less than the 1 of a shard that names no priority.
TEST(Location, APriorityOfZeroIsZero) {
  const ShardPlaces places = {{"a", {.region = Region::kWeur, .priority = 0}},
                              {"b", {.region = Region::kWeur}}};
  EXPECT_EQ(Located(places, "weur"), (std::set<std::string>{"b"}));
}

TEST(Location, AShardWithoutAPlaceIsFarthest) {
  const ShardPlaces places = {{"a", {.region = Region::kOc}}};
  EXPECT_EQ(Located(places, "weur", {"nowhere"}), (std::set<std::string>{"a"}));
  EXPECT_EQ(Located({}, "weur", {"x", "y"}), (std::set<std::string>{"x", "y"}));
}

TEST(Location, WithoutATargetItIsHash) {
  const ShardPlaces places = {{"a", {.region = Region::kOc}}, {"b", {.region = Region::kMe}}};
  EXPECT_EQ(Located(places, ""), (std::set<std::string>{"a", "b"}));
}

TEST(ShardPlaces, AreRegionsOrRegionsWithPriorities) {
  const auto places = ReadShardPlaces(
      R"({"a": "wnam", "b": {"region": "me", "priority": 0}, "c": {"region": "af"}})");
  ASSERT_TRUE(places.ok());
  EXPECT_EQ(places->at("a").region, Region::kWnam);
  EXPECT_EQ(places->at("a").priority, 1);
  EXPECT_EQ(places->at("b").priority, 0);
  EXPECT_EQ(places->at("c").priority, 1);
  EXPECT_TRUE(ReadShardPlaces("")->empty());
}

TEST(ShardPlaces, WhatIsNoneIsRefused) {
  EXPECT_EQ(ReadShardPlaces(R"({"a": "mars"})").status().code(), "invalid_region");
  EXPECT_EQ(ReadShardPlaces(R"({"a": {"region": "WNAM"}})").status().code(), "invalid_region");
  EXPECT_EQ(ReadShardPlaces(R"({"a": 1})").status().code(), "invalid_parameter");
  EXPECT_EQ(ReadShardPlaces(R"({"a": {"priority": 1}})").status().code(), "invalid_parameter");
  EXPECT_EQ(ReadShardPlaces(R"({"a": {"region": "me", "priority": "1"}})").status().code(),
            "invalid_parameter");
  EXPECT_EQ(ReadShardPlaces("[]").status().code(), "invalid_parameter");
  EXPECT_EQ(ReadShardPlaces("{").status().code(), "invalid_json");
}

TEST(Strategies, AreFourByName) {
  for (const char* name : {"hash", "round-robin", "random", "location"}) {
    EXPECT_EQ(StrategyName(*ParseStrategy(name)), name);
  }
  for (const char* name : {"", "HASH", "roundrobin", "mixed"}) {
    EXPECT_EQ(ParseStrategy(name).status().code(), "invalid_strategy");
  }
}

TEST(SizeLimit, OnlyLargerOnesAreLeftOut) {
  const ShardSizes sizes = {{"a", 100}, {"b", 101}, {"c", 500}};
  Names shards = {"a", "b", "c", "unknown"};
  EXPECT_EQ(ExcludeLarge(sizes, 100, &shards), (Names{"b", "c"}));
  EXPECT_EQ(shards, (Names{"a", "unknown"}));
}

TEST(SizeLimit, IfAllAreLargerAllStay) {
  const ShardSizes sizes = {{"a", 101}, {"b", 102}};
  Names shards = {"a", "b"};
  EXPECT_EQ(ExcludeLarge(sizes, 100, &shards), Names());
  EXPECT_EQ(shards, (Names{"a", "b"}));
}

TEST(SizeLimit, WithoutALimitAllStay) {
  Names shards = {"a"};
  EXPECT_EQ(ExcludeLarge({{"a", 101}}, std::nullopt, &shards), Names());
  EXPECT_EQ(shards, Names{"a"});
}

}  // namespace
}  // namespace tidemark
