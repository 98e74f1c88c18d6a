-- The nightly jobs' rounds of all documents that have not ended: where the next run goes on. One
-- goes from behind `begins` to the last app, and then from the first up to that.

CREATE TABLE rounds (
  run TEXT NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL,
  begins TEXT NOT NULL,
  after TEXT NOT NULL,
  wrapped INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
