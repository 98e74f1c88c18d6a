#include "sm2.h"

#include <algorithm>
#include <cmath>

namespace tidemark::samedi {
namespace {

constexpr int kPass = 3;
constexpr double kEaseMin = 1.3;
constexpr int64_t kIntervalMaxDays = 36'500;
constexpr double kEaseDigits = 1e4;  // what is kept of it, so that it reads well and rounds alike

}  // namespace

Schedule Review(const Schedule& before, int grade) {
  if (grade < kPass) return {before.ease_factor, 1, 0};
  Schedule after;
  const double short_of_best = 5 - grade;
  const double ease = before.ease_factor + 0.1 - short_of_best * (0.08 + short_of_best * 0.02);
  after.ease_factor = std::max(kEaseMin, std::round(ease * kEaseDigits) / kEaseDigits);
  after.repetitions = before.repetitions + 1;
  if (after.repetitions == 1) {
    after.interval_days = 1;
  } else if (after.repetitions == 2) {
    after.interval_days = 6;
  } else {
    // A fraction of a day is rounded up; what the product misses a whole number by is not one.
    const double days = static_cast<double>(before.interval_days) * after.ease_factor;
    const auto whole = static_cast<int64_t>(std::ceil(std::min(days, 1e6) - 1e-6));
    after.interval_days = std::clamp<int64_t>(whole, 1, kIntervalMaxDays);
  }
  return after;
}

}  // namespace tidemark::samedi
