#include "shards/slot_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/limits.h"
#include "shards/shard_names.h"

namespace tidemark {
namespace {

using Counts = std::vector<int64_t>;

// Each shard's slots in ascending order: the last is the one to give.
std::vector<std::vector<uint16_t>> SlotsByShard(const SlotTable& table) {
  std::vector<std::vector<uint16_t>> owned(table.shards.size());
  for (size_t slot = 0; slot < kSlots; ++slot) {
    owned[table.slots[slot].shard].push_back(static_cast<uint16_t>(slot));
  }
  return owned;
}

SlotMove Give(std::vector<std::vector<uint16_t>>* owned, size_t from, size_t to) {
  const SlotMove move{.slot = (*owned)[from].back(),
                      .from = static_cast<uint16_t>(from),
                      .to = static_cast<uint16_t>(to)};
  (*owned)[from].pop_back();
  return move;
}

// Slots of each shard by weight: the parts rounded down, and the largest remainders up.
Counts Targets(std::span<const double> weights, double total) {
  Counts targets(weights.size());
  std::vector<double> remainders(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const double part = static_cast<double>(kSlots) * (weights[i] / total);
    targets[i] = static_cast<int64_t>(part);
    remainders[i] = part - std::floor(part);
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return remainders[a] == remainders[b] ? a < b : remainders[a] > remainders[b];
  });
  auto rest =
      static_cast<int64_t>(kSlots) - std::accumulate(targets.begin(), targets.end(), int64_t{0});
  for (size_t i = 0; rest > 0; i = (i + 1) % order.size()) {
    if (weights[order[i]] <= 0) continue;
    ++targets[order[i]];
    --rest;
  }
  return targets;
}

}  // namespace

Status AddShardName(SlotTable* table, std::string name) {
  std::vector<std::string> names = table->shards;
  names.push_back(std::move(name));
  if (Status status = CheckShardNames(names); !status.ok()) return status;
  table->shards = std::move(names);
  ++table->version;
  return {};
}

std::vector<SlotMove> PlanAdded(const SlotTable& table, uint16_t shard) {
  std::vector<std::vector<uint16_t>> owned = SlotsByShard(table);
  int64_t owners = 1;
  for (size_t i = 0; i < owned.size(); ++i) owners += i != shard && !owned[i].empty() ? 1 : 0;
  const int64_t share = static_cast<int64_t>(kSlots) / owners;
  std::vector<SlotMove> moves;
  for (auto have = static_cast<int64_t>(owned[shard].size()); have < share; ++have) {
    size_t most = shard == 0 ? 1 : 0;
    for (size_t i = 0; i < owned.size(); ++i) {
      if (i != shard && owned[i].size() > owned[most].size()) most = i;
    }
    moves.push_back(Give(&owned, most, shard));
  }
  return moves;
}

Result<std::vector<SlotMove>> PlanDrained(const SlotTable& table, uint16_t shard,
                                          const std::vector<bool>& takers) {
  Counts counts = table.Counts();
  const auto takes = [&](size_t i) { return i != shard && i < takers.size() && takers[i]; };
  std::vector<SlotMove> moves;
  for (size_t slot = kSlots; slot-- > 0;) {
    if (table.slots[slot].shard != shard) continue;
    size_t least = counts.size();
    for (size_t i = 0; i < counts.size(); ++i) {
      if (takes(i) && (least == counts.size() || counts[i] < counts[least])) least = i;
    }
    if (least == counts.size()) return Status::Invalid("no_shards", "No other shard takes slots");
    ++counts[least];
    moves.push_back(
        {.slot = static_cast<uint16_t>(slot), .from = shard, .to = static_cast<uint16_t>(least)});
  }
  return moves;
}

Result<std::vector<SlotMove>> PlanWeights(const SlotTable& table, std::span<const double> weights) {
  double total = 0;
  bool valid = weights.size() == table.shards.size();
  for (const double weight : weights) {
    valid = valid && weight >= 0;
    total += weight;
  }
  if (!valid || !std::isfinite(total) || !(total > 0)) {
    return Status::Invalid("invalid_weights",
                           "Each shard has a weight of 0 or more, and some of them more than 0");
  }
  const Counts targets = Targets(weights, total);
  std::vector<std::vector<uint16_t>> owned = SlotsByShard(table);
  std::vector<SlotMove> moves;
  size_t to = 0;
  Counts lacks = targets;
  for (size_t i = 0; i < lacks.size(); ++i) lacks[i] -= static_cast<int64_t>(owned[i].size());
  for (size_t from = 0; from < owned.size(); ++from) {
    for (; lacks[from] < 0; ++lacks[from]) {
      while (lacks[to] <= 0) ++to;
      moves.push_back(Give(&owned, from, to));
      --lacks[to];
    }
  }
  return moves;
}

void ApplyMove(SlotTable* table, const SlotMove& move) {
  SlotOwner& owner = table->slots[move.slot];
  Check(owner.shard == move.from && move.to < table->shards.size());
  owner.shard = move.to;
  ++owner.epoch;
  ++table->version;
}

Status ApplyKeyMove(SlotTable* table, const Sha256Digest& key, uint16_t to) {
  Check(to < table->shards.size());
  std::vector<SlotException>& all = table->exceptions;
  auto at = std::lower_bound(all.begin(), all.end(), key,
                             [](const SlotException& exception, const Sha256Digest& value) {
                               return exception.key < value;
                             });
  const bool apart = at != all.end() && at->key == key;
  if (table->slots[SlotOfDigest(key)].shard == to) {
    if (apart) all.erase(at);
    ++table->version;
    return {};
  }
  if (!apart) {
    if (all.size() >= limits::kSlotExceptionsMax) {
      return Status::Error(409, "too_many_exceptions",
                           "There are at most " + std::to_string(limits::kSlotExceptionsMax) +
                               " keys that lie apart from their slots");
    }
    at = all.insert(at, {.key = key, .owner = table->slots[SlotOfDigest(key)]});
  }
  at->owner.shard = to;
  ++at->owner.epoch;
  ++table->version;
  return {};
}

}  // namespace tidemark
