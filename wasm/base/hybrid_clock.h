// A hybrid logical clock: wall time that never goes back and that follows what it has seen of other
// devices (S. Kulkarni et al., "Logical Physical Clocks", 2014).
//
// Rules:
// - An event that a device has observed has a smaller stamp than the events it ticks after.
// - A stamp is ahead of the wall clock only as far as a remote stamp was let in, or as a burst of
//   more than 2^20 events within a millisecond pushed it.
// - Time comes in as milliseconds since 1970; nothing here reads a clock.

#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace tidemark {

// Ordered by time, then counter, then device (by bytes), so that no two devices' stamps are equal.
struct Stamp {
  int64_t ms = 0;
  uint32_t counter = 0;
  std::string device;

  friend std::strong_ordering operator<=>(const Stamp& a, const Stamp& b) {
    if (const auto order = a.ms <=> b.ms; order != 0) return order;
    if (const auto order = a.counter <=> b.counter; order != 0) return order;
    return a.device.compare(b.device) <=> 0;  // older libc++ has no <=> for strings
  }
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

class HybridClock {
 public:
  static constexpr uint32_t kCounterMax = (uint32_t{1} << 20) - 1;

  explicit HybridClock(std::string device) : device_(std::move(device)) {}

  // The stamp of a local event: greater than every stamp ticked or observed before.
  Stamp Tick(int64_t now_ms);

  // Lets the clock follow a stamp from elsewhere. False, with nothing changed, for a stamp that is
  // more than `max_ahead_ms` ahead of `now_ms` or whose counter exceeds kCounterMax: one broken
  // device must not drag the others' clocks along.
  bool Observe(const Stamp& remote, int64_t now_ms, int64_t max_ahead_ms);

 private:
  std::string device_;
  int64_t ms_ = INT64_MIN;  // of the greatest stamp so far
  uint32_t counter_ = 0;    // likewise
};

}  // namespace tidemark
