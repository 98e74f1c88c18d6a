#include "shards/rendezvous.h"

#include <cstdint>

#include "base/sha256.h"
#include "base/status.h"

namespace tidemark {
namespace {

uint64_t Draw(const Sha256Digest& key, std::string_view name) {
  Sha256 hash;
  hash.Update({reinterpret_cast<const char*>(key.data()), key.size()});
  hash.Update(name);
  const Sha256Digest digest = hash.Finish();
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number = number << 8 | digest[i];
  return number;
}

}  // namespace

const std::string& Rendezvous(std::string_view key, std::span<const std::string> names) {
  Check(!names.empty());
  const Sha256Digest digest = Sha256Of(key);
  const std::string* best = nullptr;
  uint64_t most = 0;
  for (const std::string& name : names) {
    const uint64_t number = Draw(digest, name);
    if (best == nullptr || number > most || (number == most && name < *best)) {
      best = &name;
      most = number;
    }
  }
  return *best;
}

}  // namespace tidemark
