// History: nothing is lost in silence, and what is kept can be had again.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

using Strings = std::vector<std::string>;

json HistoryOf(SpaceHarness* space, Params params = {}) {
  const native::Answer answer = space->Run("list_history", std::move(params));
  EXPECT_EQ(answer.status, 200) << answer.body;
  return json::parse(answer.body, nullptr, false);
}

native::Answer Restore(SpaceHarness* space, const json& entry) {
  return space->Run("restore_history", {{"id", std::to_string(entry.at("id").get<int64_t>())}});
}

void Edit(SpaceHarness* space, const std::string& device, const std::string& title, int64_t ms) {
  space->Sync(device, Body("plans", {Update("p", PlanData(title), ms, 0)}));
}

TEST(History, WhatAnEditOverwroteIsKept) {
  SpaceHarness space;
  Edit(&space, "phone", "A", kNow);
  Edit(&space, "laptop", "B", kNow + 1);
  const json history = HistoryOf(&space);
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].at("data"), PlanData("A"));
  EXPECT_EQ(history[0].at("reason"), "overwritten");
  EXPECT_EQ(history[0].at("device"), "phone");
  EXPECT_EQ(history[0].at("updated_at"), kNow);
}

TEST(History, WhatLostIsKeptOnce) {
  SpaceHarness space;
  Edit(&space, "phone", "A", kNow);
  for (int i = 0; i < 3; ++i) Edit(&space, "laptop", "late", kNow - 1);
  const json history = HistoryOf(&space);
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].at("reason"), "lost");
  EXPECT_EQ(history[0].at("device"), "laptop");
}

TEST(History, WhatADeletionRemovedIsKept) {
  SpaceHarness space;
  Edit(&space, "phone", "A", kNow);
  space.Sync("phone", Body("plans", {Removal("p", kNow + 1)}));
  EXPECT_EQ(Each(HistoryOf(&space), "reason"), Strings{"overwritten"});
}

TEST(History, FieldsThatLostAreKept) {
  SpaceHarness space;
  space.Sync("phone", Body("notes", {Update("n", {{"text", "A"}, {"rank", 1}}, kNow, 0)}));
  for (int i = 0; i < 2; ++i) {
    space.Sync("laptop", Body("notes", {Update("n", {{"rank", 9}}, kNow - 1, 0)}));
  }
  space.Sync("laptop", Body("notes", {Update("n", {{"rank", 2}}, kNow + 1, 0)}));
  const json history = HistoryOf(&space);
  ASSERT_EQ(Each(history, "reason"), (Strings{"overwritten", "lost"}));
  EXPECT_EQ(history[0].at("data"), json({{"rank", 1}}));
  EXPECT_EQ(history[1].at("data"), json({{"rank", 9}}));
}

TEST(History, IsListedNewestFirstByPages) {
  SpaceHarness space;
  for (int i = 0; i < 8; ++i) Edit(&space, "phone", std::to_string(i), kNow + i);
  native::Answer page = space.Run("list_history", {{"limit", "3"}});
  Strings titles;
  while (true) {
    for (const json& entry : json::parse(page.body, nullptr, false)) {
      titles.push_back(entry.at("data").at("title").get<std::string>());
    }
    if (!page.data.contains("next_before")) break;
    page = space.Run("list_history", {{"limit", "3"}, {"before", page.data.at("next_before")}});
  }
  EXPECT_EQ(titles, (Strings{"6", "5", "4", "3", "2", "1", "0"}));
}

TEST(History, IsListedForOneRecord) {
  SpaceHarness space;
  Edit(&space, "phone", "A", kNow);
  Edit(&space, "phone", "B", kNow + 1);
  space.Sync("phone", Body("plans", {Update("q", PlanData("C"), kNow, 0),
                                     Update("q", PlanData("D"), kNow + 1, 0)}));
  EXPECT_EQ(HistoryOf(&space).size(), 2U);
  const json history = HistoryOf(&space, {{"collection", "plans"}, {"id", "q"}});
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].at("data"), PlanData("C"));
}

TEST(History, ARestoredVersionIsTheNewestAndGoesToEveryDevice) {
  SpaceHarness space;
  Edit(&space, "phone", "A", kNow);
  Edit(&space, "phone", "B", kNow + 250'000);  // ahead of the server, within what it admits
  const json seen = space.Sync("phone", json::object());
  ASSERT_EQ(Restore(&space, HistoryOf(&space)[0]).status, 200);
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("A").dump());
  const json answer = space.Sync("phone", {{"cursor", seen.at("cursor")}});
  ASSERT_EQ(Ids(answer.at("plans")), Strings{"p"});
  EXPECT_EQ(answer.at("plans")[0].at("data"), PlanData("A"));
  EXPECT_EQ(HistoryOf(&space)[0].at("data"), PlanData("B"));
}

TEST(History, ARestoredDeletionIsBack) {
  SpaceHarness space;
  Edit(&space, "phone", "A", kNow);
  space.Sync("phone", Body("plans", {Removal("p", kNow + 1)}));
  ASSERT_EQ(Restore(&space, HistoryOf(&space)[0]).status, 200);
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("A").dump());
}

TEST(History, ARestoreOfFieldsPutsThoseFieldsBack) {
  SpaceHarness space;
  space.Sync("phone", Body("notes", {Update("n", {{"text", "A"}, {"rank", 1}}, kNow, 0)}));
  space.Sync("laptop", Body("notes", {Update("n", {{"rank", 2}}, kNow + 1, 0)}));
  ASSERT_EQ(Restore(&space, HistoryOf(&space)[0]).status, 200);
  EXPECT_EQ(Stored(&space, "notes", "n"), R"({"rank":1,"text":"A"})");
}

TEST(History, AnUnknownEntryIsNotFound) {
  SpaceHarness space;
  EXPECT_EQ(space.Run("restore_history", {{"id", "7"}}).status, 404);
  EXPECT_EQ(space.Run("restore_history", {{"id", "x"}}).status, 400);
  EXPECT_EQ(space.Run("restore_history", {}).status, 404);
}

TEST(History, AViewerReadsAndDoesNotRestore) {
  SpaceHarness space;
  Edit(&space, "phone", "A", kNow);
  Edit(&space, "phone", "B", kNow + 1);
  EXPECT_EQ(space.Run("list_history", {}, "viewer").status, 200);
  EXPECT_EQ(space.Run("restore_history", {{"id", "1"}}, "viewer").status, 403);
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("B").dump());
}

}  // namespace
}  // namespace tidemark::testing
