// The body of POST /sync: any order of keys, any size, read in slices.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

using Strings = std::vector<std::string>;

std::string PlanText(const std::string& id, const std::string& title) {
  return Update(id, PlanData(title), kNow).dump();
}
std::string CardText(const std::string& id, const std::string& plan) {
  return Update(id, CardData(plan, "?"), kNow).dump();
}

json PostText(SpaceHarness* space, const std::string& body) {
  const native::Answer answer = space->Post("phone", body);
  EXPECT_EQ(answer.status, 200) << answer.body;
  return json::parse(answer.body, nullptr, false);
}

TEST(Payload, TheCursorCountsWhereverItStands) {
  SpaceHarness space;
  const std::string cursor = space.Sync("phone", json::object()).at("cursor").dump();
  const std::string plans = "\"plans\":[" + PlanText("p", "A") + "]";
  const json first = PostText(&space, "{\"cursor\":" + cursor + "," + plans + "}");
  EXPECT_EQ(first.at("plans"), json::array());
  SpaceHarness other;
  const std::string its = other.Sync("phone", json::object()).at("cursor").dump();
  const json last = PostText(&other, "{" + plans + ",\"cursor\":" + its + "}");
  EXPECT_EQ(last.at("plans"), json::array());
  EXPECT_EQ(space.Records(), other.Records());
}

TEST(Payload, ParentsAreStoredFirstInAnyOrderOfArrays) {
  const std::string cards = "\"cards\":[" + CardText("c", "p") + "]";
  const std::string plans = "\"plans\":[" + PlanText("p", "A") + "]";
  for (const std::string& cursor : {std::string(), std::string("\"cursor\":null,")}) {
    for (const std::string& body : {cards + "," + plans, plans + "," + cards}) {
      SpaceHarness space;
      const json answer = PostText(&space, "{" + cursor + body + "}");
      EXPECT_EQ(answer.at("rejected"), json::array());
      EXPECT_EQ(space.Records().size(), 2U);
    }
  }
}

TEST(Payload, BareIdsComeLastWhereverTheyStand) {
  SpaceHarness space;
  const json seen = PostText(&space, "{\"plans\":[" + PlanText("p", "A") + "]}");
  const std::string cursor = seen.at("cursor").dump();
  PostText(&space, "{\"deleted_ids\":[\"p\"],\"plans\":[" +
                       Update("p", PlanData("B"), kNow - 5).dump() + "],\"cursor\":" + cursor +
                       "}");
  EXPECT_EQ(space.Records(), Strings{});
}

TEST(Payload, ArraysOfNoCollectionAreRefusedElementByElement) {
  SpaceHarness space;
  const json answer = PostText(&space, R"({"ghosts":[1,{}],"empty":[],"when":5,"who":{"a":[]}})");
  EXPECT_EQ(Codes(answer.at("rejected")), (Strings{"unknown_collection", "unknown_collection"}));
  EXPECT_EQ(answer.at("rejected")[1].at("index"), 1);
  EXPECT_EQ(answer.at("rejected")[1].at("collection"), "ghosts");
}

TEST(Payload, NullStandsForNothingGiven) {
  SpaceHarness space;
  const json answer = PostText(
      &space, R"({"cursor":null,"limit":null,"plans":null,"cards":null,"deleted_ids":null})");
  EXPECT_EQ(answer.at("rejected"), json::array());
}

TEST(Payload, WhiteSpaceAnywhereIsWhiteSpace) {
  SpaceHarness space;
  const std::string gap = " \t\r\n";
  PostText(&space, gap + "{" + gap + "\"plans\"" + gap + ":" + gap + "[" + gap +
                       PlanText("p", "A") + gap + "," + gap + PlanText("q", "B") + gap + "]" + gap +
                       "}" + gap);
  EXPECT_EQ(space.Records().size(), 2U);
}

TEST(Payload, MegabytesOfWhiteSpaceBetweenDeltasArePassedOver) {
  SpaceHarness space;
  const std::string gap(3'000'000, ' ');
  PostText(&space,
           "{\"plans\":[" + PlanText("p", "A") + gap + "," + gap + PlanText("q", "B") + "]}" + gap);
  EXPECT_EQ(space.Records().size(), 2U);
}

TEST(Payload, MegabytesOfWhiteSpaceWithinADeltaAreNotStored) {
  SpaceHarness space;
  const std::string gap(3'000'000, ' ');
  const std::string delta = R"({"action":"create","updated_at":1795000000000,"data":)" +
                            PlanData("A").dump() + "," + gap + "\"id\":\"p\\u0041\"}";
  const json answer = PostText(&space, "{\"cursor\":null,\"plans\":[" + PlanText("o", "O") + "," +
                                           delta + "," + PlanText("q", "B") + "," + delta + "]}");
  EXPECT_EQ(Ids(answer.at("plans")), (Strings{"o", "pA", "q"}));
  EXPECT_EQ(Stored(&space, "plans", "pA"), PlanData("A").dump());
}

TEST(Payload, ABareIdOfMegabytesIsRefusedAndTheRestGoesOn) {
  SpaceHarness space;
  const json seen = PostText(&space, "{\"plans\":[" + PlanText("p", "A") + "]}");
  const json answer =
      PostText(&space, "{\"cursor\":" + seen.at("cursor").dump() + ",\"deleted_ids\":[\"" +
                           std::string(3'000'000, 'x') + "\",\"p\"]}");
  EXPECT_EQ(Codes(answer.at("rejected")), Strings{"invalid_id"});
  EXPECT_EQ(space.Records(), Strings{});
}

TEST(Payload, LargeRecordsThatMergeByFieldAreWrittenTogether) {
  SpaceHarness space;
  json patches = json::array();
  constexpr int kNotes = 50;  // 3 MB in all, more than is merged together
  for (int i = 0; i < kNotes; ++i) {
    const std::string id = "n" + std::to_string(i);
    space.Sync("laptop", Body("notes", {Update(id, {{"text", std::string(60'000, 'x')}}, kNow)}));
    patches.push_back(Update(id, {{"text", "short"}, {"rank", 100 + i}}, kNow + i % 2));
    patches.push_back(Update(id, {{"rank", 9}}, kNow + 9));
  }
  const json answer = space.Sync("phone", With(Body("notes", patches), "cursor", "ff.0"));
  EXPECT_EQ(answer.at("rejected"), json::array());
  EXPECT_EQ(HistoryCount(&space), 2 * kNotes);
  EXPECT_EQ(CountOf(&space, "SELECT count(DISTINCT seq) FROM records"), kNotes);
}

TEST(Payload, HundredsOfThousandsOfWrongElementsAreRefusedTogether) {
  SpaceHarness space;
  std::string ones = "1";
  for (int i = 0; i < 400'000; ++i) ones += ",1";
  for (const std::string name : {"plans", "deleted_ids", "unknown"}) {
    const auto answer = space.Post("laptop", "{\"cursor\":null,\"" + name + "\":[" + ones + "]}");
    EXPECT_EQ(answer.status, 413) << name;
  }
}

TEST(Payload, ABareIdThatStandsManyTimesCountsOnce) {
  SpaceHarness space;
  const json seen = PostText(&space, "{\"plans\":[" + PlanText("p", "A") + "]}");
  std::string ids = "\"p\"";
  for (int i = 0; i < 10'000; ++i) ids += ",\"p\"";
  const json unseen = PostText(&space, "{\"deleted_ids\":[" + ids + "]}");
  EXPECT_EQ(Codes(unseen.at("rejected")), Strings{"delete_unseen"});
  PostText(&space, "{\"cursor\":" + seen.at("cursor").dump() + ",\"deleted_ids\":[" + ids + "]}");
  EXPECT_EQ(space.Records(), Strings{});
}

TEST(Payload, ARecordThatMergesByFieldIsBounded) {
  SpaceHarness space;
  const json answer = space.Sync(
      "laptop", Body("notes", {Update("n", {{"text", std::string(64'000, 'x')}}, kNow)}));
  EXPECT_EQ(Codes(answer.at("rejected")), Strings{"record_too_large"});
}

TEST(Payload, ANumberBeyondADoubleIsRefusedWhereDataAreMerged) {
  SpaceHarness space;
  const std::string members = R"("action":"create","id":"x","updated_at":1795000000000,"data":)"
                              R"({"text":"A","title":"A","status":"s","more":1e999})";
  const std::string cursor = space.Sync("phone", json::object()).at("cursor").dump();
  const json answer = PostText(&space, "{\"cursor\":" + cursor + ",\"plans\":[{" + members +
                                           "}],\"notes\":[{" + members + "}]}");
  EXPECT_EQ(Codes(answer.at("rejected")), Strings{"number_out_of_range"});
  EXPECT_EQ(space.Records().size(), 1U);
}

TEST(Payload, ATimeThatNoDateCanBeIsRefused) {
  SpaceHarness space;
  const auto codes = [&space](int64_t time) {
    json data = SessionData("p");
    data["start_time"] = time;
    json body = Body("plans", {Update("p", PlanData("P"), kNow)});
    body["sessions"] = json::array({Update("s" + std::to_string(time), data, kNow)});
    return Codes(space.Sync("laptop", body).at("rejected"));
  };
  EXPECT_EQ(codes(limits::kTimeMaxMs), Strings{});
  EXPECT_EQ(codes(limits::kTimeMaxMs + 1), Strings{"invalid_column"});
  EXPECT_EQ(codes(limits::kIntegerMax), Strings{"invalid_column"});
  EXPECT_EQ(codes(-1), Strings{"invalid_column"});
}

TEST(Payload, TenThousandDeltasAreStoredInOneRequest) {
  SpaceHarness space;
  std::string body = "{\"cursor\":\"ff.0\",\"plans\":[";
  for (int i = 0; i < 10'000; ++i) {
    if (i > 0) body += ',';
    body += PlanText("plan-" + std::to_string(i), "A plan that is not the first");
  }
  body += "]}";
  PostText(&space, body);
  EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM records"), 10'000);
  EXPECT_EQ(CountOf(&space, "SELECT count(DISTINCT seq) FROM records"), 10'000);
  EXPECT_EQ(CountOf(&space, "SELECT max(seq) FROM records"), 10'000);
}

TEST(Payload, FiveMegabytesInSlicesReadAsOne) {
  SpaceHarness space;
  std::string body = "{\"cards\":[";
  for (int i = 0; i < 500; ++i) body += (i > 0 ? "," : "") + CardText("c" + std::to_string(i), "p");
  body += "],\"plans\":[" + PlanText("p", "parent");
  Strings expected;
  for (int i = 0; i < 2'500; ++i) {
    const std::string id = "q" + std::to_string(10'000 + i);
    const std::string title = id + std::string(2'000, 'x') + "\xf0\x9f\x8c\x8a";
    body += "," + PlanText(id, title);
    expected.push_back("plans|" + id + "|" + PlanData(title).dump());
  }
  body += "]}";
  ASSERT_GT(body.size(), 5'000'000U);
  PostText(&space, body);
  Strings stored = space.Records();
  EXPECT_EQ(stored.size(), 3'001U);
  EXPECT_EQ(Strings(stored.begin() + 501, stored.end()), expected);
}

TEST(Payload, ACharacterCutByASliceIsNotHarmed) {
  // The slice of an array begins after its '[': each pad puts the boundary at another byte of a
  // four-byte character.
  for (size_t pad = 0; pad < 5; ++pad) {
    SpaceHarness space;
    std::string title(pad, 'x');
    std::string body = "{\"cursor\":null,\"plans\":[";
    for (int i = 0; i < 20'000; ++i) title += "\xf0\x9f\x8c\x8a";
    for (int i = 0; i < 14; ++i) {
      body += (i > 0 ? "," : "") + PlanText("p" + std::to_string(10 + i), title);
    }
    body += "]}";
    ASSERT_GT(body.size(), limits::kSliceBytes);
    PostText(&space, body);
    const Strings stored = space.Records();
    ASSERT_EQ(stored.size(), 14U);
    for (size_t i = 0; i < stored.size(); ++i) {
      EXPECT_EQ(stored[i].substr(stored[i].rfind('|') + 1), PlanData(title).dump());
    }
  }
}

TEST(Payload, AnElementLargerThanASliceIsRefusedAndTheRestGoesOn) {
  SpaceHarness space;
  const std::string large(3'000'000, 'x');
  const json answer =
      PostText(&space, "{\"cursor\":null,\"plans\":[" + PlanText("p", "A") + "," +
                           PlanText("large", large) + ",\"" + large + "\"," + PlanText("q", "B") +
                           "],\"sessions\":[],\"other\":\"" + large + "\"}");
  EXPECT_EQ(Codes(answer.at("rejected")), (Strings{"record_too_large", "invalid_delta"}));
  EXPECT_EQ(answer.at("rejected")[0].at("id"), "large");
  EXPECT_EQ(Ids(answer.at("plans")), (Strings{"p", "q"}));
}

TEST(Payload, IdsWithEscapesAreTheirDecodedSelves) {
  SpaceHarness space;
  const std::string escaped =
      R"({"\u0069d":"a\u002fb\n","action":"create","updated_at":1795000000000,)"
      R"("data":{"titl\u0065":"A","status":"s"}})";
  PostText(&space, "{\"plans\":[" + escaped + "]}");
  PostText(&space, "{\"plans\":[" + Update("a/b\n", PlanData("B"), kNow + 1).dump() + "]}");
  EXPECT_EQ(space.Records(), Strings{"plans|a/b\n|" + PlanData("B").dump()});
}

TEST(Payload, ParentsIdsWithEscapesAreFound) {
  SpaceHarness space;
  const json answer = PostText(
      &space, R"({"cursor":null,"plans":[)" + PlanText("p\xc3\xa9", "A") +
                  R"(],"cards":[{"id":"c","action":"create","updated_at":1795000000000,"data":)"
                  R"({"plan_id":"p\u00e9","question":"?","answer":"!","next_review":1}}]})");
  EXPECT_EQ(answer.at("rejected"), json::array());
}

TEST(Payload, ABadDeltaIsRejectedByItself) {
  SpaceHarness space;
  const json answer = PostText(
      &space, "{\"plans\":[7," + PlanText("p", "A") + ",{},null," + PlanText("q", "B") + "]}");
  EXPECT_EQ(answer.at("rejected").size(), 3U);
  EXPECT_EQ(answer.at("rejected")[2].at("index"), 3);
  EXPECT_EQ(Ids(answer.at("plans")), (Strings{"p", "q"}));
}

TEST(Payload, WhatIsNotJsonStoresNothing) {
  SpaceHarness space;
  const std::string whole = "{\"plans\":[" + PlanText("p", "A") + "],\"cards\":[" +
                            CardText("c", "p") + "],\"cursor\":\"ff.0\"}";
  for (size_t end = 0; end < whole.size(); ++end) {
    EXPECT_EQ(space.Post("phone", whole.substr(0, end)).status, 400) << end;
  }
  for (const char* tail : {"x", "}", "{}", ",", "\"", "]"}) {
    EXPECT_EQ(space.Post("phone", whole + tail).status, 400) << tail;
  }
  EXPECT_EQ(Everything(&space), "");
}

TEST(Payload, AFaultInALaterSliceTakesTheEarlierOnesBack) {
  SpaceHarness space;
  std::string body = "{\"cursor\":null,\"plans\":[";
  for (int i = 0; i < 3'000; ++i) body += PlanText(std::to_string(i), std::string(900, 'x')) + ",";
  EXPECT_EQ(space.Post("phone", body + "]}").status, 400);
  EXPECT_EQ(space.Post("phone", body + "\xff]}").status, 400);
  EXPECT_EQ(Everything(&space), "");
}

TEST(Payload, ParentsMayStandInTheSamePayloadInAnyOrderOfElements) {
  SpaceHarness space;
  const json answer =
      PostText(&space, "{\"cards\":[" + CardText("c", "gone") + "," + CardText("d", "p") +
                           "],\"plans\":[" + PlanText("p", "A") + "]}");
  EXPECT_EQ(Codes(answer.at("rejected")), Strings{"parent_missing"});
  EXPECT_EQ(Ids(answer.at("rejected")), Strings{"c"});
  EXPECT_EQ(Ids(answer.at("cards")), Strings{"d"});
}

TEST(Payload, ADeletedParentCountsAsSeen) {
  SpaceHarness space;
  PostText(&space, "{\"plans\":[" + Removal("p", kNow).dump() + "]}");
  const json answer = PostText(&space, "{\"cards\":[" + CardText("c", "p") + "]}");
  EXPECT_EQ(answer.at("rejected"), json::array());
}

}  // namespace
}  // namespace tidemark::testing
