// Windows of requests, and whom a caller's address counts for.

#include "accounts/window.h"

#include <gtest/gtest.h>

#include <array>

#include "accounts/network.h"
#include "base/limits.h"

namespace tidemark {
namespace {

constexpr int64_t kT = 1'795'000'000'000;

TEST(Window, LetsSoManyThroughUntilItEnds) {
  Window window;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(window.Take(kT + i, 60'000, 3));
  EXPECT_FALSE(window.Take(kT + 3, 60'000, 3));
  EXPECT_EQ(window.ends_ms, kT + 60'000);
  EXPECT_FALSE(window.Take(kT + 59'999, 60'000, 3));
  EXPECT_TRUE(window.Take(kT + 60'000, 60'000, 3));
  EXPECT_EQ(window.ends_ms, kT + 120'000);
  EXPECT_EQ(window.count, 1);
}

TEST(Window, OpenedByAClockThatWasSetBackDoesNotLastLonger) {
  Window window;
  EXPECT_TRUE(window.Take(kT + 3'600'000, 60'000, 1));
  EXPECT_TRUE(window.Take(kT, 60'000, 1));
  EXPECT_EQ(window.ends_ms, kT + 60'000);
}

TEST(Window, SaysInWholeSecondsWhenToTryAgain) {
  const auto seconds = [](int64_t left_ms) {
    const Reply reply = RateLimited(kT + left_ms, kT);
    EXPECT_EQ(reply.status, 429);
    return reply.headers.back().second;
  };
  EXPECT_EQ(RateLimited(kT, kT).headers.back().first, "retry-after");
  EXPECT_EQ(seconds(60'000), "60");
  EXPECT_EQ(seconds(59'001), "60");
  EXPECT_EQ(seconds(1'000), "1");
  EXPECT_EQ(seconds(1), "1");
  EXPECT_EQ(seconds(0), "1");
}

TEST(Numbers, ReadAsTheyAreWritten) {
  const std::array<int64_t, 3> numbers = {0, 7, limits::kIntegerMax};
  EXPECT_EQ(FormatNumbers(numbers), "0.7.9007199254740991");
  std::array<int64_t, 3> read{};
  EXPECT_TRUE(ReadNumbers("0.7.9007199254740991", read));
  EXPECT_EQ(read, numbers);
  for (const char* text : {"", "1", "1.2", "1.2.", "1.2.3.", "1.2.3.4", "1.-2.3", "1,2,3", "a.b.c",
                           ".1.2.3", "1..3", "1.2.99999999999999999999"}) {
    EXPECT_FALSE(ReadNumbers(text, read)) << text;
  }
}

TEST(Network, IsAnIpv4AddressOrTheFirstHalfOfAnIpv6Address) {
  const std::array<std::string, 2> rows[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"", "unknown"},
      {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
      {"2001:DB8:1:2::6", "2001:db8:1:2::/64"},
      {"2001:0db8:0001:0002::", "2001:db8:1:2::/64"},
      {"2001:db8::1", "2001:db8:0:0::/64"},
      {"::1", "0:0:0:0::/64"},
      {"::", "0:0:0:0::/64"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      // What is no address counts for itself.
      {"1:2", "1:2"},
      {"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"},
      {"1::2::3", "1::2::3"},
      {"1:2:3:4:5:6:7::8", "1:2:3:4:5:6:7::8"},
      {"12345::", "12345::"},
      {"g::", "g::"},
      {":::", ":::"},
      {"1:", "1:"},
      {std::string(1000, ':'), std::string(64, ':')},
  };
  for (const auto& [address, network] : rows) EXPECT_EQ(NetworkOf(address), network) << address;
}

}  // namespace
}  // namespace tidemark
