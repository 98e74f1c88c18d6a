#include "accounts/network.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace tidemark {
namespace {

constexpr size_t kGroups = 8;         // of an IPv6 address (RFC 4291, section 2.2)
constexpr size_t kNetworkGroups = 4;  // 64 bits
constexpr size_t kTextBytesMax = 64;

struct Groups {
  std::array<uint16_t, kGroups> values{};
  size_t count = 0;
};

// Groups of hexadecimal digits between colons; false where there is anything else.
bool ReadGroups(std::string_view text, Groups* groups) {
  while (!text.empty() && groups->count < kGroups) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(),
                                              groups->values[groups->count++], 16);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    text.remove_prefix(1);
    if (text.empty()) return false;
  }
  return text.empty();
}

std::string Hex(uint16_t value) {
  std::array<char, 4> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return {digits.data(), end};
}

}  // namespace

std::string NetworkOf(std::string_view address) {
  if (address.empty()) return "unknown";
  std::string plain(address.substr(0, kTextBytesMax));
  if (address.find(':') == std::string_view::npos) return plain;
  // The last part of a mapped one is an IPv4 address, in dots (RFC 4291, section 2.5.5).
  if (address.find('.') != std::string_view::npos) return plain.substr(plain.rfind(':') + 1);

  const size_t gap = address.find("::");
  Groups head;
  Groups tail;
  if (!ReadGroups(address.substr(0, gap), &head)) return plain;
  if (gap == std::string_view::npos) {
    if (head.count != kGroups) return plain;
  } else if (!ReadGroups(address.substr(gap + 2), &tail) || head.count + tail.count >= kGroups) {
    return plain;
  }
  for (size_t i = 0; i < tail.count; ++i) {
    head.values[kGroups - tail.count + i] = tail.values[i];
  }
  std::string network;
  for (size_t i = 0; i < kNetworkGroups; ++i) network += Hex(head.values[i]) + ":";
  return network + ":/64";
}

}  // namespace tidemark
