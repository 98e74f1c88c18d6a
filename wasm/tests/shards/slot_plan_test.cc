#include "shards/slot_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace tidemark {
namespace {

constexpr int kKeys = 100'000;

SlotTable TableOf(int shards) {
  std::vector<std::string> names;
  for (int i = 0; i < shards; ++i) names.push_back("db-" + std::to_string(i));
  return *MakeSlotTable(names);
}

SlotTable Applied(SlotTable table, const std::vector<SlotMove>& moves) {
  for (const SlotMove& move : moves) ApplyMove(&table, move);
  return table;
}

std::vector<int> OwnersOfKeys(const SlotTable& table) {
  std::vector<int> owners;
  for (int key = 0; key < kKeys; ++key) {
    owners.push_back(table.OwnerOf("user-" + std::to_string(key)).shard);
  }
  return owners;
}

void ExpectEven(const std::vector<int>& owners, int shards) {
  std::vector<int> counts(static_cast<size_t>(shards));
  for (const int owner : owners) ++counts[static_cast<size_t>(owner)];
  for (const int count : counts) EXPECT_NEAR(count, kKeys / shards, 0.03 * kKeys / shards);
}

class Shards : public ::testing::TestWithParam<int> {};

TEST_P(Shards, AnAddedOneTakesItsShareAndNoKeyMovesBetweenOthers) {
  const int shards = GetParam();
  SlotTable table = TableOf(shards);
  const std::vector<int> before = OwnersOfKeys(table);
  ExpectEven(before, shards);
  ASSERT_TRUE(AddShardName(&table, "db-new").ok());
  table = Applied(table, PlanAdded(table, static_cast<uint16_t>(shards)));
  const std::vector<int> after = OwnersOfKeys(table);
  ExpectEven(after, shards + 1);
  int moved = 0;
  for (int key = 0; key < kKeys; ++key) {
    const auto k = static_cast<size_t>(key);
    if (before[k] == after[k]) continue;
    ++moved;
    ASSERT_EQ(after[k], shards);
  }
  EXPECT_NEAR(moved, kKeys / (shards + 1), 0.03 * kKeys / (shards + 1));
  EXPECT_TRUE(PlanAdded(table, static_cast<uint16_t>(shards)).empty());
}

TEST_P(Shards, ADrainedOneGivesAllToTheOthersAndNothingElseMoves) {
  const auto shards = static_cast<uint16_t>(GetParam());
  const SlotTable table = TableOf(shards);
  const std::vector<bool> all(shards, true);
  for (uint16_t drained = 0; drained < shards; ++drained) {
    const auto moves = PlanDrained(table, drained, all);
    ASSERT_TRUE(moves.ok());
    for (const SlotMove& move : *moves) EXPECT_EQ(move.from, drained);
    std::vector<int64_t> counts = Applied(table, *moves).Counts();
    EXPECT_EQ(counts[drained], 0);
    counts.erase(counts.begin() + drained);
    EXPECT_LE(*std::ranges::max_element(counts) - *std::ranges::min_element(counts), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(OfSome, Shards, ::testing::Values(3, 4, 5));

TEST(SlotPlan, TheFirstShardOfAllTakesNothingAndOneOfManyALittle) {
  EXPECT_TRUE(PlanAdded(TableOf(1), 0).empty());
  SlotTable table = TableOf(999);
  ASSERT_TRUE(AddShardName(&table, "db-999").ok());
  EXPECT_EQ(PlanAdded(table, 999).size(), 4U);
  EXPECT_EQ(AddShardName(&table, "db-1000").code(), "invalid_shards");
  EXPECT_EQ(AddShardName(&table, "db-1").code(), "invalid_shards");
}

TEST(SlotPlan, ADrainedShardIsNotCountedWhenAnotherIsAdded) {
  SlotTable table = TableOf(3);
  table = Applied(table, *PlanDrained(table, 1, {true, true, true}));
  ASSERT_TRUE(AddShardName(&table, "db-new").ok());
  table = Applied(table, PlanAdded(table, 3));
  EXPECT_EQ(table.Counts(), (std::vector<int64_t>{1'365, 0, 1'366, 1'365}));
}

TEST(SlotPlan, OnlyTakersGetWhatADrainedShardGives) {
  const SlotTable table = TableOf(4);
  EXPECT_EQ(Applied(table, *PlanDrained(table, 0, {true, false, true, false})).Counts(),
            (std::vector<int64_t>{0, 1'024, 2'048, 1'024}));
  EXPECT_EQ(PlanDrained(table, 0, {true, false, false, false}).status().code(), "no_shards");
  EXPECT_EQ(PlanDrained(table, 0, {}).status().code(), "no_shards");
}

TEST(SlotPlan, WeightsAreMetWithTheFewestMoves) {
  const SlotTable table = TableOf(4);
  const auto moves = PlanWeights(table, std::vector<double>{1, 2, 4, 1});
  ASSERT_TRUE(moves.ok());
  EXPECT_EQ(moves->size(), 1'024U);
  const SlotTable weighted = Applied(table, *moves);
  EXPECT_EQ(weighted.Counts(), (std::vector<int64_t>{512, 1'024, 2'048, 512}));
  EXPECT_TRUE(PlanWeights(weighted, std::vector<double>{0.5, 1, 2, 0.5})->empty());
}

TEST(SlotPlan, WeightsThatDoNotDivideAreRoundedToTheWhole) {
  const SlotTable table = TableOf(3);
  const SlotTable none = Applied(table, *PlanWeights(table, std::vector<double>{0, 1, 1}));
  EXPECT_EQ(none.Counts(), (std::vector<int64_t>{0, 2'048, 2'048}));
  for (const double weight : {1e-9, 0.1, 3.0, 7.7, 1e300}) {
    const auto moves = PlanWeights(table, std::vector<double>{weight, 1, 2});
    ASSERT_TRUE(moves.ok());
    for (const int64_t count : Applied(table, *moves).Counts()) EXPECT_GE(count, 0);
  }
}

TEST(SlotPlan, WeightsThatAreNoneAreRefused) {
  const SlotTable table = TableOf(2);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& weights : std::vector<std::vector<double>>{
           {}, {1}, {1, 1, 1}, {0, 0}, {-1, 2}, {nan, 1}, {infinity, 1}, {1e308, 1e308}}) {
    EXPECT_EQ(PlanWeights(table, weights).status().code(), "invalid_weights");
  }
}

TEST(SlotPlan, NoSlotIsMovedTwice) {
  const SlotTable table = TableOf(5);
  const auto moves = PlanWeights(table, std::vector<double>{5, 1, 3, 0, 9});
  std::set<uint16_t> slots;
  for (const SlotMove& move : *moves) {
    EXPECT_TRUE(slots.insert(move.slot).second);
    EXPECT_EQ(table.slots[move.slot].shard, move.from);
    EXPECT_NE(move.from, move.to);
  }
}

TEST(SlotPlan, EachMoveBeginsAnEpochAndAVersion) {
  SlotTable table = TableOf(2);
  ApplyMove(&table, {.slot = 5, .from = 0, .to = 1});
  EXPECT_EQ(table.slots[5], (SlotOwner{.shard = 1, .epoch = 2}));
  EXPECT_EQ(table.slots[6], (SlotOwner{.shard = 0, .epoch = 1}));
  EXPECT_EQ(table.version, 2);
}

}  // namespace
}  // namespace tidemark
