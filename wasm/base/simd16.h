// Sixteen bytes at once: the few vector operations that the scanner and the UTF-8 validator need.
//
// Written on Clang's vector extension, so that one text serves Wasm SIMD, SSE2 and anything else;
// only what the extension lacks (the bitmask, the table look-up) is an intrinsic, with a portable
// form beside it. A load reads exactly 16 bytes: the caller proves that they are there.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif
#endif

namespace tidemark::simd16 {

inline constexpr size_t kBytes = 16;

using Bytes = uint8_t __attribute__((vector_size(16)));

inline Bytes Load(const char* from) {
  Bytes bytes;
  std::memcpy(&bytes, from, kBytes);
  return bytes;
}

inline Bytes Splat(uint8_t byte) { return Bytes{} + byte; }

// Bit i is the top bit of byte i.
inline uint32_t TopBits(Bytes bytes) {
#if defined(__wasm_simd128__)
  return wasm_i8x16_bitmask(reinterpret_cast<v128_t>(bytes));
#elif defined(__SSE2__)
  return static_cast<uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(bytes)));
#else
  uint32_t bits = 0;
  for (size_t i = 0; i < kBytes; ++i) bits |= static_cast<uint32_t>(bytes[i] >> 7) << i;
  return bits;
#endif
}

inline bool AnySet(Bytes bytes) {
#if defined(__wasm_simd128__)
  return wasm_v128_any_true(reinterpret_cast<v128_t>(bytes));
#else
  uint64_t halves[2];
  std::memcpy(halves, &bytes, kBytes);
  return (halves[0] | halves[1]) != 0;
#endif
}

// left - right for each byte, 0 where that is negative.
inline Bytes SubtractSaturating(Bytes left, Bytes right) {
#if __has_builtin(__builtin_elementwise_sub_sat)
  return __builtin_elementwise_sub_sat(left, right);
#else  // Clang before 15
  return (left - right) & reinterpret_cast<Bytes>(left > right);
#endif
}

// table[index] for each byte of `indices`, all of them below 16.
inline Bytes LookUp(Bytes table, Bytes indices) {
#if defined(__wasm_simd128__)
  return reinterpret_cast<Bytes>(
      wasm_i8x16_swizzle(reinterpret_cast<v128_t>(table), reinterpret_cast<v128_t>(indices)));
#elif defined(__SSSE3__)
  return reinterpret_cast<Bytes>(
      _mm_shuffle_epi8(reinterpret_cast<__m128i>(table), reinterpret_cast<__m128i>(indices)));
#else
  Bytes found{};
  for (size_t i = 0; i < kBytes; ++i) found[i] = table[indices[i] & 15];
  return found;
#endif
}

}  // namespace tidemark::simd16
