// The operations on records. Each is one file named by its verb.

#pragma once

#include <string>

#include "engine/operation.h"
#include "records/cursor.h"

namespace tidemark {

// Local, before anything else in an object: its tables, and its epoch at first.
Task<Reply> OpenSpace(Context context);

// Local: POST /sync. Parameters: `device`, `content_type`; the request's body.
Task<Reply> Sync(Context context);

// Local: GET /history?collection=&id=&before=&limit=: an array, newest first; a Link to the rest.
Task<Reply> ListHistory(Context context);

// Local: POST /history/:id/restore. Parameter: `id`. Stores that version again, as of now.
Task<Reply> RestoreHistory(Context context);

// Spanning: copies what changed to D1, retries, prunes, and sets the next alarm. Parameter:
// `place`, the shard that it is to be in (project.h).
Task<Reply> Tick(Context context);

// Spanning, called by List: copies what changed to D1 now. Parameter: `place`, as of Tick. Data:
// `cursor`, how far D1 is then, none where it is not as far as the space; `shard`, which D1.
Task<Reply> CatchUp(Context context);

// Spanning, in the Worker: GET /{collection}. Parameters: `collection`, `cursor`, `limit`,
// `offset`, `before`, and the collection's filters; `owner`, whose plan's rows these are; `place`,
// the shard of the user, or of the owner.
Task<Reply> List(Context context);

// Local, called by List when D1 cannot answer: the same rows from the space itself.
Task<Reply> ListOwned(Context context);

// Local, called by List in the space of another user: the same, of a plan that is shared with the
// caller.
Task<Reply> ListShared(Context context);

// The state of the space, as a device finds it; for use within the operations above.
Task<Space> ReadSpace(std::string device = {});

}  // namespace tidemark
