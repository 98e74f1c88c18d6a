-- Event logs that lie in this database (EVENTS_STORAGE = "d1"): the tables are those of
-- wasm/events/sql_log.h.

CREATE TABLE event_remote (
  tenant TEXT NOT NULL PRIMARY KEY,
  id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event_log (
  id INTEGER NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  key TEXT NOT NULL,
  UNIQUE (tenant, key)
) STRICT;

CREATE INDEX event_log_tenant ON event_log (tenant);

CREATE TABLE event_batch (
  id INTEGER NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL,
  at INTEGER NOT NULL,
  writer INTEGER NOT NULL,
  ids BLOB NOT NULL,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE event_entry (
  log INTEGER NOT NULL,
  id BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (log, id)
) STRICT, WITHOUT ROWID;
