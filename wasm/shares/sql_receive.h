// SQL of shares in the space that they are shared with: copies of others' records, and edits of
// them on their way. The rules are in records/statements.h.

#pragma once

#include "engine/command.h"
#include "records/sql_space.h"

namespace tidemark::sql {

// `at` is the seq of the owner's space up to which the copies are complete, in its life named by
// `epoch`. An ended share is remembered as a tombstone is: what comes late must not begin it again.
// `ended` is 2 where its reader left it, until the owner's space ends it.
inline constexpr Sql kCreateReceived{"CreateReceived", R"sql(
CREATE TABLE IF NOT EXISTS received_shares (
  owner TEXT NOT NULL,
  plan TEXT NOT NULL,
  permission TEXT NOT NULL,
  email TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  collection TEXT NOT NULL,
  generation INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  at INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  PRIMARY KEY (owner, plan)
) STRICT, WITHOUT ROWID)sql"};

// `seq` and `first_seq` are of this space's counter, `owner_seq` of the owner's. A row with seq 0
// stands for a record that a device made here and that has not come back yet: no device is told of
// it, but for its deletion.
inline constexpr Sql kCreateShared{"CreateShared", R"sql(
CREATE TABLE IF NOT EXISTS shared_records (
  owner TEXT NOT NULL,
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  data TEXT,
  updated_at INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  device TEXT NOT NULL,
  owner_seq INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  plan TEXT NOT NULL,
  written_at INTEGER NOT NULL,
  PRIMARY KEY (owner, collection, id)
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kCreateSharedSeq{
    "CreateSharedSeq", "CREATE INDEX IF NOT EXISTS shared_seq ON shared_records (seq)"};
inline constexpr Sql kCreateSharedTombstones{
    "CreateSharedTombstones",
    "CREATE INDEX IF NOT EXISTS shared_tombstones ON shared_records (seq) WHERE deleted = 1"};

// Edits of others' records, in order: acknowledged, and not yet in the owner's space.
inline constexpr Sql kCreateOutgoing{"CreateOutgoing", R"sql(
CREATE TABLE IF NOT EXISTS outgoing (
  n INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  collection TEXT NOT NULL,
  record_id TEXT NOT NULL,
  device TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  counter_given INTEGER NOT NULL,
  parent TEXT,
  size INTEGER NOT NULL,
  data TEXT
) STRICT)sql"};

inline constexpr Sql kCreateOutgoingRecord{
    "CreateOutgoingRecord",
    "CREATE INDEX IF NOT EXISTS outgoing_record ON outgoing (owner, collection, record_id)"};

inline constexpr Sql kCreateOutgoingEdit{
    "CreateOutgoingEdit",
    "CREATE INDEX IF NOT EXISTS outgoing_edit\n"
    "ON outgoing (owner, collection, record_id, device, updated_at, counter)"};

inline constexpr Sql kListReceived{"ListReceived", R"sql(
SELECT '', json_object('owner', owner, 'owner_email', email, 'plan_id', plan,
  'permission', permission, 'created_at', created_at), 0
FROM received_shares WHERE ended = 0 ORDER BY owner, plan)sql"};

// ?1 owner, ?2 plan.
inline constexpr Sql kReadReceived{
    "ReadReceived",
    "SELECT permission, generation, epoch, at, ended FROM received_shares\n"
    "WHERE owner = ?1 AND plan = ?2"};

// ?1 plan, ?2 owner, ?3 the plan's collection.
inline constexpr Sql kReadReceivedPermission{"ReadReceivedPermission", R"sql(
SELECT permission FROM received_shares
WHERE plan = ?1 AND owner = ?2 AND collection = ?3 AND ended = 0)sql"};

// ?1 owner: the shares that are remembered, and those of the owner.
inline constexpr Sql kCountReceived{
    "CountReceived", "SELECT count(*), coalesce(sum(owner = ?1), 0) FROM received_shares"};

// ?1 owner: rows, those of them that are not deleted, and bytes.
inline constexpr Sql kCountCopies{"CountCopies",
                                  "SELECT count(*), coalesce(sum(deleted = 0), 0),\n"
                                  "  coalesce(sum(length(CAST(data AS BLOB))), 0)\n"
                                  "FROM shared_records WHERE owner = ?1"};

// ?1 owner, ?2 plan, ?3 now.
inline constexpr Sql kLeaveShare{
    "LeaveShare",
    "UPDATE received_shares SET ended = 2, written_at = CAST(?3 AS INTEGER)\n"
    "WHERE owner = ?1 AND plan = ?2"};

// ?1 owner, ?2 plan, ?3 permission, ?4 the owner's e-mail, ?5 when it was made, ?6 collection,
// ?7 generation, ?8 epoch, ?9 at, ?10 ended, ?11 now.
inline constexpr Sql kWriteReceived{"WriteReceived", R"sql(
INSERT INTO received_shares (owner, plan, permission, email, created_at, collection, generation,
  epoch, at, ended, written_at)
VALUES (?1, ?2, ?3, ?4, CAST(?5 AS INTEGER), ?6, CAST(?7 AS INTEGER), ?8, CAST(?9 AS INTEGER),
  CAST(?10 AS INTEGER), CAST(?11 AS INTEGER))
ON CONFLICT (owner, plan) DO UPDATE SET permission = excluded.permission, email = excluded.email,
  created_at = excluded.created_at, collection = excluded.collection,
  generation = excluded.generation, epoch = excluded.epoch, at = excluded.at,
  ended = excluded.ended, written_at = excluded.written_at)sql"};

// ?1 a page as the owner's space made it (a JSON array of [collection, id, updated_at, counter,
// device, seq, deleted, bytes], NUL, the data joined by commas), ?2 owner, ?3 plan, ?4 the seq
// before the first, ?5 now. A record that is told in two plans is where its greater seq says.
inline constexpr Sql kReceivePage{"ReceivePage", R"sql(
INSERT INTO shared_records (owner, collection, id, data, updated_at, counter, device, owner_seq,
  seq, first_seq, deleted, plan, written_at)
SELECT ?2, m.collection, m.id,
  CASE WHEN m.deleted THEN NULL
    ELSE CAST(substr(?1, 1 + instr(?1, x'00') + m.place, m.bytes) AS TEXT) END,
  m.updated_at, m.counter, m.device, m.seq,
  CAST(?4 AS INTEGER) + 1 + m.key, CAST(?4 AS INTEGER) + 1 + m.key, m.deleted, ?3,
  CAST(?5 AS INTEGER)
FROM (SELECT e.key, e.value ->> 0 AS collection, e.value ->> 1 AS id, e.value ->> 2 AS updated_at,
    e.value ->> 3 AS counter, e.value ->> 4 AS device, e.value ->> 5 AS seq,
    e.value ->> 6 AS deleted, e.value ->> 7 AS bytes,
    sum((e.value ->> 7) + 1) OVER (ORDER BY e.key ROWS UNBOUNDED PRECEDING)
      - (e.value ->> 7) - 1 AS place
  FROM json_each(CAST(substr(?1, 1, instr(?1, x'00') - 1) AS TEXT)) AS e) AS m
WHERE m.deleted = 0 OR EXISTS (SELECT 1 FROM shared_records AS c
  WHERE c.owner = ?2 AND c.collection = m.collection AND c.id = m.id AND c.plan = ?3
    AND (c.deleted = 0 OR c.seq = 0) AND c.owner_seq < m.seq)
ON CONFLICT (owner, collection, id) DO UPDATE SET data = excluded.data,
  updated_at = excluded.updated_at, counter = excluded.counter, device = excluded.device,
  owner_seq = excluded.owner_seq, seq = excluded.seq,
  first_seq = CASE WHEN shared_records.deleted THEN excluded.seq ELSE first_seq END,
  deleted = excluded.deleted, plan = excluded.plan, written_at = excluded.written_at
WHERE excluded.owner_seq > shared_records.owner_seq
  OR (excluded.owner_seq = shared_records.owner_seq AND shared_records.deleted))sql"};

// ?1 owner, ?2 plan, ?3 the seq before the first, ?4 now: the copies of a plan, deleted.
inline constexpr Sql kDropCopies{"DropCopies", R"sql(
INSERT INTO shared_records (owner, collection, id, data, updated_at, counter, device, owner_seq,
  seq, first_seq, deleted, plan, written_at)
SELECT owner, collection, id, NULL, updated_at, counter, device, 0,
  CAST(?3 AS INTEGER) + row_number() OVER (ORDER BY seq), first_seq, 1, plan, CAST(?4 AS INTEGER)
FROM shared_records WHERE owner = ?1 AND plan = ?2 AND (deleted = 0 OR seq = 0)
ON CONFLICT (owner, collection, id) DO UPDATE SET data = NULL, deleted = 1, owner_seq = 0,
  seq = excluded.seq, written_at = excluded.written_at)sql"};

// ?1 owner, ?2 epoch: a space in another life counts from the beginning.
inline constexpr Sql kForgetOwnerSeqs{"ForgetOwnerSeqs", R"sql(
UPDATE shared_records SET owner_seq = 0 WHERE owner = ?1 AND owner_seq > 0
  AND NOT EXISTS (SELECT 1 FROM received_shares WHERE owner = ?1 AND epoch = ?2))sql"};

// ?1 owner, ?2 collection, ?3 id, ?4 the seq before it, ?5 now: a copy is sent again.
inline constexpr Sql kSendCopyAgain{"SendCopyAgain", R"sql(
UPDATE shared_records SET seq = CAST(?4 AS INTEGER) + 1, written_at = CAST(?5 AS INTEGER)
WHERE owner = ?1 AND collection = ?2 AND id = ?3)sql"};

// As kReadEditedRecords, for the editor's own space. ?1 [[id, the parent's id, owner]...],
// ?2 their collection, ?3 the plans' collection. What waits to be carried counts as there.
inline constexpr Sql kReadEditedCopies{"ReadEditedCopies", R"sql(
SELECT e.plan, e.deleted,
  (SELECT s.permission FROM received_shares AS s
    WHERE s.owner = e.owner AND s.plan = e.plan AND s.collection = ?3 AND s.ended = 0),
  (SELECT s.permission FROM received_shares AS s
    WHERE s.owner = e.owner AND s.plan = e.parent AND s.collection = ?3 AND s.ended = 0)
FROM (SELECT j.key, j.value ->> 1 AS parent, j.value ->> 2 AS owner,
    r.deleted AND r.seq > 0 AS deleted,
    coalesce(r.plan, (SELECT o.parent FROM outgoing AS o INDEXED BY outgoing_record
      WHERE o.owner = j.value ->> 2 AND o.collection = ?2 AND o.record_id = j.value ->> 0
      ORDER BY o.n DESC LIMIT 1)) AS plan
  FROM json_each(?1) AS j
  LEFT JOIN shared_records AS r ON r.owner = j.value ->> 2 AND r.collection = ?2
    AND r.id = j.value ->> 0) AS e
ORDER BY e.key)sql"};

inline constexpr Sql kCountOutgoing{"CountOutgoing",
                                    "SELECT count(*), coalesce(sum(size), 0) FROM outgoing"};

// ?1 [[id, offset, size, updated_at, counter, counter_given, owner, parent]...], ?2 collection,
// ?3 blob, ?4 device: those that wait already, by
// their places.
inline constexpr Sql kFindWaiting{"FindWaiting", R"sql(
SELECT e.key FROM json_each(?1) AS e
WHERE EXISTS (SELECT 1 FROM outgoing AS o INDEXED BY outgoing_edit
  WHERE o.owner = e.value ->> 6 AND o.collection = ?2 AND o.record_id = e.value ->> 0
    AND o.device = ?4 AND o.updated_at = e.value ->> 3 AND o.counter = e.value ->> 4
    AND coalesce(o.data, '') = CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT)))sql"};

// As kFindWaiting, for those that do not wait.
inline constexpr Sql kKeepEdits{"KeepEdits", R"sql(
INSERT INTO outgoing (owner, collection, record_id, device, updated_at, counter, counter_given,
  parent, size, data)
SELECT e.value ->> 6, ?2, e.value ->> 0, ?4, e.value ->> 3, e.value ->> 4, e.value ->> 5,
  e.value ->> 7, e.value ->> 2,
  CASE WHEN e.value ->> 2 > 0 THEN CAST(substr(?3, 1 + (e.value ->> 1), e.value ->> 2) AS TEXT) END
FROM json_each(?1) AS e ORDER BY e.key)sql"};

// ?1 the owner before: the next one to whom something is to be carried, and whose device's.
inline constexpr Sql kNextOutgoing{
    "NextOutgoing",
    "SELECT owner, device FROM outgoing WHERE owner > ?1 ORDER BY owner, n LIMIT 1"};

// ?1 owner, ?2 device, ?3 bytes: the last of a page that fits, and of one at least.
inline constexpr Sql kMeasureOutgoing{"MeasureOutgoing", R"sql(
SELECT max(n) FROM (
  SELECT n, row_number() OVER w AS row, sum(size + 600) OVER w AS total
  FROM outgoing WHERE owner = ?1 AND device = ?2
  WINDOW w AS (ORDER BY n ROWS UNBOUNDED PRECEDING))
WHERE row = 1 OR total <= CAST(?3 AS INTEGER))sql"};

// ?1 owner, ?2 device, ?3 the last: as deltas.
inline constexpr Sql kReadOutgoing{"ReadOutgoing", R"sql(
SELECT collection, '{"action":"' || CASE WHEN data IS NULL THEN 'delete' ELSE 'update' END
  || '","id":' || json_quote(record_id) || ',"updated_at":' || updated_at
  || CASE WHEN counter_given THEN ',"counter":' || counter ELSE '' END
  || CASE WHEN data IS NULL THEN '' ELSE ',"data":' || data END || '}', n
FROM outgoing WHERE owner = ?1 AND device = ?2 AND n <= CAST(?3 AS INTEGER) ORDER BY n)sql"};

// Of a page that was carried, what the owner's space did not take as it was. ?1 owner, ?2 device,
// ?3 the last, ?4 its answer, ?5 whether it took none.
#define TIDEMARK_CARRIED                                                                        \
  "(SELECT *, row_number() OVER (PARTITION BY collection ORDER BY n) - 1 AS place\n"            \
  "  FROM outgoing WHERE owner = ?1 AND device = ?2 AND n <= CAST(?3 AS INTEGER)) AS o\n"       \
  "WHERE (?5 OR (o.collection, o.place) IN (\n"                                                 \
  "  SELECT e.value ->> '$.collection', e.value ->> '$.index' FROM json_each(?4, '$.rejected')" \
  " AS e)"

// ?6 now: what was refused is kept.
inline constexpr Sql kKeepRefused{"KeepRefused", R"sql(
INSERT INTO history (collection, record_id, data, updated_at, counter, device, reason, at, owner)
SELECT o.collection, o.record_id, o.data, o.updated_at, o.counter, o.device, 'refused',
  CAST(?6 AS INTEGER), o.owner
FROM )sql" TIDEMARK_CARRIED ") AND o.data IS NOT NULL"};

// ?6 now: the devices hold what they sent, and are told what is there. Where there is nothing, a
// deletion.
inline constexpr Sql kSendCopiesAgain{"SendCopiesAgain", R"sql(
INSERT INTO shared_records (owner, collection, id, updated_at, counter, device, owner_seq, seq,
  first_seq, deleted, plan, written_at)
SELECT o.owner, o.collection, o.record_id, max(o.updated_at), o.counter, '', 0,
  )sql" TIDEMARK_HEAD R"sql( + row_number() OVER (ORDER BY min(o.n)), 0, 1,
  coalesce(o.parent, ''), CAST(?6 AS INTEGER)
FROM )sql" TIDEMARK_CARRIED
                                                         R"sql( OR (o.collection, o.record_id) IN (
  SELECT e.value ->> 0, e.value ->> 1 FROM json_each(?4, '$.corrections') AS e))
GROUP BY o.collection, o.record_id
ON CONFLICT (owner, collection, id) DO UPDATE SET seq = excluded.seq,
  written_at = excluded.written_at)sql"};

#undef TIDEMARK_CARRIED

// ?1 owner, ?2 device, ?3 the last, ?4 now: records that were made, until they come back.
inline constexpr Sql kAwaitMade{"AwaitMade", R"sql(
INSERT OR IGNORE INTO shared_records (owner, collection, id, updated_at, counter, device, owner_seq,
  seq, first_seq, deleted, plan, written_at)
SELECT owner, collection, record_id, updated_at, counter, '', 0, 0, 0, 1, parent,
  CAST(?4 AS INTEGER)
FROM outgoing
WHERE owner = ?1 AND device = ?2 AND n <= CAST(?3 AS INTEGER) AND data IS NOT NULL
  AND parent <> '')sql"};

// ?1 owner, ?2 device, ?3 the last.
inline constexpr Sql kForgetOutgoing{
    "ForgetOutgoing",
    "DELETE FROM outgoing WHERE owner = ?1 AND device = ?2 AND n <= CAST(?3 AS INTEGER)"};

// ?1 cutoff, ?2 rows: the last of the oldest tombstones written before it.
inline constexpr Sql kReadOldCopies{"ReadOldCopies", R"sql(
SELECT max(seq) FROM (
  SELECT seq, written_at FROM shared_records INDEXED BY shared_tombstones
  WHERE deleted = 1 AND seq > 0 ORDER BY seq LIMIT CAST(?2 AS INTEGER))
WHERE written_at < CAST(?1 AS INTEGER))sql"};

// ?1 cutoff, ?2 the last.
inline constexpr Sql kPruneCopies{"PruneCopies", R"sql(
DELETE FROM shared_records WHERE (owner, collection, id) IN (
  SELECT owner, collection, id FROM shared_records INDEXED BY shared_tombstones
  WHERE deleted = 1 AND seq <= CAST(?2 AS INTEGER) AND written_at < CAST(?1 AS INTEGER)))sql"};

// ?1 cutoff.
inline constexpr Sql kPruneReceived{
    "PruneReceived",
    "DELETE FROM received_shares WHERE ended = 1 AND written_at < CAST(?1 AS INTEGER)"};

}  // namespace tidemark::sql
