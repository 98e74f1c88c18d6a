// Edits of what others share: what is taken, and what is refused.

#include "tests/shares/fixtures.h"

namespace tidemark::testing {
namespace {

TEST_F(Edits, AnEditIsStoredWithItsOwnerAndComesBackToTheEditor) {
  const json seen = people_.Sync("bob", "tablet", json::object());
  const json answer = people_.Sync(
      "bob", "tablet",
      With(Body("cards", {Of("ann", Update("c", CardData("p", "Bob's"), kNow + 1, 0))}), "cursor",
           seen.at("cursor")));
  EXPECT_EQ(answer.at("rejected"), json::array());
  people_.Settle();
  EXPECT_EQ(AtAnn("cards", "c"), CardData("p", "Bob's").dump());
  const json back = people_.Sync("bob", "tablet", {{"cursor", answer.at("cursor")}});
  ASSERT_EQ(Ids(back.at("cards")), Strings{"c"});
  EXPECT_EQ(back.at("cards")[0].at("device"), People::IdOf("bob") + "/tablet");
  EXPECT_EQ(back.at("cards")[0].at("updated_at"), kNow + 1);
  EXPECT_EQ(Waiting("bob"), Strings{});
  EXPECT_EQ(people_.Copies("cem"), people_.Shared("ann", "p"));
}

TEST_F(Edits, EverythingInThePlanMayBeEdited) {
  Edit("plans", Update("p", PlanData("by Bob"), kNow + 1, 0));
  Edit("cards", Update("new", CardData("p", "new"), kNow + 1, 0));
  Edit("sessions", Update("s", SessionData("p"), kNow + 1, 0));
  Edit("notes", Update("n", {{"rank", 7}}, kNow + 1, 0));
  Edit("cards", Removal("c", kNow + 1));
  people_.Settle();
  EXPECT_EQ(AtAnn("plans", "p"), PlanData("by Bob").dump());
  EXPECT_EQ(AtAnn("cards", "new"), CardData("p", "new").dump());
  EXPECT_EQ(AtAnn("sessions", "s"), SessionData("p").dump());
  EXPECT_EQ(AtAnn("notes", "n"), R"({"plan_id":"p","rank":7,"text":"A"})");
  EXPECT_EQ(AtAnn("cards", "c"), "");
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("ann", "p"));
  EXPECT_EQ(people_.Copies("bob").size(), 4U);
}

TEST_F(Edits, WhoMayReadOnlyIsForbidden) {
  const Strings forbidden{"forbidden"};
  EXPECT_EQ(CodesOf("cards", Update("c", CardData("p", "x"), kNow + 1, 0), "cem"), forbidden);
  EXPECT_EQ(CodesOf("cards", Update("x", CardData("p", "x"), kNow + 1, 0), "cem"), forbidden);
  EXPECT_EQ(CodesOf("cards", Removal("c", kNow + 1), "cem"), forbidden);
  EXPECT_EQ(CodesOf("plans", Update("p", PlanData("x"), kNow + 1, 0), "cem"), forbidden);
  EXPECT_EQ(Waiting("cem"), Strings{});
}

TEST_F(Edits, WhatIsNotSharedIsNotFound) {
  const Strings none{"not_found"};
  people_.Of("dan");
  for (const std::string who : {"bob", "dan"}) {
    EXPECT_EQ(CodesOf("plans", Update("q", PlanData("x"), kNow + 1, 0), who), none);
    EXPECT_EQ(CodesOf("cards", Update("x", CardData("q", "x"), kNow + 1, 0), who), none);
    EXPECT_EQ(CodesOf("cards", Removal("d", kNow + 1), who), none);
    EXPECT_EQ(CodesOf("notes", Update("loose", {{"text", "x"}}, kNow + 1, 0), who), none);
  }
  EXPECT_EQ(CodesOf("cards", Update("c", CardData("p", "x"), kNow + 1, 0), "dan"), none);
  json stranger = Update("c", CardData("p", "x"), kNow + 1, 0);
  stranger["owner"] = "no such user";
  EXPECT_EQ(Codes(people_.Sync("bob", "tablet", Body("cards", {stranger})).at("rejected")), none);
}

TEST_F(Edits, OnlyItsOwnerDeletesThePlanOrMovesOutOfIt) {
  people_.Put("ann", "q", "bob", "edit");
  people_.Settle();
  const Strings forbidden{"forbidden"};
  EXPECT_EQ(CodesOf("plans", Removal("p", kNow + 1)), forbidden);
  EXPECT_EQ(CodesOf("cards", Update("c", CardData("q", "x"), kNow + 1, 0)), forbidden);
  EXPECT_EQ(CodesOf("cards", Update("c", CardData("elsewhere", "x"), kNow + 1, 0)), forbidden);
  EXPECT_EQ(CodesOf("notes", Update("n", {{"plan_id", nullptr}}, kNow + 1, 0)), forbidden);
  EXPECT_EQ(CodesOf("notes", Update("n", {{"plan_id", "q"}}, kNow + 1, 0)), forbidden);
}

TEST_F(Edits, ARecordOfAnUnsharedPlanCannotBePulledInByItsId) {
  EXPECT_EQ(CodesOf("cards", Update("d", CardData("p", "mine"), kNow + 1, 0)), Strings{});
  EXPECT_EQ(CodesOf("notes", Update("loose", {{"plan_id", "p"}}, kNow + 1, 0)), Strings{});
  people_.Settle();
  EXPECT_EQ(AtAnn("cards", "d"), CardData("q", "hidden").dump());
  EXPECT_EQ(AtAnn("notes", "loose"), R"({"text":"hidden"})");
  for (const json& row : people_.Pull("bob")) {
    EXPECT_EQ(row.dump().find("hidden"), std::string::npos);
    if (row.at("id") == "d" || row.at("id") == "loose") EXPECT_EQ(row.at("action"), "delete");
  }
  EXPECT_EQ(Each(History("bob"), "reason"), (Strings{"refused", "refused"}));
}

TEST_F(Edits, AnEditIsValidatedAsAnyDelta) {
  EXPECT_EQ(CodesOf("cards", Update("c", {{"plan_id", "p"}}, kNow)), Strings{"missing_column"});
  EXPECT_EQ(CodesOf("cards", Update("", CardData("p", "x"), kNow)), Strings{"invalid_id"});
  json odd = Update("c", CardData("p", "x"), kNow);
  odd["owner"] = 7;
  EXPECT_EQ(Codes(people_.Sync("bob", "t", Body("cards", {odd})).at("rejected")),
            Strings{"invalid_owner"});
}

TEST_F(Edits, OnesOwnIdOrNoneIsNoOwner) {
  json own = Update("own", PlanData("mine"), kNow);
  own["owner"] = People::IdOf("bob");
  json none = Update("none", PlanData("mine"), kNow);
  none["owner"] = nullptr;
  people_.Sync("bob", "tablet", Body("plans", {own, none}));
  EXPECT_EQ(people_.Of("bob").Records().size(), 2U);
  EXPECT_EQ(Waiting("bob"), Strings{});
}

TEST_F(Edits, WhatOneRequestMakesItMayChangeAndDelete) {
  const json answer =
      people_.Sync("bob", "tablet",
                   Body("cards", {Of("ann", Update("x", CardData("p", "1"), kNow, 0)),
                                  Of("ann", Update("x", CardData("p", "2"), kNow, 1)),
                                  Of("ann", Update("y", CardData("p", "1"), kNow, 2)),
                                  Of("ann", Removal("y", kNow, 3)),
                                  Of("ann", Update("x", CardData("q", "away"), kNow, 4))}));
  EXPECT_EQ(Codes(answer.at("rejected")), Strings{"forbidden"});
  const json later =
      people_.Sync("bob", "tablet", Body("cards", {Of("ann", Removal("x", kNow, 5))}));
  EXPECT_EQ(later.at("rejected"), json::array());
  people_.Settle();
  EXPECT_EQ(AtAnn("cards", "x"), "");
  EXPECT_EQ(AtAnn("cards", "y"), "");
}

TEST_F(Edits, OwnAndForeignDeltasOfOneBodyGoTheirWays) {
  const json answer = people_.Sync("bob", "tablet",
                                   {{"plans", {Update("p", PlanData("Bob's own p"), kNow)}},
                                    {"cards",
                                     {Update("c", CardData("p", "own"), kNow),
                                      Of("ann", Update("c", CardData("p", "Ann's"), kNow + 1)),
                                      Of("ann", Update("z", CardData("nowhere", "x"), kNow))}}});
  ASSERT_EQ(Codes(answer.at("rejected")), Strings{"not_found"});
  EXPECT_EQ(answer.at("rejected")[0].at("index"), 2);
  people_.Settle();
  EXPECT_EQ(Stored(&people_.Of("bob"), "cards", "c"), CardData("p", "own").dump());
  EXPECT_EQ(AtAnn("cards", "c"), CardData("p", "Ann's").dump());
}

}  // namespace
}  // namespace tidemark::testing
