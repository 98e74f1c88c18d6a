// The operations of shares (docs/sharing.md): a record without a parent is shared with its
// children.
//
// The owner's space decides. It copies what changes to the spaces of those it is shared with, page
// by page behind a fence, as the projection does: a page is taken only on top of the one that it
// follows, so what is sent twice, or late, changes nothing. Edits come back the same way they would
// from a device, with the editor's name before the device's.

#pragma once

#include <string>

#include "engine/operation.h"

namespace tidemark {

// Local: PUT /shares, DELETE /shares, GET /shares.
Task<Reply> PutShare(Context context);
Task<Reply> DeleteShare(Context context);
Task<Reply> ListShares(Context context);

// Local: DELETE /shares with `owner`, by who it is shared with.
Task<Reply> LeaveShare(Context context);

// Spanning: carries edits to their owners, and copies what changed in shared plans. It runs after
// each operation whose reply's data says `then: share`, one run at a time.
Task<Reply> Share(Context context);

// Local, called by the owner's space: a page of a shared plan, or the end of the share. Data: `at`,
// the owner's seq up to which this space has everything; -1 where it knows of a later share. Codes:
// `left`, `too_many_shares`, `space_full`.
Task<Reply> ReceiveShared(Context context);

// Local, called by the space of who edits: the body is that of POST /sync. Answers
// {"rejected": [...], "corrections": [[collection, id]...]}.
Task<Reply> AcceptShared(Context context);

// Local, called by List as the caller, in the owner's space: whether `plan` is shared with them. In
// the caller's own: whether it knows of that share by `owner`. Data: `cursor`, how far the space
// is. Code: `not_found`.
Task<Reply> CheckShared(Context context);

// When Share has something to do: a time, at most `now` for at once; kIntegerMax for never.
Task<int64_t> SharesDueAt();

// Daily.
Task<int64_t> PruneShares(Context context);

// The user whose space it is. An object that its alarm wakes may not be told its own name.
Task<std::string> SelfName(std::string space);

}  // namespace tidemark
