// Edits on their way to their owners: nothing acknowledged is lost.

#include <algorithm>

#include "base/limits.h"
#include "tests/shares/fixtures.h"

namespace tidemark::testing {
namespace {

TEST_F(Edits, AnEditThatLosesIsInTheOwnersHistoryAndTheCopyIsSentAgain) {
  people_.Sync("ann", "phone", Body("cards", {Update("c", CardData("p", "newer"), kNow + 9, 0)}));
  people_.Settle();
  const json seen = people_.Sync("bob", "tablet", json::object());
  Edit("cards", Update("c", CardData("p", "older"), kNow + 5, 0));
  people_.Settle();
  EXPECT_EQ(AtAnn("cards", "c"), CardData("p", "newer").dump());
  const json back = people_.Sync("bob", "tablet", {{"cursor", seen.at("cursor")}});
  ASSERT_EQ(Ids(back.at("cards")), Strings{"c"});
  EXPECT_EQ(back.at("cards")[0].at("data").at("question"), "newer");
  const json entry = History("ann")[0];
  EXPECT_EQ(entry.at("reason"), "lost");
  EXPECT_EQ(entry.at("editor"), "bob@example.com");
  EXPECT_EQ(entry.at("device"), People::IdOf("bob") + "/tablet");
}

TEST_F(Edits, TheHistoryNamesTheEditorOfAVersion) {
  Edit("cards", Update("c", CardData("p", "Bob's"), kNow + 1, 0));
  people_.Settle();
  people_.Sync("ann", "phone", Body("cards", {Update("c", CardData("p", "Ann's"), kNow + 2, 0)}));
  const json history = History("ann");
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].at("editor"), "bob@example.com");
  EXPECT_EQ(history[0].at("data"), CardData("p", "Bob's"));
  EXPECT_FALSE(history[1].contains("editor"));
  EXPECT_FALSE(history[1].contains("owner"));
}

TEST_F(Edits, WhatIsRefusedIsInTheEditorsHistoryAndWhatIsThereIsSentAgain) {
  const json seen = people_.Sync("bob", "tablet", json::object());
  // The share is taken back, and Bob's space has not heard of it.
  people_.fate = [](const std::string&, const native::HostCommand& command) {
    const bool end = command.operation == "receive_shared";
    return end ? People::Fate::kIsLost : People::Fate::kArrives;
  };
  people_.Take("ann", "p", "bob");
  EXPECT_EQ(CodesOf("cards", Update("c", CardData("p", "late"), kNow + 1, 0)), Strings{});
  EXPECT_EQ(CodesOf("cards", Update("new", CardData("p", "late"), kNow + 1, 0)), Strings{});
  EXPECT_EQ(CodesOf("cards", Removal("c", kNow + 2)), Strings{});
  people_.Share("bob");
  EXPECT_EQ(AtAnn("cards", "c"), CardData("p", "c").dump());
  EXPECT_EQ(Waiting("bob"), Strings{});
  const json history = History("bob");
  EXPECT_EQ(Each(history, "reason"), (Strings{"refused", "refused"}));
  EXPECT_EQ(Each(history, "owner"), Strings(2, People::IdOf("ann")));
  EXPECT_EQ(history[1].at("data"), CardData("p", "late"));
  const native::Answer restored = people_.Run(
      "bob", "restore_history", {{"id", std::to_string(history[0].at("id").get<int64_t>())}});
  EXPECT_EQ(restored.status, 409);
  const json back = people_.Sync("bob", "tablet", {{"cursor", seen.at("cursor")}});
  ASSERT_EQ(Ids(back.at("cards")), (Strings{"c", "new"}));
  EXPECT_EQ(back.at("cards")[0].at("data").at("question"), "c");
  EXPECT_EQ(back.at("cards")[1].at("action"), "delete");
  people_.fate = nullptr;
  people_.Settle();
  EXPECT_EQ(people_.Copies("bob"), Strings{});
}

TEST_F(Edits, WhatADeviceMadeIsTakenAwayThoughItNeverCameBack) {
  const json seen = people_.Sync("bob", "tablet", json::object());
  people_.Sync("bob", "tablet",
               Body("cards", {Of("ann", Update("x", CardData("p", "1"), kNow, 0)),
                              Of("ann", Update("y", CardData("p", "2"), kNow, 0)),
                              Of("ann", Update("z", CardData("p", "3"), kNow, 0))}));
  people_.Share("bob");
  ASSERT_NE(AtAnn("cards", "x"), "");
  // Before Bob is told of his own cards: he deletes one, Ann another, and then takes the plan back.
  EXPECT_EQ(CodesOf("cards", Removal("z", kNow + 1)), Strings{});
  people_.Share("bob");
  EXPECT_EQ(AtAnn("cards", "z"), "");
  people_.Sync("ann", "phone", Body("cards", {Removal("y", kNow + 1)}));
  people_.Share("ann");
  json told = people_.Sync("bob", "tablet", {{"cursor", seen.at("cursor")}});
  ASSERT_EQ(Ids(told.at("cards")), (Strings{"x", "z", "y"}));
  EXPECT_EQ(Each(told.at("cards"), "action"), (Strings{"create", "delete", "delete"}));
  people_.Sync("bob", "tablet", Body("cards", {Of("ann", Update("w", CardData("p", "4"), kNow))}));
  people_.Share("bob");
  people_.Take("ann", "p", "bob");
  people_.Settle();
  told = people_.Sync("bob", "tablet", {{"cursor", told.at("cursor")}});
  const Strings ids = Ids(told.at("cards"));
  EXPECT_NE(std::find(ids.begin(), ids.end(), "w"), ids.end());
  EXPECT_EQ(people_.Copies("bob"), Strings{});
}

TEST_F(Edits, AReplayChangesNothing) {
  const json body = Body("cards", {Of("ann", Update("c", CardData("p", "Bob's"), kNow + 1)),
                                   Of("ann", Update("x", CardData("p", "new"), kNow + 1)),
                                   Of("ann", Removal("x", kNow + 2))});
  people_.Sync("bob", "tablet", body);
  people_.Sync("bob", "tablet", body);
  EXPECT_EQ(Waiting("bob").size(), 3U);
  people_.Settle();
  const std::string before = Everything(&people_.Of("ann"));
  people_.Sync("bob", "tablet", body);
  people_.Settle();
  EXPECT_EQ(Everything(&people_.Of("ann")), before);
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("ann", "p"));
}

TEST_F(Edits, AClockAheadIsPulledBackOnceByTheOwner) {
  const json body =
      Body("cards", {Of("ann", Update("c", CardData("p", "future"), kNow + 9'000'000, 0))});
  people_.Sync("bob", "tablet", body);
  people_.Settle();
  const auto stamp = [&] {
    return people_.Of("ann").space.Rows("SELECT updated_at FROM records WHERE id = 'c'");
  };
  const Strings first = stamp();
  EXPECT_LE(std::stoll(first[0]), people_.now_ms);
  people_.now_ms += 5000;
  people_.Sync("bob", "tablet", body);
  people_.Settle();
  EXPECT_EQ(stamp(), first);
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("ann", "p"));
}

TEST_F(Edits, WaitForAnOwnerWhoDoesNotAnswerAndHoldUpNoOther) {
  people_.Sync("dan", "phone", Body("plans", {Update("w", PlanData("W"), kNow, 0)}));
  people_.Put("dan", "w", "bob", "edit");
  people_.Settle();
  bool down = true;
  people_.fate = [&](const std::string& to, const native::HostCommand&) {
    return down && to == "ann" ? People::Fate::kIsLost : People::Fate::kArrives;
  };
  Edit("cards", Update("c", CardData("p", "Bob's"), kNow + 1, 0));
  people_.Sync("bob", "tablet",
               Body("plans", {Of("dan", Update("w", PlanData("by Bob"), kNow + 1, 0))}));
  people_.Share("bob");
  EXPECT_EQ(Stored(&people_.Of("dan"), "plans", "w"), PlanData("by Bob").dump());
  EXPECT_EQ(Waiting("bob"), Strings{"c"});
  EXPECT_GT(people_.Of("bob").alarm_at, people_.now_ms);
  down = false;
  people_.Settle();
  EXPECT_EQ(AtAnn("cards", "c"), CardData("p", "Bob's").dump());
}

TEST_F(Edits, ThereIsABoundOnWhatWaits) {
  people_.Of("bob").space.Execute(
      "INSERT INTO outgoing (owner, collection, record_id, device, updated_at, counter, "
      "counter_given, size) VALUES ('x', 'cards', 'x', 'd', 0, 0, 1, " +
      std::to_string(limits::kOutgoingBytesMax) + ")");
  EXPECT_EQ(CodesOf("cards", Update("c", CardData("p", "x"), kNow + 1, 0)),
            Strings{"too_many_edits"});
}

TEST_F(Edits, AreCarriedInPages) {
  json cards = json::array();
  const std::string long_text(3000, 'x');
  for (int i = 0; i < 700; ++i) {
    cards.push_back(Of("ann", Update("e" + std::to_string(i), CardData("p", long_text), kNow)));
  }
  int calls = 0;
  people_.fate = [&](const std::string&, const native::HostCommand& command) {
    calls += command.operation == "accept_shared" ? 1 : 0;
    return People::Fate::kArrives;
  };
  people_.Sync("bob", "tablet", Body("cards", cards));
  people_.Settle();
  EXPECT_GT(calls, 1);
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("ann", "p"));
  EXPECT_EQ(people_.Copies("bob").size(), 703U);
}

TEST_F(Edits, ACrashAtAnyStepLosesAndDoublesNothing) {
  for (int steps = 0;; ++steps) {
    People people;
    people.Sync("ann", "phone", {{"plans", {Update("p", PlanData("P"), kNow, 0)}}});
    people.Put("ann", "p", "bob", "edit");
    people.Settle();
    const json body = Body("cards", {Of("ann", Update("c", CardData("p", "1"), kNow, 0)),
                                     Of("ann", Update("gone", CardData("q", "1"), kNow, 0))});
    people.Sync("bob", "tablet", body);
    bool done = false;
    {
      const auto running = people.BeginShare("bob");
      for (int i = 0; i < steps && !running->done(); ++i) running->Step();
      done = running->done();
    }
    people.Settle();
    EXPECT_EQ(Stored(&people.Of("ann"), "cards", "c"), CardData("p", "1").dump());
    EXPECT_EQ(people.Copies("bob"), people.Shared("ann", "p"));
    EXPECT_EQ(HistoryCount(&people.Of("ann")), 0);
    if (done) break;
    ASSERT_LT(steps, 100);
  }
}

TEST_F(Edits, AnEditOlderThanWhatIsForgottenBringsNothingBack) {
  people_.Sync("ann", "phone", Body("cards", {Removal("c", kNow + 1)}));
  people_.Settle();
  people_.now_ms += (limits::kTombstoneDays + 1) * limits::kDayMs;
  people_.Tick("ann");
  people_.Tick("bob");
  EXPECT_EQ(CodesOf("cards", Update("c", CardData("p", "dead"), kNow, 0)), Strings{});
  people_.Settle();
  EXPECT_EQ(AtAnn("cards", "c"), "");
  EXPECT_EQ(Each(History("bob"), "reason"), Strings{"refused"});
}

}  // namespace
}  // namespace tidemark::testing
