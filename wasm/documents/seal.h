// Seals of copies in R2. A seal says that a copy was read back and is whole (its metadata are the
// copy's `version` and `sha256`), and where the copy's rows have their places, so that the journal
// can be replayed from there. It is an object of the journal with one entry of that version:
//
// Change := {"op": "place", "collection", "id", "place"} | {"op": "place", "member", "place"}
//
// Of a sharded document that entry begins with {"op": "spread"} and has the collections; an entry
// with the member `object` follows for each shard, empty or not.

#pragma once

#include <string>

#include "documents/copy.h"

namespace tidemark {

// Of a copy in R2, while its moment is kept. Empty, or what went wrong.
Task<std::string> SealCopy(CopyTarget target, DocumentTag tag, Copied copied, SharedMoment moment);

}  // namespace tidemark
