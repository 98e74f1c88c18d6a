// All objects of a document send their journal on, so that R2 has it up to a moment.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/operation.h"

namespace tidemark {

// In a manifest. The moment: a version that no write is going to have, and up to which R2 has all
// of them. None: some object, or R2, cannot be reached.
Task<std::optional<int64_t>> FlushDocument(Request request);

// The shards that there are, and those that were dropped and may have something to send yet.
Task<std::vector<std::string>> ListFlushed();

}  // namespace tidemark
