// A document as it was at a moment, out of R2: a copy of before, and the journal from there on.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "documents/snapshots.h"

namespace tidemark {

// Reads a copy's text into a stage, which is emptied first. Codes: `unavailable`,
// `backup_damaged`.
Task<Status> StageSnapshot(std::string app, Snapshot snapshot, Stage stage);

// The same of one with a seal: records know the shards that they lay in.
Task<Status> StageSealed(std::string app, Snapshot snapshot, Stage stage);

// Reads what the document was after its last writes of no later version than `at` into a stage.
// Each life of the document (an epoch) begins with nothing. `shards` is told all of which the
// journal says anything. Codes: `not_found` (there was none then), `moment_not_kept`,
// `unavailable`, `backup_damaged`.
Task<Status> StageMoment(std::string app, int64_t at, Stage stage,
                         std::vector<std::string>* shards);

// Before or at which keys the objects of a journal lie that hold nothing newer than the version.
std::string JournalBound(std::string_view app, int64_t version);

}  // namespace tidemark
