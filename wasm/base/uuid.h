// UUID version 7 (RFC 9562, section 5.7): 48 bits of time, then random bits, so that ids sort by
// the time they were made.
//
//   uuid := unix_ts_ms:48 version(7):4 rand_a:12 variant(0b10):2 rand_b:62   (big-endian)
//   text := 8 hex "-" 4 hex "-" 4 hex "-" 4 hex "-" 12 hex

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidemark {

// `now_ms`: since 1970, 0 to 2^48 - 1; anything else traps. Six bits of `random` go unused: the
// upper half of its first byte and the top two bits of its third. The text is lower case.
std::string UuidV7(int64_t now_ms, std::span<const uint8_t, 10> random);

// The time within a version 7 UUID, in ms; none for any other text. Hex of either case.
std::optional<int64_t> UuidV7Time(std::string_view uuid);

}  // namespace tidemark
