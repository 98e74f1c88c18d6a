#include "documents/shard_of.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace tidemark {
namespace {

// 2026-11-21T23:59:59.999Z in 48 bits.
constexpr std::string_view kId = "01a2008d-73ff-7abc-8def-0123456789ab";

TEST(CollectionShard, IsTheCollectionsName) {
  for (const std::string_view name : {"users", "", "undated", "2026-11-21", "_roots", "_roo",
                                      "_root_x", "root", "__root", "a/b", "é", "_Root"}) {
    EXPECT_EQ(CollectionShard(name), name);
  }
}

TEST(CollectionShard, NoCollectionSharesWithTheValues) {
  EXPECT_EQ(CollectionShard("_root"), "_root_");
  EXPECT_EQ(CollectionShard("_root_"), "_root__");
  std::set<std::string> shards = {std::string(kRootShard)};
  std::string name;  // "", "_", "_r", to "_root" with many underscores behind it
  for (size_t length = 0; length < 40; ++length) {
    EXPECT_TRUE(shards.insert(CollectionShard(name)).second) << name;
    name += length < kRootShard.size() ? kRootShard[length] : '_';
  }
}

TEST(DayShard, OfAnIdIsTheDayInItsUuid) {
  EXPECT_EQ(DayShard("", kId, "{}"), "2026-11-21");
  EXPECT_EQ(DayShard("", "01A2008D-73FF-7ABC-8DEF-0123456789AB", "{}"), "2026-11-21");
  EXPECT_EQ(DayShard("", "01a2008d-7400-7abc-8def-0123456789ab", "{}"), "2026-11-22");
  EXPECT_EQ(DayShard("", "00000000-0000-7000-8000-000000000000", "{}"), "1970-01-01");
}

TEST(DayShard, OfAnotherIdIsUndated) {
  for (const std::string_view id :
       {"", "u1", "01a2008d-73ff-4abc-8def-0123456789ab", "01a2008d73ff7abc8def0123456789ab",
        "2026-11-21", "ffffffff-ffff-7fff-bfff-ffffffffffff"}) {
    EXPECT_EQ(DayShard("", id, R"({"":"2026-11-21","id":"x"})"), "undated") << id;
  }
}

TEST(DayShard, OfAFieldIsItsDay) {
  const struct {
    std::string_view value, day;
  } rows[] = {
      {"1795219200", "2026-11-21"},       // seconds
      {"1795219200000", "2026-11-21"},    // milliseconds
      {"1795305599.999", "2026-11-21"},   // seconds with a fraction
      {"1795305599999.5", "2026-11-21"},  // milliseconds with one
      {"0", "1970-01-01"},                //
      {"-1", "1969-12-31"},               //
      {"99999999999", "5138-11-16"},      // the last that is seconds
      {"100000000000", "1973-03-03"},     // the first that is milliseconds
      {"253402300799999", "9999-12-31"},  //
      {"253402300800000", "undated"},     //
      {"9007199254740991", "undated"},    //
      {"-9007199254740991", "undated"},   //
      {"9007199254740993", "undated"},    //
      {"1.795e9", "undated"},             //
      {"1.795E9", "undated"},             //
      {"\"2026-11-21\"", "2026-11-21"},   //
      {"\"2026-11-21T23:30:00-05:00\"", "2026-11-21"},
      {"\"2026-11-21t00\"", "2026-11-21"},
      {"\"2026-11-21 10:00\"", "2026-11-21"},
      {R"("2026\u002d11-21T")", "2026-11-21"},
      {"\"2024-02-29\"", "2024-02-29"},
      {"\"2026-02-29\"", "undated"},
      {"\"2026-11-211\"", "undated"},
      {"\"2026-11-21/2026-11-22\"", "undated"},
      {"\"2026-11-2\"", "undated"},
      {"\"20261121\"", "undated"},
      {"\" 2026-11-21\"", "undated"},
      {"\"21.11.2026\"", "undated"},
      {"\"1795219200\"", "undated"},
      {R"("2026-11-21\ud800")", "undated"},
      {"\"\"", "undated"},
      {"null", "undated"},
      {"true", "undated"},
      {"[1795219200]", "undated"},
      {"{\"at\":1795219200}", "undated"},
  };
  for (const auto& row : rows) {
    const std::string record = R"({"id":"u1","at":)" + std::string(row.value) + R"(,"x":[{}]})";
    EXPECT_EQ(DayShard("at", kId, record), row.day) << record;
  }
}

TEST(DayShard, FieldIsTheLastOfItsNameAndOfTheRecordItself) {
  const struct {
    std::string_view field, record, day;
  } rows[] = {
      {"at", "{}", "undated"},
      {"at", R"({"x":{"at":"2026-11-21"}})", "undated"},
      {"at", R"({"At":"2026-11-21"})", "undated"},
      {"at", R"( { "at" : "2026-11-21" } )", "2026-11-21"},
      {"at", R"({"at":"2026-11-21","at":"2026-11-22"})", "2026-11-22"},
      {"at", R"({"at":"2026-11-21","at":null})", "undated"},
      {"at", R"({"\u0061t":"2026-11-21"})", "2026-11-21"},
      {"at", R"({"\ud800":1,"at":"2026-11-21"})", "2026-11-21"},
      {"a\"t", R"({"a\"t":"2026-11-21"})", "2026-11-21"},
      {"at", R"([{"at":"2026-11-21"}])", "undated"},
      {"at", R"({"at":"2026-11-21")", "undated"},
      {"at", "", "undated"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(DayShard(row.field, kId, row.record), row.day) << row.record;
  }
}

TEST(RecordShard, FollowsTheAppsSharding) {
  constexpr std::string_view kRecord = R"({"id":"u1","at":"2025-01-02"})";
  EXPECT_EQ(RecordShard({.by = ShardBy::kCollection}, "users", kId, kRecord), "users");
  EXPECT_EQ(RecordShard({.by = ShardBy::kCollection}, "_root", kId, kRecord), "_root_");
  EXPECT_EQ(RecordShard({.by = ShardBy::kDay}, "users", kId, kRecord), "2026-11-21");
  EXPECT_EQ(RecordShard({.by = ShardBy::kDay, .field = "at"}, "users", kId, kRecord), "2025-01-02");
  EXPECT_EQ(RecordShard({.by = ShardBy::kDay, .field = "made"}, "_root", kId, kRecord), "undated");
  EXPECT_EQ(RecordShard({}, "users", kId, kRecord), "users");
}

}  // namespace
}  // namespace tidemark
