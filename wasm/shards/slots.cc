#include "shards/slots.h"

namespace tidemark {

uint16_t SlotOf(std::string_view key) { return SlotOfDigest(Sha256Of(key)); }

uint16_t SlotOfDigest(const Sha256Digest& digest) {
  return static_cast<uint16_t>(digest[0] << 4 | digest[1] >> 4);
}

}  // namespace tidemark
