// GET /activity: who sees what, page after page; and what is forgotten.

#include <gtest/gtest.h>

#include <set>

#include "base/limits.h"
#include "tests/ops/activity_fixtures.h"

namespace tidemark::testing {
namespace {

std::vector<int64_t> TimesOf(const native::Answer& answer) {
  std::vector<int64_t> times;
  for (const json& line : json::parse(answer.body)) times.push_back(line["time"]);
  return times;
}

std::string CountOf(AccountsHarness* harness) {
  return harness->database.Rows("SELECT count(*) FROM activity").front();
}

TEST(ListActivity, IsTheNewestFirst) {
  AccountsHarness harness;
  json entries = json::array();
  for (int i = 0; i < 60; ++i) entries.push_back(EntryOf(i));
  Record(&harness, entries);
  const native::Answer answer = ListOf(&harness, {});
  EXPECT_EQ(answer.status, 200);
  const std::vector<int64_t> times = TimesOf(answer);
  ASSERT_EQ(times.size(), 50U);
  EXPECT_EQ(times.front(), kNow + 59);
  EXPECT_EQ(times.back(), kNow + 10);
  EXPECT_EQ(answer.data.at("rows"), "50");
  json line = json::parse(answer.body)[0];
  line.erase("id");
  EXPECT_EQ(line, json::parse(R"({"time": 1795000000059, "method": "GET", "path": "/health",
    "app": null, "status": 200, "size": 0, "user": null, "duration_ms": 3, "error": null})"));
}

TEST(ListActivity, PagesAreCompleteWhileNewRowsCome) {
  AccountsHarness harness;
  for (int i = 0; i < 10; ++i) Record(&harness, {EntryOf(i), EntryOf(i, {{"number", 100 + i}})});
  std::vector<int64_t> times;
  std::set<std::string> ids;
  Params params = {{"limit", "3"}};
  for (int page = 0;; ++page) {
    ASSERT_LT(page, 10);
    const native::Answer answer = ListOf(&harness, params);
    for (const json& line : json::parse(answer.body)) {
      times.push_back(line["time"]);
      EXPECT_TRUE(ids.insert(line["id"]).second);
    }
    const auto next = answer.data.find("next_before");
    if (next == answer.data.end()) break;
    params["before"] = next->second;
    Record(&harness, json::array({EntryOf(1000 + page)}));
  }
  EXPECT_EQ(times.size(), 20U);
  EXPECT_TRUE(std::is_sorted(times.rbegin(), times.rend()));
}

TEST(ListActivity, APageThatIsTheLastNamesNoOther) {
  AccountsHarness harness;
  Record(&harness, json::array({EntryOf(1), EntryOf(2)}));
  EXPECT_FALSE(ListOf(&harness, {{"limit", "2"}}).data.contains("next_before"));
  EXPECT_TRUE(ListOf(&harness, {{"limit", "1"}}).data.contains("next_before"));
}

TEST(ListActivity, ShowsOthersEntriesOnlyToWhoMayWriteDocuments) {
  AccountsHarness harness;
  Record(&harness,
         {EntryOf(1, {{"user", "user-1"}}), EntryOf(2, {{"user", "user-2"}}), EntryOf(3)});
  const auto seen = [&](std::string_view role, Params params) {
    return TimesOf(ListOf(&harness, std::move(params), role)).size();
  };
  EXPECT_EQ(seen("admin", {}), 3U);
  EXPECT_EQ(seen("user", {}), 1U);
  EXPECT_EQ(seen("viewer", {}), 1U);
  EXPECT_EQ(seen("user", {{"editors", "you@example.com"}}), 3U);
  EXPECT_EQ(seen("user", {{"editors", "me@example.com"}}), 1U);
  EXPECT_EQ(seen("viewer", {{"editors", "*"}}), 1U);
  EXPECT_EQ(TimesOf(ListOf(&harness, {}, "user")), (std::vector<int64_t>{kNow + 1}));
  EXPECT_EQ(harness.Run("list_activity", {}).status, 401);
  EXPECT_EQ(ListOf(&harness, {}, "stranger").status, 403);
}

TEST(ListActivity, CanBeOfOneApp) {
  AccountsHarness harness;
  Record(&harness, {EntryOf(1, {{"path", "/db.json"}}), EntryOf(2, {{"path", "/apps/a/db.json"}}),
                    EntryOf(3)});
  EXPECT_EQ(TimesOf(ListOf(&harness, {{"app", "a"}})), (std::vector<int64_t>{kNow + 2}));
  EXPECT_EQ(TimesOf(ListOf(&harness, {{"app", "default"}})), (std::vector<int64_t>{kNow + 1}));
  EXPECT_EQ(TimesOf(ListOf(&harness, {{"app", "b"}})), std::vector<int64_t>{});
}

TEST(ListActivity, LooksAtSoManyRowsForOnePageAndGoesOnInTheNext) {
  AccountsHarness harness;
  const int others = 2 * static_cast<int>(limits::kActivityScanRows);
  Record(&harness, json::array({EntryOf(-2000 * others, {{"user", "user-1"}})}));
  Fill(&harness, others, "user-2");
  Params params;
  std::vector<size_t> pages;
  for (;;) {
    const native::Answer answer = ListOf(&harness, params, "user");
    pages.push_back(TimesOf(answer).size());
    const auto next = answer.data.find("next_before");
    if (next == answer.data.end()) break;
    params["before"] = next->second;
    ASSERT_LT(pages.size(), 5U);
  }
  EXPECT_EQ(pages, (std::vector<size_t>{0, 1}));
}

TEST(ListActivity, RefusesParametersOutOfBounds) {
  AccountsHarness harness;
  for (const Params& params : std::vector<Params>{{{"limit", "0"}},
                                                  {{"limit", "201"}},
                                                  {{"limit", "x"}},
                                                  {{"before", "x"}},
                                                  {{"before", "' OR 1"}}}) {
    const native::Answer answer = ListOf(&harness, params);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(json::parse(answer.body)["error"], "invalid_parameter");
  }
  EXPECT_EQ(ListOf(&harness, {{"limit", "200"}}).status, 200);
}

TEST(PruneActivity, ForgetsWhatIsTooOldAndNothingElse) {
  AccountsHarness harness;
  Record(&harness, json::array({EntryOf(0), EntryOf(1), EntryOf(2)}));
  harness.now_ms = kNow + limits::kActivityDays * limits::kDayMs + 1;
  const native::Answer pruned = harness.Run("prune_activity", {});
  EXPECT_EQ(pruned.status, 200);
  EXPECT_EQ(pruned.data.at("deleted"), "1");
  EXPECT_EQ(TimesOf(ListOf(&harness, {})), (std::vector<int64_t>{kNow + 2, kNow + 1}));
  EXPECT_EQ(harness.Run("prune_activity", {}).data.at("deleted"), "0");
}

TEST(PruneActivity, ForgetsTheOldestOfTooMany) {
  AccountsHarness harness;
  const int rows = static_cast<int>(limits::kActivityRowsMax + limits::kActivityPruneRows) + 2;
  Fill(&harness, rows, "user-1");
  EXPECT_EQ(harness.Run("prune_activity", {}).data.at("deleted"), "5002");
  EXPECT_EQ(CountOf(&harness), "100000");
  EXPECT_EQ(harness.database.Rows("SELECT max(time), min(time) FROM activity").front(),
            std::to_string(kNow) + '|' + std::to_string(kNow - 99'999 * int64_t{1000}));
  EXPECT_EQ(harness.Run("prune_activity", {}).data.at("deleted"), "0");
}

}  // namespace
}  // namespace tidemark::testing
