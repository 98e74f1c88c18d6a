// Pull: what a device is told, by pages and by cursor.

#include <gtest/gtest.h>

#include <set>

#include "base/limits.h"
#include "records/cursor.h"
#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

using Strings = std::vector<std::string>;

json Plans(int count, int64_t ms = kNow) {
  json deltas = json::array();
  for (int i = 0; i < count; ++i) {
    deltas.push_back(Update("p" + std::to_string(100 + i), PlanData("A"), ms));
  }
  return Body("plans", deltas);
}

Cursor CursorOf(const json& answer) {
  const Result<Cursor> cursor = ParseCursor(answer.at("cursor").get<std::string>());
  EXPECT_TRUE(cursor.ok());
  return cursor.ok() ? *cursor : Cursor();
}

TEST(Pull, AnEmptySpaceAnswersEveryKey) {
  SpaceHarness space;
  const json answer = space.Sync("phone", json::object());
  for (const char* key :
       {"plans", "sessions", "cards", "notes", "deleted_ids", "rejected", "conflicts"}) {
    EXPECT_EQ(answer.at(key), json::array()) << key;
  }
  EXPECT_EQ(answer.at("has_more"), false);
  EXPECT_EQ(answer.at("server_time"), kNow);
  EXPECT_FALSE(answer.contains("reset"));
  EXPECT_EQ(CursorOf(answer).seq, 0);
}

TEST(Pull, WithoutACursorADeviceGetsItsOwnRowsToo) {
  SpaceHarness space;
  const json answer = space.Sync("phone", Plans(2));
  EXPECT_EQ(Ids(answer.at("plans")), (Strings{"p100", "p101"}));
  EXPECT_EQ(answer.at("plans")[0].at("action"), "create");
  EXPECT_EQ(answer.at("plans")[0].at("device"), "phone");
}

TEST(Pull, WithACursorADeviceGetsOthersRowsOnly) {
  SpaceHarness space;
  const json start = space.Sync("phone", json::object());
  const json own = space.Sync("phone", With(Plans(2), "cursor", start.at("cursor")));
  EXPECT_EQ(own.at("plans"), json::array());
  space.Sync("laptop", Body("plans", {Update("q", PlanData("B"), kNow)}));
  const json answer = space.Sync("phone", {{"cursor", own.at("cursor")}});
  EXPECT_EQ(Ids(answer.at("plans")), Strings{"q"});
  const json again = space.Sync("phone", {{"cursor", answer.at("cursor")}});
  EXPECT_EQ(again.at("plans"), json::array());
  EXPECT_EQ(again.at("cursor"), answer.at("cursor"));
}

// What is stored need not be what the device makes of its own delta: here another had deleted the
// rest of the fields before it came.
TEST(Pull, ADeviceWhoseAnswerWasLostIsToldWhatItWroteAsItIsStored) {
  SpaceHarness space;
  const json whole = {{"text", "a"}, {"pinned", true}};
  const json seen = space.Sync("phone", Body("notes", {Update("n", whole, kNow)}));
  space.Sync("laptop", Body("notes", {Removal("n", kNow + 1)}));
  const auto body = [&](const json& deltas) { return With(deltas, "cursor", seen.at("cursor")); };
  space.Sync("phone", body(Body("notes", {Update("n", {{"text", "b"}}, kNow + 2)})));
  const json answer =
      space.Sync("phone", body(Body("plans", {Update("p", PlanData("A"), kNow + 3)})));
  EXPECT_EQ(answer.at("plans"), json::array());
  ASSERT_EQ(Ids(answer.at("notes")), Strings{"n"});
  EXPECT_EQ(answer.at("notes")[0].at("data"), (json{{"text", "b"}}));
}

TEST(Pull, ADeltaThatLostIsAnsweredByWhatIsStored) {
  SpaceHarness space;
  space.Sync("laptop", Body("plans", {Update("p", PlanData("newer"), kNow)}));
  const json seen = space.Sync("phone", json::object());
  const json answer = space.Sync(
      "phone",
      With(Body("plans", {Update("p", PlanData("older"), kNow - 9)}), "cursor", seen.at("cursor")));
  EXPECT_EQ(Codes(answer.at("conflicts")), Strings{"lost"});
  ASSERT_EQ(Ids(answer.at("plans")), Strings{"p"});
  EXPECT_EQ(answer.at("plans")[0].at("data"), PlanData("newer"));
}

TEST(Pull, ADeltaOlderThanTheDevicesOwnIsAnsweredByWhatIsStored) {
  SpaceHarness space;
  const json first = space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  const json answer =
      space.Sync("phone", With(Body("plans", {Update("p", PlanData("clock set back"), kNow - 9)}),
                               "cursor", first.at("cursor")));
  ASSERT_EQ(Ids(answer.at("plans")), Strings{"p"});
  EXPECT_EQ(answer.at("plans")[0].at("data"), PlanData("A"));
}

TEST(Pull, AClampedDeltaIsAnsweredWithTheStampThatIsStored) {
  SpaceHarness space;
  const json start = space.Sync("phone", json::object());
  const json answer =
      space.Sync("phone", With(Body("plans", {Update("p", PlanData("A"), kNow + 7'200'000)}),
                               "cursor", start.at("cursor")));
  ASSERT_EQ(Ids(answer.at("plans")), Strings{"p"});
  EXPECT_EQ(answer.at("plans")[0].at("updated_at"), kNow);
}

TEST(Pull, MergedFieldsAreAnsweredInFull) {
  SpaceHarness space;
  space.Sync("laptop", Body("notes", {Update("n", {{"text", "A"}, {"rank", 1}}, kNow)}));
  const json seen = space.Sync("phone", json::object());
  const json answer = space.Sync(
      "phone",
      With(Body("notes", {Update("n", {{"rank", 2}}, kNow + 1)}), "cursor", seen.at("cursor")));
  ASSERT_EQ(Ids(answer.at("notes")), Strings{"n"});
  EXPECT_EQ(answer.at("notes")[0].at("data"), json({{"text", "A"}, {"rank", 2}}));
}

TEST(Pull, NoRowIsToldTwiceInOneAnswer) {
  SpaceHarness space;
  const json start = space.Sync("phone", json::object());
  space.Sync("laptop", Plans(3));
  for (const json& limit : {json(1), json(2), json(10)}) {
    json body = With(Plans(3, kNow - 9), "cursor", start.at("cursor"));
    body["limit"] = limit;
    const Strings ids = Ids(space.Sync("phone", body).at("plans"));
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
    EXPECT_EQ(ids.size(), 3U);  // each lost, so each is answered, whatever the page
  }
}

TEST(Pull, TombstonesAreToldAsDeltasAndAsDeletedIds) {
  SpaceHarness space;
  const json seen = space.Sync("phone", Plans(2));
  space.Sync("laptop", Body("plans", {Removal("p100", kNow + 1)}));
  const json answer = space.Sync("phone", {{"cursor", seen.at("cursor")}});
  ASSERT_EQ(Ids(answer.at("plans")), Strings{"p100"});
  EXPECT_EQ(answer.at("plans")[0].at("action"), "delete");
  EXPECT_FALSE(answer.at("plans")[0].contains("data"));
  EXPECT_EQ(answer.at("deleted_ids"), json({"p100"}));
}

TEST(Pull, CreateAndUpdateGoByWhetherTheRecordWasThereAtTheCursor) {
  SpaceHarness space;
  space.Sync("laptop", Plans(2));
  const json seen = space.Sync("phone", json::object());
  space.Sync("laptop",
             Body("plans", {Update("p100", PlanData("B"), kNow + 1),
                            Update("new", PlanData("C"), kNow + 1), Removal("p101", kNow + 1)}));
  space.Sync("laptop", Body("plans", {Update("p101", PlanData("back"), kNow + 2)}));
  const json answer = space.Sync("phone", {{"cursor", seen.at("cursor")}});
  EXPECT_EQ(Ids(answer.at("plans")), (Strings{"p100", "new", "p101"}));
  EXPECT_EQ(Each(answer.at("plans"), "action"), (Strings{"update", "create", "create"}));
}

TEST(Pull, PagesCoverEverythingOnceAndKeepTheOrderOfSeq) {
  SpaceHarness space;
  space.Sync("laptop", Plans(25));
  Strings ids;
  json answer = space.Sync("phone", {{"limit", 10}});
  std::vector<size_t> sizes;
  while (true) {
    for (const std::string& id : Ids(answer.at("plans"))) ids.push_back(id);
    sizes.push_back(answer.at("plans").size());
    if (!answer.at("has_more").get<bool>()) break;
    EXPECT_TRUE(CursorOf(answer).walking());
    answer = space.Sync("phone", {{"limit", 10}, {"cursor", answer.at("cursor")}});
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{10, 10, 5}));
  EXPECT_EQ(ids.size(), 25U);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_FALSE(CursorOf(answer).walking());
}

TEST(Pull, AWalkIncludesTheDevicesOwnRowsOnEveryPage) {
  SpaceHarness space;
  space.Sync("phone", Plans(5));
  json answer = space.Sync("phone", {{"limit", 2}});
  size_t rows = answer.at("plans").size();
  while (answer.at("has_more").get<bool>()) {
    answer = space.Sync("phone", {{"limit", 2}, {"cursor", answer.at("cursor")}});
    rows += answer.at("plans").size();
  }
  EXPECT_EQ(rows, 5U);
}

TEST(Pull, AnExactPageSaysThatThereIsNoMore) {
  SpaceHarness space;
  space.Sync("laptop", Plans(10));
  EXPECT_EQ(space.Sync("phone", {{"limit", 10}}).at("has_more"), false);
  EXPECT_EQ(space.Sync("phone", {{"limit", 9}}).at("has_more"), true);
}

TEST(Pull, LargeRowsEndAPageBeforeItsBytesDo) {
  SpaceHarness space;
  json data = PlanData("A");
  data["content"] = std::string(900'000, 'x');
  const json start = space.Sync("laptop", json::object());
  for (int i = 0; i < 10; ++i) {
    space.Sync("laptop", With(Body("plans", {Update("p" + std::to_string(i), data, kNow)}),
                              "cursor", start.at("cursor")));
  }
  const native::Answer first = space.Post("phone", "{}");
  EXPECT_LT(first.body.size(), limits::kPageBytesMax + 4096);
  const json answer = json::parse(first.body, nullptr, false);
  EXPECT_EQ(answer.at("has_more"), true);
  const json rest = space.Sync("phone", {{"cursor", answer.at("cursor")}});
  EXPECT_EQ(answer.at("plans").size() + rest.at("plans").size(), 10U);
}

TEST(Pull, AnotherEpochResets) {
  SpaceHarness space;
  space.Sync("laptop", Plans(2));
  const json answer = space.Sync("phone", {{"cursor", "abc.1"}});
  EXPECT_EQ(answer.at("reset"), true);
  EXPECT_EQ(answer.at("reset_reason"), "other_epoch");
  EXPECT_EQ(answer.at("plans").size(), 2U);
}

TEST(Pull, ACursorAheadOfTheSpaceResets) {
  SpaceHarness space;
  const json seen = space.Sync("phone", Plans(2));
  Cursor ahead = CursorOf(seen);
  ahead.seq += 1;
  const json answer = space.Sync("phone", {{"cursor", FormatCursor(ahead)}});
  EXPECT_EQ(answer.at("reset_reason"), "cursor_ahead");
  EXPECT_EQ(answer.at("plans").size(), 2U);
}

TEST(Pull, AResetAnswerHoldsWhatTheSameRequestPushed) {
  SpaceHarness space;
  space.Sync("laptop", Body("plans", {Update("q", PlanData("B"), kNow)}));
  const json answer = space.Sync("phone", With(Plans(1), "cursor", "abc.1"));
  EXPECT_EQ(Ids(answer.at("plans")), (Strings{"q", "p100"}));
}

}  // namespace
}  // namespace tidemark::testing
