#include "base/encoding.h"

#include <array>
#include <cstdint>

namespace tidemark {
namespace {

constexpr std::string_view kHexAlphabet = "0123456789abcdef";
constexpr std::string_view kBase64UrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// An alphabet turned round: the value of each character, -1 for the others.
constexpr std::array<int8_t, 256> ValuesOf(std::string_view alphabet) {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<uint8_t>(alphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}

constexpr std::array<int8_t, 256> kHexValues = ValuesOf(kHexAlphabet);
constexpr std::array<int8_t, 256> kBase64UrlValues = ValuesOf(kBase64UrlAlphabet);

// Regroups bits, `bits_max` of them to a character; the last one is filled up with zeros.
std::string Encode(std::string_view bytes, std::string_view alphabet, int bits_max) {
  const uint32_t mask = (1u << bits_max) - 1;
  std::string text;
  text.reserve((bytes.size() * 8 + static_cast<size_t>(bits_max) - 1) /
               static_cast<size_t>(bits_max));
  uint32_t buffer = 0;
  int held = 0;
  for (const char byte : bytes) {
    buffer = buffer << 8 | static_cast<uint8_t>(byte);
    held += 8;
    while (held >= bits_max) {
      held -= bits_max;
      text.push_back(alphabet[buffer >> held & mask]);
    }
  }
  if (held > 0) text.push_back(alphabet[buffer << (bits_max - held) & mask]);
  return text;
}

// Strict: whole bytes only, and the bits after the last one are zero and fewer than a character.
std::optional<std::string> Decode(std::string_view text, const std::array<int8_t, 256>& values,
                                  int bits_max) {
  std::string bytes;
  bytes.reserve(text.size() * static_cast<size_t>(bits_max) / 8);
  uint32_t buffer = 0;
  int held = 0;
  for (const char c : text) {
    const int8_t value = values[static_cast<uint8_t>(c)];
    if (value < 0) return std::nullopt;
    buffer = buffer << bits_max | static_cast<uint32_t>(value);
    held += bits_max;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(buffer >> held & 0xFF));
    }
  }
  const uint32_t trailing = buffer & ((1u << held) - 1);
  if (held >= bits_max || trailing != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string HexEncode(std::string_view bytes) { return Encode(bytes, kHexAlphabet, 4); }

std::optional<std::string> HexDecode(std::string_view text) { return Decode(text, kHexValues, 4); }

std::string Base64UrlEncode(std::string_view bytes) { return Encode(bytes, kBase64UrlAlphabet, 6); }

std::optional<std::string> Base64UrlDecode(std::string_view text) {
  return Decode(text, kBase64UrlValues, 6);
}

}  // namespace tidemark
