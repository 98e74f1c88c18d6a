// SHA-256 (FIPS 180-4, section 6.2). For content addresses and entity tags; what must not leak by
// timing is compared elsewhere.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidemark {

using Sha256Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  void Update(std::string_view bytes);
  // The digest of all updates. The object is used up: Update and Finish must not follow.
  Sha256Digest Finish();

 private:
  void Compress(const uint8_t* block);

  // FIPS 180-4, section 5.3.3: of the square roots of the first eight primes.
  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> block_ = {};  // the block being filled
  size_t filled_ = 0;                   // its bytes, below 64
  uint64_t length_ = 0;                 // bytes in all
};

Sha256Digest Sha256Of(std::string_view bytes);

}  // namespace tidemark
