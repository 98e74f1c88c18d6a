#include "shards/slot_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "shards/slot_plan.h"

namespace tidemark {
namespace {

SlotTable TableOf(std::vector<std::string> shards) { return *MakeSlotTable(std::move(shards)); }

TEST(SlotTable, TheFirstOneIsEvenAndOwnsEverySlot) {
  const SlotTable table = TableOf({"a", "b", "c"});
  EXPECT_EQ(table.version, 1);
  EXPECT_EQ(table.Counts(), (std::vector<int64_t>{1'366, 1'365, 1'365}));
  EXPECT_EQ(table.OwnerOf("user-123"), table.slots[SlotOf("user-123")]);
}

TEST(SlotTable, RefusesNamesThatAreNone) {
  EXPECT_EQ(MakeSlotTable({}).status().code(), "no_shards");
  EXPECT_EQ(MakeSlotTable({"a", "b", "a"}).status().code(), "invalid_shards");
  EXPECT_EQ(MakeSlotTable({""}).status().code(), "invalid_shards");
  EXPECT_EQ(MakeSlotTable({std::string(257, 'a')}).status().code(), "invalid_shards");
  EXPECT_TRUE(MakeSlotTable({std::string(256, 'a')}).ok());
  std::vector<std::string> many;
  for (size_t i = 0; i <= limits::kSqlShardsMax; ++i) many.push_back(std::to_string(i));
  EXPECT_EQ(MakeSlotTable(many).status().code(), "invalid_shards");
  many.pop_back();
  EXPECT_TRUE(MakeSlotTable(many).ok());
}

TEST(SlotTable, TextIsShortAndComesBackTheSame) {
  SlotTable table = TableOf({"db-east", "db \"west\" \xc3\xa9"});
  EXPECT_EQ(WriteSlotTable(table),
            "{\"version\":1,\"shards\":[\"db-east\",\"db \\\"west\\\" \xc3\xa9\"],"
            "\"slots\":[[2048,0,1],[2048,1,1]],\"exceptions\":[]}");
  EXPECT_EQ(*ReadSlotTable(WriteSlotTable(table)), table);
  table.tables = {{"posts", "user_id"}, {"users", "\"id\""}};
  table.gathering = true;
  EXPECT_TRUE(WriteSlotTable(table).ends_with(
      "[],\"tables\":{\"posts\":\"user_id\",\"users\":\"\\\"id\\\"\"},\"gathering\":true}"));
  EXPECT_EQ(*ReadSlotTable(WriteSlotTable(table)), table);
}

// Whatever moves have happened.
TEST(SlotTable, AnyTableComesBackTheSame) {
  Random random(7);
  SlotTable table = TableOf({"a", "b", "c", "d"});
  for (int i = 0; i < 2'000; ++i) {
    const auto slot = static_cast<uint16_t>(random.Below(kSlots));
    const auto to = static_cast<uint16_t>(random.Below(4));
    ApplyMove(&table, {.slot = slot, .from = table.slots[slot].shard, .to = to});
    if (i % 10 == 0) {
      ASSERT_TRUE(ApplyKeyMove(&table, Sha256Of(std::to_string(random.Below(100))), to).ok());
    }
  }
  const Result<SlotTable> read = ReadSlotTable(WriteSlotTable(table));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, table);
}

TEST(SlotTable, AKeyMovedByItselfStaysWhenItsSlotMoves) {
  SlotTable table = TableOf({"a", "b", "c"});
  const uint16_t slot = SlotOf("user-123");
  const uint16_t owner = table.slots[slot].shard;
  const auto other = static_cast<uint16_t>((owner + 1) % 3);
  ASSERT_TRUE(ApplyKeyMove(&table, Sha256Of("user-123"), other).ok());
  EXPECT_EQ(table.OwnerOf("user-123"), (SlotOwner{.shard = other, .epoch = 2}));
  EXPECT_EQ(table.version, 2);
  ApplyMove(&table, {.slot = slot, .from = owner, .to = static_cast<uint16_t>((owner + 2) % 3)});
  EXPECT_EQ(table.OwnerOf("user-123").shard, other);
  ASSERT_TRUE(ApplyKeyMove(&table, Sha256Of("user-123"), owner).ok());
  EXPECT_EQ(table.OwnerOf("user-123"), (SlotOwner{.shard = owner, .epoch = 3}));
  EXPECT_EQ(table.exceptions.size(), 1U);
}

TEST(SlotTable, AKeyThatComesToItsSlotGoesWithItAgain) {
  SlotTable table = TableOf({"a", "b", "c"});
  const uint16_t slot = SlotOf("user-123");
  const uint16_t owner = table.slots[slot].shard;
  const auto other = static_cast<uint16_t>((owner + 1) % 3);
  ASSERT_TRUE(ApplyKeyMove(&table, Sha256Of("user-123"), other).ok());
  EXPECT_TRUE(table.IsApart(Sha256Of("user-123")));
  ASSERT_TRUE(ApplyKeyMove(&table, Sha256Of("user-123"), owner).ok());
  EXPECT_TRUE(table.exceptions.empty());
  ASSERT_TRUE(ApplyKeyMove(&table, Sha256Of("user-123"), other).ok());
  // It is the slot that comes: the key stays there when the slot goes on.
  ApplyMove(&table, {.slot = slot, .from = owner, .to = other});
  EXPECT_TRUE(table.IsApart(Sha256Of("user-123")));
  ApplyMove(&table, {.slot = slot, .from = other, .to = owner});
  EXPECT_EQ(table.OwnerOf("user-123").shard, other);
}

TEST(SlotTable, ExceptionsAreBounded) {
  SlotTable table = TableOf({"a", "b"});
  const auto away = [&](const std::string& key) {
    const uint16_t home = table.slots[SlotOf(key)].shard;
    return ApplyKeyMove(&table, Sha256Of(key), static_cast<uint16_t>(1 - home));
  };
  for (size_t i = 0; i < limits::kSlotExceptionsMax; ++i) {
    ASSERT_TRUE(away(std::to_string(i)).ok());
  }
  EXPECT_EQ(away("one more").code(), "too_many_exceptions");
  EXPECT_TRUE(away("0").ok());
  EXPECT_LT(WriteSlotTable(table).size(), limits::kSlotTableBytesMax);
  EXPECT_TRUE(ReadSlotTable(WriteSlotTable(table)).ok());
}

TEST(SlotTable, WhatIsNoTableIsRefused) {
  const std::string key(64, 'a');
  const auto with = [](const std::string& slots, const std::string& exceptions) {
    return "{\"version\":1,\"shards\":[\"a\",\"b\"],\"slots\":[" + slots + "],\"exceptions\":[" +
           exceptions + "]}";
  };
  ASSERT_TRUE(ReadSlotTable(with("[4096,1,7]", "[\"" + key + "\",0,2]")).ok());
  for (const std::string& text : {
           std::string(),
           std::string("[]"),
           std::string("{}"),
           std::string("\xff"),
           with("", ""),
           with("[4095,0,1]", ""),
           with("[4096,0,1],[1,0,1]", ""),
           with("[0,0,1],[4096,0,1]", ""),
           with("[4096,2,1]", ""),
           with("[4096,-1,1]", ""),
           with("[4096,0,4294967296]", ""),
           with("[4096,0]", ""),
           with("[4096,0,1,1]", ""),
           with("[4096,0,1.5]", ""),
           with("4096", ""),
           with("[4096,0,1]", "[\"aa\",0,1]"),
           with("[4096,0,1]", "],\"tables\":[1"),
           with("[4096,0,1]", "],\"tables\":{\"a\":1},\"b\":["),
           with("[4096,0,1]", "[7,0,1]"),
           with("[4096,0,1]", "[\"" + key + "\",2,1]"),
           with("[4096,0,1]", "[\"" + key + "\",0,1],[\"" + key + "\",0,1]"),
           std::string(
               "{\"version\":-1,\"shards\":[\"a\"],\"slots\":[[4096,0,1]],\"exceptions\":[]}"),
           std::string("{\"version\":1,\"shards\":[],\"slots\":[[4096,0,1]],\"exceptions\":[]}"),
           std::string("{\"version\":1,\"shards\":[1],\"slots\":[[4096,0,1]],\"exceptions\":[]}"),
           std::string("{\"version\":1,\"shards\":\"a\",\"slots\":[[4096,0,1]],\"exceptions\":[]}"),
       }) {
    EXPECT_EQ(ReadSlotTable(text).status().code(), "invalid_slot_table") << text;
  }
}

// A bit turned or a piece cut out gives another table or none, and never more.
TEST(SlotTable, AnyDamageIsSurvived) {
  Random random(3);
  SlotTable table = TableOf({"a", "b", "c"});
  for (const SlotMove& move : PlanAdded(table, 2)) ApplyMove(&table, move);
  ASSERT_TRUE(ApplyKeyMove(&table, Sha256Of("k"), 1).ok());
  const std::string text = WriteSlotTable(table);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = text;
    const size_t at = random.Below(damaged.size());
    if (i % 2 == 0) damaged[at] = static_cast<char>(damaged[at] ^ 1 << random.Below(8));
    if (i % 2 == 1) damaged.erase(at, 1 + random.Below(4));
    const Result<SlotTable> read = ReadSlotTable(damaged);
    if (read.ok()) EXPECT_EQ(*ReadSlotTable(WriteSlotTable(*read)), *read);
  }
}

}  // namespace
}  // namespace tidemark
