// The slot of a key: the first 12 bits of the SHA-256 of its bytes (UTF-8). A key never changes its
// slot; which shard owns a slot stands in the slot table (slot_table.h).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/sha256.h"

namespace tidemark {

inline constexpr size_t kSlots = 4'096;

// Below kSlots. Any bytes are a key, none at all too.
uint16_t SlotOf(std::string_view key);

// The same of a key's digest.
uint16_t SlotOfDigest(const Sha256Digest& digest);

// What a slot, or a key apart from its slot, counts in the sum over all shards by which a reader of
// all of them knows that it saw each once: from 1 to 2^28, so that sums are exact in a double.
int64_t SlotWeight(uint16_t slot);
int64_t KeyWeight(const Sha256Digest& digest);

}  // namespace tidemark
