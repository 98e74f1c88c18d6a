#include "base/hybrid_clock.h"

namespace tidemark {

Stamp HybridClock::Tick(int64_t now_ms) {
  if (now_ms > ms_) {
    ms_ = now_ms;
    counter_ = 0;
  } else if (counter_ < kCounterMax) {
    ++counter_;
  } else {
    ++ms_;
    counter_ = 0;
  }
  return {.ms = ms_, .counter = counter_, .device = device_};
}

bool HybridClock::Observe(const Stamp& remote, int64_t now_ms, int64_t max_ahead_ms) {
  int64_t latest_ms = 0;
  if (__builtin_add_overflow(now_ms, max_ahead_ms, &latest_ms)) latest_ms = INT64_MAX - 1;
  if (remote.ms > latest_ms || remote.counter > kCounterMax) return false;
  if (remote.ms > ms_ || (remote.ms == ms_ && remote.counter > counter_)) {
    ms_ = remote.ms;
    counter_ = remote.counter;
  }
  return true;
}

}  // namespace tidemark
