#include "shards/slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tidemark {
namespace {

// `printf user-123 | sha256sum` begins with fcdec6df: the slot is its first three digits.
TEST(Slots, AreTheFirstTwelveBitsOfTheHash) {
  EXPECT_EQ(SlotOf("user-123"), 0xfcd);
  EXPECT_EQ(SlotOf("1"), 0x6b8);
}

TEST(Slots, AnEmptyKeyAndAHugeOneHaveOneToo) {
  EXPECT_EQ(SlotOf(""), 0xe3b);
  EXPECT_LT(SlotOf(std::string(1 << 20, 'a')), kSlots);
}

TEST(Slots, IntegersSpreadEvenly) {
  std::vector<int> counts(kSlots);
  for (int key = 0; key < 400'000; ++key) ++counts[SlotOf(std::to_string(key))];
  // 97.7 each on average with a deviation of 9.9: six of them.
  EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 40);
  EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 160);
}

}  // namespace
}  // namespace tidemark
