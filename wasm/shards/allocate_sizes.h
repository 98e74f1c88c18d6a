// How large shards are, as whoever asks for a place tells the coordinator: a new key goes to none
// that is too large. What is told is kept for the others, in a table: memory would be gone with the
// object, and each shard would be asked anew.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/command.h"

namespace tidemark {

// What a request says of sizes.
struct SizeBound {
  std::optional<int64_t> bytes_max;  // none: sizes do not matter
  int64_t ttl_ms = 0;                // how long a size is believed
  nlohmann::json told;               // {shard: bytes | null}; null: it was asked and does not tell
  bool asked = false;  // nobody is asked once more: what is not known now is as good as small
};

// Whether a request says how large a shard may be.
bool BoundsSizes(const nlohmann::json& body);

// Of `maxDatabaseSize`, `sizeCacheTtlMs`, `sizes` and `sizesAsked`, each of which may be missing or
// null. Code: `invalid_parameter`.
Result<SizeBound> ReadSizeBound(const nlohmann::json& body);

struct SizeChoice {
  std::vector<std::string> unknown;   // to be asked first; then nothing is left out yet
  std::vector<std::string> excluded;  // they are too large
};

// Takes those that are too large out of `candidates`, unless all are. `noted` is what others told,
// of kReadShardSizes.
SizeChoice ChooseBySize(const SizeBound& bound, const ResultSet& noted, int64_t now_ms,
                        std::vector<std::string>* candidates);

// Adds what notes what was told, of registered shards.
void NoteSizes(const SizeBound& bound, int64_t now_ms, std::vector<Statement>* writes);

}  // namespace tidemark
