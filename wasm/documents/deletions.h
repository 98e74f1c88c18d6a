// Deletions that are old enough to be forgotten: whoever names an older version is told that the
// record has changed.

#pragma once

#include <cstdint>

#include "engine/operation.h"

namespace tidemark {

// Of the object's own, those of up to a version; how many.
Task<int64_t> ForgetDeletions(int64_t before);

}  // namespace tidemark
