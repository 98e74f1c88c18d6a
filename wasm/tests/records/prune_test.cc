// Pruning: what is forgotten with time, and what becomes of devices that slept through it.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/deltas.h"
#include "tests/support/device.h"

namespace tidemark::testing {
namespace {

using Strings = std::vector<std::string>;

void Sleep(SpaceHarness* space, int64_t days) {
  space->now_ms += days * limits::kDayMs;
  space->Tick();
}

// A space in which `gone` was deleted and forgotten, and `kept` is still there; and the cursor from
// before the deletion.
json ForgetOne(SpaceHarness* space) {
  const json seen = space->Sync("phone", Body("plans", {Update("gone", PlanData("A"), kNow),
                                                        Update("kept", PlanData("B"), kNow)}));
  space->Sync("laptop", Body("plans", {Removal("gone", kNow + 1)}));
  Sleep(space, 100);
  return seen.at("cursor");
}

TEST(Prune, TombstonesGoAfterNinetyDays) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Removal("p", kNow)}));
  Sleep(&space, 89);
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM records"), 1);
  Sleep(&space, 2);
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM records"), 0);
}

TEST(Prune, GoesByTheServersTimeAndNotByStamps) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Removal("p", kNow - 200 * limits::kDayMs)}));
  Sleep(&space, 2);
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM records"), 1);
}

TEST(Prune, TheHeadDoesNotGoBack) {
  SpaceHarness space;
  const json cursor = space.Sync("phone", Body("plans", {Removal("p", kNow)})).at("cursor");
  Sleep(&space, 100);
  const json answer = space.Sync("phone", {{"cursor", cursor}});
  EXPECT_FALSE(answer.contains("reset"));
  EXPECT_EQ(answer.at("cursor"), cursor);
  space.Sync("phone", Body("plans", {Update("q", PlanData("A"), space.now_ms)}));
  EXPECT_EQ(CountOf(&space, "SELECT seq FROM records"), 2);
}

TEST(Prune, ADeviceFromBeforeIsToldToStartOver) {
  SpaceHarness space;
  const json answer = space.Sync("phone", {{"cursor", ForgetOne(&space)}});
  EXPECT_EQ(answer.at("reset"), true);
  EXPECT_EQ(answer.at("reset_reason"), "pruned");
  EXPECT_EQ(Ids(answer.at("plans")), Strings{"kept"});
  const json next = space.Sync("phone", {{"cursor", answer.at("cursor")}});
  EXPECT_FALSE(next.contains("reset"));
}

TEST(Prune, OldEditsOfForgottenRecordsAreRejectedAndKeptInTheHistory) {
  SpaceHarness space;
  const json cursor = ForgetOne(&space);
  const json body = With({{"plans",
                           {Update("gone", PlanData("from the dead"), kNow + 5),
                            Update("kept", PlanData("C"), kNow + 5)}},
                          {"notes", {Update("n", {{"text", "old"}}, kNow + 5)}}},
                         "cursor", cursor);
  const json answer = space.Sync("phone", body);
  EXPECT_EQ(Codes(answer.at("rejected")), (Strings{"stale_device", "stale_device"}));
  EXPECT_EQ(Stored(&space, "plans", "gone"), "");
  EXPECT_EQ(Stored(&space, "plans", "kept"), PlanData("C").dump());
  EXPECT_EQ(space.space.Rows("SELECT record_id FROM history WHERE reason = 'stale_device'"),
            (Strings{"gone", "n"}));
  const std::string before = Everything(&space);
  space.Sync("phone", body);
  EXPECT_EQ(Everything(&space), before);
}

TEST(Prune, OldEditsWithoutACursorAreRejectedToo) {
  SpaceHarness space;
  ForgetOne(&space);
  const json answer =
      space.Sync("phone", Body("plans", {Update("gone", PlanData("from the dead"), kNow + 5)}));
  EXPECT_EQ(Codes(answer.at("rejected")), Strings{"stale_device"});
}

TEST(Prune, NewEditsOfADeviceFromBeforeAreStored) {
  SpaceHarness space;
  const json cursor = ForgetOne(&space);
  const json answer = space.Sync(
      "phone",
      With(Body("plans", {Update("fresh", PlanData("D"), space.now_ms)}), "cursor", cursor));
  EXPECT_EQ(answer.at("rejected"), json::array());
  EXPECT_EQ(Ids(answer.at("plans")), (Strings{"kept", "fresh"}));
}

TEST(Prune, BareIdsOfADeviceFromBeforeDeleteNothing) {
  SpaceHarness space;
  const json cursor = ForgetOne(&space);
  const json answer = space.Sync("phone", {{"cursor", cursor}, {"deleted_ids", {"kept"}}});
  EXPECT_EQ(Codes(answer.at("rejected")), Strings{"delete_unseen"});
  EXPECT_NE(Stored(&space, "plans", "kept"), "");
}

TEST(Prune, ADeletedParentStaysWhileAChildLives) {
  SpaceHarness space;
  space.Sync("phone", {{"plans", {Update("p", PlanData("A"), kNow)}},
                       {"cards", {Update("c", CardData("p", "?"), kNow)}}});
  space.Sync("phone", Body("plans", {Removal("p", kNow + 1), Removal("q", kNow + 1)}));
  Sleep(&space, 100);
  EXPECT_EQ(space.space.Rows("SELECT id FROM records WHERE deleted = 1"), Strings{"p"});
  space.Sync("phone", Body("cards", {Removal("c", space.now_ms)}));
  Sleep(&space, 100);
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM records"), 0);
}

TEST(Prune, AWalkThatPruningOvertakesStartsOver) {
  SpaceHarness space;
  json plans = json::array();
  for (int i = 0; i < 6; ++i) plans.push_back(Update("p" + std::to_string(i), PlanData("A"), kNow));
  space.Sync("laptop", Body("plans", plans));
  const json page = space.Sync("phone", {{"limit", 2}});
  space.Sync("laptop", Body("plans", {Removal("p0", kNow + 1)}));
  Sleep(&space, 100);
  const json answer = space.Sync("phone", {{"limit", 2}, {"cursor", page.at("cursor")}});
  EXPECT_EQ(answer.at("reset_reason"), "pruned");
}

TEST(Prune, AWalkThatBeganAfterThePruningGoesOn) {
  SpaceHarness space;
  ForgetOne(&space);
  for (int i = 0; i < 3; ++i) {
    space.Sync("laptop", Body("plans", {Update("p" + std::to_string(i), PlanData("A"), kNow)}));
  }
  json answer = space.Sync("phone", {{"limit", 1}});
  size_t rows = answer.at("plans").size();
  while (answer.at("has_more").get<bool>()) {
    answer = space.Sync("phone", {{"limit", 1}, {"cursor", answer.at("cursor")}});
    ASSERT_FALSE(answer.contains("reset"));
    rows += answer.at("plans").size();
  }
  EXPECT_EQ(rows, static_cast<size_t>(CountOf(&space, "SELECT count(*) FROM records")));
}

TEST(Prune, HistoryGoesAfterThirtyDays) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  space.Sync("phone", Body("plans", {Update("p", PlanData("B"), kNow + 1)}));
  Sleep(&space, 20);
  space.Sync("phone", Body("plans", {Update("p", PlanData("C"), space.now_ms)}));
  Sleep(&space, 11);
  EXPECT_EQ(space.space.Rows("SELECT json_extract(data, '$.title') FROM history"), Strings{"B"});
}

TEST(Prune, ClaimsAreRememberedAsLongAsTombstones) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow + 7'200'000)}));
  Sleep(&space, 80);
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM claims"), 1);
  Sleep(&space, 20);
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM claims"), 0);
}

TEST(Prune, PrunedRowsLeaveD1WithTheNextRun) {
  SpaceHarness space;
  ForgetOne(&space);
  space.Tick();
  EXPECT_EQ(space.Projected(), Strings{"plans|kept|2"});
}

TEST(Prune, ADeletionThatD1DoesNotKnowIsNotForgotten) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  space.Tick();
  space.d1_down = true;
  space.Sync("phone", Body("plans", {Removal("p", kNow + 1)}));
  Sleep(&space, 100);
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM records"), 1);
  space.d1_down = false;
  Sleep(&space, 2);  // D1 is told first
  EXPECT_EQ(space.Projected(), Strings{});
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM records"), 0);
}

TEST(Prune, ADeviceThatSleptConvergesWithoutRaisingTheDead) {
  SpaceHarness space;
  Device phone("phone");
  Device laptop("laptop");
  for (const char* id : {"a", "b", "c"}) phone.Edit("plans", id, PlanData(id), kNow);
  ASSERT_TRUE(SyncUntilIdle(&space, {&phone, &laptop}));
  phone.Edit("plans", "a", PlanData("asleep"), kNow + 10);
  phone.Edit("plans", "b", PlanData("asleep"), kNow + 10);
  laptop.Delete("plans", "a", kNow + 5);
  ASSERT_TRUE(SyncOnce(&space, &laptop));
  Sleep(&space, 100);
  phone.Edit("plans", "d", PlanData("awake"), space.now_ms);
  ASSERT_TRUE(SyncUntilIdle(&space, {&phone, &laptop}));
  EXPECT_EQ(Differences(&space, {&phone, &laptop}), "");
  EXPECT_EQ(phone.resets(), 1);
  EXPECT_EQ(phone.rejected(), Strings{"plans/a: stale_device"});
  EXPECT_EQ(laptop.View().size(), 3U);
}

}  // namespace
}  // namespace tidemark::testing
