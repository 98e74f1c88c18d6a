// The operations on documents. Each is one file named by its verb.
//
// Those in an object take the parameters `if_match` and `if_none_match` (where the request had the
// headers), `content_type`, `method`, `path`, `allow_empty`, `allow_large`; who may call them is
// decided by the operation table, with the parameter `editors`.

#pragma once

#include "engine/operation.h"

namespace tidemark {

// Local, before anything else in an object: its tables, and its epoch at first.
Task<Reply> OpenDocument(Context context);

// Local: GET of the document as it is now. Parameters: `shard`, for one shard alone; `method`.
Task<Reply> GetDocument(Context context);

// Local: PUT of the whole document.
Task<Reply> PutDocument(Context context);

// Local: PATCH, by the type of its body: record operations, a merge patch, a JSON patch.
Task<Reply> PatchDocument(Context context);

// Of PATCH, by type.
Task<Reply> PatchRecords(Context context);
Task<Reply> PatchTree(Context context, bool merge);

// Spanning, the object's alarm: sends the journal to R2 and its activity to D1, publishes the
// document, and sets the next alarm.
Task<Reply> TickDocument(Context context);

// In the Worker, before an object is asked: whether the caller may `action` (`read` or `write`) the
// document of `app`. Data: `object`, the name of the one that owns it.
Task<Reply> EnterDocument(Context context);

// Spanning, in the Worker: GET of the published document.
Task<Reply> ReadPublished(Context context);

}  // namespace tidemark
