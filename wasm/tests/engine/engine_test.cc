// The engine: many operations at once, and none that outlives its host's interest.

#include "engine/engine.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

using native::Output;
using native::Running;

Request SyncRequest(const SpaceHarness& space, const std::string& device, size_t body_size) {
  Request request =
      space.RequestOf("sync", {{"device", device}, {"content_type", "application/json"}}, true);
  request.body_size = static_cast<uint32_t>(body_size);
  return request;
}

// Begins an operation that waits for its first command.
Output Begin(SpaceHarness* space, const Request& request) {
  std::string frame;
  space->engine.Begin(native::EncodeRequest(request, "user"), &frame);
  return native::DecodeOutput(frame);
}

TEST(Engine, OperationsInterleave) {
  SpaceHarness one("user-1");
  SpaceHarness two("user-2");
  const std::string first = Body("plans", {Update("p", PlanData("one"), kNow)}).dump();
  const std::string second = Body("plans", {Update("p", PlanData("two"), kNow)}).dump();
  Running a(&one.engine, SyncRequest(one, "phone", first.size()), "user", first,
            one.StoresOfSpace(), true);
  Running b(&one.engine, SyncRequest(two, "phone", second.size()), "user", second,
            two.StoresOfSpace(), true);
  EXPECT_EQ(one.engine.live(), 2U);
  while (!a.done() || !b.done()) {
    if (!a.done()) a.Step();
    if (!b.done()) b.Step();
  }
  EXPECT_EQ(a.Take().status, 200);
  EXPECT_EQ(b.Take().status, 200);
  EXPECT_EQ(one.engine.live(), 0U);
  EXPECT_EQ(Stored(&one, "plans", "p"), PlanData("one").dump());
  EXPECT_EQ(Stored(&two, "plans", "p"), PlanData("two").dump());
}

TEST(Engine, ABodyThatComesWithTheRequestIsNotAskedFor) {
  SpaceHarness space;
  const std::string ping = "\x82\xa4_tag\xa4Ping\xa2id\x07";
  Request request;
  request.operation = "event_frame";
  request.now_ms = kNow;
  request.space = "tenant";
  request.body_size = static_cast<uint32_t>(ping.size());
  const Output asks = Begin(&space, request);
  ASSERT_FALSE(asks.done);
  EXPECT_EQ(asks.commands.at(0).kind, "body");
  space.engine.Cancel(asks.operation);
  std::string frame;
  space.engine.Begin(native::EncodeRequest(request, "user", &ping), &frame);
  const Output done = native::DecodeOutput(frame);
  ASSERT_TRUE(done.done);
  EXPECT_EQ(done.reply.status, 200);
  EXPECT_EQ(done.reply.body.size(), 1U);
  EXPECT_EQ(space.engine.live(), 0U);
}

TEST(Engine, ACancelAtAnyStepFreesEveryFrame) {
  const std::string body = json({{"plans", {Update("p", PlanData("A"), kNow)}},
                                 {"notes", {Update("n", {{"text", "A"}}, kNow + 9'000'000)}},
                                 {"deleted_ids", {"q"}}})
                               .dump();
  for (int steps = 0;; ++steps) {
    SpaceHarness space;
    bool done = false;
    {
      Running running(&space.engine, SyncRequest(space, "phone", body.size()), "user", body,
                      space.StoresOfSpace(), true);
      for (int i = 0; i < steps && !running.done(); ++i) running.Step();
      done = running.done();
      if (!done) EXPECT_GT(task_internal::frame_bytes, 0U);
    }
    EXPECT_EQ(task_internal::frame_bytes, 0U);
    EXPECT_EQ(space.engine.live(), 0U);
    EXPECT_EQ(space.Records().size(), done ? 2U : 0U);
    if (done) break;
    ASSERT_LT(steps, 100);
  }
}

TEST(Engine, AboveTheBoundOfLiveOperationsItIsBusy) {
  SpaceHarness space;
  const Request request = SyncRequest(space, "phone", 2);
  std::vector<uint32_t> operations;
  for (size_t i = 0; i < limits::kLiveOperationsMax; ++i) {
    const Output output = Begin(&space, request);
    ASSERT_FALSE(output.done);
    operations.push_back(output.operation);
  }
  const Output refused = Begin(&space, request);
  ASSERT_TRUE(refused.done);
  EXPECT_EQ(refused.reply.status, 503);
  EXPECT_EQ(refused.reply.data.at("error"), "busy");
  EXPECT_EQ(refused.reply.headers.back(),
            std::make_pair(std::string("retry-after"), std::string("1")));
  space.engine.Cancel(operations[7]);
  EXPECT_FALSE(Begin(&space, request).done);
  EXPECT_TRUE(Begin(&space, request).done);
}

TEST(Engine, CancelOfAnOperationThatEndedSparesItsSuccessor) {
  SpaceHarness space;
  const Request request = SyncRequest(space, "phone", 2);
  const Output first = Begin(&space, request);
  space.engine.Cancel(first.operation);
  const Output second = Begin(&space, request);
  EXPECT_NE(second.operation, first.operation);
  space.engine.Cancel(first.operation);
  space.engine.Cancel(first.operation + 1);
  space.engine.Cancel(0);
  space.engine.Cancel(0xffffffff);
  EXPECT_EQ(space.engine.live(), 1U);
  EXPECT_NE(space.engine.Describe(second.operation), "");
}

TEST(Engine, DescribesTheOperationAndItsStep) {
  SpaceHarness space;
  const Output output = Begin(&space, SyncRequest(space, "phone", 2));
  EXPECT_EQ(space.engine.Describe(output.operation), "sync, step 1");
  space.engine.Cancel(output.operation);
  EXPECT_EQ(space.engine.Describe(output.operation), "");
}

TEST(Engine, AForeignCallerIsRefusedBeforeAnyWork) {
  SpaceHarness space;
  Request request = SyncRequest(space, "phone", 2);
  request.identity.user_id = "user-2";
  const Output output = Begin(&space, request);
  ASSERT_TRUE(output.done);
  EXPECT_EQ(output.reply.status, 403);
  EXPECT_EQ(space.engine.live(), 0U);
}

TEST(EngineDeathTest, AFrameThatIsNotOneTraps) {
  SpaceHarness space;
  std::string output;
  EXPECT_DEATH(space.engine.Begin("\x91", &output), "");
  const Output begun = Begin(&space, SyncRequest(space, "phone", 2));
  EXPECT_DEATH(space.engine.Resume(begun.operation, "\x90", &output), "");
  EXPECT_DEATH(space.engine.Resume(begun.operation + 1, "\x90", &output), "");
}

}  // namespace
}  // namespace tidemark::testing
