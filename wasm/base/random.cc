#include "base/random.h"

#include <bit>

#include "base/status.h"

namespace tidemark {
namespace {

uint64_t SplitMix64(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) word = SplitMix64(&seed);
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void Random::Fill(std::span<uint8_t> out) {
  uint64_t word = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    word = i % 8 == 0 ? Next() : word >> 8;
    out[i] = static_cast<uint8_t>(word);
  }
}

uint64_t Random::Below(uint64_t n) {
  Check(n != 0);
  // The first 2^64 mod n values are left out, so that every remainder is equally frequent.
  const uint64_t unfair = (0 - n) % n;
  uint64_t value = Next();
  while (value < unfair) value = Next();
  return value % n;
}

}  // namespace tidemark
