#include "engine/task.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/operation.h"

namespace tidemark {
namespace {

#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && __has_feature(address_sanitizer))
// Symmetric transfer needs tail calls, which the sanitizers' instrumentation takes away.
constexpr int kAwaits = 1'000;
#else
constexpr int kAwaits = 1'000'000;
#endif

Task<int> One() { co_return 1; }

Task<int> Sum(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await One();
  co_return sum;
}

Task<int> Nested(int depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await Nested(depth - 1);
}

TEST(Task, AwaitingTasksThatFinishAtOnceNeedsNoStack) {
  const size_t before = task_internal::frame_bytes;
  {
    Task<int> task = Sum(kAwaits);
    task.Start(nullptr);
    ASSERT_TRUE(task.done());
    EXPECT_EQ(task.TakeResult(), kAwaits);
  }
  EXPECT_EQ(task_internal::frame_bytes, before);
}

TEST(Task, IsLazyAndFreesItsFrameUnstarted) {
  const size_t before = task_internal::frame_bytes;
  {
    const Task<int> task = One();
    EXPECT_FALSE(task.done());
  }
  EXPECT_EQ(task_internal::frame_bytes, before);
}

TEST(Task, NestedTasksReturnThroughEveryLevel) {
  Task<int> task = Nested(200);
  task.Start(nullptr);
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.TakeResult(), 200);
}

TEST(Task, AMovedTaskLeavesNothingBehind) {
  const size_t before = task_internal::frame_bytes;
  {
    Task<int> first = One();
    Task<int> second = std::move(first);
    second.Start(nullptr);
    EXPECT_EQ(second.TakeResult(), 1);
  }
  EXPECT_EQ(task_internal::frame_bytes, before);
}

}  // namespace
}  // namespace tidemark
