#include "shards/hmac.h"

#include <algorithm>
#include <array>

namespace tidemark {
namespace {

std::string_view BytesOf(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Sha256Digest HmacSha256(std::string_view secret, std::string_view message) {
  constexpr size_t kBlockBytes = 64;
  const Sha256Digest shortened = secret.size() > kBlockBytes ? Sha256Of(secret) : Sha256Digest();
  if (secret.size() > kBlockBytes) secret = BytesOf(shortened);
  const auto padded = [&](uint8_t pad) {
    std::array<char, kBlockBytes> block;
    block.fill(static_cast<char>(pad));
    for (size_t i = 0; i < secret.size(); ++i) block[i] = static_cast<char>(block[i] ^ secret[i]);
    return block;
  };
  const auto hash = [](const std::array<char, kBlockBytes>& block, std::string_view bytes) {
    Sha256 sum;
    sum.Update({block.data(), block.size()});
    sum.Update(bytes);
    return sum.Finish();
  };
  const Sha256Digest inner = hash(padded(0x36), message);
  return hash(padded(0x5c), BytesOf(inner));
}

}  // namespace tidemark
