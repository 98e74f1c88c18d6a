// Where a user's derived rows lie: one of the D1 shards, by a stable hash of the user's id.

#pragma once

#include <span>
#include <string_view>

namespace tidemark {

// The shards' binding names, in the order that placement counts them.
std::span<const std::string_view> ShardNames();

// SHA-256 of the id, its first eight bytes big-endian, modulo the number of shards.
std::string_view ShardOf(std::string_view user_id);

}  // namespace tidemark
