#include "sm2.h"

#include <gtest/gtest.h>

namespace tidemark::samedi {
namespace {

struct Step {
  int grade;
  double ease_factor;
  int64_t interval_days;
  int64_t repetitions;
};

// Worked out by hand from the article's formula.
TEST(Sm2, FollowsTheArticle) {
  const Step steps[] = {{5, 2.6, 1, 1},    {5, 2.7, 6, 2},  {5, 2.8, 17, 3}, {4, 2.8, 48, 4},
                        {3, 2.66, 128, 5}, {2, 2.66, 1, 0}, {3, 2.52, 1, 1}, {4, 2.52, 6, 2},
                        {4, 2.52, 16, 3},  {0, 2.52, 1, 0}};
  Schedule schedule;
  for (const Step& step : steps) {
    schedule = Review(schedule, step.grade);
    EXPECT_DOUBLE_EQ(schedule.ease_factor, step.ease_factor);
    EXPECT_EQ(schedule.interval_days, step.interval_days);
    EXPECT_EQ(schedule.repetitions, step.repetitions);
  }
}

TEST(Sm2, EaseStopsAtItsLeast) {
  Schedule schedule;
  for (int i = 0; i < 20; ++i) schedule = Review(schedule, 3);
  EXPECT_DOUBLE_EQ(schedule.ease_factor, 1.3);
}

TEST(Sm2, IntervalsStopAtAHundredYears) {
  Schedule schedule;
  for (int i = 0; i < 60; ++i) schedule = Review(schedule, 5);
  EXPECT_EQ(schedule.interval_days, 36'500);
  EXPECT_EQ(Review({2.5, INT64_MAX, 9}, 5).interval_days, 36'500);
}

TEST(Sm2, AWholeNumberOfDaysIsNotRoundedUp) {
  EXPECT_EQ(Review({1.2, 10, 2}, 5).interval_days, 13);  // 1.3 times 10
}

}  // namespace
}  // namespace tidemark::samedi
