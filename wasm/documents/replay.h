// A document as it was at a moment, out of R2: a copy of before, and the journal from there on.

#pragma once

#include <cstdint>
#include <string>

#include "documents/snapshots.h"

namespace tidemark {

// Reads a copy into a stage, which is emptied first. Codes: `unavailable`, `backup_damaged`.
Task<Status> StageSnapshot(std::string app, Snapshot snapshot, Stage stage);

// Reads what the document was after its last write of no later version than `at` into a stage, with
// the entries that `object` wrote. Each life of the document (an epoch) begins with nothing. Codes:
// `not_found` (there was none then), `moment_not_kept`, `unavailable`, `backup_damaged`.
Task<Status> StageMoment(std::string app, std::string object, int64_t at, Stage stage);

// Before or at which keys the objects of a journal lie that hold nothing newer than the version.
std::string JournalBound(std::string_view app, int64_t version);

}  // namespace tidemark
