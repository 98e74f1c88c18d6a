// What changed in shared plans, to the spaces of those they are shared with.

#pragma once

#include "engine/operation.h"

namespace tidemark {

// Pages of every share that has something to send, as far as one run goes. A space that does not
// take its page is tried again later; the others are not held up.
Task<int64_t> Deliver(Context context, std::string self);

// Edits of others' records, to their owners, likewise. False where some owner did not take them.
Task<bool> Carry(Context context, std::string self);

// 1 s, 2 s, 4 s ... up to the bound.
int64_t BackOff(int64_t attempts);

}  // namespace tidemark
