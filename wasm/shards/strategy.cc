#include "shards/strategy.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/random.h"
#include "shards/rendezvous.h"

namespace tidemark {
namespace {

using Names = std::vector<std::string>;
using Tree = nlohmann::json;

constexpr std::string_view kNames[] = {"hash", "round-robin", "random", "location"};
constexpr uint32_t kPlacesDepth = 2;
constexpr double kNowhere = -2;  // farther than the other side of the earth

Status InvalidRegion() {
  return Status::Invalid("invalid_region",
                         "A region is wnam, enam, weur, eeur, apac, oc, me or af");
}

// From the position on, the first that may be chosen.
Chosen NextInTurn(const Names& shards, const Names& available, int64_t position) {
  const size_t count = shards.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (static_cast<size_t>(position) + i) % count;
    if (std::binary_search(available.begin(), available.end(), shards[at])) {
      return {.shard = shards[at], .position = static_cast<int64_t>((at + 1) % count)};
    }
  }
  Trap();
}

Names NearestOf(const Names& available, Region region, const ShardPlaces& places) {
  Names best;
  double nearest = -std::numeric_limits<double>::infinity();
  double highest = nearest;
  for (const std::string& shard : available) {
    const auto place = places.find(shard);
    const bool placed = place != places.end();
    const double nearness = placed ? Nearness(region, place->second.region) : kNowhere;
    const double priority = placed ? place->second.priority : ShardPlace().priority;
    if (nearness < nearest || (nearness == nearest && priority < highest)) continue;
    if (nearness > nearest || priority > highest) best.clear();
    nearest = nearness;
    highest = priority;
    best.push_back(shard);
  }
  return best;
}

Result<ShardPlace> ReadPlace(const Tree& value) {
  const auto* code = value.get_ptr<const std::string*>();
  ShardPlace place;
  if (code == nullptr) {
    code = StringField(value, "region");
    const Tree* priority = Field(value, "priority");
    if (code == nullptr || (priority != nullptr && !priority->is_number())) {
      return Status::Invalid("invalid_parameter",
                             "A location is a region, or has a region and a priority");
    }
    place.priority = NumberField(value, "priority").value_or(place.priority);
  }
  const std::optional<Region> region = ParseRegion(*code);
  if (!region) return InvalidRegion();
  place.region = *region;
  return place;
}

}  // namespace

Result<Strategy> ParseStrategy(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Strategy>(i);
  }
  return Status::Invalid("invalid_strategy", "A strategy is hash, round-robin, random or location");
}

std::string_view StrategyName(Strategy strategy) { return kNames[static_cast<size_t>(strategy)]; }

Result<ShardPlaces> ReadShardPlaces(std::string_view text) {
  ShardPlaces places;
  if (text.empty()) return places;
  const auto tree = ParseTree(text, kPlacesDepth);
  if (!tree.ok()) return tree.status();
  if (!tree->is_object()) {
    return Status::Invalid("invalid_parameter", "Locations are an object by shard");
  }
  for (auto item = tree->begin(); item != tree->end(); ++item) {
    Result<ShardPlace> place = ReadPlace(*item);
    if (!place.ok()) return place.status();
    places[item.key()] = *place;
  }
  return places;
}

Result<std::optional<Region>> ReadTargetRegion(std::string_view code) {
  const std::optional<Region> region = ParseRegion(code);
  if (!region && !code.empty()) return InvalidRegion();
  return region;
}

Chosen ChooseShardOf(Choice choice) {
  Check(!choice.available.empty());
  std::sort(choice.shards.begin(), choice.shards.end());
  std::sort(choice.available.begin(), choice.available.end());
  const int64_t position = choice.position;
  switch (choice.strategy) {
    case Strategy::kRoundRobin:
      return NextInTurn(choice.shards, choice.available, position);
    case Strategy::kRandom:
      return {
          choice.available[static_cast<size_t>(Random(choice.seed).Below(choice.available.size()))],
          position};
    case Strategy::kLocation:
      if (choice.region) {
        choice.available = NearestOf(choice.available, *choice.region, choice.places);
      }
      break;
    case Strategy::kHash:
      break;
  }
  return {Rendezvous(choice.key, choice.available), position};
}

}  // namespace tidemark
