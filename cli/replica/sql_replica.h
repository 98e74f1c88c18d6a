// The tables of a replica, and the statements over them.
//
// A record is known by its owner ('' for one's own), its collection and its id. Times are
// milliseconds; `data` is JSON text as it was given.

#pragma once

namespace tidemark::sql {

// state      one row: who this device is, how far it has read, its clock
// base       what the server is known to hold
// outbox     the newest edit of each record that is not answered for yet
//   sent       0: no version of it was ever in a request. 1: this version was. 2: an earlier one
//              was, and what became of it is not known
// in_flight  what the request under way carries, in the order of its arrays; data and deletes are
//            filled when the record is edited meanwhile: the outbox has a newer version then
// rejected   what the server refused: it is on this device only
// notices    conflicts that the server reported, the last thousand
inline constexpr const char* kCreateReplica = R"sql(
CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  device TEXT NOT NULL,
  account TEXT NOT NULL DEFAULT '',
  cursor TEXT,
  walking INTEGER NOT NULL DEFAULT 0,
  ms INTEGER NOT NULL DEFAULT 0,
  counter INTEGER NOT NULL DEFAULT 0,
  skew_ms INTEGER NOT NULL DEFAULT 0,
  request INTEGER NOT NULL DEFAULT 0,
  under_way INTEGER NOT NULL DEFAULT 0,
  synced_at INTEGER NOT NULL DEFAULT 0,
  pushing_all INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE base (
  owner TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL,
  data TEXT NOT NULL, ms INTEGER NOT NULL, counter INTEGER NOT NULL,
  device TEXT NOT NULL, permission TEXT,
  PRIMARY KEY (collection, owner, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
  owner TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL,
  deletes INTEGER NOT NULL, data TEXT NOT NULL, ms INTEGER NOT NULL, counter INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  PRIMARY KEY (collection, owner, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_in_order ON outbox (collection, ms, counter);
CREATE TABLE in_flight (
  collection TEXT NOT NULL, position INTEGER NOT NULL, owner TEXT NOT NULL, id TEXT NOT NULL,
  ms INTEGER NOT NULL, counter INTEGER NOT NULL, unsure INTEGER NOT NULL,
  deletes INTEGER, data TEXT,
  PRIMARY KEY (collection, owner, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE rejected (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  owner TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL,
  code TEXT NOT NULL, message TEXT NOT NULL,
  deletes INTEGER NOT NULL, data TEXT NOT NULL, ms INTEGER NOT NULL, counter INTEGER NOT NULL
) STRICT;
CREATE TABLE notices (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  collection TEXT NOT NULL, id TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE VIEW records AS
  SELECT owner, collection, id, data, ms, counter, permission, 0 AS pending
  FROM base AS b
  WHERE NOT EXISTS (SELECT 1 FROM outbox AS o
                    WHERE o.collection = b.collection AND o.owner = b.owner AND o.id = b.id)
  UNION ALL
  SELECT o.owner, o.collection, o.id, o.data, o.ms, o.counter,
    (SELECT b.permission FROM base AS b
     WHERE b.collection = o.collection AND b.owner = o.owner AND b.id = o.id), 1
  FROM outbox AS o WHERE o.deletes = 0;
)sql";

inline constexpr const char* kInsertState = "INSERT INTO state (one, device) VALUES (1, ?1)";
inline constexpr const char* kReadState =
    "SELECT device, cursor, walking, ms, counter, skew_ms, request, under_way, synced_at, "
    "pushing_all, account FROM state";
inline constexpr const char* kSetClock = "UPDATE state SET ms = ?1, counter = ?2";
inline constexpr const char* kSetRequest = "UPDATE state SET request = ?1, under_way = ?2";
inline constexpr const char* kSetAccount = "UPDATE state SET account = ?1";
inline constexpr const char* kSetPushingAll = "UPDATE state SET pushing_all = ?1";
inline constexpr const char* kSetReached = "UPDATE state SET cursor = ?1, walking = ?2";
inline constexpr const char* kSetAnswered =
    "UPDATE state SET cursor = ?1, walking = ?2, ms = ?3, counter = ?4, skew_ms = ?5, "
    "under_way = 0";
// Everything is exchanged: the outbox is empty and no page is left.
inline constexpr const char* kSetSynced =
    "UPDATE state SET synced_at = ?1, pushing_all = 0 "
    "WHERE walking = 0 AND cursor IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox)";

inline constexpr const char* kReadBase =
    "SELECT data, ms, counter FROM base WHERE collection = ?1 AND owner = ?2 AND id = ?3";
inline constexpr const char* kPutBase =
    "INSERT INTO base (collection, owner, id, data, ms, counter, device, permission) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
    "ON CONFLICT DO UPDATE SET data = excluded.data, ms = excluded.ms, "
    "counter = excluded.counter, device = excluded.device, "
    "permission = coalesce(excluded.permission, permission)";
inline constexpr const char* kDeleteBase =
    "DELETE FROM base WHERE collection = ?1 AND owner = ?2 AND id = ?3";
inline constexpr const char* kDropBase = "DELETE FROM base";

inline constexpr const char* kReadOutbox =
    "SELECT deletes, data, ms, counter, sent FROM outbox "
    "WHERE collection = ?1 AND owner = ?2 AND id = ?3";
inline constexpr const char* kPutOutbox =
    "INSERT OR REPLACE INTO outbox (collection, owner, id, deletes, data, ms, counter, sent) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
inline constexpr const char* kDeleteOutbox =
    "DELETE FROM outbox WHERE collection = ?1 AND owner = ?2 AND id = ?3";
inline constexpr const char* kSetSent =
    "UPDATE outbox SET sent = ?4 WHERE collection = ?1 AND owner = ?2 AND id = ?3";
// Whether an edit of a child waits that names this parent.
inline constexpr const char* kNamedByChild =
    "SELECT 1 FROM outbox WHERE collection = ?1 AND owner = ?2 AND deletes = 0 "
    "AND data ->> ?3 = ?4 LIMIT 1";
inline constexpr const char* kCountOutbox = "SELECT count(*) FROM outbox";
inline constexpr const char* kOutboxInOrder =
    "SELECT owner, id, deletes, data, ms, counter, sent FROM outbox WHERE collection = ?1 "
    "ORDER BY ms, counter";
inline constexpr const char* kOutboxAhead =
    "SELECT o.collection, o.owner, o.id, coalesce(b.ms, 0), coalesce(b.counter, 0) "
    "FROM outbox AS o LEFT JOIN base AS b "
    "ON b.collection = o.collection AND b.owner = o.owner AND b.id = o.id "
    "WHERE o.ms > ?1 AND o.ms > coalesce(b.ms, 0) + ?2 ORDER BY o.ms, o.counter";
inline constexpr const char* kRestamp =
    "UPDATE outbox SET ms = ?4, counter = ?5, sent = min(sent * 2, 2) "
    "WHERE collection = ?1 AND owner = ?2 AND id = ?3";
// Every record of one's own that waits for nothing, with the stamp that it has.
inline constexpr const char* kPushAll =
    "INSERT OR IGNORE INTO outbox (collection, owner, id, deletes, data, ms, counter, sent) "
    "SELECT collection, owner, id, 0, data, ms, counter, 1 FROM base WHERE owner = ''";

inline constexpr const char* kPutInFlight =
    "INSERT INTO in_flight (collection, position, owner, id, ms, counter, unsure) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
inline constexpr const char* kMarkSent =
    "UPDATE outbox SET sent = 1 WHERE collection = ?1 AND owner = ?2 AND id = ?3 AND sent = 0";
inline constexpr const char* kKeepSentVersion =
    "UPDATE in_flight SET deletes = ?6, data = ?7 "
    "WHERE collection = ?1 AND owner = ?2 AND id = ?3 AND ms = ?4 AND counter = ?5";
inline constexpr const char* kDropInFlight = "DELETE FROM in_flight";
// What the request under way carries and no edit has replaced, as kOutboxInOrder.
inline constexpr const char* kInFlightAgain =
    "SELECT o.owner, o.id, o.deletes, o.data, o.ms, o.counter, o.sent "
    "FROM in_flight AS f CROSS JOIN outbox AS o "
    "ON o.collection = f.collection AND o.owner = f.owner AND o.id = f.id "
    "WHERE f.collection = ?1 AND o.ms = f.ms AND o.counter = f.counter ORDER BY f.position";
inline constexpr const char* kInFlight =
    "SELECT f.owner, f.id, f.position, f.unsure, o.ms = f.ms AND o.counter = f.counter, "
    "coalesce(f.deletes, o.deletes), coalesce(f.data, o.data), f.ms, f.counter "
    "FROM in_flight AS f CROSS JOIN outbox AS o "
    "ON o.collection = f.collection AND o.owner = f.owner AND o.id = f.id "
    "WHERE f.collection = ?1 ORDER BY f.position";

inline constexpr const char* kAddRejected =
    "INSERT INTO rejected (owner, collection, id, code, message, deletes, data, ms, counter) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
inline constexpr const char* kRejected =
    "SELECT owner, collection, id, code, message, deletes, data, ms, counter FROM rejected "
    "ORDER BY number";
inline constexpr const char* kRejectedAt =
    "SELECT number, owner, collection, id, deletes, data FROM rejected "
    "ORDER BY number LIMIT 1 OFFSET ?1";
inline constexpr const char* kDropRejected = "DELETE FROM rejected WHERE number = ?1";
inline constexpr const char* kCountRejected = "SELECT count(*) FROM rejected";

inline constexpr const char* kAddNotice =
    "INSERT INTO notices (collection, id, code, message, at) VALUES (?1, ?2, ?3, ?4, ?5)";
inline constexpr const char* kTrimNotices =
    "DELETE FROM notices WHERE number <= (SELECT max(number) FROM notices) - ?1";

inline constexpr const char* kView =
    "SELECT b.owner, b.collection, b.id, b.data, o.deletes, o.data FROM base AS b "
    "LEFT JOIN outbox AS o ON o.collection = b.collection AND o.owner = b.owner AND o.id = b.id "
    "UNION ALL "
    "SELECT o.owner, o.collection, o.id, NULL, o.deletes, o.data FROM outbox AS o "
    "WHERE NOT EXISTS (SELECT 1 FROM base AS b WHERE b.collection = o.collection "
    "AND b.owner = o.owner AND b.id = o.id)";

}  // namespace tidemark::sql
