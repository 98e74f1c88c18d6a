// SQL of shares in the space that owns what is shared. The rules are in records/statements.h.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// `generation` tells a share from those of the same plan and user before it. `sent_seq` is the seq
// up to which the other space has everything, by its own word. `since` is where to look for what to
// send next; NULL where there is nothing. `started_seq` is the space's head when the generation
// began: what left the plan before was never told. `told` is 0 until the other space knows of this
// generation, permission or end.
inline constexpr Sql kCreatePlanShares{"CreatePlanShares", R"sql(
CREATE TABLE IF NOT EXISTS plan_shares (
  plan_id TEXT NOT NULL,
  shared_with_user_id TEXT NOT NULL,
  permission TEXT NOT NULL CHECK (permission IN ('read', 'edit')),
  email TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  collection TEXT NOT NULL,
  owner_email TEXT NOT NULL,
  generation INTEGER NOT NULL,
  sent_seq INTEGER NOT NULL,
  since INTEGER,
  started_seq INTEGER NOT NULL,
  told INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  retry_at INTEGER NOT NULL,
  PRIMARY KEY (plan_id, shared_with_user_id)
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kCreateSharesDue{
    "CreateSharesDue",
    "CREATE INDEX IF NOT EXISTS plan_shares_due ON plan_shares (retry_at)\n"
    "WHERE since IS NOT NULL"};

// Records that left a shared plan, by deletion or for another one, with the stamp of that change.
inline constexpr Sql kCreateDepartures{"CreateDepartures", R"sql(
CREATE TABLE IF NOT EXISTS departures (
  plan_id TEXT NOT NULL,
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  device TEXT NOT NULL,
  PRIMARY KEY (plan_id, collection, id)
) STRICT, WITHOUT ROWID)sql"};

inline constexpr Sql kCreateDeparturesSeq{
    "CreateDeparturesSeq", "CREATE INDEX IF NOT EXISTS departures_seq ON departures (seq)"};

// Who edits or edited here, so that the history can name them.
inline constexpr Sql kCreatePeople{"CreatePeople", R"sql(
CREATE TABLE IF NOT EXISTS people (
  user_id TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID)sql"};

// ?1 collections that can be shared, ?2 id: the first of them that has the record.
inline constexpr Sql kFindPlan{"FindPlan", R"sql(
SELECT r.collection FROM json_each(?1) AS c
CROSS JOIN records AS r ON r.collection = c.value AND r.id = ?2
WHERE r.deleted = 0 ORDER BY c.key LIMIT 1)sql"};

// ?1 plan: the shares of the space, and of the plan.
inline constexpr Sql kCountShares{
    "CountShares", "SELECT count(*), coalesce(sum(plan_id = ?1), 0) FROM plan_shares"};

// ?1 plan, ?2 user.
inline constexpr Sql kReadShare{
    "ReadShare",
    "SELECT permission, created_at, generation, ended FROM plan_shares\n"
    "WHERE plan_id = ?1 AND shared_with_user_id = ?2"};

// ?1 plan, ?2 user, ?3 permission, ?4 e-mail, ?5 now, ?6 collection, ?7 the owner's e-mail,
// ?8 generation, ?9 the space's head: a share from its beginning.
inline constexpr Sql kStartShare{"StartShare", R"sql(
INSERT INTO plan_shares (plan_id, shared_with_user_id, permission, email, created_at, collection,
  owner_email, generation, sent_seq, since, started_seq, told, ended, attempts, retry_at)
VALUES (?1, ?2, ?3, ?4, CAST(?5 AS INTEGER), ?6, ?7, CAST(?8 AS INTEGER), 0, 0,
  CAST(?9 AS INTEGER), 0, 0, 0, 0)
ON CONFLICT (plan_id, shared_with_user_id) DO UPDATE SET permission = excluded.permission,
  email = excluded.email, created_at = excluded.created_at, collection = excluded.collection,
  owner_email = excluded.owner_email, generation = excluded.generation, sent_seq = 0, since = 0,
  started_seq = excluded.started_seq, told = 0, ended = 0, attempts = 0, retry_at = 0)sql"};

// ?1 plan, ?2 user, ?3 permission, ?4 whether it ends: to be told.
inline constexpr Sql kChangeShare{"ChangeShare", R"sql(
UPDATE plan_shares SET permission = ?3, ended = CAST(?4 AS INTEGER), told = 0, retry_at = 0,
  since = coalesce(since, (SELECT value FROM meta WHERE key = 'shares_seq'), 0)
WHERE plan_id = ?1 AND shared_with_user_id = ?2)sql"};

// ?1 user, ?2 e-mail, ?3 now.
inline constexpr Sql kKnowPerson{
    "KnowPerson",
    "INSERT INTO people (user_id, email, at) VALUES (?1, ?2, CAST(?3 AS INTEGER))\n"
    "ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, at = excluded.at"};

inline constexpr Sql kListGiven{"ListGiven", R"sql(
SELECT '', json_object('plan_id', plan_id, 'email', email, 'user_id', shared_with_user_id,
  'permission', permission, 'created_at', created_at), 0
FROM plan_shares WHERE ended = 0 ORDER BY plan_id, email)sql"};

// ?1 winners as kWriteWinners and kWriteFields have them, ?2 collection, ?3 the seq before the
// first, ?4 device, ?5 the parents' collection: those that leave a shared plan by being written.
inline constexpr Sql kNoteDepartures{"NoteDepartures", R"sql(
INSERT INTO departures (plan_id, collection, id, seq, updated_at, counter, device)
SELECT r.parent, ?2, r.id, CAST(?3 AS INTEGER) + 1 + e.key, e.value ->> 3, e.value ->> 4, ?4
FROM json_each(?1) AS e
CROSS JOIN records AS r ON r.collection = ?2 AND r.id = e.value ->> 0
WHERE r.parent IS NOT NULL AND r.parent IS NOT (e.value ->> 6)
  AND EXISTS (SELECT 1 FROM plan_shares AS s WHERE s.plan_id = r.parent AND s.collection = ?5)
ON CONFLICT (plan_id, collection, id) DO UPDATE SET seq = excluded.seq,
  updated_at = excluded.updated_at, counter = excluded.counter, device = excluded.device)sql"};

// ?1 the seq up to which changes were looked at: shares of plans that changed since have something
// to send.
inline constexpr Sql kMarkShares{"MarkShares", R"sql(
UPDATE plan_shares SET since = CAST(?1 AS INTEGER) WHERE since IS NULL AND plan_id IN (
  SELECT coalesce(parent, id) FROM records WHERE seq > CAST(?1 AS INTEGER)
  UNION ALL SELECT plan_id FROM departures WHERE seq > CAST(?1 AS INTEGER)))sql"};

// ?1 now, ?2 rows.
inline constexpr Sql kReadDueShares{"ReadDueShares", R"sql(
SELECT plan_id, shared_with_user_id, collection, permission, owner_email, created_at, generation,
  sent_seq, since, started_seq, told, ended, attempts
FROM plan_shares INDEXED BY plan_shares_due
WHERE since IS NOT NULL AND retry_at <= CAST(?1 AS INTEGER)
ORDER BY retry_at LIMIT CAST(?2 AS INTEGER))sql"};

// When there is something to send or to carry; NULL for never.
inline constexpr Sql kReadSharesDueAt{"ReadSharesDueAt", R"sql(
SELECT min(at) FROM (
  SELECT min(retry_at) AS at FROM plan_shares INDEXED BY plan_shares_due WHERE since IS NOT NULL
  UNION ALL SELECT coalesce((SELECT value FROM meta WHERE key = 'carry_at'), 0)
    WHERE (SELECT max(n) FROM outgoing) IS NOT NULL
  UNION ALL SELECT 0 WHERE (SELECT min(plan_id) FROM plan_shares) IS NOT NULL
    AND (SELECT max(seq) FROM records) > (SELECT value FROM meta WHERE key = 'shares_seq')))sql"};

// What changed in a plan after ?1: its own record and its children (?2 plan, ?3 its collection,
// ?4 its children's collections as a JSON array), and after ?5 what left it.
#define TIDEMARK_CHANGES                                                                      \
  "(SELECT r.seq, r.collection, r.id, r.updated_at, r.counter, r.device, r.deleted, r.data\n" \
  "FROM records AS r INDEXED BY records_seq WHERE r.seq > CAST(?1 AS INTEGER)\n"              \
  "  AND ((r.id = ?2 AND r.collection = ?3)\n"                                                \
  "    OR (r.parent = ?2 AND r.collection IN (SELECT value FROM json_each(?4))))\n"           \
  "UNION ALL SELECT d.seq, d.collection, d.id, d.updated_at, d.counter, d.device, 1, NULL\n"  \
  "FROM departures AS d INDEXED BY departures_seq\n"                                          \
  "WHERE d.seq > CAST(?5 AS INTEGER) AND d.plan_id = ?2) AS c\n"

// ?6 bytes, ?7 rows: the last seq of a page that fits, and of one row at least; NULL for nothing.
inline constexpr Sql kMeasureShared{"MeasureShared", R"sql(
SELECT max(seq) FROM (
  SELECT seq, row_number() OVER w AS row, sum(bytes + 300) OVER w AS total
  FROM (SELECT c.seq, coalesce(length(CAST(c.data AS BLOB)), 0)
      + length(CAST(json_quote(c.id) AS BLOB)) AS bytes
    FROM )sql" TIDEMARK_CHANGES R"sql(ORDER BY c.seq LIMIT CAST(?7 AS INTEGER))
  WINDOW w AS (ORDER BY seq ROWS UNBOUNDED PRECEDING))
WHERE row = 1 OR total <= CAST(?6 AS INTEGER))sql"};

// A page up to ?6, as kReceivePage takes it: first what the rows are and how many bytes each one's
// data has, then the data.
inline constexpr Sql kReadSharedRows{"ReadSharedRows", R"sql(
SELECT '', json_array(c.collection, c.id, c.updated_at, c.counter, c.device, c.seq, c.deleted,
  coalesce(length(CAST(c.data AS BLOB)), 0)), c.seq
FROM )sql" TIDEMARK_CHANGES "WHERE c.seq <= CAST(?6 AS INTEGER) ORDER BY c.seq"};

inline constexpr Sql kReadSharedData{"ReadSharedData",
                                     "SELECT '', coalesce(c.data, ''), c.seq FROM " TIDEMARK_CHANGES
                                     "WHERE c.seq <= CAST(?6 AS INTEGER) ORDER BY c.seq"};

#undef TIDEMARK_CHANGES

// ?1 plan, ?2 user, ?3 generation, ?4 permission and ?5 end as they were told, ?6 the seq up to
// which the other space has all, ?7 where to go on, or NULL.
inline constexpr Sql kAdvanceShare{"AdvanceShare", R"sql(
UPDATE plan_shares SET sent_seq = CAST(?6 AS INTEGER), since = CAST(?7 AS INTEGER), told = 1,
  attempts = 0, retry_at = 0
WHERE plan_id = ?1 AND shared_with_user_id = ?2 AND generation = CAST(?3 AS INTEGER)
  AND permission = ?4 AND ended = CAST(?5 AS INTEGER))sql"};

// ?1 plan, ?2 user, ?3 generation, ?4 where the other space stands: to be sent from there.
inline constexpr Sql kRewindShare{"RewindShare", R"sql(
UPDATE plan_shares SET sent_seq = CAST(?4 AS INTEGER), since = CAST(?4 AS INTEGER)
WHERE plan_id = ?1 AND shared_with_user_id = ?2 AND generation = CAST(?3 AS INTEGER))sql"};

// ?1 plan, ?2 user, ?3 generation, ?4 now, ?5 the space's head: the other space knows of a later
// one.
inline constexpr Sql kRestartShare{"RestartShare", R"sql(
UPDATE plan_shares SET generation = max(generation + 1, CAST(?4 AS INTEGER)), sent_seq = 0,
  since = 0, told = 0, started_seq = CAST(?5 AS INTEGER)
WHERE plan_id = ?1 AND shared_with_user_id = ?2 AND generation = CAST(?3 AS INTEGER))sql"};

// ?1 plan, ?2 user, ?3 generation, ?4 when to try again.
inline constexpr Sql kDelayShare{"DelayShare", R"sql(
UPDATE plan_shares SET attempts = attempts + 1, retry_at = CAST(?4 AS INTEGER)
WHERE plan_id = ?1 AND shared_with_user_id = ?2 AND generation = CAST(?3 AS INTEGER))sql"};

// ?1 plan, ?2 user, ?3 generation: it has ended and the other space knows.
inline constexpr Sql kForgetShare{"ForgetShare", R"sql(
DELETE FROM plan_shares WHERE plan_id = ?1 AND shared_with_user_id = ?2
  AND generation = CAST(?3 AS INTEGER) AND ended = 1)sql"};

// ?1 plan, ?2 user, ?3 generation: its reader left it.
inline constexpr Sql kEndLeftShare{"EndLeftShare", R"sql(
UPDATE plan_shares SET ended = 1, told = 0, retry_at = 0, since = coalesce(since, 0)
WHERE plan_id = ?1 AND shared_with_user_id = ?2 AND generation = CAST(?3 AS INTEGER))sql"};

// Daily: shares of plans that are forgotten end.
inline constexpr Sql kEndOrphanedShares{"EndOrphanedShares", R"sql(
UPDATE plan_shares SET ended = 1, told = 0, retry_at = 0, since = coalesce(since, 0)
WHERE ended = 0 AND NOT EXISTS (SELECT 1 FROM records AS r
  WHERE r.collection = plan_shares.collection AND r.id = plan_shares.plan_id))sql"};

// Daily: what every share has been told of.
inline constexpr Sql kPruneDepartures{"PruneDepartures", R"sql(
DELETE FROM departures WHERE seq <= (
  SELECT coalesce(min(coalesce(since, (SELECT value FROM meta WHERE key = 'shares_seq'))),
    9007199254740991) FROM plan_shares))sql"};

// Daily: people who share nothing any more, and of whom no history is left. ?1 cutoff, ?2 now.
inline constexpr Sql kRememberPeople{"RememberPeople", R"sql(
UPDATE people SET at = CAST(?2 AS INTEGER) WHERE at < CAST(?1 AS INTEGER)
  AND user_id IN (SELECT shared_with_user_id FROM plan_shares))sql"};
inline constexpr Sql kPrunePeople{"PrunePeople",
                                  "DELETE FROM people WHERE at < CAST(?1 AS INTEGER)"};

// Whether edits may be made. ?1 [[id, the parent's id]...], ?2 their collection, ?3 the editor,
// ?4 the plans' collection. A row each, in order: the plan that the record is in, whether it is
// deleted, the permissions on that plan and on the parent.
inline constexpr Sql kReadEditedRecords{"ReadEditedRecords", R"sql(
SELECT e.plan, e.deleted,
  (SELECT s.permission FROM plan_shares AS s WHERE s.plan_id = e.plan
    AND s.shared_with_user_id = ?3 AND s.collection = ?4 AND s.ended = 0),
  (SELECT s.permission FROM plan_shares AS s WHERE s.plan_id = e.parent
    AND s.shared_with_user_id = ?3 AND s.collection = ?4 AND s.ended = 0)
FROM (SELECT j.key, j.value ->> 1 AS parent, r.parent AS plan, r.deleted
  FROM json_each(?1) AS j
  LEFT JOIN records AS r ON r.collection = ?2 AND r.id = j.value ->> 0) AS e
ORDER BY e.key)sql"};

// ?1 plan, ?2 user, ?3 the plan's collection.
inline constexpr Sql kReadPermission{"ReadPermission", R"sql(
SELECT permission FROM plan_shares
WHERE plan_id = ?1 AND shared_with_user_id = ?2 AND collection = ?3 AND ended = 0)sql"};

}  // namespace tidemark::sql
