// Pruning: what a space remembers for a while only. Tombstones (90 days) and the stamps given to
// clocks that ran ahead go by the server's time of writing; so does history (30 days).

#pragma once

#include <cstdint>

#include "engine/operation.h"

namespace tidemark {

// Prunes in bounded batches, each atomic: the space's `pruned_seq` moves with the tombstones it
// speaks for. Returns the tombstones pruned.
Task<int64_t> Prune(Context context);

}  // namespace tidemark
