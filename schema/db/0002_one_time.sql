-- Secrets that are good once: links to sign in, tickets of sockets. Only their SHA-256 is here.

CREATE TABLE one_time (
  hash TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_expires ON one_time (expires_at);
