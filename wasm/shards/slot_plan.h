// Which slots move when the shards change: plans only, decided from the table alone. Nothing moves
// by itself; each move is carried out on its own, and then recorded by ApplyMove.
//
// - An added shard takes an even share, and takes it from those that own most: no slot moves
//   between two others.
// - A drained shard's slots go to those that own least: again none moves between two others.
// - By weights each shard owns its part of the whole, rounded so that the largest remainders are
//   rounded up; what a shard has too much of goes to one that has too little, and nothing else
//   moves.
// Of several slots that would do, a shard gives those with the highest numbers.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "shards/slot_table.h"

namespace tidemark {

struct SlotMove {
  uint16_t slot = 0;
  uint16_t from = 0;
  uint16_t to = 0;

  bool operator==(const SlotMove&) const = default;
};

// Puts a new name last in the table, with no slots. Code: `invalid_shards`.
Status AddShardName(SlotTable* table, std::string name);

// What a shard that owns less than its share takes. An even share is kSlots by the number of shards
// that own slots, this one too. `shard` is an index into the table's names.
std::vector<SlotMove> PlanAdded(const SlotTable& table, uint16_t shard);

// Where a shard's slots go, so that it owns none. Code: `no_shards` where no other one takes them:
// `takers` says which do, by index; those that are false get nothing.
Result<std::vector<SlotMove>> PlanDrained(const SlotTable& table, uint16_t shard,
                                          const std::vector<bool>& takers);

// One weight a shard, each 0 or more and some more than 0. Code: `invalid_weights`.
Result<std::vector<SlotMove>> PlanWeights(const SlotTable& table, std::span<const double> weights);

// Records one that is done: the slot's new owner, its next epoch and the table's next version.
void ApplyMove(SlotTable* table, const SlotMove& move);

// The same of a single key, by its SHA-256: from now on it lies apart from its slot, and stays
// where it is when the slot moves. Where it moves to its slot's shard it goes with the slot again.
// Of a shard that is drained these are moved too, one by one. Code: `too_many_exceptions`.
Status ApplyKeyMove(SlotTable* table, const Sha256Digest& key, uint16_t to);

}  // namespace tidemark
