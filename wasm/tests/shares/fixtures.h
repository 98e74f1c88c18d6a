// What the tests of sharing begin with.

#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/people.h"

namespace tidemark::testing {

using Strings = std::vector<std::string>;

inline json PlanWith(const std::string& plan, int cards, int64_t ms = kNow) {
  json deltas = json::array();
  for (int i = 0; i < cards; ++i) {
    deltas.push_back(Update(plan + "-" + std::to_string(i), CardData(plan, "q"), ms, 0));
  }
  return With(Body("plans", {Update(plan, PlanData(plan), ms, 0)}), "cards", deltas);
}

inline void ExpectEqual(People* people, const std::string& owner, const std::string& plan,
                        const std::string& other) {
  people->Settle();
  EXPECT_EQ(people->Copies(other), people->Shared(owner, plan));
}

// Ann has two plans, `p` with two cards and `q` with one, and shares p with Bob.
class Shares : public ::testing::Test {
 protected:
  Shares() {
    people_.Sync("ann", "phone", PlanWith("p", 2));
    people_.Sync("ann", "phone", PlanWith("q", 1));
  }
  void Share(const std::string& permission = "read") {
    ASSERT_EQ(people_.Put("ann", "p", "bob", permission).status, 200);
    people_.Settle();
  }
  json Shown(const std::string& name) {
    return json::parse(people_.Run(name, "list_shares", {}).body, nullptr, false);
  }
  std::string Error(const native::Answer& answer) {
    return std::to_string(answer.status) + " " +
           (answer.data.contains("error") ? answer.data.at("error") : "");
  }

  People people_;
};

inline json Of(const std::string& owner, json delta) {
  delta["owner"] = People::IdOf(owner);
  return delta;
}

// Ann's plan `p` with a card `c` and a note `n` is shared with Bob to edit and with Cem to read;
// her plan `q` with a card `d` is nobody else's.
class Edits : public ::testing::Test {
 protected:
  Edits() {
    people_.Sync(
        "ann", "phone",
        {{"plans", {Update("p", PlanData("P"), kNow, 0), Update("q", PlanData("Q"), kNow)}},
         {"cards",
          {Update("c", CardData("p", "c"), kNow, 0),
           Update("d", CardData("q", "hidden"), kNow, 0)}},
         {"notes",
          {Update("n", {{"text", "A"}, {"plan_id", "p"}}, kNow, 0),
           Update("loose", {{"text", "hidden"}}, kNow, 0)}}});
    people_.Put("ann", "p", "bob", "edit");
    people_.Put("ann", "p", "cem", "read");
    people_.Settle();
  }

  // Bob's edit of one of Ann's records, from his tablet.
  json Edit(const std::string& collection, json delta, const std::string& who = "bob") {
    return people_.Sync(who, "tablet", Body(collection, {Of("ann", std::move(delta))}));
  }
  Strings CodesOf(const std::string& collection, json delta, const std::string& who = "bob") {
    return Codes(Edit(collection, std::move(delta), who).at("rejected"));
  }
  std::string AtAnn(const std::string& collection, const std::string& id) {
    return Stored(&people_.Of("ann"), collection, id);
  }
  json History(const std::string& name) {
    return json::parse(people_.Run(name, "list_history", {}).body, nullptr, false);
  }
  Strings Waiting(const std::string& name) {
    return people_.Of(name).space.Rows("SELECT record_id FROM outgoing ORDER BY n");
  }

  People people_;
};

}  // namespace tidemark::testing
