-- Who has an account. The UNIQUE constraint makes the index; it has a name of its own as well, so
-- that tools which look it up by name find it.

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  username TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX idx_users_email ON users (email);
