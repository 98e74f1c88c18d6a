// Sixteen bytes at a time with the three-table method of J. Keiser and D. Lemire, "Validating UTF-8
// In Less Than One Instruction Per Byte" (2021). Every error of two adjacent bytes is one bit in
// each of three tables, indexed by the first byte's nibbles and the second's high nibble: the error
// is there if all three agree. Continuations further back are compared apart. The block in which
// an error shows, and the last bytes, are walked one character at a time.

#include "base/utf8.h"

#include <algorithm>
#include <cstdint>

#include "base/simd16.h"

namespace tidemark {
namespace {

using simd16::Bytes;

constexpr uint8_t kTooShort = 1 << 0;      // a leading byte without its continuation
constexpr uint8_t kTooLong = 1 << 1;       // a continuation after ASCII
constexpr uint8_t kOverlong3 = 1 << 2;     // E0 80..9F
constexpr uint8_t kTooLarge = 1 << 3;      // F4 90..BF, F5.. 90..BF
constexpr uint8_t kSurrogate = 1 << 4;     // ED A0..BF
constexpr uint8_t kOverlong2 = 1 << 5;     // C0, C1
constexpr uint8_t kTooLarge1000 = 1 << 6;  // F5.. 80..8F
constexpr uint8_t kOverlong4 = 1 << 6;     // F0 80..8F; shares its bit, the high nibbles differ
constexpr uint8_t kTwoContinuations = 1 << 7;
// Errors that the first byte's low nibble says nothing about.
constexpr uint8_t kAnyLow = kTooShort | kTooLong | kTwoContinuations;
constexpr uint8_t kLarge = kAnyLow | kTooLarge | kTooLarge1000;

constexpr Bytes kFirstHigh = {kTooLong,
                              kTooLong,
                              kTooLong,
                              kTooLong,
                              kTooLong,
                              kTooLong,
                              kTooLong,
                              kTooLong,  // ASCII
                              kTwoContinuations,
                              kTwoContinuations,
                              kTwoContinuations,
                              kTwoContinuations,                                    // 80..BF
                              kTooShort | kOverlong2,                               // C0..CF
                              kTooShort,                                            // D0..DF
                              kTooShort | kOverlong3 | kSurrogate,                  // E0..EF
                              kTooShort | kTooLarge | kTooLarge1000 | kOverlong4};  // F0..FF
constexpr Bytes kFirstLow = {kAnyLow | kOverlong3 | kOverlong2 | kOverlong4,
                             kAnyLow | kOverlong2,
                             kAnyLow,
                             kAnyLow,
                             kAnyLow | kTooLarge,
                             kLarge,
                             kLarge,
                             kLarge,
                             kLarge,
                             kLarge,
                             kLarge,
                             kLarge,
                             kLarge,
                             kLarge | kSurrogate,
                             kLarge,
                             kLarge};
constexpr uint8_t kContinuation = kTooLong | kOverlong2 | kTwoContinuations;
constexpr Bytes kSecondHigh = {kTooShort,
                               kTooShort,
                               kTooShort,
                               kTooShort,
                               kTooShort,
                               kTooShort,
                               kTooShort,
                               kTooShort,
                               kContinuation | kOverlong3 | kTooLarge1000 | kOverlong4,  // 80..8F
                               kContinuation | kOverlong3 | kTooLarge,                   // 90..9F
                               kContinuation | kSurrogate | kTooLarge,                   // A0..AF
                               kContinuation | kSurrogate | kTooLarge,                   // B0..BF
                               kTooShort,
                               kTooShort,
                               kTooShort,
                               kTooShort};

// `bytes` moved up by N, filled from the end of `before`.
template <int N>
Bytes Previous(Bytes before, Bytes bytes) {
  return __builtin_shufflevector(before, bytes, 16 - N, 17 - N, 18 - N, 19 - N, 20 - N, 21 - N,
                                 22 - N, 23 - N, 24 - N, 25 - N, 26 - N, 27 - N, 28 - N, 29 - N,
                                 30 - N, 31 - N);
}

// Not zero where a byte cannot follow the three before it.
Bytes Errors(Bytes before, Bytes bytes) {
  const Bytes first = Previous<1>(before, bytes);
  const Bytes pair = simd16::LookUp(kFirstHigh, first >> 4) &
                     simd16::LookUp(kFirstLow, first & 0x0F) &
                     simd16::LookUp(kSecondHigh, bytes >> 4);
  // The third byte of three or four, and the fourth of four, must be the second of two
  // continuations, and nothing else may be.
  const Bytes third =
      simd16::SubtractSaturating(Previous<2>(before, bytes), simd16::Splat(0xE0 - 0x80));
  const Bytes fourth =
      simd16::SubtractSaturating(Previous<3>(before, bytes), simd16::Splat(0xF0 - 0x80));
  return ((third | fourth) & kTwoContinuations) ^ pair;
}

uint8_t ByteAt(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }
bool IsContinuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// The length that a leading byte announces; 0 for a byte that leads nothing.
size_t AnnouncedLength(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

// Whether `second` may follow `lead`: here overlong forms, surrogates and the range are decided.
bool IsSecondByte(uint8_t lead, uint8_t second) {
  if (!IsContinuation(second)) return false;
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second < 0xA0;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second < 0x90;
  return true;
}

// How many bytes at the front of `text` can belong to one character, at most its length.
size_t FittingBytes(std::string_view text, size_t length) {
  size_t fitting = 1;
  while (fitting < std::min(length, text.size())) {
    const uint8_t byte = ByteAt(text, fitting);
    if (fitting == 1 ? !IsSecondByte(ByteAt(text, 0), byte) : !IsContinuation(byte)) break;
    ++fitting;
  }
  return fitting;
}

// Whole characters from `start` on, until one is not valid or not whole.
size_t WalkCharacters(std::string_view text, size_t start) {
  while (start < text.size()) {
    const size_t length = AnnouncedLength(ByteAt(text, start));
    if (length == 0 || FittingBytes(text.substr(start), length) != length) break;
    start += length;
  }
  return start;
}

// The beginning of the character that may straddle `end`, all before it being without error.
size_t LastCharacterStart(std::string_view text, size_t end) {
  for (size_t back = 1; back <= std::min<size_t>(end, 3); ++back) {
    if (!IsContinuation(ByteAt(text, end - back))) return end - back;
  }
  return end;
}

}  // namespace

size_t ValidUtf8Prefix(std::string_view text) {
  size_t done = 0;
  Bytes before{};
  bool before_ascii = true;
  while (text.size() - done >= simd16::kBytes) {
    const Bytes bytes = simd16::Load(text.data() + done);
    const bool ascii = simd16::TopBits(bytes) == 0;
    if (!(ascii && before_ascii) && simd16::AnySet(Errors(before, bytes))) break;
    before = bytes;
    before_ascii = ascii;
    done += simd16::kBytes;
  }
  return WalkCharacters(text, LastCharacterStart(text, done));
}

bool IsTruncatedCharacter(std::string_view tail) {
  if (tail.empty()) return false;
  const size_t length = AnnouncedLength(ByteAt(tail, 0));
  return tail.size() < length && FittingBytes(tail, length) == tail.size();
}

}  // namespace tidemark
