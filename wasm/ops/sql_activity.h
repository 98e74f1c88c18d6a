// SQL of the activity: the table of that name in the D1 database `DB`.
//
// Ids sort by time, so every statement walks the key from one end and none needs an index.
// Numbers are bound as doubles by JavaScript: CAST(?n AS INTEGER).

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// Where there is no `before`: no id is greater.
inline constexpr const char* kAfterAll = "g";

// ?1 lines (ops/activity.h) with commas between. What is there already stays as it is.
inline constexpr Sql kAppendActivity{"AppendActivity", R"sql(
INSERT OR IGNORE INTO activity
  (id, time, method, path, app, status, size, user, duration_ms, error)
SELECT value ->> 'id', value ->> 'time', value ->> 'method', value ->> 'path', value ->> 'app',
  value ->> 'status', value ->> 'size', value ->> 'user', value ->> 'duration_ms',
  value ->> 'error'
FROM json_each('[' || ?1 || ']'))sql"};

// ?1 before, ?2 the oldest to look at, ?3 the user or NULL, ?4 the app or NULL, ?5 how many.
inline constexpr Sql kListActivity{"ListActivity", R"sql(
SELECT id, json_object('id', id, 'time', time, 'method', method, 'path', path, 'app', app,
  'status', status, 'size', size, 'user', user, 'duration_ms', duration_ms, 'error', error)
FROM activity
WHERE id < ?1 AND id >= ?2 AND (?3 IS NULL OR user = ?3) AND (?4 IS NULL OR app = ?4)
ORDER BY id DESC LIMIT CAST(?5 AS INTEGER))sql"};

// ?1 before, ?2 how many rows to pass over: the id of the next one. It reads as many.
inline constexpr Sql kFindActivity{
    "FindActivity",
    "SELECT id FROM activity WHERE id < ?1 ORDER BY id DESC LIMIT 1 OFFSET CAST(?2 AS INTEGER)"};

// ?1 before, ?2 how many at most: the oldest.
inline constexpr Sql kPruneActivity{"PruneActivity", R"sql(
DELETE FROM activity WHERE id IN (
  SELECT id FROM activity WHERE id < ?1 ORDER BY id LIMIT CAST(?2 AS INTEGER)))sql"};

// For the test that reads their plans.
inline constexpr Sql kActivityStatements[] = {kAppendActivity, kListActivity, kFindActivity,
                                              kPruneActivity};

}  // namespace tidemark::sql
