-- How far each user's space of records has been copied here. A page of rows is applied only by the
-- writer that knows the row it follows, so a page that arrives late changes nothing.

CREATE TABLE projection (
  user_id TEXT NOT NULL PRIMARY KEY,
  epoch TEXT NOT NULL,
  projected_seq INTEGER NOT NULL,
  projected_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
