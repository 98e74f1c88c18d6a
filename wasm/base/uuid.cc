#include "base/uuid.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/status.h"

namespace tidemark {
namespace {

constexpr size_t kTextBytes = 36;
constexpr std::array<size_t, 4> kDashesAt = {8, 13, 18, 23};  // in the order of insertion
constexpr size_t kVersionAt = 14;
constexpr size_t kVariantAt = 19;

int64_t HexValue(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

std::string UuidV7(int64_t now_ms, std::span<const uint8_t, 10> random) {
  Check(now_ms >= 0 && now_ms < int64_t{1} << 48);
  std::array<char, 16> bytes;
  for (size_t i = 0; i < 6; ++i) bytes[i] = static_cast<char>(now_ms >> (40 - 8 * i) & 0xFF);
  for (size_t i = 0; i < 10; ++i) bytes[6 + i] = static_cast<char>(random[i]);
  bytes[6] = static_cast<char>(0x70 | (random[0] & 0x0F));
  bytes[8] = static_cast<char>(0x80 | (random[2] & 0x3F));
  std::string text = HexEncode({bytes.data(), bytes.size()});
  for (const size_t at : kDashesAt) text.insert(at, 1, '-');
  return text;
}

std::optional<int64_t> UuidV7Time(std::string_view uuid) {
  if (uuid.size() != kTextBytes) return std::nullopt;
  int64_t ms = 0;
  for (size_t i = 0; i < kTextBytes; ++i) {
    const bool dash = std::find(kDashesAt.begin(), kDashesAt.end(), i) != kDashesAt.end();
    const char c = static_cast<char>(uuid[i] >= 'A' && uuid[i] <= 'F' ? uuid[i] | 0x20 : uuid[i]);
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return std::nullopt;
    if (!dash && i < kVersionAt) ms = ms << 4 | HexValue(c);
  }
  const bool variant_ok =
      std::string_view("89abAB").find(uuid[kVariantAt]) != std::string_view::npos;
  if (uuid[kVersionAt] != '7' || !variant_ok) return std::nullopt;
  return ms;
}

}  // namespace tidemark
