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

// What the variable PUBLISH says where readers ask R2 and not KV, which may be a minute behind far
// from its writer.
inline constexpr const char* kPublishInR2 = "r2";

// Spanning, the object's alarm: sends the journal to R2 and its activity to D1, publishes the
// document, and sets the next alarm.
Task<Reply> TickDocument(Context context);

// In the Worker, before an object is asked: whether the caller may `action` (`read` or `write`) the
// document of `app`. Data: `object`, the name of the one that owns it.
Task<Reply> EnterDocument(Context context);

// Spanning, in the Worker: GET of the published document.
Task<Reply> ReadPublished(Context context);

// Of backups (snapshots.h). In a manifest, spanning, for the crons: the snapshot of a day, by the
// parameter `at`, a time; the night's compaction, by `journal_days`. Data: `skipped`, or `version`,
// `bytes` and what was done.
Task<Reply> SnapshotDocument(Context context);
Task<Reply> CompactDocument(Context context);

// In a manifest, spanning: the document as it was, by the parameter `day` or `at`, is staged and
// put in place: through its shards, or by the local operation that `then` in the data names, for
// the same caller.
Task<Reply> RestoreDocument(Context context);
Task<Reply> ReplaceDocument(Context context);

// Spanning, in the Worker: GET /snapshots, by `app`, `before` and `limit`. Data: `next_before`.
Task<Reply> ListSnapshots(Context context);

// Spanning, in the Worker, for the crons: the operation `run` in every document's manifest, with
// the other parameters and `at`, a time. It goes on where the last run stopped; with `resume` it
// only ends a round that has not ended. Data: `documents`, `failed`, `problem`, of the first that
// failed, and `unfinished` where the platform let it go no further.
Task<Reply> RunDocuments(Context context);

// Of sharded documents. In the Worker: PATCH, to the shard that it is for.
Task<Reply> PatchSharded(Context context);

// Local, in a shard, for its manifest: see change.h and copy.h.
// `epoch`, `layout`, `turn`, `clock`, `members`: it is one from now on
Task<Reply> JoinShard(Context context);
Task<Reply> LockShard(Context context);   // `change`: nobody else writes
Task<Reply> StageShard(Context context);  // `change`, `collection`, `place`; the body: rows
Task<Reply> WeighShard(Context context);  // `change`; data: `deleted`, `changed`, `members`
// `change`, `commit`, `version`, `drop`, `user`, `op`, `epoch`, `layout`
Task<Reply> FinishShard(Context context);
// `copy`, a version: its moment begins; with `seal`, data: `places`, the bytes of all of them
Task<Reply> FreezeShard(Context context);
// `copy`, `after`, `collection` or `before`; with `places`, those and not the texts
Task<Reply> ReadShardPage(Context context);
Task<Reply> ThawShard(Context context);      // `copy`
Task<Reply> ReadShardRows(Context context);  // `change`, `after`, `collection`: for another object
Task<Reply> ShardState(Context context);     // data: `version`, `records`, ...
// Spanning: `clock`, a version that it writes above from here on; its journal goes to R2. Data:
// `version`. With `forget`, a version, deletions up to that go. Data: `forgotten`, how many.
Task<Reply> FlushShard(Context context);

// In a manifest. Local: a shard comes to be, or gets collections that it did not have; where
// records lie that go by a day which they name; a shard has changed.
Task<Reply> RegisterShard(Context context);
Task<Reply> PlaceRecords(Context context);
Task<Reply> GatherDocument(Context context);  // what was staged of all shards is here from now on
Task<Reply> NoteShard(Context context);

// In a manifest, spanning, one after the other: what died halfway is ended; PUT; GET of the whole;
// operations that may clear a shard; the change from one layout to another.
Task<Reply> SettleDocument(Context context);
Task<Reply> AddCollections(Context context);  // `members`, names
Task<Reply> PutSharded(Context context);
Task<Reply> GetSharded(Context context);
Task<Reply> PatchThrough(Context context);
Task<Reply> RelayoutDocument(Context context);

}  // namespace tidemark
