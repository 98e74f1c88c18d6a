// Merging field by field: the same properties, deletions and nulls included.

#include "records/fields.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/json_tree.h"
#include "base/random.h"

namespace tidemark {
namespace {

using nlohmann::json;

struct Change {
  bool deletes;
  json data;
  FieldStamp stamp;
};

Change RandomChange(Random* random) {
  constexpr std::array<const char*, 3> kFields = {"a", "b", "c"};
  Change change{random->Below(5) == 0, json::object(), {}};
  change.stamp = {static_cast<int64_t>(random->Below(3)), static_cast<int64_t>(random->Below(2)),
                  random->Below(2) == 0 ? "x" : "y"};
  for (const char* field : kFields) {
    const uint64_t pick = random->Below(5);
    if (pick == 0) change.data[field] = nullptr;
    if (pick == 1 || pick == 2) change.data[field] = pick;
  }
  return change;
}

bool Apply(const Change& change, FieldRecord* record) {
  return change.deletes ? record->MergeDeletion(change.stamp)
                        : record->Merge(change.data, change.stamp);
}

std::string TextOf(const FieldRecord& record) {
  return DumpTree(record.data()) + record.StampsJson();
}

void Shuffle(Random* random, std::vector<Change>* changes) {
  for (size_t i = changes->size(); i > 1; --i) {
    std::swap((*changes)[i - 1], (*changes)[random->Below(i)]);
  }
}

TEST(Fields, AnyOrderOfArrivalWithRepeatsEndsInTheSameRecord) {
  Random random(1);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Change> changes;
    for (int i = 0; i < 5; ++i) changes.push_back(RandomChange(&random));
    FieldRecord expected;
    for (const Change& change : changes) Apply(change, &expected);
    for (int order = 0; order < 5; ++order) {
      Shuffle(&random, &changes);
      FieldRecord record;
      for (const Change& change : changes) {
        Apply(change, &record);
        Apply(changes[random.Below(changes.size())], &record);
      }
      ASSERT_EQ(TextOf(record), TextOf(expected)) << "round " << round;
    }
  }
}

TEST(Fields, AReplayChangesNothingAndSaysSo) {
  Random random(2);
  for (int round = 0; round < 2'000; ++round) {
    FieldRecord record;
    std::vector<Change> changes;
    for (int i = 0; i < 4; ++i) {
      changes.push_back(RandomChange(&random));
      Apply(changes.back(), &record);
    }
    const std::string before = TextOf(record);
    for (const Change& change : changes) ASSERT_FALSE(Apply(change, &record));
    ASSERT_EQ(TextOf(record), before);
  }
}

TEST(Fields, WhatIsStoredReadsBackAsTheSameRecord) {
  Random random(3);
  for (int round = 0; round < 500; ++round) {
    FieldRecord record;
    for (int i = 0; i < 4; ++i) Apply(RandomChange(&random), &record);
    FieldRecord read(DumpTree(record.data()), record.StampsJson());
    ASSERT_EQ(TextOf(read), TextOf(record));
    ASSERT_EQ(read.deleted(), record.deleted());
    ASSERT_EQ(read.Latest(), record.Latest());
  }
}

TEST(Fields, ChangesOfDifferentFieldsBothStay) {
  FieldRecord record;
  EXPECT_TRUE(record.Merge({{"a", 1}, {"b", 1}}, {1, 0, "x"}));
  EXPECT_TRUE(record.Merge({{"b", 2}}, {3, 0, "y"}));
  EXPECT_TRUE(record.Merge({{"a", 2}}, {2, 0, "x"}));
  EXPECT_EQ(record.data(), json({{"a", 2}, {"b", 2}}));
}

TEST(Fields, WhatWasOverwrittenAndWhatLostAreTold) {
  FieldRecord record;
  record.Merge({{"a", 1}, {"b", 1}}, {2, 0, "x"});
  record.Merge({{"a", 2}}, {3, 0, "y"});
  ASSERT_EQ(record.overwritten.size(), 1U);
  EXPECT_EQ(record.overwritten[0].field, "a");
  EXPECT_EQ(record.overwritten[0].value, 1);
  EXPECT_EQ(record.overwritten[0].stamp, (FieldStamp{2, 0, "x"}));
  EXPECT_FALSE(record.Merge({{"b", 7}}, {1, 0, "y"}));
  ASSERT_EQ(record.lost.size(), 1U);
  EXPECT_EQ(record.lost[0].value, 7);
}

TEST(Fields, NullRemovesAFieldAndOlderValuesStayAway) {
  FieldRecord record;
  record.Merge({{"a", 1}, {"b", 1}}, {1, 0, "x"});
  EXPECT_TRUE(record.Merge({{"a", nullptr}}, {3, 0, "x"}));
  EXPECT_FALSE(record.Merge({{"a", 2}}, {2, 0, "y"}));
  EXPECT_EQ(record.data(), json({{"b", 1}}));
  EXPECT_FALSE(record.deleted());
}

TEST(Fields, ADeletionLeavesWhatIsNewerThanItself) {
  FieldRecord record;
  record.Merge({{"a", 1}}, {1, 0, "x"});
  record.Merge({{"b", 1}}, {3, 0, "x"});
  EXPECT_TRUE(record.MergeDeletion({2, 0, "y"}));
  EXPECT_EQ(record.data(), json({{"b", 1}}));
  EXPECT_FALSE(record.deleted());
  EXPECT_TRUE(record.MergeDeletion({4, 0, "y"}));
  EXPECT_TRUE(record.deleted());
  EXPECT_FALSE(record.Merge({{"a", 9}}, {4, 0, "y"}));
  EXPECT_TRUE(record.deleted());
}

}  // namespace
}  // namespace tidemark
