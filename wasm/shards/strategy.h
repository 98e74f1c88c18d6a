// Which shard a new key goes to.
//
//   hash         rendezvous: the same shard for the same key, whoever asks
//   round-robin  one after the other, in the order of their names, from a position that the caller
//                keeps; who may not be chosen is skipped and not counted
//   random       by the request's seed, each as likely
//   location     the nearest to a region; of those as near, the highest priority; of those, by
//                rendezvous. A shard without a place is farther than any other. Without a region,
//                as hash
//
// A strategy for reads and another for writes is the caller's to tell apart.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "shards/region.h"

namespace tidemark {

enum class Strategy : uint8_t { kHash, kRoundRobin, kRandom, kLocation };

// Code: `invalid_strategy`.
Result<Strategy> ParseStrategy(std::string_view name);
std::string_view StrategyName(Strategy strategy);

struct ShardPlace {
  Region region = Region::kWnam;
  double priority = 1;  // also 0, or less
};
using ShardPlaces = std::map<std::string, ShardPlace, std::less<>>;

// Of the text {shard: {"region", "priority"} | region...}; empty for none. Codes: `invalid_region`,
// `invalid_parameter`.
Result<ShardPlaces> ReadShardPlaces(std::string_view text);

// A region by its code, or none. Code: `invalid_region`.
Result<std::optional<Region>> ReadTargetRegion(std::string_view code);

struct Choice {
  std::string key;
  Strategy strategy = Strategy::kHash;
  std::vector<std::string> shards;     // all there are, in any order, each once
  std::vector<std::string> available;  // those among them to choose from: not empty
  int64_t position = 0;                // of round-robin
  uint64_t seed = 0;
  std::optional<Region> region;
  ShardPlaces places;
};

struct Chosen {
  std::string shard;
  int64_t position = 0;  // for the next time: other than before after round-robin alone
};

Chosen ChooseShardOf(Choice choice);

}  // namespace tidemark
