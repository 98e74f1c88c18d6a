// memcpy, memmove, memset and memcmp for Wasm.
//
// Most copies here are of a few bytes (ids, numbers, punctuation). The engine's memory.copy is a
// call out of Wasm that costs more than copying them, and wasi-libc's loops go byte by byte: so
// short runs are moved by overlapping loads here, and only long ones by the instruction.

#include <wasm_simd128.h>

#include <cstddef>
#include <cstdint>

namespace {

constexpr size_t kLong = 128;

template <typename Word>
Word Load(const uint8_t* from) {
  struct __attribute__((packed, may_alias)) Unaligned {
    Word word;
  };
  return reinterpret_cast<const Unaligned*>(from)->word;
}

template <typename Word>
void Store(uint8_t* to, Word word) {
  struct __attribute__((packed, may_alias)) Unaligned {
    Word word;
  };
  reinterpret_cast<Unaligned*>(to)->word = word;
}

// Both ends of a run at once: right for any overlap, since all is loaded before anything is stored.
template <typename Word>
void MoveEnds(uint8_t* to, const uint8_t* from, size_t size) {
  const Word head = Load<Word>(from);
  const Word tail = Load<Word>(from + size - sizeof(Word));
  Store(to, head);
  Store(to + size - sizeof(Word), tail);
}

void MoveShort(uint8_t* to, const uint8_t* from, size_t size) {
  if (size > 32) {
    // Up to 128 bytes: four vectors from each end.
    v128_t vectors[8];
    const size_t count = (size + 31) / 32;
    for (size_t i = 0; i < count; ++i) {
      vectors[i] = wasm_v128_load(from + i * 16);
      vectors[7 - i] = wasm_v128_load(from + size - (i + 1) * 16);
    }
    for (size_t i = 0; i < count; ++i) {
      wasm_v128_store(to + i * 16, vectors[i]);
      wasm_v128_store(to + size - (i + 1) * 16, vectors[7 - i]);
    }
    return;
  }
  if (size >= 16) return MoveEnds<v128_t>(to, from, size);
  if (size >= 8) return MoveEnds<uint64_t>(to, from, size);
  if (size >= 4) return MoveEnds<uint32_t>(to, from, size);
  if (size >= 2) return MoveEnds<uint16_t>(to, from, size);
  if (size == 1) *to = *from;
}

}  // namespace

extern "C" {

void* memmove(void* to, const void* from, size_t size) {
  if (size <= kLong) {
    MoveShort(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), size);
  } else {
    __asm__ volatile("local.get %0\n local.get %1\n local.get %2\n memory.copy 0, 0\n"
                     :
                     : "r"(to), "r"(from), "r"(size)
                     : "memory");
  }
  return to;
}

void* memcpy(void* __restrict to, const void* __restrict from, size_t size) {
  return memmove(to, from, size);
}

void* memset(void* to, int byte, size_t size) {
  auto* out = static_cast<uint8_t*>(to);
  if (size >= 16) {
    const v128_t fill = wasm_i8x16_splat(static_cast<int8_t>(byte));
    for (size_t i = 0; i + 16 <= size; i += 16) wasm_v128_store(out + i, fill);
    wasm_v128_store(out + size - 16, fill);
    return to;
  }
  for (size_t i = 0; i < size; ++i) {
    out[i] = static_cast<uint8_t>(byte);
    __asm__ volatile("" ::: "memory");  // or the compiler would see a memset here
  }
  return to;
}

int memcmp(const void* left, const void* right, size_t size) {
  const auto* a = static_cast<const uint8_t*>(left);
  const auto* b = static_cast<const uint8_t*>(right);
  for (; size >= 8 && Load<uint64_t>(a) == Load<uint64_t>(b); size -= 8) {
    a += 8;
    b += 8;
  }
  for (; size > 0; --size, ++a, ++b) {
    if (*a != *b) return *a < *b ? -1 : 1;
  }
  return 0;
}

}  // extern "C"
