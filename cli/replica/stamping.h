// The hybrid clock of a replica: what its state row keeps, advanced by the core's HybridClock.

#pragma once

#include <cstdint>
#include <tuple>
#include <utility>

#include "base/hybrid_clock.h"
#include "base/limits.h"
#include "replica/replica.h"

namespace tidemark {

// Differences below it are the network's, not a wrong clock's.
inline constexpr int64_t kSkewMinMs = 60'000;

// (ms, counter): the part of a stamp that is compared before the device.
using ClockValue = std::pair<int64_t, int64_t>;

// The time here as the server would tell it.
inline int64_t CorrectedNow(const ReplicaState& state, int64_t now_ms) {
  const bool wrong = state.skew_ms > kSkewMinMs || state.skew_ms < -kSkewMinMs;
  return now_ms + (wrong ? state.skew_ms : 0);
}

inline void Observe(ReplicaState* state, ClockValue seen) {
  if (seen > ClockValue{state->clock_ms, state->clock_counter}) {
    std::tie(state->clock_ms, state->clock_counter) = seen;
  }
}

inline ClockValue Tick(ReplicaState* state, int64_t at_ms) {
  HybridClock clock(state->device);
  clock.Observe({.ms = state->clock_ms, .counter = static_cast<uint32_t>(state->clock_counter)},
                state->clock_ms, 0);
  const Stamp stamp = clock.Tick(at_ms);
  state->clock_ms = stamp.ms;
  state->clock_counter = stamp.counter;
  return {stamp.ms, stamp.counter};
}

}  // namespace tidemark
