// The lists of a plan that another user shares.

#include "tests/shares/fixtures.h"

namespace tidemark::testing {
namespace {

TEST_F(Edits, ListsAreAnsweredWhereThePlanIsShared) {
  people_.Settle();
  const auto list = [&](const std::string& who, const std::string& collection,
                        const std::string& plan) {
    const native::Answer answer = people_.List(
        who, {{"collection", collection}, {"owner", People::IdOf("ann")}, {"plan", plan}});
    if (answer.status != 200) return std::to_string(answer.status);
    std::string ids;
    for (const json& row : json::parse(answer.body, nullptr, false)) {
      ids += row.at("id").get<std::string>() + " ";
    }
    return ids + answer.data.at("source");
  };
  people_.Of("dan");
  for (const std::string who : {"bob", "cem"}) {
    EXPECT_EQ(list(who, "cards", "p"), "c d1");
    EXPECT_EQ(list(who, "plans", "p"), "p d1");
    EXPECT_EQ(list(who, "sessions", "p"), "d1");
    EXPECT_EQ(list(who, "cards", "q"), "404");
    EXPECT_EQ(list(who, "plans", "q"), "404");
    EXPECT_EQ(list(who, "cards", ""), "400");
    EXPECT_EQ(list(who, "notes", "p"), "400");
  }
  EXPECT_EQ(list("dan", "cards", "p"), "404");
  people_.Sync("ann", "phone", Body("cards", {Update("e", CardData("p", "e"), kNow, 0)}));
  EXPECT_EQ(list("bob", "cards", "p"), "c e space");
  people_.Of("ann").d1_down = true;
  EXPECT_EQ(list("bob", "cards", "p"), "c e space");
  EXPECT_EQ(list("bob", "cards", "q"), "404");
  people_.Of("ann").d1_down = false;
  people_.Take("ann", "p", "bob");
  EXPECT_EQ(list("bob", "cards", "p"), "404");
}

TEST_F(Edits, AListOfNobodysWakesNobody) {
  people_.fate = [](const std::string& to, const native::HostCommand&) {
    EXPECT_EQ(to, "bob");
    return People::Fate::kArrives;
  };
  const native::Answer answer =
      people_.List("bob", {{"collection", "cards"}, {"owner", "guess"}, {"plan", "p"}});
  EXPECT_EQ(answer.status, 404);
}

TEST_F(Edits, AListOfWhomD1DoesNotKnowYetComesFromTheirSpace) {
  people_.Of("dan").d1_down = true;
  people_.Sync("eve", "phone",
               {{"plans", {Update("w", PlanData("W"), kNow, 0)}},
                {"cards", {Update("c", CardData("w", "x"), kNow, 0)}}});
  people_.Put("eve", "w", "bob", "read");
  people_.Share("eve");
  const native::Answer answer =
      people_.List("bob", {{"collection", "cards"}, {"owner", People::IdOf("eve")}, {"plan", "w"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Ids(json::parse(answer.body, nullptr, false)), Strings{"c"});
  EXPECT_EQ(answer.data.at("source"), "space");
}

}  // namespace
}  // namespace tidemark::testing
