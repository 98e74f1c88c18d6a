-- Every request, for as long as limits.h says. The id is a UUID of version 7: the rows lie in the
-- order of time, and each is one row written, since there is no index beside the key.

CREATE TABLE activity (
  id TEXT NOT NULL PRIMARY KEY,
  time INTEGER NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  app TEXT,
  status INTEGER NOT NULL,
  size INTEGER NOT NULL,
  user TEXT,
  duration_ms INTEGER NOT NULL,
  error TEXT
) STRICT, WITHOUT ROWID;
