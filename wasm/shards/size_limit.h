// Shards that are too large for new keys. What lies in them stays where it is.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tidemark {

using ShardSizes = std::map<std::string, int64_t, std::less<>>;  // in bytes

// Takes the shards larger than `bytes_max` out of `shards` and returns them, in their order. One of
// exactly that size stays, and so does one whose size is not known. If all are too large, all stay:
// a new row is better kept somewhere than nowhere.
std::vector<std::string> ExcludeLarge(const ShardSizes& sizes, std::optional<int64_t> bytes_max,
                                      std::vector<std::string>* shards);

}  // namespace tidemark
