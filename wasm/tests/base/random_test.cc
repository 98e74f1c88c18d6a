#include "base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace tidemark {
namespace {

// The authors' splitmix64.c and xoshiro256starstar.c, computed in another language.
TEST(Random, SequenceIsThatOfTheReference) {
  Random zero(0);
  EXPECT_EQ(zero.Next(), 0x99ec5f36cb75f2b4u);
  EXPECT_EQ(zero.Next(), 0xbf6e1f784956452au);
  EXPECT_EQ(zero.Next(), 0x1a5f849d4933e6e0u);
  Random seeded(42);
  EXPECT_EQ(seeded.Next(), 0x15780b2e0c2ec716u);
  EXPECT_EQ(seeded.Next(), 0x6104d9866d113a7eu);
}

TEST(Random, FillWritesWordsLowestByteFirst) {
  Random words(1);
  Random bytes(1);
  std::array<uint8_t, 11> out{};
  bytes.Fill(out);
  const uint64_t first = words.Next();
  const uint64_t second = words.Next();
  for (size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(out[i], static_cast<uint8_t>((i < 8 ? first : second) >> (i % 8 * 8)));
  }
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  Random random(3);
  std::array<int, 6> seen{};
  for (int i = 0; i < 6000; ++i) ++seen[random.Below(6)];
  for (const int count : seen) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
  EXPECT_EQ(random.Below(1), 0u);
  EXPECT_LT(random.Below(UINT64_MAX), UINT64_MAX);
}

TEST(RandomDeathTest, BelowZeroTraps) {
  Random random(3);
  EXPECT_DEATH(random.Below(0), "");
}

}  // namespace
}  // namespace tidemark
