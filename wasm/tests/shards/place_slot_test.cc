// Slots over shards that no table tells of.

#include <gtest/gtest.h>

#include <map>

#include "shards/slots.h"
#include "tests/shards/pure.h"

namespace tidemark::testing {
namespace {

std::string Place(size_t slot, const std::string& shards) {
  const native::Answer answer =
      RunPure("place_slot", {{"slot", std::to_string(slot)}, {"shards", shards}});
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.data.at("shard");
}

TEST(PlaceSlot, AnAddedShardTakesItsPartAndNothingMovesBetweenOthers) {
  std::map<std::string, int> counts;
  int moved = 0;
  for (size_t slot = 0; slot < kSlots; slot += 4) {
    const std::string before = Place(slot, R"(["east","west","north"])");
    const std::string after = Place(slot, R"(["east","west","north","south"])");
    ++counts[before];
    if (before == after) continue;
    ++moved;
    EXPECT_EQ(after, "south");
  }
  const int all = kSlots / 4;
  EXPECT_NEAR(moved, all / 4, all / 20);
  ASSERT_EQ(counts.size(), 3U);
  for (const auto& [shard, count] : counts) EXPECT_NEAR(count, all / 3, all / 15) << shard;
}

TEST(PlaceSlot, TheOrderOfTheShardsDoesNotMatter) {
  for (size_t slot = 0; slot < 100; ++slot) {
    EXPECT_EQ(Place(slot, R"(["a","b","c"])"), Place(slot, R"(["c","a","b"])"));
  }
}

TEST(PlaceSlot, WhatIsNoSlotOrNoShardIsRefused) {
  const auto code = [](Params params) {
    return RunPure("place_slot", std::move(params)).data.at("error");
  };
  EXPECT_EQ(code({{"slot", "4096"}, {"shards", R"(["a"])"}}), "invalid_parameter");
  EXPECT_EQ(code({{"shards", R"(["a"])"}}), "invalid_parameter");
  EXPECT_EQ(code({{"slot", "0"}, {"shards", "[]"}}), "no_shards");
}

}  // namespace
}  // namespace tidemark::testing
