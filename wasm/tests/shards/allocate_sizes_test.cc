// New keys among shards that are not too large, as whoever asks for a place tells their sizes.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/shards/coordinator_harness.h"

namespace tidemark::testing {
namespace {

class Sized : public ::testing::Test {
 protected:
  Sized() { coordinator.Register({"a", "b", "c"}); }

  // The whole answer. Each time another key, unless one is named.
  json Ask(const json& more, const std::string& key = "") {
    json body = {{"primaryKey", key.empty() ? "key " + std::to_string(++keys) : key},
                 {"maxDatabaseSize", 1000},
                 {"sizeCacheTtlMs", 30'000}};
    body.update(more);
    const native::Answer answer = coordinator.Post("/allocate", body);
    const json told = json::parse(answer.body);
    return answer.status == 200 ? told : told["code"];
  }
  std::vector<std::string> Noted() {
    return coordinator.store.Rows("SELECT shard, bytes FROM shard_size ORDER BY shard");
  }

  Coordinator coordinator;
  int keys = 0;
};

const json kNothing = json::object();
json Shard(const std::string& name) { return {{"shard", name}}; }
json Without(const std::string& name, const json& excluded) {
  return {{"shard", name}, {"excluded", excluded}};
}
json Sizes(const json& sizes) { return {{"sizes", sizes}}; }

TEST_F(Sized, ShardAboveTheBoundGetsNoNewKeysAndOneOfThatSizeDoes) {
  const json sizes = Sizes({{"a", 1000}, {"b", 1001}, {"c", 0}});
  EXPECT_EQ(Ask(sizes), Without("a", {"b"}));
  EXPECT_EQ(Ask(sizes), Without("c", {"b"}));
  EXPECT_EQ(Ask(sizes), Without("a", {"b"}));
}

TEST_F(Sized, AllAreTakenWhereAllAreTooLarge) {
  const json sizes = Sizes({{"a", 1001}, {"b", 2000}, {"c", 3000}});
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(Ask(sizes), Shard(name));
}

TEST_F(Sized, WhatOneTellsIsKnownToTheOthersWhileItIsYoung) {
  EXPECT_EQ(Ask(Sizes({{"a", 5000}, {"b", 1}, {"c", 1}})), Without("b", {"a"}));
  coordinator.now_ms += 29'999;
  EXPECT_EQ(Ask(kNothing), Without("c", {"a"}));
  EXPECT_EQ(Ask({{"sizeCacheTtlMs", 29'999}}), Sizes({"a", "b", "c"}));
  coordinator.now_ms += 1;
  EXPECT_EQ(Ask(kNothing), Sizes({"a", "b", "c"}));
}

TEST_F(Sized, ThoseWhoseSizeNobodyKnowsAreNamedAndNothingIsPlaced) {
  const json state = coordinator.state;
  EXPECT_EQ(Ask(Sizes({{"b", 5000}}), "k"), Sizes({"a", "c"}));
  EXPECT_TRUE(coordinator.store.Rows("SELECT shard FROM placed").empty());
  EXPECT_EQ(coordinator.state, state);
  // What was told with that question stays.
  EXPECT_EQ(Ask({{"sizes", {{"a", 1}}}, {"sizesAsked", true}}, "k"), Without("a", {"b"}));
}

TEST_F(Sized, OnceTheyWereAskedWhateverIsMissingCountsAsSmall) {
  const json asked = {{"sizes", {{"a", 5000}}}, {"sizesAsked", true}};
  EXPECT_EQ(Ask(asked), Without("b", {"a"}));
  EXPECT_EQ(Ask(asked), Without("c", {"a"}));
  EXPECT_EQ(Ask(kNothing), Sizes({"b", "c"}));
}

TEST_F(Sized, ShardThatDoesNotTellItsSizeIsNotAskedByEveryOne) {
  EXPECT_EQ(Ask(Sizes({{"a", 5000}, {"b", nullptr}, {"c", 5000}})), Without("b", {"a", "c"}));
  EXPECT_EQ(Ask(kNothing), Without("b", {"a", "c"}));
}

TEST_F(Sized, KnownKeyIsAnsweredWithoutSizes) {
  EXPECT_EQ(Ask(Sizes({{"a", 1}, {"b", 1}, {"c", 1}}), "k"), Shard("a"));
  coordinator.now_ms += 60'000;
  EXPECT_EQ(Ask(kNothing, "k"), Shard("a"));
  EXPECT_EQ(Ask(Sizes({{"a", 5000}}), "k"), Shard("a"));
}

TEST_F(Sized, OnlyThoseThatTheCallerHasMatter) {
  const json available = {{"availableShards", {"b", "new"}}};
  EXPECT_EQ(Ask(available), Sizes({"b", "new"}));
  EXPECT_EQ(coordinator.Get("/shards"), json({"a", "b", "c"}));
  json told = available;
  told["sizes"] = {{"new", 1}};
  EXPECT_EQ(Ask(told), Sizes({"b"}));
  EXPECT_TRUE(Noted().empty());
  told["sizes"] = {{"b", 5000}, {"new", 1}, {"elsewhere", 1}};
  EXPECT_EQ(Ask(told), Without("new", {"b"}));
  EXPECT_EQ(Noted(), (std::vector<std::string>{"b|5000", "new|1"}));
  EXPECT_EQ(Ask(available), Without("new", {"b"}));
}

TEST_F(Sized, ReadIsToldTheSameAndNothingIsNoted) {
  json read = Sizes({{"a", 5000}, {"b", 1}, {"c", 1}});
  read["operationType"] = "read";
  EXPECT_EQ(Ask(read), Without("b", {"a"}));
  EXPECT_TRUE(Noted().empty());
  EXPECT_EQ(Ask({{"operationType", "read"}}), Sizes({"a", "b", "c"}));
}

TEST_F(Sized, NothingIsWrittenThatChangesNothing) {
  Ask(Sizes({{"a", 1}, {"b", 1}, {"c", 1}}));
  coordinator.now_ms += 10'000;
  Ask(Sizes({{"a", 2}, {"b", 2000}, {"c", 2}}));
  EXPECT_EQ(Noted(), (std::vector<std::string>{"a|1", "b|2000", "c|1"}));
  coordinator.now_ms += 5'000;
  Ask(Sizes({{"a", 3}, {"b", 3000}, {"c", 3}}));
  EXPECT_EQ(Noted(), (std::vector<std::string>{"a|3", "b|2000", "c|3"}));
}

TEST_F(Sized, SizesAreForgottenWithTheirShard) {
  Ask(Sizes({{"a", 5000}, {"b", 1}, {"c", 1}}));
  coordinator.Ask("DELETE", "/shards", R"({"shard":"a"})");
  coordinator.Register({"a"});
  EXPECT_EQ(Ask(kNothing), Sizes({"a"}));
  coordinator.Ask("POST", "/flush");
  EXPECT_TRUE(Noted().empty());
}

TEST_F(Sized, WhoSaysNothingOfSizesIsAnsweredAsBefore) {
  EXPECT_EQ(Ask(Sizes({{"a", 5000}, {"b", 1}, {"c", 1}})), Without("b", {"a"}));
  EXPECT_EQ(coordinator.Allocate({{"primaryKey", "k"}}), "c");
  EXPECT_EQ(coordinator.Allocate({{"primaryKey", "l"}}), "a");
  // What is null was not given.
  EXPECT_EQ(coordinator.Allocate({{"primaryKey", "m"},
                                  {"maxDatabaseSize", nullptr},
                                  {"sizeCacheTtlMs", nullptr},
                                  {"sizes", nullptr},
                                  {"sizesAsked", nullptr}}),
            "b");
}

TEST_F(Sized, WhatMakesNoSenseIsRefused) {
  const std::pair<const char*, json> cases[] = {
      {"maxDatabaseSize", 0},    {"maxDatabaseSize", "1 GB"}, {"maxDatabaseSize", 1.5},
      {"sizeCacheTtlMs", -1},    {"sizeCacheTtlMs", 0.5},     {"sizes", {"a"}},
      {"sizes", {{"a", -1}}},    {"sizes", {{"a", "big"}}},   {"sizes", {{"a", 1.5}}},
      {"sizes", {{"a", false}}},
  };
  for (const auto& [name, value] : cases) {
    EXPECT_EQ(Ask({{name, value}}), "invalid_parameter") << name << " " << value;
  }
  EXPECT_TRUE(Noted().empty());
}

}  // namespace
}  // namespace tidemark::testing
