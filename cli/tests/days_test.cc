#include "days.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace tidemark::samedi {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kNoon = 1'763'726'400'000;  // 2025-11-21 12:00 UTC

class Zone {
 public:
  explicit Zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~Zone() {
    unsetenv("TZ");
    tzset();
  }
};

TEST(LocalDay, BeginsAtMidnightOfTheZone) {
  const int64_t late = kNoon + 11 * kHour + kHour / 2;  // 23:30 UTC
  {
    const Zone utc("UTC0");
    EXPECT_EQ(LocalDay(late), LocalDay(kNoon));
    EXPECT_EQ(LocalDay(0), 0);
    EXPECT_EQ(LocalDay(kNoon), kNoon / (24 * kHour));
  }
  const Zone east("ONE-1");
  EXPECT_EQ(LocalDay(late), LocalDay(kNoon) + 1);
  EXPECT_EQ(LocalTime(late), "2025-11-22 00:30");
}

TEST(LocalDay, CountsDaysOfAnyLength) {
  const Zone paris("CET-1CEST,M3.5.0,M10.5.0/3");
  // The nights of 2025-03-30, 23 hours, and of 2025-10-26, 25 hours.
  for (const int64_t midnight_ms : {1'743'289'200'000, 1'761'429'600'000}) {
    const int64_t day = LocalDay(midnight_ms);
    EXPECT_EQ(LocalDay(midnight_ms - 1), day - 1);
    EXPECT_EQ(LocalDay(midnight_ms + 22 * kHour), day);
    EXPECT_EQ(LocalDay(midnight_ms + 26 * kHour), day + 1);
  }
}

TEST(Streak, EndsTodayOrYesterday) {
  EXPECT_EQ(Streak({10, 11, 12}, 12), 3);
  EXPECT_EQ(Streak({10, 11, 12}, 13), 3);
  EXPECT_EQ(Streak({10, 11, 12}, 14), 0);
  EXPECT_EQ(Streak({}, 14), 0);
}

TEST(Streak, IsBrokenByADayWithout) {
  EXPECT_EQ(Streak({12, 9, 8, 11}, 12), 2);
  EXPECT_EQ(Streak({12, 12, 11, 11, 9}, 12), 2);
}

TEST(Streak, PassesOverYesterdayOnlyWhereItHasOne) {
  EXPECT_EQ(Streak({14}, 14), 1);
  EXPECT_EQ(Streak({13}, 14), 1);
  EXPECT_EQ(Streak({12, 14}, 14), 1);
}

TEST(Duration, IsInHoursFromSixtyMinutes) {
  EXPECT_EQ(Duration(0), "0 min");
  EXPECT_EQ(Duration(59), "59 min");
  EXPECT_EQ(Duration(60), "1 h 00 min");
  EXPECT_EQ(Duration(605), "10 h 05 min");
}

}  // namespace
}  // namespace tidemark::samedi
