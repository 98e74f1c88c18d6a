#include "documents/app.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

namespace tidemark {
namespace {

TEST(App, NamesAreTakenOrRefused) {
  const std::string longest(63, 'z');
  EXPECT_TRUE(CheckApp(longest).ok());
  for (const std::string_view app :
       {"default", "a", "0", "blog.v2", "a_b-c..d", "9-user", "user-x", "a-users"}) {
    EXPECT_TRUE(CheckApp(app).ok()) << app;
  }
  const std::vector<std::string> refused = {
      "",  longest + "z",         "A",        "aB",     ".", "..", "-a", "_a", "a/b", "a b", "a%",
      "é", std::string("a\0", 2), "a-user-b", "a-user-"};
  for (const std::string& app : refused) {
    const Status status = CheckApp(app);
    EXPECT_EQ(status.http_status(), 400) << app;
    EXPECT_EQ(status.code(), "invalid_app") << app;
  }
}

Sharding Found(std::string_view shards, std::string_view app) {
  const Result<Sharding> sharding = ShardingOf(shards, app);
  EXPECT_TRUE(sharding.ok()) << shards;
  return sharding.ok() ? *sharding : Sharding{.by = ShardBy::kDay, .field = "not read"};
}

TEST(Sharding, IsReadFromTheVariable) {
  constexpr std::string_view kShards = "blog=collection, log=day,\n orders = day : created_at ,";
  EXPECT_EQ(Found(kShards, "blog"), Sharding{.by = ShardBy::kCollection});
  EXPECT_EQ(Found(kShards, "log"), Sharding{.by = ShardBy::kDay});
  EXPECT_EQ(Found(kShards, "orders"), (Sharding{.by = ShardBy::kDay, .field = "created_at"}));
  EXPECT_EQ(Found("a=day:x:y=z é", "a"), (Sharding{.by = ShardBy::kDay, .field = "x:y=z é"}));
  EXPECT_TRUE(Found(kShards, "blog").sharded());
  EXPECT_EQ(Found("\tblog =\r\n day ", "blog"), Sharding{.by = ShardBy::kDay});
}

TEST(Sharding, AppsThatAreNotNamedAreNotSharded) {
  for (const std::string_view shards : {"", " ", ",", " , ,", "blog=collection"}) {
    EXPECT_EQ(Found(shards, "default"), Sharding()) << shards;
    EXPECT_FALSE(Found(shards, "blo").sharded()) << shards;
  }
}

TEST(Sharding, MalformedVariableIsNotConfiguredForEveryApp) {
  for (const std::string_view shards : {"blog",
                                        "blog=",
                                        "=day",
                                        "=",
                                        ":",
                                        "blog=Day",
                                        "blog=days",
                                        "blog=day:",
                                        "blog=day: ",
                                        "blog=collection:x",
                                        "Blog=day",
                                        "b log=day",
                                        "blog=day;log=day",
                                        "blog=day,blog=day",
                                        "blog=day, log=collection, blog=collection",
                                        "a-user-b=day",
                                        "blog==day",
                                        "blog=day=x",
                                        "blog=none",
                                        "blog:day"}) {
    for (const std::string_view app : {"blog", "default"}) {
      const Result<Sharding> sharding = ShardingOf(shards, app);
      ASSERT_FALSE(sharding.ok()) << shards;
      EXPECT_EQ(sharding.status().http_status(), 503);
      EXPECT_EQ(sharding.status().code(), "not_configured");
    }
  }
}

// What an object's name is read as.
std::string Read(std::string_view name) {
  const std::optional<ObjectName> object = ParseObjectName(name);
  if (!object) return "none";
  return object->shard ? "shard <" + *object->shard + "> of " + object->app
                       : "manifest of " + object->app;
}

TEST(ObjectNames, AreReadAsTheyWereMade) {
  EXPECT_EQ(ManifestName("blog"), "blog/manifest");
  EXPECT_EQ(ShardObjectName("blog", "users"), "blog/shards/users");
  std::set<std::string> names;
  for (const std::string app : {"default", "blog", "manifest", "shards", "a.b"}) {
    EXPECT_EQ(Read(ManifestName(app)), "manifest of " + app);
    EXPECT_TRUE(names.insert(ManifestName(app)).second);
    for (const std::string shard :
         {"", "users", "manifest", "shards/users", "/", "a b", "é", "2026-11-21", "undated"}) {
      const std::string read = std::string("shard <").append(shard).append("> of ").append(app);
      EXPECT_EQ(Read(ShardObjectName(app, shard)), read);
      EXPECT_TRUE(names.insert(ShardObjectName(app, shard)).second);
    }
  }
}

TEST(ObjectNames, OtherTextsAreNone) {
  for (const std::string_view name :
       {"", "/", "blog", "blog/", "/manifest", "blog/manifest/", "blog/manifests", "blog/shards",
        "Blog/manifest", "a-user-b/manifest", "blog/x/shards/y", "apps/blog/manifest"}) {
    EXPECT_EQ(Read(name), "none") << name;
  }
}

TEST(StorageKeys, OfTheDefaultAppAreBareAndOfOthersPrefixed) {
  constexpr std::string_view kUuid = "019a3f5e-2d00-7abc-8def-0123456789ab";
  EXPECT_EQ(SnapshotKey("default"), "db.json");
  EXPECT_EQ(SnapshotKey("blog"), "apps/blog/db.json");
  EXPECT_EQ(JournalKey("default", "2026-11-21", kUuid),
            "journal/2026-11-21/019a3f5e-2d00-7abc-8def-0123456789ab.json");
  EXPECT_EQ(JournalKey("blog", "2026-11-21", kUuid),
            "apps/blog/journal/2026-11-21/019a3f5e-2d00-7abc-8def-0123456789ab.json");
  EXPECT_EQ(DailySnapshotKey("default", "2026-11-21"), "snapshots/2026-11-21.json");
  EXPECT_EQ(DailySnapshotKey("blog", "2026-11-21"), "apps/blog/snapshots/2026-11-21.json");
  EXPECT_EQ(JournalPrefix("default"), "journal/");
  EXPECT_EQ(DailySnapshotPrefix("blog"), "apps/blog/snapshots/");
}

// The C++ library's calendar.
std::string LibraryDay(std::chrono::sys_days days) {
  const std::chrono::year_month_day date{days};
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

TEST(Day, DaysOfTenThousandYearsAreThoseOfTheLibrary) {
  const auto expect_same = [](std::chrono::sys_days days) {
    const int64_t start = int64_t{days.time_since_epoch().count()} * limits::kDayMs;
    const std::string day = LibraryDay(days);
    EXPECT_EQ(DayOf(start), day);
    EXPECT_EQ(DayOf(start + limits::kDayMs - 1), day);
    EXPECT_EQ(DayStart(day), start);
  };
  // The days around a new year and a leap day, of each year; of one cycle of the calendar, all.
  for (int year = 0; year < 10'000; ++year) {
    const std::chrono::sys_days january = std::chrono::year{year} / 1 / 1;
    const std::chrono::sys_days march = std::chrono::year{year} / 3 / 1;
    const std::chrono::sys_days december = std::chrono::year{year} / 12 / 31;
    for (const std::chrono::sys_days day :
         {january, march - std::chrono::days(2), march - std::chrono::days(1), march, december}) {
      expect_same(day);
    }
  }
  const std::chrono::sys_days end = std::chrono::year{2300} / 1 / 1;
  for (std::chrono::sys_days day = std::chrono::year{1900} / 1 / 1; day < end;
       day += std::chrono::days(1)) {
    expect_same(day);
  }
}

TEST(Day, KnownDays) {
  const struct {
    int64_t ms;
    std::string_view day;
  } rows[] = {{0, "1970-01-01"},
              {-1, "1969-12-31"},
              {86'399'999, "1970-01-01"},
              {86'400'000, "1970-01-02"},
              {951'782'400'000, "2000-02-29"},
              {951'868'800'000, "2000-03-01"},
              {1'709'164'800'000, "2024-02-29"},
              {1'795'219'200'000, "2026-11-21"},
              {1'795'305'599'999, "2026-11-21"},
              {4'107'456'000'000, "2100-02-28"},
              {4'107'542'400'000, "2100-03-01"},
              {-62'167'219'200'000, "0000-01-01"},
              {-62'162'121'600'001, "0000-02-28"},
              {-62'162'121'600'000, "0000-02-29"},
              {253'402'300'799'999, "9999-12-31"}};
  for (const auto& row : rows) EXPECT_EQ(DayOf(row.ms), row.day) << row.ms;
}

TEST(Day, TimesOutsideTheYearsOfFourDigitsHaveNone) {
  for (const int64_t ms :
       {int64_t{253'402'300'800'000}, int64_t{-62'167'219'200'001}, limits::kTimeMaxMs,
        -limits::kTimeMaxMs, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min()}) {
    EXPECT_EQ(DayOf(ms), "") << ms;
  }
}

TEST(Day, TextsThatAreNoDaysHaveNoStart) {
  EXPECT_EQ(DayStart("1970-01-01"), 0);
  EXPECT_EQ(DayStart("2026-11-21"), 1'795'219'200'000);
  EXPECT_EQ(DayStart("2000-02-29"), 951'782'400'000);
  for (const std::string_view day :
       {"", "2026-11-2", "2026-11-211", "2026-11-00", "2026-11-31", "2026-00-01", "2026-13-01",
        "2025-02-29", "1900-02-29", "2100-02-29", "2026/11/21", "2026-11_21", "20261121",
        "+026-11-21", "2026-1 -21", "2026-11-2x", "-026-11-21", "2026-11-21T"}) {
    EXPECT_EQ(DayStart(day), std::nullopt) << day;
  }
}

}  // namespace
}  // namespace tidemark
