// Rendezvous hashing (D. Thaler and C. Ravishankar, "Using Name-Based Mappings to Increase Hit
// Rates", 1998): every shard draws a number for the key, and the largest wins. A shard that is
// added takes its part of the keys, about 1 of N + 1, and no key moves between two others.
//
// The number is the first eight bytes, big-endian, of SHA-256(SHA-256(key) name): keys that differ
// little, such as integers, spread as evenly as any. Of equal numbers the smaller name wins, so
// that the order of the names does not matter.

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tidemark {

// One of `names`, which are not empty.
const std::string& Rendezvous(std::string_view key, std::span<const std::string> names);

}  // namespace tidemark
