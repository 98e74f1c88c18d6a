// The body of a request, by slices.

#pragma once

#include <cstddef>

#include "engine/operation.h"
#include "records/delta.h"

namespace tidemark {

// The slice of the body at an offset, cut between characters. Code: `invalid_utf8`.
Task<Result<Slice>> ReadSlice(size_t offset, size_t size, size_t body_size);

// What is no JSON, with the place of the first byte that shows it. Code: `invalid_json`.
Status NotJson(size_t offset);

}  // namespace tidemark
