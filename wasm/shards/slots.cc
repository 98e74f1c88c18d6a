#include "shards/slots.h"

namespace tidemark {

uint16_t SlotOf(std::string_view key) { return SlotOfDigest(Sha256Of(key)); }

uint16_t SlotOfDigest(const Sha256Digest& digest) {
  return static_cast<uint16_t>(digest[0] << 4 | digest[1] >> 4);
}

int64_t SlotWeight(uint16_t slot) {
  const int64_t at = int64_t{slot} + 1;
  return at * 2'654'435'761 % 4'294'967'291 * (at * 40'503 % 251 + 1) % 268'435'399 + 1;
}

int64_t KeyWeight(const Sha256Digest& digest) {
  int64_t weight = 0;
  for (size_t i = 2; i < 6; ++i) weight = weight << 7 | (digest[i] & 0x7f);
  return weight + 1;
}

}  // namespace tidemark
