// A small deterministic generator: xoshiro256** (D. Blackman and S. Vigna, "Scrambled Linear
// Pseudorandom Number Generators", 2021), seeded through splitmix64 as its authors advise.
//
// The same seed gives the same numbers on every target. Not for secrets: whoever sees a few outputs
// knows all the others. Keys and tokens take their bytes from the host.

#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace tidemark {

class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t Next();
  // Each word's lowest byte first.
  void Fill(std::span<uint8_t> out);
  // Uniform in [0, n). Traps for n = 0.
  uint64_t Below(uint64_t n);

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace tidemark
