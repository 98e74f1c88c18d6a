// How copies get to where they belong, whatever happens on the way.

#include <algorithm>

#include "base/limits.h"
#include "tests/shares/fixtures.h"

namespace tidemark::testing {
namespace {

TEST_F(Shares, WhatDoesNotTouchThePlanIsNotSent) {
  Share();
  int calls = 0;
  people_.fate = [&](const std::string&, const native::HostCommand& command) {
    calls += command.operation == "receive_shared" ? 1 : 0;
    return People::Fate::kArrives;
  };
  people_.Sync("ann", "phone", Body("cards", {Update("q-0", CardData("q", "x"), kNow + 1, 0)}));
  people_.Settle();
  EXPECT_EQ(calls, 0);
  people_.Sync("ann", "phone", Body("cards", {Update("p-0", CardData("p", "x"), kNow + 1, 0)}));
  people_.Settle();
  EXPECT_EQ(calls, 1);
}

TEST_F(Shares, OneWhoDoesNotAnswerHoldsUpNobody) {
  Share();
  people_.Put("ann", "p", "cem");
  people_.Settle();
  bool down = true;
  int tries = 0;
  people_.fate = [&](const std::string& to, const native::HostCommand& command) {
    if (to != "bob" || command.operation != "receive_shared") return People::Fate::kArrives;
    ++tries;
    return down ? People::Fate::kIsLost : People::Fate::kArrives;
  };
  people_.Sync("ann", "phone", Body("cards", {Update("p-0", CardData("p", "x"), kNow + 1, 0)}));
  for (int seconds = 0; seconds < 120; ++seconds) {
    people_.now_ms += 1000;
    if (people_.Of("ann").alarm_at > people_.now_ms) continue;
    people_.Tick("ann");
    people_.Share("ann");
  }
  EXPECT_EQ(people_.Copies("cem"), people_.Shared("ann", "p"));
  EXPECT_NE(people_.Copies("bob"), people_.Shared("ann", "p"));
  EXPECT_EQ(people_.Of("ann").Projected().size(), 5U);
  EXPECT_GE(tries, 6);  // after 1 s, 2 s, 4 s ...
  EXPECT_LE(tries, 8);
  down = false;
  ExpectEqual(&people_, "ann", "p", "bob");
}

TEST_F(Shares, CallsThatAreLostOrDoubledChangeNothing) {
  for (const People::Fate fate :
       {People::Fate::kIsLost, People::Fate::kLosesItsAnswer, People::Fate::kArrivesTwice}) {
    People people;
    people.Sync("ann", "phone", PlanWith("p", 4500));
    int left = 3;
    people.fate = [&](const std::string&, const native::HostCommand&) {
      return left-- > 0 ? fate : People::Fate::kArrives;
    };
    people.Put("ann", "p", "bob");
    people.Settle();
    left = 1;
    people.Sync("ann", "phone", Body("cards", {Update("p-0", CardData("p", "x"), kNow + 1, 0)}));
    ExpectEqual(&people, "ann", "p", "bob");
    left = 2;
    people.Take("ann", "p", "bob");
    people.Settle();
    EXPECT_EQ(people.Copies("bob"), Strings{});
    EXPECT_EQ(people.Of("ann").space.Rows("SELECT * FROM plan_shares"), Strings{});
  }
}

TEST_F(Shares, ACrashAtAnyStepIsMadeGoodByTheNextRun) {
  for (int steps = 0;; ++steps) {
    People people;
    people.Sync("ann", "phone", PlanWith("p", 2));
    people.Put("ann", "p", "bob");
    people.Put("ann", "p", "cem");
    bool done = false;
    {
      const auto running = people.BeginShare("ann");
      for (int i = 0; i < steps && !running->done(); ++i) running->Step();
      done = running->done();
    }
    people.Sync("ann", "phone", Body("cards", {Removal("p-0", kNow + 1)}));
    ExpectEqual(&people, "ann", "p", "bob");
    ExpectEqual(&people, "ann", "p", "cem");
    if (done) break;
    ASSERT_LT(steps, 100);
  }
}

TEST_F(Shares, ALateEndOrPageDoesNotUndoALaterShare) {
  Share();
  std::vector<native::HostCommand> late;
  std::vector<std::string> bodies;
  people_.fate = [&](const std::string&, const native::HostCommand& command) {
    late.push_back(command);
    return People::Fate::kArrives;
  };
  people_.Sync("ann", "phone", Body("cards", {Update("p-0", CardData("p", "x"), kNow + 1, 0)}));
  people_.Settle();
  people_.Take("ann", "p", "bob");
  people_.Settle();
  people_.fate = nullptr;
  for (const native::HostCommand& command : late) {
    Request request = people_.Of("bob").RequestOf(command.operation, command.params, true);
    request.identity = {};
    native::RunToEnd(&people_.Of("bob").engine, request, "", "[]\0",
                     people_.Of("bob").StoresOfSpace(), true);
  }
  EXPECT_EQ(people_.Copies("bob"), Strings{});
  people_.Put("ann", "p", "bob");
  ExpectEqual(&people_, "ann", "p", "bob");
  for (const native::HostCommand& command : late) {
    Request request = people_.Of("bob").RequestOf(command.operation, command.params, true);
    request.identity = {};
    native::RunToEnd(&people_.Of("bob").engine, request, "", "", people_.Of("bob").StoresOfSpace(),
                     true);
  }
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("ann", "p"));
}

TEST_F(Shares, ASpaceOfAnotherEpochIsSentAnew) {
  Share();
  people_.Forget("ann");
  people_.Sync("ann", "phone", PlanWith("p", 1));
  people_.Sync("ann", "phone", Body("cards", {Update("fresh", CardData("p", "x"), kNow, 0)}));
  people_.now_ms += 1000;
  people_.Put("ann", "p", "bob");
  ExpectEqual(&people_, "ann", "p", "bob");
  // The owner's space was put back as it was, in a new life.
  people_.Of("ann").space.Execute("UPDATE meta SET value = 'beef' WHERE key = 'epoch'");
  people_.Sync("ann", "phone", Body("cards", {Removal("fresh", kNow + 1)}));
  ExpectEqual(&people_, "ann", "p", "bob");
  // The other one's was begun anew.
  people_.Forget("bob");
  people_.Sync("ann", "phone", Body("cards", {Update("more", CardData("p", "x"), kNow, 0)}));
  ExpectEqual(&people_, "ann", "p", "bob");
}

TEST_F(Shares, DeletionsOfCopiesAreForgottenAsOthersAre) {
  Share();
  const json seen = people_.Sync("bob", "tablet", json::object());
  people_.Take("ann", "p", "bob");
  people_.Settle();
  people_.now_ms += (limits::kTombstoneDays + 1) * limits::kDayMs;
  people_.Tick("bob");
  EXPECT_EQ(people_.Of("bob").space.Rows("SELECT * FROM shared_records"), Strings{});
  EXPECT_EQ(people_.Of("bob").space.Rows("SELECT * FROM received_shares"), Strings{});
  const json answer = people_.Sync("bob", "tablet", {{"cursor", seen.at("cursor")}});
  EXPECT_EQ(answer.at("reset_reason"), "pruned");
  EXPECT_EQ(Shown("bob").at("received"), json::array());
}

TEST_F(Shares, ASharedPlanThatIsForgottenEndsItsShares) {
  Share();
  people_.Sync("ann", "phone",
               With(Body("plans", {Removal("p", kNow + 1)}), "cards",
                    {Removal("p-0", kNow + 1), Removal("p-1", kNow + 1)}));
  people_.Settle();
  EXPECT_EQ(Shown("bob").at("received").size(), 1U);
  people_.now_ms += (limits::kTombstoneDays + 1) * limits::kDayMs;
  people_.Tick("ann");
  people_.Settle();
  EXPECT_EQ(Shown("bob").at("received"), json::array());
  EXPECT_EQ(people_.Of("ann").space.Rows("SELECT * FROM plan_shares"), Strings{});
  people_.now_ms += (limits::kHistoryDays + 1) * limits::kDayMs;
  people_.Tick("ann");
  EXPECT_EQ(people_.Of("ann").space.Rows("SELECT * FROM departures"), Strings{});
  EXPECT_EQ(people_.Of("ann").space.Rows("SELECT * FROM people"), Strings{});
}

TEST_F(Shares, ASpaceTakesABoundedNumber) {
  people_.Of("bob").space.Execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO "
      "received_shares SELECT 'u' || i, 'p', 'read', '', 0, 'plans', 1, '', 0, 0, 0 FROM n");
  people_.Put("ann", "p", "bob");
  people_.Share("ann");
  EXPECT_EQ(people_.Copies("bob"), Strings{});
  people_.Of("bob").space.Execute("DELETE FROM received_shares WHERE owner = 'u1'");
  ExpectEqual(&people_, "ann", "p", "bob");
}

TEST_F(Shares, ASpaceWithoutSharesReadsAndWritesNoMore) {
  people_.Sync("ann", "phone", Body("cards", {Update("q-0", CardData("p", "x"), kNow + 1, 0)}));
  EXPECT_EQ(people_.Of("ann").space.Rows("SELECT * FROM departures"), Strings{});
  const native::Answer answer =
      people_.Post("ann", "phone", Body("plans", {Update("z", PlanData("Z"), kNow)}).dump());
  EXPECT_FALSE(answer.data.contains("then"));
}

}  // namespace
}  // namespace tidemark::testing
