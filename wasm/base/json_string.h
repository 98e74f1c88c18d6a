// Where the plain run of a JSON string ends: at a quote, a backslash or a control byte (RFC 8259,
// section 7). Bytes from 0x80 up are plain: the text is known to be UTF-8.

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/simd16.h"

namespace tidemark::json {

inline bool EndsPlainRun(char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; }

// The first byte in [p, end) that ends a plain run, or `end`.
inline const char* FindPlainRunEnd(const char* p, const char* end) {
  while (static_cast<size_t>(end - p) >= simd16::kBytes) {
    const simd16::Bytes bytes = simd16::Load(p);
    const auto stops =
        reinterpret_cast<simd16::Bytes>((bytes == '"') | (bytes == '\\') | (bytes < 0x20));
    const uint32_t bits = simd16::TopBits(stops);
    if (bits != 0) return p + __builtin_ctz(bits);
    p += simd16::kBytes;
  }
  while (p != end && !EndsPlainRun(*p)) ++p;
  return p;
}

}  // namespace tidemark::json
