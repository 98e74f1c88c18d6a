// Moments as requests name them.

#include "documents/moment.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

TEST(Moment, MayBeMillisecondsAVersionOrATime) {
  EXPECT_EQ(ParseMoment("0"), 0);
  EXPECT_EQ(ParseMoment("1795000000123"), 1'795'000'000'123);
  EXPECT_EQ(ParseMoment("1795000000123-4ea58349eb542b40"), 1'795'000'000'123);
  EXPECT_EQ(ParseMoment("\"1795000000123-4ea58349eb542b40\""), 1'795'000'000'123);
  EXPECT_EQ(ParseMoment("1970-01-01T00:00Z"), 0);
  EXPECT_EQ(ParseMoment("2026-11-18T11:06:40Z"), 1'795'000'000'000);
  EXPECT_EQ(ParseMoment("2026-11-18T11:06:40.1Z"), 1'795'000'000'100);
  EXPECT_EQ(ParseMoment("2026-11-18T11:06:40.1239999Z"), 1'795'000'000'123);
  EXPECT_EQ(ParseMoment("2026-11-18T12:36:40+01:30"), 1'795'000'000'000);
  EXPECT_EQ(ParseMoment("2026-11-17T23:06:40-12:00"), 1'795'000'000'000);
}

TEST(Moment, IsNothingElse) {
  for (const char* text : {"",
                           "-1",
                           "1.5",
                           "now",
                           "99999999999999999999",
                           "9007199254740992",
                           "2026-11-18",
                           "2026-11-18T",
                           "2026-11-18T11",
                           "2026-11-18T11:06",
                           "2026-11-18T11:06:40",
                           "2026-02-29T00:00Z",
                           "2026-11-18T24:00Z",
                           "2026-11-18T11:60Z",
                           "2026-11-18T11:06:60Z",
                           "2026-11-18T11:06:40.Z",
                           "2026-11-18T11:06:40Zz",
                           "2026-11-18T11:06:40+1:00",
                           "2026-11-18 11:06:40Z",
                           "2026-11-18T11:06:40+01:60",
                           "2026-11-18t11:06:40z",
                           "1795000000123-4ea5"}) {
    EXPECT_EQ(ParseMoment(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tidemark
