#include "base/hybrid_clock.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace tidemark {
namespace {

constexpr int64_t kMaxAheadMs = 60'000;

TEST(Stamp, OrderIsTimeThenCounterThenDevice) {
  EXPECT_LT((Stamp{1, 9, "z"}), (Stamp{2, 0, "a"}));
  EXPECT_LT((Stamp{1, 1, "z"}), (Stamp{1, 2, "a"}));
  EXPECT_LT((Stamp{1, 1, "a"}), (Stamp{1, 1, "b"}));
  EXPECT_LT((Stamp{-1, 0, "a"}), (Stamp{0, 0, "a"}));
  EXPECT_EQ((Stamp{1, 1, "a"}), (Stamp{1, 1, "a"}));
}

TEST(HybridClock, TickFollowsTheWallClock) {
  HybridClock clock("a");
  EXPECT_EQ(clock.Tick(1000), (Stamp{1000, 0, "a"}));
  EXPECT_EQ(clock.Tick(1000), (Stamp{1000, 1, "a"}));
  EXPECT_EQ(clock.Tick(1001), (Stamp{1001, 0, "a"}));
}

TEST(HybridClock, TickNeverGoesBackWithTheWallClock) {
  HybridClock clock("a");
  clock.Tick(1000);
  EXPECT_EQ(clock.Tick(10), (Stamp{1000, 1, "a"}));
  EXPECT_EQ(clock.Tick(-10), (Stamp{1000, 2, "a"}));
}

TEST(HybridClock, FullCounterAdvancesTheMillisecond) {
  HybridClock clock("a");
  ASSERT_TRUE(clock.Observe({1000, HybridClock::kCounterMax - 1, "b"}, 1000, kMaxAheadMs));
  EXPECT_EQ(clock.Tick(1000), (Stamp{1000, HybridClock::kCounterMax, "a"}));
  EXPECT_EQ(clock.Tick(1000), (Stamp{1001, 0, "a"}));
  EXPECT_EQ(clock.Tick(1000), (Stamp{1001, 1, "a"}));
}

TEST(HybridClock, TickIsGreaterThanWhatWasObserved) {
  HybridClock clock("a");
  const Stamp remote{5000, 7, "b"};
  EXPECT_TRUE(clock.Observe(remote, 1000, kMaxAheadMs));
  EXPECT_EQ(clock.Tick(1000), (Stamp{5000, 8, "a"}));
  EXPECT_TRUE(clock.Observe({10, 0, "b"}, 1000, kMaxAheadMs));
  EXPECT_EQ(clock.Tick(1000), (Stamp{5000, 9, "a"}));
}

TEST(HybridClock, RemoteTooFarAheadIsIgnored) {
  HybridClock clock("a");
  EXPECT_TRUE(clock.Observe({1000 + kMaxAheadMs, 0, "b"}, 1000, kMaxAheadMs));
  HybridClock other("a");
  EXPECT_FALSE(other.Observe({1001 + kMaxAheadMs, 0, "b"}, 1000, kMaxAheadMs));
  EXPECT_FALSE(other.Observe({INT64_MAX, 0, "b"}, 1000, kMaxAheadMs));
  EXPECT_FALSE(other.Observe({INT64_MAX, 0, "b"}, 1000, INT64_MAX));
  EXPECT_FALSE(other.Observe({1000, HybridClock::kCounterMax + 1, "b"}, 1000, kMaxAheadMs));
  EXPECT_EQ(other.Tick(1000), (Stamp{1000, 0, "a"}));
}

TEST(HybridClock, SkewedDevicesThatTalkOrderCauseBeforeEffect) {
  Random random(2014);
  HybridClock clocks[] = {HybridClock("a"), HybridClock("b"), HybridClock("c")};
  const int64_t skews[] = {0, -3000, 2500};
  Stamp last;
  for (int64_t now = 10'000; now < 30'000; now += static_cast<int64_t>(random.Below(3))) {
    const size_t at = random.Below(3);
    const int64_t local = now + skews[at];
    ASSERT_TRUE(clocks[at].Observe(last, local, kMaxAheadMs));
    const Stamp next = clocks[at].Tick(local);
    ASSERT_LT(last, next);
    last = next;
  }
}

}  // namespace
}  // namespace tidemark
