// Push: what of a request's deltas is stored, whatever else is there.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

using Strings = std::vector<std::string>;

TEST(Push, NewRecordsAreStoredAsTheyCame) {
  SpaceHarness space;
  const std::string data = R"({ "title":"A","status":"new", "x":{"deep":[1,2e3,"\u00e9"]}})";
  const native::Answer answer = space.Post(
      "phone",
      R"({"plans":[{"id":"p","action":"create","updated_at":1795000000000,"data":)" + data + "}]}");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(space.Records(), Strings{"plans|p|" + data});
}

TEST(Push, ReplayOfAcceptedBatchChangesNothing) {
  SpaceHarness space;
  const json body = {{"plans", {Update("p", PlanData("A"), kNow), Removal("q", kNow)}},
                     {"cards", {Update("c", CardData("p", "?"), kNow)}},
                     {"notes", {Update("n", {{"text", "hi"}, {"rank", 2}}, kNow)}}};
  space.Sync("phone", body);
  const std::string before = Everything(&space);
  space.now_ms += 60'000;
  const json answer = space.Sync("phone", body);
  EXPECT_EQ(Everything(&space), before);
  EXPECT_TRUE(answer.at("rejected").empty());
  EXPECT_TRUE(answer.at("conflicts").empty());
}

TEST(Push, ReplayOfSupersededBatchesChangesNothing) {
  SpaceHarness space;
  const json first = Body("plans", {Update("p", PlanData("A"), kNow - 3000, 0),
                                    Update("p", PlanData("B"), kNow - 3000, 1)});
  const json second = Body("plans", {Update("p", PlanData("C"), kNow - 2000, 0)});
  const json other = Body("plans", {Update("p", PlanData("D"), kNow - 1000, 0)});
  space.Sync("phone", first);
  space.Sync("phone", second);
  space.Sync("laptop", other);
  space.Sync("phone", first);
  const std::string before = Everything(&space);
  for (const json& body : {first, second, first}) space.Sync("phone", body);
  space.Sync("laptop", other);
  EXPECT_EQ(Everything(&space), before);
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("D").dump());
}

TEST(Push, ReplayAtAnotherPlaceOfAPayloadChangesNothing) {
  SpaceHarness space;
  const json a = Update("a", PlanData("A"), kNow);
  const json b = Update("b", PlanData("B"), kNow);
  space.Sync("phone", Body("plans", {a, b}));
  const std::string before = Everything(&space);
  space.Sync("phone", Body("plans", {b}));
  space.Sync("phone", Body("plans", {b, a}));
  EXPECT_EQ(Everything(&space), before);
}

TEST(Push, TheLastWriteWinsByTimeThenCounterThenDevice) {
  SpaceHarness space;
  space.Sync("b", Body("plans", {Update("p", PlanData("b"), kNow, 5)}));
  space.Sync("z", Body("plans", {Update("p", PlanData("older"), kNow - 1, 9)}));
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("b").dump());
  space.Sync("z", Body("plans", {Update("p", PlanData("less"), kNow, 4)}));
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("b").dump());
  space.Sync("a", Body("plans", {Update("p", PlanData("a"), kNow, 5)}));
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("b").dump());
  space.Sync("c", Body("plans", {Update("p", PlanData("c"), kNow, 5)}));
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("c").dump());
}

TEST(Push, AnEqualStampIsDecidedByTheHashInAnyOrder) {
  const json one = Body("plans", {Update("p", PlanData("one"), kNow, 1)});
  const json two = Body("plans", {Update("p", PlanData("two"), kNow, 1)});
  SpaceHarness forth;
  forth.Sync("phone", one);
  forth.Sync("phone", two);
  SpaceHarness back;
  back.Sync("phone", two);
  back.Sync("phone", one);
  SpaceHarness together;
  together.Sync("phone", Body("plans", {one.at("plans")[0], two.at("plans")[0]}));
  EXPECT_EQ(forth.Records(), back.Records());
  EXPECT_EQ(forth.Records(), together.Records());
}

TEST(Push, ARecordOfManyDevicesIsTheSameWhateverTheOrder) {
  std::vector<std::pair<std::string, json>> pushes;
  for (int i = 0; i < 6; ++i) {
    const std::string device(1, static_cast<char>('a' + i % 3));
    const json delta = i == 4 ? Removal("p", kNow + i / 2, 0)
                              : Update("p", PlanData(std::to_string(i)), kNow + i / 2, i % 2);
    pushes.emplace_back(device, Body("plans", {delta}));
  }
  SpaceHarness forth;
  SpaceHarness back;
  for (size_t i = 0; i < pushes.size(); ++i) {
    forth.Sync(pushes[i].first, pushes[i].second);
    const auto& mirrored = pushes[pushes.size() - 1 - i];
    back.Sync(mirrored.first, mirrored.second);
  }
  EXPECT_EQ(forth.Records(), back.Records());
}

TEST(Push, DuplicatesOfOneIdInAPayloadEndInTheNewestAndOneSeq) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("1"), kNow), Removal("p", kNow + 1),
                                     Update("p", PlanData("3"), kNow + 2),
                                     Update("p", PlanData("2"), kNow + 1)}));
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("3").dump());
  EXPECT_EQ(CountOf(&space, "SELECT max(seq) FROM records"), 1);
  EXPECT_EQ(HistoryCount(&space), 2);
}

TEST(Push, WithoutCountersThePlaceInThePayloadBreaksTies) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("first"), kNow),
                                     Update("p", PlanData("last"), kNow)}));
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("last").dump());
}

TEST(Push, SecondsAndMillisecondsAreToldApart) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow / 1000),
                                     Update("q", PlanData("B"), kNow - 1)}));
  EXPECT_EQ(space.space.Rows("SELECT id, updated_at FROM records ORDER BY id"),
            (Strings{"p|" + std::to_string(kNow), "q|" + std::to_string(kNow - 1)}));
}

TEST(Push, DataUpdatedAtStandsInForAMissingStamp) {
  SpaceHarness space;
  json data = PlanData("A");
  data["updated_at"] = kNow / 1000 - 5;
  space.Sync("phone", Body("plans", {{{"action", "create"}, {"id", "p"}, {"data", data}}}));
  EXPECT_EQ(CountOf(&space, "SELECT updated_at FROM records"), kNow - 5000);
}

TEST(Push, AStampFarAheadIsPulledBackAndReported) {
  SpaceHarness space;
  const int64_t latest = kNow + limits::kClockAheadMaxMs;
  const json answer =
      space.Sync("phone", Body("plans", {Update("ahead", PlanData("A"), latest + 1, 0),
                                         Update("near", PlanData("B"), latest, 0)}));
  EXPECT_EQ(Codes(answer.at("conflicts")), Strings{"clock_ahead"});
  EXPECT_EQ(Ids(answer.at("conflicts")), Strings{"ahead"});
  EXPECT_EQ(space.space.Rows("SELECT id, updated_at FROM records ORDER BY id"),
            (Strings{"ahead|" + std::to_string(kNow), "near|" + std::to_string(latest)}));
}

TEST(Push, AReplayOfAStampFarAheadGetsTheSameOne) {
  SpaceHarness space;
  const json counted = Update("p", PlanData("A"), kNow + 7'200'000, 3);
  const json placed = Update("q", PlanData("B"), kNow + 7'200'000);
  space.Sync("phone", Body("plans", {counted, Update("x", PlanData("X"), kNow), placed}));
  space.now_ms += 1000;
  space.Sync("laptop", Body("plans", {Update("p", PlanData("L"), space.now_ms, 0),
                                      Update("q", PlanData("L"), space.now_ms, 0)}));
  space.now_ms += 60'000;
  space.Sync("phone", Body("plans", {counted, placed}));
  const std::string before = Everything(&space);
  space.now_ms += 60'000;
  space.Sync("phone", Body("plans", {placed, counted}));
  EXPECT_EQ(Everything(&space), before);
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("L").dump());
  EXPECT_EQ(Stored(&space, "plans", "q"), PlanData("L").dump());
}

TEST(Push, EditsOfAClockFarAheadKeepTheirOrder) {
  for (int i = 0; i < 8; ++i) {
    SpaceHarness space;
    const std::string last = "last " + std::to_string(i);
    space.Sync("phone", Body("plans", {Update("p", PlanData("first"), kNow + 7'200'000, 5),
                                       Update("p", PlanData(last), kNow + 7'200'001, 0)}));
    EXPECT_EQ(Stored(&space, "plans", "p"), PlanData(last).dump());
  }
}

TEST(Push, ATombstoneBeatsOlderEditsAndLosesToNewerOnes) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  space.Sync("laptop", Body("plans", {Removal("p", kNow + 2)}));
  space.Sync("phone", Body("plans", {Update("p", PlanData("old"), kNow + 1)}));
  EXPECT_EQ(space.Records(), Strings{});
  space.Sync("phone", Body("plans", {Update("p", PlanData("new"), kNow + 3)}));
  EXPECT_EQ(Stored(&space, "plans", "p"), PlanData("new").dump());
}

TEST(Push, ABareIdDeletesOnlyWhatTheDeviceHadSeen) {
  SpaceHarness space;
  const json first = space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  space.Sync("laptop", Body("plans", {Update("q", PlanData("B"), kNow)}));
  const json answer = space.Sync(
      "phone", {{"cursor", first.at("cursor")}, {"deleted_ids", {"p", "q", "never", "p"}}});
  EXPECT_EQ(Codes(answer.at("rejected")), Strings{"delete_unseen"});
  EXPECT_EQ(Ids(answer.at("rejected")), Strings{"q"});
  EXPECT_EQ(answer.at("rejected")[0].at("index"), 1);
  EXPECT_EQ(Stored(&space, "plans", "p"), "");
  EXPECT_NE(Stored(&space, "plans", "q"), "");
}

TEST(Push, ARejectedBareIdIsNamedByItsPlaceInTheList) {
  SpaceHarness space;
  space.Sync("laptop", Body("plans", {Update("q", PlanData("B"), kNow)}));
  const json answer = space.Sync("phone", {{"deleted_ids", {7, "", "q"}}});
  EXPECT_EQ(Codes(answer.at("rejected")), (Strings{"invalid_id", "invalid_id", "delete_unseen"}));
  EXPECT_EQ(answer.at("rejected")[2].at("index"), 2);
}

TEST(Push, ABareIdDeletesWhatBearsAStampAheadOfTheServer) {
  SpaceHarness space;
  space.Sync("laptop", Body("plans", {Update("p", PlanData("A"), kNow + 60'000, 7)}));
  space.Sync("laptop", Body("notes", {Update("n", {{"text", "A"}}, kNow + 60'000, 7)}));
  const json seen = space.Sync("phone", json::object());
  const json answer =
      space.Sync("phone", {{"cursor", seen.at("cursor")}, {"deleted_ids", {"p", "n"}}});
  EXPECT_EQ(answer.at("conflicts"), json::array());
  EXPECT_EQ(space.Records(), Strings{});
}

TEST(Push, AReplayOfBareIdsChangesNothing) {
  SpaceHarness space;
  const json first = space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  const json body = {{"cursor", first.at("cursor")}, {"deleted_ids", {"p"}}};
  space.Sync("phone", body);
  const std::string before = Everything(&space);
  space.now_ms += 1000;
  space.Sync("phone", body);
  EXPECT_EQ(Everything(&space), before);
}

}  // namespace
}  // namespace tidemark::testing
