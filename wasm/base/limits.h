// Every bound of the core, each with the fact that it comes from. Nothing a peer sends may make the
// core hold, write or answer more than these allow; above one, the answer names it and its value.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tidemark::limits {

// Platform facts (Cloudflare, 2026).
inline constexpr size_t kSqlValueBytesMax = 2'000'000;  // a bound value or column of D1 and objects
inline constexpr size_t kSqlTextBytesMax = 100'000;     // one SQL text
inline constexpr int kSqlVariablesMax = 100;            // bound parameters of a statement
inline constexpr size_t kIsolateBytesMax = 128 << 20;   // JavaScript and Wasm together
inline constexpr int64_t kIntegerMax = (int64_t{1} << 53) - 1;  // exact in JavaScript

// The engine. An isolate serves many objects at once; local operations never wait, spanning ones
// (projection, reads) do. A waiting operation holds a few KB.
inline constexpr size_t kLiveOperationsMax = 256;
inline constexpr size_t kFrameBytesMax = 8 << 20;   // all coroutine frames together
inline constexpr size_t kInputBytesMax = 40 << 20;  // one frame into the core
static_assert(kInputBytesMax + kFrameBytesMax < kIsolateBytesMax / 2);

// Requests.
inline constexpr size_t kBodyBytesMax = 16 << 20;  // POST /sync
inline constexpr size_t kSliceBytes = 1 << 20;     // what is held of a body at a time
inline constexpr size_t kUserIdBytesMax = 128;
inline constexpr size_t kDeviceIdBytesMax = 64;

// Records.
inline constexpr size_t kRecordIdBytesMax = 256;
inline constexpr size_t kRecordBytesMax = 1'000'000;  // `data`; doubled by JSON it still binds
// Records that merge by field are trees while they merge, ten times as large: fewer and smaller.
inline constexpr size_t kFieldRecordBytesMax = 64'000;
inline constexpr size_t kFieldRecordsTogether = 16;
inline constexpr uint32_t kRecordDepthMax = 100;       // SQLite's JSON stops at 1,000
inline constexpr int64_t kCounterMax = (1 << 20) - 1;  // deltas in a body: 16 MB / 42 bytes is less
inline constexpr size_t kBatchDeltasMax = 10'000;  // stored together: their versions are one value
inline constexpr int64_t kPageRowsMax = 10'000;
inline constexpr size_t kPageBytesMax = 8 << 20;    // rows of one answer
inline constexpr size_t kNoticeBytesMax = 4 << 20;  // `rejected` and `conflicts` of one answer
static_assert(kRecordBytesMax * 2 <= kSqlValueBytesMax);
static_assert(kRecordBytesMax < kSliceBytes);
static_assert(kBodyBytesMax / 42 < kCounterMax);

// A patch's work in units of a nanosecond or less (documents/patch_work.h): a quarter of a second.
// Since a byte made counts 8 and an item made 256, it makes 32 MB at most, or a million items.
inline constexpr uint64_t kPatchWorkMax = 256 << 20;

// Time, in milliseconds.
inline constexpr int64_t kMinuteMs = 60'000;
inline constexpr int64_t kDayMs = int64_t{24} * 60 * kMinuteMs;
inline constexpr int64_t kClockAheadMaxMs = 5 * kMinuteMs;  // a stamp further ahead is pulled back
inline constexpr int64_t kTombstoneDays = 90;
inline constexpr int64_t kHistoryDays = 30;
// Below it a time is in seconds: as milliseconds it would be in 1973, as seconds it is in 5138.
inline constexpr int64_t kSecondsBelow = 100'000'000'000;
inline constexpr int64_t kTimeMaxMs = 8'640'000'000'000'000;  // the last Date of JavaScript

// Projection into D1. A page is one bound value.
inline constexpr int64_t kProjectRowsMax = 2'000;
inline constexpr int64_t kProjectBytesMax = 900'000;
inline constexpr int kProjectPagesMax = 40;  // a run; then the alarm goes on
inline constexpr int64_t kProjectDelayMs = 200;
inline constexpr int64_t kProjectRetryMaxMs = 5 * kMinuteMs;

// Live. Frames of just below 1 MB were seen to fail in production. Text is held in UTF-16 units, of
// which each takes 3 bytes at most.
inline constexpr int64_t kFrameBytesOutMax = 900'000;
inline constexpr int64_t kFrameUnitsMax = 280'000;  // rows of one frame
static_assert(kFrameUnitsMax * 3 < kFrameBytesOutMax);
inline constexpr size_t kFrameBytesInMax = 1 << 20;   // above, its socket is closed
static_assert(kFrameBytesInMax <= kSliceBytes);       // it is read at once
inline constexpr int64_t kFanOutBytesMax = 32 << 20;  // rows of one push, to all sockets together
inline constexpr int64_t kPublishRowsMax = 2'000;     // of one push; measured before they are read
inline constexpr int64_t kSocketsMax = 2'000;         // of a space; the platform takes 32,768
inline constexpr int64_t kFramesPerMinute = 600;      // of a socket
inline constexpr int64_t kBusySockets = 10;           // of a space, as busy as one may be
// Text that a minute's frames may bring about, in UTF-16 units: what a socket does not read waits
// in the isolate's memory.
inline constexpr int64_t kSocketUnitsPerMinute = 64 << 20;
inline constexpr int64_t kSpaceUnitsPerMinute = 256 << 20;
inline constexpr size_t kPresenceBytesMax = 2'048;  // kept in an attachment of 16,384

// Accounts.
inline constexpr size_t kEmailBytesMax = 254;     // RFC 5321, section 4.5.3.1, and its erratum 1690
inline constexpr size_t kEmailNameBytesMax = 64;  // before the @
inline constexpr size_t kAccountBodyBytesMax = 4'096;
inline constexpr uint32_t kAccountDepthMax = 4;
inline constexpr size_t kSecretBytes = 32;         // of a link or a ticket, at random
inline constexpr int64_t kSecretsPrunedMax = 100;  // forgotten with each one issued
inline constexpr int64_t kLinkMs = 15 * kMinuteMs;
inline constexpr int64_t kTicketMs = 30'000;
inline constexpr int64_t kRequestsPerMinute = 100;  // of a user
inline constexpr int64_t kRequestsReserved = 10;    // at once: a row written for so many
inline constexpr int64_t kRequestsLeased = 10;      // at once, to be used in so many ms
inline constexpr int64_t kLeaseMs = 10'000;  // a token that was revoked is good no longer than that
inline constexpr int64_t kLinksPerWindow = 5;  // asked from one network
inline constexpr int64_t kLinkNetworks = 4;    // whose links together may go to one address
inline constexpr int64_t kLinkWindowMs = 15 * kMinuteMs;

// Shares. What one space sends to another is a page of the projection's size.
inline constexpr size_t kShareBytesMax = 4'096;       // body of PUT /shares
inline constexpr int64_t kSharesOfPlanMax = 100;      // each change goes to so many spaces
inline constexpr int64_t kSharesOfSpaceMax = 1'000;   // they are read in full
inline constexpr int64_t kReceivedSharesMax = 1'000;  // ended ones too, while remembered
inline constexpr int64_t kReceivedOfOwnerMax = 50;    // of them, from one user
inline constexpr int64_t kCopiesOfOwnerMax = 20'000;  // and twice as many with deleted ones
inline constexpr int64_t kCopiedBytesMax = 64 << 20;  // from one user
inline constexpr int64_t kSharesTogether = 6;         // the platform's connections at a time
inline constexpr int64_t kOutgoingRowsMax = 10'000;   // edits that wait for their owners
inline constexpr int64_t kOutgoingBytesMax = 64 << 20;
inline constexpr int64_t kPruneCopiesMax = 20'000;  // a day

inline constexpr int64_t kShareBehindMs = 10'000;  // an alarm behind a run that carries shares

// Activity: a row a request in D1, which takes 100,000 a day for nothing.
inline constexpr int64_t kActivityDays = 30;
inline constexpr int64_t kActivityRowsMax = 100'000;
inline constexpr size_t kActivityPathBytesMax = 512;
inline constexpr size_t kActivityBatchRows = 100;  // written together
inline constexpr int64_t kActivityPageRowsMax = 200;
inline constexpr int64_t kActivityPageRowsDefault = 50;
inline constexpr int64_t kActivityScanRows = 5'000;   // looked at for a page of few among many
inline constexpr int64_t kActivityPruneRows = 5'000;  // forgotten together
inline constexpr int kActivityPruneBatches = 400;     // a day: two million

// Documents.
inline constexpr size_t kDocumentBodyBytesMax = 32 << 20;               // PUT and PATCH
inline constexpr int64_t kDocumentBytesMax = 128 << 20;                 // of its records
inline constexpr size_t kCollectionBytesMax = 256;                      // a member's name
inline constexpr size_t kShardNameBytesMax = kCollectionBytesMax + 64;  // or a day
inline constexpr size_t kPreconditionBytesMax = 4'096;  // of a header, to an object in one
inline constexpr int64_t kMembersMax = 10'000;          // they are listed in full
inline constexpr int64_t kPlaceStep = 1 << 20;          // room for twenty halvings
inline constexpr size_t kConflictsMax = 100;            // told of at once
inline constexpr int64_t kFlushDelayMs = 1'000;         // a write's entry, until it is in R2
inline constexpr int64_t kLargeDeleteRecords = 20;      // with fewer, any delete is small
inline constexpr size_t kTreePatchBytesMax = 8 << 20;   // a JSON patch or merge patch
inline constexpr int64_t kPatchedBytesMax = 8 << 20;    // members that such a patch has to read
inline constexpr int64_t kPatchedRecordsMax = 50'000;   // the same: a tree of them is large
inline constexpr int64_t kPatchedSinglesMax = 200'000;  // among which some are read by their index
inline constexpr size_t kPatchedLookupsMax = 20'000'000;  // members times the places that it names
inline constexpr int64_t kPlacedTogether = 100'000;       // records whose order a PUT compares
inline constexpr int64_t kViewBytesMax = 16 << 20;        // a document that its owner answers whole
inline constexpr int64_t kPublishEveryMs = 2'000;         // KV takes one write a second for a key
inline constexpr int64_t kKvDocumentBytes = 20 << 20;     // of records; KV takes 25 MiB
inline constexpr int64_t kJournalObjectUnits = 1'000'000;  // of entries, up to 3 bytes each
inline constexpr int64_t kJournalSpanMs = 60'000;          // between versions in one object
inline constexpr int64_t kShardsMax = 1'000;        // of a document; each is asked for a whole copy
inline constexpr size_t kShardsTogether = 6;        // the platform's connections at a time
inline constexpr int64_t kSettleMs = 5'000;         // until a change that died is ended
inline constexpr int64_t kFreezeAheadMs = 1'000;    // in which a copy reaches all shards
inline constexpr size_t kRoutedBytesMax = 8 << 20;  // operations that are sorted by shard
// Of a large write's entry, in UTF-16 units of up to 3 bytes: with a record more it is a value.
inline constexpr int64_t kJournalPartUnits = 300'000;
static_assert(kJournalPartUnits * 3 + kRecordBytesMax < kSqlValueBytesMax);
inline constexpr int64_t kJournalDays = 7;            // that can be gone back to at any moment
inline constexpr int64_t kJournalDaysMax = 3'650;     // by configuration
inline constexpr int64_t kForgetDeletedDays = 30;     // a deletion's version
inline constexpr int64_t kForgetDeletedRows = 5'000;  // together
inline constexpr int kForgetDeletedBatches = 40;      // a night
inline constexpr int64_t kFoldedObjects = 100'000;    // of the journal, deleted in a night
inline constexpr int64_t kSnapshotsDefault = 30;      // listed at once
inline constexpr int64_t kSnapshotsMax = 100;
inline constexpr int64_t kDocumentsPage = 12;    // apps that a cron notes and runs together
inline constexpr size_t kDocumentsTogether = 6;  // the platform's connections at a time

// The event log. A message above a chunk goes in several: that is the protocol's.
inline constexpr size_t kEventChunkBytes = 512'000;
inline constexpr size_t kEventFrameBytesMax = 1 << 20;  // from a socket; it is read at once
static_assert(kEventFrameBytesMax <= kSliceBytes);
inline constexpr size_t kEventEntryBytesMax = 1'900'000;  // with what it needs around it a value
static_assert(kEventEntryBytesMax + 1'024 < kSqlValueBytesMax);
inline constexpr size_t kEventEntriesMax = 50'000;
static_assert(kEventEntriesMax * 16 < kSqlValueBytesMax);
inline constexpr size_t kEventKeyBytesMax = 1'024;
inline constexpr int64_t kEventMessageBytesMax = 8 << 20;  // joined of chunks; six times in memory
inline constexpr int64_t kEventPartsMax = 64;              // of one message
inline constexpr int64_t kEventChunksMax = 128;            // of a socket, waiting for the others
inline constexpr int64_t kEventChunkMs = 60'000;           // in which a message's chunks must come
inline constexpr int64_t kEventChunksTogether = 4'096;
inline constexpr int64_t kEventChunkBytesTogether = 256 << 20;  // of all sockets
inline constexpr size_t kEventBatchBytes =
    250'000;  // of entries stored as one; a single one may be larger
inline constexpr int64_t kEventPageBytes = 500'000;  // of entries sent at once, in one frame
inline constexpr int64_t kEventPageBatches = 5'000;
inline constexpr int64_t kEventFanOutBytes = 8 << 20;     // of a write, to all; above, in pages
inline constexpr int64_t kEventPollKeys = 100;            // asked for at once, in D1
inline constexpr int64_t kEventSocketsMax = 2'000;        // of a tenant
inline constexpr int64_t kEventKeysMax = 10'000;          // public keys of a tenant
inline constexpr int64_t kEventSubscriptionsMax = 1'000;  // of a socket
inline constexpr int64_t kEventAccessKeysMax = 1'000;     // of a tenant
inline constexpr int64_t kEventWriteTries = 8;            // where others write to the same log
inline constexpr int64_t kEventPollMs = 1'000;            // a log in D1
inline constexpr size_t kEventLabelBytesMax = 200;
inline constexpr int64_t kEventPruneLogs = 200;       // looked at in a run
inline constexpr int64_t kEventPruneAgainMs = 1'000;  // and then the next
inline constexpr int64_t kEventKeepDaysMax = 36'500;
inline constexpr int64_t kEventPruneMs = 60'000;       // entries too old, or too many, stay so long
inline constexpr int64_t kEventPruneBatches = 2'000;   // looked at together
inline constexpr int64_t kEventPruneEntries = 10'000;  // forgotten in a run

// SQL over many databases.
inline constexpr size_t kSqlShardsMax = 1'000;  // a query of each is a subrequest: so many are paid
inline constexpr size_t kSqlShardNameBytesMax = 256;
inline constexpr size_t kSqlKeysMax = 10'000;                // hashed together
inline constexpr size_t kSqlParamBytesMax = 16 << 20;        // a JSON text from the library
inline constexpr size_t kSqlSortKeysMax = 100;               // columns of a statement
inline constexpr size_t kSqlKeyBytesMax = 1'024;             // what a row is routed by
inline constexpr size_t kSlotExceptionsMax = 10'000;         // keys that lie apart from their slot
inline constexpr size_t kSlotTableBytesMax = 2'000'000;      // its text; read at a cold start
inline constexpr size_t kCoordinatorBodyBytesMax = 1 << 20;  // a request with its key
static_assert(kCoordinatorBodyBytesMax <= kSliceBytes);
inline constexpr size_t kSequenceNameBytesMax = 256;
inline constexpr int64_t kSequencesMax = 10'000;
inline constexpr int64_t kSequenceLeaseMax = 1'000'000;  // numbers given at once

// Databases that were there before. A page's keys are one JSON text: an answer of D1 above 1 MB is
// fragile, and a key is 1,024 bytes at most (KeyText, shards/sql_existing.h).
inline constexpr size_t kExistingTablesMax = 2'000;  // of a database
inline constexpr size_t kExistingTogether = 20;      // tables looked at in a batch
inline constexpr int64_t kExistingPageRows = 1'000;
inline constexpr int64_t kExistingPagesMax = 20;        // found in one answer, 20 MB
inline constexpr int64_t kExistingLeaseMs = kMinuteMs;  // then another may go on
inline constexpr size_t kSchemaStatementsMax = 1'000;   // of a schema, run together
inline constexpr size_t kMoveTriesMax = 5;              // of a row that others write to

// Slots on their way from one D1 to another. On the free plan an invocation has 50 subrequests.
inline constexpr int64_t kSlotMovePageRows = 500;      // read together
inline constexpr size_t kSlotMovePageBytes = 500'000;  // of their values, but one row at least
inline constexpr int64_t kSlotMoveLogRows = 100;       // written meanwhile, carried together
inline constexpr int64_t kSlotMoveGroupRows = 400;     // of slots that are frozen together
inline constexpr size_t kSlotMoveGroupSlots = 16;      // that are
inline constexpr int64_t kSlotMoveBatches = 40;        // begun in a run of the alarm
inline constexpr int64_t kSlotMoveRetryMs = 10'000;    // behind a shard that failed
inline constexpr int64_t kSlotInstallBatches = 20;     // pages that the first table looks through
inline constexpr size_t kSlotMoveColumnsMax = 97;      // of a table, with those of its place
static_assert(kSlotMoveColumnsMax + 3 <= kSqlVariablesMax);

// Reads.
inline constexpr int64_t kListRowsMax = 1'000;
inline constexpr int64_t kListRowsDefault = 20;
inline constexpr int64_t kHistoryRowsMax = 200;

// SQL over many databases.
inline constexpr size_t kSqlScriptBytesMax = 1'000'000;  // of statements that are cut apart
inline constexpr size_t kSqlNamesMax = 256;              // of tables, in one statement
inline constexpr size_t kSqlColumnsMax = 100;            // of a table or a result, in D1

}  // namespace tidemark::limits
