// Frames from sockets and what is published of a push, natively: every decision that the host of
// the sockets is told.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "live/frame_head.h"
#include "tests/support/harness.h"

namespace tidemark::testing {
namespace {

class LiveSpace : public ::testing::Test {
 protected:
  json Frame(const std::string& text, Params more = {}, std::string_view role = "user") {
    more.merge(Params{{"device", "laptop"}, {"sockets", "3"}});
    Request sent = harness_.RequestOf("frame", std::move(more), true);
    sent.identity.expires_ms = expires_ms_;
    native::Stores stores = harness_.StoresOfSpace();
    stores.publish = [this](const std::string& device, const std::string& frame) {
      published_.emplace_back(device, json::parse(frame, nullptr, false));
    };
    answer_ = native::RunToEnd(&harness_.engine, sent, role, text, stores, true);
    return json::parse(answer_.body, nullptr, false);
  }
  static std::string Push(int64_t request, const std::string& id, const std::string& content = "") {
    return R"({"type":"push","request":)" + std::to_string(request) +
           R"(,"plans":[{"action":"create","id":")" + id +
           R"(","updated_at":1795000000000,"data":{"title":"A","status":"s","content":")" +
           content + R"("}}]})";
  }

  SpaceHarness harness_;
  int64_t expires_ms_ = 0;
  native::Answer answer_;
  std::vector<std::pair<std::string, json>> published_;
};

TEST_F(LiveSpace, APushIsAcknowledgedAndPublishedToOtherDevices) {
  const json ack = Frame(Push(7, "p"));
  EXPECT_EQ(ack["type"], "ack");
  EXPECT_EQ(ack["request"], 7);
  ASSERT_EQ(published_.size(), 1U);
  const auto& [device, frame] = published_.front();
  EXPECT_EQ(device, "laptop");
  EXPECT_EQ(frame["type"], "changes");
  EXPECT_FALSE(frame.contains("request"));
  EXPECT_EQ(frame["cursor"], ack["cursor"]);
  EXPECT_EQ(frame["plans"][0]["id"], "p");
  EXPECT_EQ(frame["has_more"], false);
}

TEST_F(LiveSpace, EachFrameBeginsWhereTheLastOneEnded) {
  json at = Frame(R"({"type":"pull","request":1})")["cursor"];
  for (int i = 0; i < 5; ++i) {
    Frame(Push(i, "p" + std::to_string(i)));
    EXPECT_EQ(published_.back().second["since"], at);
    at = published_.back().second["cursor"];
  }
}

TEST_F(LiveSpace, AReplayPublishesNothing) {
  Frame(Push(1, "p"));
  Frame(Push(2, "p"));
  EXPECT_EQ(published_.size(), 1U);
}

TEST_F(LiveSpace, NothingIsPublishedWhereThereIsNobody) {
  Frame(Push(1, "p"), {{"sockets", "0"}});
  EXPECT_TRUE(published_.empty());
}

TEST_F(LiveSpace, RowsTooLargeForSoManySocketsAreOnlyAnnounced) {
  const std::string content(50'000, 'x');
  Frame(Push(1, "few", content));
  EXPECT_EQ(published_.back().second["plans"].size(), 1U);
  Frame(Push(2, "many", content), {{"sockets", "1000"}});
  EXPECT_EQ(published_.back().second["plans"].size(), 0U);
  EXPECT_EQ(published_.back().second["has_more"], true);
  EXPECT_EQ(published_.back().second["cursor"], published_.back().second["since"]);
}

TEST_F(LiveSpace, APullFromAPublishedCursorHasNothingMore) {
  Frame(Push(1, "p"));
  const json cursor = published_.back().second["cursor"];
  const json pulled =
      Frame(R"({"type":"pull","request":2,"cursor":)" + cursor.dump() + "}", {{"device", "phone"}});
  EXPECT_EQ(pulled["type"], "changes");
  EXPECT_EQ(pulled["plans"].size(), 0U);
}

TEST_F(LiveSpace, AViewerMayPullAndNotPush) {
  EXPECT_EQ(Frame(R"({"type":"pull","request":1})", {}, "viewer")["type"], "changes");
  const json refused = Frame(Push(2, "p"), {}, "viewer");
  EXPECT_EQ(refused["code"], "forbidden");
  EXPECT_EQ(refused["request"], 2);
  EXPECT_TRUE(harness_.Records().empty());
}

TEST_F(LiveSpace, AnErrorOfAnExchangeIsAFrameThatNamesItsRequest) {
  const json error = Frame(R"({"type":"push","request":3,"plans":{}})");
  EXPECT_EQ(error["type"], "error");
  EXPECT_EQ(error["request"], 3);
  EXPECT_EQ(error["code"], "invalid_payload");
  EXPECT_EQ(error["status"], 400);
  EXPECT_EQ(answer_.status, 400);
}

TEST_F(LiveSpace, AnAnswerTooLargeForAFrameIsAnErrorOfItsRequest) {
  const json error = Frame(Push(4, "p"), {{"too_large", "1"}});
  EXPECT_EQ(error["code"], "frame_too_large");
  EXPECT_EQ(error["request"], 4);
  EXPECT_TRUE(harness_.Records().empty());
}

TEST_F(LiveSpace, ASocketEndsWithItsToken) {
  expires_ms_ = kNow;
  EXPECT_EQ(Frame(Push(1, "p"))["code"], "invalid_token");
  EXPECT_EQ(answer_.data.at("close"), "4401");
  expires_ms_ = kNow + 1;
  EXPECT_EQ(Frame(Push(1, "p"))["type"], "ack");
}

TEST_F(LiveSpace, ASocketEndsWhenItsTokenIsRevoked) {
  EXPECT_EQ(Frame(Push(1, "p"))["type"], "ack");
  ASSERT_EQ(harness_.Run("revoke_tokens", {}).status, 200);
  EXPECT_EQ(Frame(Push(2, "q"))["code"], "invalid_token");
  EXPECT_EQ(answer_.data.at("close"), "4401");
  EXPECT_EQ(harness_.Records().size(), 1U);
}

TEST_F(LiveSpace, TextTooMuchOrASpaceTooBusyIsRefusedLikeFramesTooMany) {
  const std::string pull = R"({"type":"pull"})";
  const std::string much = std::to_string(limits::kSpaceUnitsPerMinute + 1);
  for (const char* name : {"units", "space_units", "space_frames"}) {
    EXPECT_EQ(Frame(pull, {{name, much}})["code"], "rate_limited") << name;
    EXPECT_EQ(Frame(pull, {{name, "100"}})["type"], "changes") << name;
  }
}

TEST_F(LiveSpace, IdsCountInWhatIsPublished) {
  std::string deltas;
  for (int i = 0; i < 440; ++i) {
    std::string id = std::to_string(i);
    for (int j = 0; j < 80; ++j) id += "\\u0001";
    if (i > 0) deltas += ',';
    deltas += R"({"action":"create","id":")" + id +
              R"(","updated_at":1,"data":{"title":"A","status":"s"}})";
  }
  Frame(R"({"type":"push","request":1,"plans":[)" + deltas + "]}");
  EXPECT_EQ(published_.back().second["has_more"], true);
  EXPECT_LT(published_.back().second.dump().size(), 1000U);
}

TEST_F(LiveSpace, FramesTooManyAreRefusedAndThenTheSocketEnds) {
  const std::string pull = R"({"type":"pull"})";
  EXPECT_EQ(Frame(pull, {{"frames", "600"}})["type"], "changes");
  const json refused = Frame(pull, {{"frames", "601"}, {"left_ms", "1500"}});
  EXPECT_EQ(refused["code"], "rate_limited");
  EXPECT_EQ(refused["retry_after"], 2);
  EXPECT_FALSE(answer_.data.contains("close"));
  Frame(pull, {{"frames", "1201"}});
  EXPECT_EQ(answer_.data.at("close"), "4429");
  EXPECT_EQ(Frame(pull, {{"frames", "601"}, {"frames_max", "1000"}})["type"], "changes");
}

TEST_F(LiveSpace, PresenceIsPublishedAndKeptByTheHostUntilItIsNull) {
  EXPECT_TRUE(Frame(R"({"type":"presence","state":{"at":1}})").is_discarded());
  const json frame = {{"type", "presence"}, {"device", "laptop"}, {"state", {{"at", 1}}}};
  EXPECT_EQ(published_.back().second, frame);
  EXPECT_EQ(json::parse(answer_.data.at("presence")), frame);
  Frame(R"({"type":"presence","state":null})");
  EXPECT_EQ(answer_.data.at("presence"), "");
}

TEST_F(LiveSpace, ASpaceHasOnlySoManySockets) {
  const auto join = [&](int64_t sockets) {
    return harness_.Run("join", {{"device", "laptop"}, {"sockets", std::to_string(sockets)}});
  };
  EXPECT_EQ(join(limits::kSocketsMax - 1).status, 200);
  EXPECT_EQ(join(limits::kSocketsMax).status, 503);
  EXPECT_EQ(harness_.Run("join", {{"device", "a b"}}).status, 400);
}

struct HeadRow {
  const char* text;
  const char* code;
};

TEST(FrameHead, EveryFaultHasItsCode) {
  const HeadRow rows[] = {
      {"", "invalid_json"},
      {"[", "invalid_json"},
      {R"({"type":"pull")", "invalid_json"},
      {R"({"type":"pull",})", "invalid_json"},
      {R"({"type":"pull"}{})", "invalid_json"},
      {"[]", "invalid_frame"},
      {"{}", "invalid_frame"},
      {R"({"type":1})", "invalid_frame"},
      {R"({"type":"Pull"})", "invalid_frame"},
      {R"({"type":"pull","request":-1})", "invalid_frame"},
      {R"({"type":"pull","request":1.5})", "invalid_frame"},
      {R"({"type":"presence","state":"\ud800"})", "invalid_frame"},
      {R"({"type":"pull","type":"pull"})", "duplicate_key"},
      {R"({"type":"pull","cursor":{}})", "invalid_cursor"},
      {R"({"type":"pull","limit":10001})", "invalid_limit"},
  };
  for (const HeadRow& row : rows) {
    FrameHead head;
    EXPECT_EQ(ReadFrameHead(row.text, &head).code(), row.code) << row.text;
  }
}

TEST(FrameHead, TheRequestIsKnownWhateverTheFault) {
  FrameHead head;
  EXPECT_FALSE(ReadFrameHead(R"({"type":"no","request":12})", &head).ok());
  EXPECT_EQ(head.request, 12);
}

TEST(FrameHead, KeysMayComeInAnyOrderAndOthersAreLetBe) {
  FrameHead head;
  const Status status =
      ReadFrameHead(R"( { "x" : [1] , "limit":5, "cursor":null,"type":"pull" } )", &head);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(head.type, FrameType::kPull);
  EXPECT_EQ(head.limit, 5);
  EXPECT_EQ(head.cursor, "");
}

}  // namespace
}  // namespace tidemark::testing
