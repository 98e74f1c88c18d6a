-- Generated from schema/collections.json; applied once, so never edited.

CREATE TABLE "plans" (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  "title" TEXT NOT NULL,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "total_hours" REAL,
  "status" TEXT NOT NULL,
  "tags" TEXT CHECK ("tags" IS NULL OR json_valid("tags")),
  "content" TEXT,
  seq INTEGER NOT NULL,
  deleted_at INTEGER,
  PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX "idx_plans_user" ON "plans" (user_id);

CREATE INDEX "idx_plans_updated" ON "plans" (user_id, "updated_at");

CREATE TABLE "sessions" (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  "plan_id" TEXT NOT NULL,
  "chunk_id" TEXT,
  "start_time" INTEGER NOT NULL,
  "end_time" INTEGER,
  "duration_minutes" INTEGER,
  "notes" TEXT,
  "artifacts" TEXT CHECK ("artifacts" IS NULL OR json_valid("artifacts")),
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  deleted_at INTEGER,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, "plan_id") REFERENCES "plans" (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX "idx_sessions_user" ON "sessions" (user_id);

CREATE INDEX "idx_sessions_plan" ON "sessions" (user_id, "plan_id");

CREATE INDEX "idx_sessions_updated" ON "sessions" (user_id, "updated_at");

CREATE TABLE "cards" (
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  "plan_id" TEXT NOT NULL,
  "chunk_id" TEXT,
  "question" TEXT NOT NULL,
  "answer" TEXT NOT NULL,
  "tags" TEXT CHECK ("tags" IS NULL OR json_valid("tags")),
  "ease_factor" REAL DEFAULT 2.5,
  "interval_days" INTEGER DEFAULT 1,
  "repetitions" INTEGER DEFAULT 0,
  "next_review" INTEGER NOT NULL,
  "last_review" INTEGER,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  deleted_at INTEGER,
  PRIMARY KEY (user_id, id),
  FOREIGN KEY (user_id, "plan_id") REFERENCES "plans" (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX "idx_cards_user" ON "cards" (user_id);

CREATE INDEX "idx_cards_review" ON "cards" (user_id, "next_review");

CREATE INDEX "idx_cards_updated" ON "cards" (user_id, "updated_at");
