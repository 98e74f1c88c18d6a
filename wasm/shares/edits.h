// Edits of what others share: what may be asked, on both sides of its way.

#pragma once

#include <vector>

#include "records/push.h"

namespace tidemark {

// Rejects the deltas that may not be made, by what this space knows: in the editor's space by its
// copies and the shares that it received, in the owner's (`state->editor`) by its records and the
// shares that it gave. Returns the others, but for deletions of what is deleted already and for
// those that are kept already (`waits`, by their places).
Task<std::vector<Delta>> AdmitEdits(PushState* state, const DeltaBatch* batch,
                                    std::vector<Delta> deltas, std::vector<bool> waits = {});

// Keeps the batch's foreign deltas that may be made, to be carried to their owners.
Task<Status> KeepEdits(PushState* state, DeltaBatch* batch);

}  // namespace tidemark
