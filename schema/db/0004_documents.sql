-- Apps that have a document: whom the nightly jobs go round.

CREATE TABLE documents (
  app TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
