// Reads: typed rows from D1, and the very same from the space when D1 cannot answer.

#include <gtest/gtest.h>

#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

using Strings = std::vector<std::string>;

json Rows(SpaceHarness* space, Params params) {
  const native::Answer answer = space->List(std::move(params));
  EXPECT_EQ(answer.status, 200) << answer.body;
  return json::parse(answer.body, nullptr, false);
}

// The answer of D1, proven to be the space's as well, to the byte.
json SameFromBoth(SpaceHarness* space, const Params& params) {
  const native::Answer shard = space->List(params);
  EXPECT_EQ(shard.data.at("source"), "d1, caught up");
  space->d1_down = true;
  const native::Answer owner = space->List(params);
  space->d1_down = false;
  EXPECT_EQ(owner.data.at("source"), "space");
  EXPECT_EQ(shard.status, 200);
  EXPECT_EQ(owner.body, shard.body);
  EXPECT_EQ(owner.data.at("more"), shard.data.at("more"));
  return json::parse(shard.body, nullptr, false);
}

void FillPlans(SpaceHarness* space, int count) {
  json plans = json::array();
  for (int i = 0; i < count; ++i) {
    // Three share each stamp: the id decides among them.
    plans.push_back(Update("p" + std::to_string(100 + i), PlanData("A"), kNow + i / 3));
  }
  space->Sync("phone", Body("plans", plans));
}

TEST(List, EveryColumnTypeIsTheSameFromBoth) {
  SpaceHarness space;
  const json plan = {{"title", "A \"quoted\" \xe2\x82\xac"},
                     {"status", "active"},
                     {"created_at", kNow / 1000},
                     {"total_hours", 12.5},
                     {"tags", {"a", {{"b", nullptr}}}},
                     {"content", "line\nline"},
                     {"unclaimed", 1}};
  json whole = PlanData("B");
  whole["total_hours"] = 3.0;
  whole["tags"] = nullptr;
  json card = CardData("p", "?");
  card["ease_factor"] = 2;
  card["last_review"] = 1'000'000'000;
  space.Sync("phone",
             {{"plans", {Update("p", plan, kNow), Update("q", whole, kNow)}},
              {"cards", {Update("c", card, kNow), Update("d", CardData("q", "?"), kNow)}},
              {"sessions", {Update("s", SessionData("p"), kNow)}},
              {"notes",
               {Update("n", {{"text", "A"}, {"pinned", true}, {"extra", {{"k", 1e3}}}}, kNow),
                Update("m", {{"text", "B"}, {"pinned", false}, {"colour", "red"}}, kNow)}}});
  for (const char* collection : {"plans", "cards", "sessions", "notes"}) {
    SCOPED_TRACE(collection);
    EXPECT_FALSE(SameFromBoth(&space, {{"collection", collection}}).empty());
  }
  const json rows = Rows(&space, {{"collection", "plans"}});
  EXPECT_EQ(rows[1].at("created_at"), kNow);
  EXPECT_EQ(rows[1].at("tags"), plan.at("tags"));
  EXPECT_EQ(rows[1].at("title"), plan.at("title"));
  EXPECT_FALSE(rows[1].contains("unclaimed"));
}

TEST(List, FortyFiveRowsComeInPagesOfTwentyTwentyAndFive) {
  SpaceHarness space;
  FillPlans(&space, 45);
  Strings seen;
  for (int page = 0; page < 3; ++page) {
    const Params params = {
        {"collection", "plans"}, {"limit", "20"}, {"offset", std::to_string(page * 20)}};
    const json rows = SameFromBoth(&space, params);
    EXPECT_EQ(rows.size(), page < 2 ? 20U : 5U);
    EXPECT_EQ(space.List(params).data.at("more"), page < 2 ? "1" : "0");
    for (const std::string& id : Ids(rows)) seen.push_back(id);
  }
  Strings expected = Ids(Rows(&space, {{"collection", "plans"}}));
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(seen.front(), "p144");
  EXPECT_EQ(seen.back(), "p100");
}

TEST(List, TheKeysetWalksTheSameRowsInTheSameOrder) {
  SpaceHarness space;
  FillPlans(&space, 45);
  json rows = SameFromBoth(&space, {{"collection", "plans"}, {"limit", "10"}});
  Strings seen = Ids(rows);
  while (rows.size() == 10) {
    const json& last = rows.back();
    const std::string before = std::to_string(last.at("updated_at").get<int64_t>()) + "," +
                               last.at("id").get<std::string>();
    rows = SameFromBoth(&space, {{"collection", "plans"}, {"limit", "10"}, {"before", before}});
    for (const std::string& id : Ids(rows)) seen.push_back(id);
  }
  EXPECT_EQ(seen, Ids(Rows(&space, {{"collection", "plans"}})));
}

TEST(List, FiltersChooseRows) {
  SpaceHarness space;
  json cards = json::array();
  for (int i = 0; i < 6; ++i) {
    json card = CardData(i % 2 == 0 ? "p" : "q", "?");
    card["next_review"] = kNow + (i - 3) * 1000;
    cards.push_back(Update("c" + std::to_string(i), card, kNow));
  }
  space.Sync("phone",
             {{"plans", {Update("p", PlanData("A"), kNow), Update("q", PlanData("B"), kNow)}},
              {"cards", cards},
              {"notes",
               {Update("n", {{"text", "A"}, {"pinned", true}}, kNow),
                Update("m", {{"text", "B"}, {"pinned", false}}, kNow)}}});
  const auto ids = [&](Params params) { return Ids(SameFromBoth(&space, params)); };
  EXPECT_EQ(ids({{"collection", "cards"}, {"plan", "p"}}), (Strings{"c0", "c2", "c4"}));
  EXPECT_EQ(ids({{"collection", "cards"}, {"due", "now"}}), (Strings{"c0", "c1", "c2", "c3"}));
  EXPECT_EQ(ids({{"collection", "cards"}, {"due", std::to_string(kNow / 1000 - 2)}}),
            (Strings{"c0", "c1"}));
  EXPECT_EQ(ids({{"collection", "cards"}, {"due", "now"}, {"plan", "q"}}), (Strings{"c1", "c3"}));
  EXPECT_EQ(ids({{"collection", "notes"}, {"pinned", "true"}}), Strings{"n"});
  EXPECT_EQ(ids({{"collection", "cards"}, {"plan", "none"}}), Strings{});
}

TEST(List, ChildrenOfADeletedPlanAreHidden) {
  SpaceHarness space;
  space.Sync(
      "phone",
      {{"plans", {Update("p", PlanData("A"), kNow), Update("q", PlanData("B"), kNow)}},
       {"cards", {Update("c", CardData("p", "?"), kNow), Update("d", CardData("q", "?"), kNow)}},
       {"sessions", {Update("s", SessionData("p"), kNow)}}});
  space.Sync("phone", Body("plans", {Removal("p", kNow + 1)}));
  EXPECT_EQ(Ids(SameFromBoth(&space, {{"collection", "plans"}})), Strings{"q"});
  EXPECT_EQ(Ids(SameFromBoth(&space, {{"collection", "cards"}})), Strings{"d"});
  EXPECT_EQ(SameFromBoth(&space, {{"collection", "sessions"}}), json::array());
}

TEST(List, ACursorThatD1HasReachedNeedsNoOwner) {
  SpaceHarness space;
  const json answer = space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  const Params params = {{"collection", "plans"}, {"cursor", answer.at("cursor")}};
  const native::Answer behind = space.List(params);
  EXPECT_EQ(behind.data.at("source"), "d1, caught up");
  EXPECT_EQ(behind.data.at("rows"), "1");
  const native::Answer at = space.List(params);
  EXPECT_EQ(at.data.at("source"), "d1");
  EXPECT_EQ(at.body, behind.body);
}

TEST(List, WhatWasAcknowledgedIsReadWhetherD1IsUpOrNot) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  space.Tick();
  space.d1_down = true;
  const json answer = space.Sync("phone", Body("plans", {Update("q", PlanData("B"), kNow + 1)}));
  for (const Params& params : {Params{{"collection", "plans"}},
                               Params{{"collection", "plans"}, {"cursor", answer.at("cursor")}}}) {
    const native::Answer rows = space.List(params);
    EXPECT_EQ(rows.data.at("source"), "space");
    EXPECT_EQ(Ids(json::parse(rows.body, nullptr, false)), (Strings{"q", "p"}));
  }
}

TEST(List, BadParametersAreNamed) {
  SpaceHarness space;
  const auto error = [&](Params params) { return space.List(std::move(params)).data["error"]; };
  EXPECT_EQ(error({{"collection", "ghosts"}}), "not_found");
  EXPECT_EQ(error({}), "not_found");
  EXPECT_EQ(error({{"collection", "plans"}, {"limit", "0"}}), "invalid_parameter");
  EXPECT_EQ(error({{"collection", "plans"}, {"limit", "1001"}}), "invalid_parameter");
  EXPECT_EQ(error({{"collection", "plans"}, {"offset", "-1"}}), "invalid_parameter");
  EXPECT_EQ(error({{"collection", "plans"}, {"before", "7"}}), "invalid_parameter");
  EXPECT_EQ(error({{"collection", "plans"}, {"before", "x,p"}}), "invalid_parameter");
  EXPECT_EQ(error({{"collection", "cards"}, {"due", "soon"}}), "invalid_parameter");
  EXPECT_EQ(error({{"collection", "plans"}, {"cursor", "?"}}), "invalid_cursor");
}

}  // namespace
}  // namespace tidemark::testing
