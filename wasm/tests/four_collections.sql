-- Generated from schema/collections.json; applied once, so never edited.

CREATE TABLE "notes" (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  "plan_id" TEXT,
  "text" TEXT NOT NULL,
  "rank" INTEGER NOT NULL DEFAULT 0,
  "pinned" INTEGER CHECK ("pinned" IN (0, 1)),
  "colour" TEXT CHECK ("colour" IN ('red', 'green')),
  "extra" TEXT CHECK ("extra" IS NULL OR json_valid("extra")),
  seq INTEGER NOT NULL,
  deleted_at INTEGER,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, "plan_id") REFERENCES "plans" (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX "idx_notes_rank" ON "notes" (user_id, "rank");
