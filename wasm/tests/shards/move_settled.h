// What must hold when no slot moves: each shard's rows are of slots that it has, by the
// coordinator's table and by its own; the sums are those of all slots; nothing is left of a move.

#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "shards/slot_table.h"
#include "tests/support/move_harness.h"

namespace tidemark::testing {

// `routes`: by table its routing column.
inline void ExpectSettled(MoveHarness* world, const std::map<std::string, std::string>& routes) {
  const json told = json::parse(world->Ask("GET", "/slots").body, nullptr, false);
  const Result<SlotTable> table = ReadSlotTable(told["table"].dump());
  ASSERT_TRUE(table.ok());
  EXPECT_FALSE(table->gathering);
  int64_t slots = 0;
  int64_t weight = 0;
  for (size_t i = 0; i < table->shards.size(); ++i) {
    const std::string& name = table->shards[i];
    native::SqliteStore& shard = world->database(name);
    std::vector<std::string> owned;
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (table->slots[slot].shard != i) continue;
      owned.push_back(std::to_string(slot) + "||" + std::to_string(table->slots[slot].epoch) +
                      "|1");
      weight += SlotWeight(static_cast<uint16_t>(slot));
    }
    slots += static_cast<int64_t>(owned.size());
    EXPECT_EQ(shard.Rows("SELECT slot, part, epoch, writable FROM tidemark_slots WHERE part < 'k' "
                         "ORDER BY slot"),
              owned)
        << name;
    EXPECT_TRUE(shard.Rows("SELECT part FROM tidemark_slots WHERE writable = 0").empty()) << name;
    // A key is read and written where its owner is, and its slot's shard knows if that is another.
    for (const std::string& part :
         shard.Rows("SELECT writable || substr(part, 2) FROM tidemark_slots WHERE part >= 'k'")) {
      const bool here = part.starts_with("1");
      const std::string key = part.substr(here ? 1 : 2);
      EXPECT_EQ(table->OwnerOf(key).shard == i, here) << name << " " << key;
      EXPECT_TRUE(here || table->slots[SlotOf(key)].shard == i) << name << " " << key;
    }
    EXPECT_EQ(shard.Rows("SELECT parts FROM tidemark_shard"), std::vector<std::string>{"1"});
    for (const auto& [of, column] : routes) {
      if (shard.Rows("SELECT 1 FROM sqlite_master WHERE name = '" + of + "'").empty()) continue;
      for (const std::string& key : shard.Rows("SELECT " + column + " FROM " + of)) {
        EXPECT_EQ(table->OwnerOf(key).shard, i) << of << " " << key;
      }
    }
    EXPECT_TRUE(shard
                    .Rows("SELECT name FROM sqlite_master WHERE name LIKE 'tidemark_move%' OR name "
                          "LIKE 'tidemark_log%' OR name LIKE 'tidemark_stage%' OR name LIKE "
                          "'tidemark_gone%'")
                    .empty())
        << name;
  }
  EXPECT_EQ(slots, static_cast<int64_t>(kSlots));
  int64_t summed = 0;
  for (const std::string& name : table->shards) {
    summed += std::stoll(world->database(name).Rows("SELECT weight FROM tidemark_shard").at(0));
  }
  EXPECT_EQ(summed, weight);
}

}  // namespace tidemark::testing
