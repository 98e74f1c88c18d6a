// Two shards of which one, a, has rows whose slots are its own, and gives them all away.

#pragma once

#include <gtest/gtest.h>

#include <string>

#include "shards/slots.h"
#include "tests/support/move_harness.h"

namespace tidemark::testing {

inline const json kAllToB = {{"kind", "drain"}, {"shard", "a"}};

// The key of a row of a, each another one.
inline std::string KeyOfA(int at) {
  std::string key;
  for (int tries = 0, found = -1; found < at; ++tries) {
    key = "key" + std::to_string(tries);
    if (SlotOf(key) < kSlots / 2) ++found;
  }
  return key;
}

// Of a's slots the last few go to b, and keys of those.
inline const json kFewToB = {{"kind", "rebalance"}, {"weights", {{"a", 2'000}, {"b", 2'096}}}};

inline std::string KeyOfFew(int at) {
  std::string key;
  for (int tries = 0, found = -1; found < at; ++tries) {
    key = "key" + std::to_string(tries);
    if (SlotOf(key) >= 2'000 && SlotOf(key) < kSlots / 2) ++found;
  }
  return key;
}

inline json MakeSlots(MoveHarness* world) {
  return world->Post("/slots", {{"availableShards", {"a", "b"}}});
}

inline std::string FailureOf(MoveHarness* world) {
  EXPECT_TRUE(world->Settle());
  const json move = world->Moves().back();
  EXPECT_EQ(move["state"], "failed") << move;
  return move["error"].get<std::string>();
}

}  // namespace tidemark::testing
