// What the commands ask the local database. `records` is the replica's view: what the user sees.
//
// Times within records are seconds or milliseconds, told apart by size, as the server does.

#pragma once

namespace tidemark::samedi::sql {

#define SAMEDI_MS(x) "CASE WHEN " x " < 100000000000 THEN " x " * 1000 ELSE " x " END"
// Children of a plan that is not there are hidden, as everywhere. By key, and not by a join with
// the view: that would look at every plan for every child.
#define SAMEDI_CHILDREN(collection)                                           \
  "FROM records AS r "                                                        \
  "LEFT JOIN outbox AS po ON po.collection = 'plans' AND po.owner = r.owner " \
  "AND po.id = r.data ->> 'plan_id' "                                         \
  "LEFT JOIN base AS pb ON pb.collection = 'plans' AND pb.owner = r.owner "   \
  "AND pb.id = r.data ->> 'plan_id' "                                         \
  "WHERE r.collection = '" collection "' AND coalesce(po.deletes = 0, pb.id IS NOT NULL) "
#define SAMEDI_PLAN_TITLE "coalesce(po.data, pb.data) ->> 'title' AS plan"

inline constexpr const char* kReadVersion = "PRAGMA user_version";
inline constexpr const char* kSetVersion = "PRAGMA user_version = 1";
inline constexpr const char* kCountTables = "SELECT count(*) FROM sqlite_schema";

inline constexpr const char* kFindRecord =
    "SELECT data FROM records WHERE collection = ?1 AND owner = ?2 AND id = ?3";
// Plans that a name may mean: one's own first.
inline constexpr const char* kFindPlan =
    "SELECT owner, id, data ->> 'title' AS title, permission FROM records "
    "WHERE collection = 'plans' AND id = ?1 ORDER BY owner";

inline constexpr const char* kListPlans =
    "SELECT r.id, r.owner, r.data ->> 'title' AS title, r.data ->> 'status' AS status, "
    "r.permission, r.pending AS pending, r.ms AS updated_at "
    "FROM records AS r WHERE r.collection = 'plans' ORDER BY r.ms DESC, r.id";

inline constexpr const char* kRunning =
    "SELECT r.id, r.data ->> 'plan_id' AS plan_id, " SAMEDI_PLAN_TITLE ", "
    "r.data ->> 'chunk_id' AS chunk_id, " SAMEDI_MS("(r.data ->> 'start_time')") " AS start_time "
    SAMEDI_CHILDREN("sessions") "AND r.owner = '' AND r.data ->> 'end_time' IS NULL "
    "AND r.data ->> 'duration_minutes' IS NULL ORDER BY start_time DESC";

inline constexpr const char* kListSessions =
    "SELECT r.id, r.owner, r.data ->> 'plan_id' AS plan_id, " SAMEDI_PLAN_TITLE ", "
    "r.data ->> 'chunk_id' AS chunk_id, " SAMEDI_MS("(r.data ->> 'start_time')") " AS start_time, "
    SAMEDI_MS("(r.data ->> 'end_time')") " AS end_time, "
    "r.data ->> 'duration_minutes' AS duration_minutes, r.data ->> 'notes' AS notes "
    SAMEDI_CHILDREN("sessions") "AND (?1 = '' OR r.data ->> 'plan_id' = ?1) "
    "ORDER BY start_time DESC, r.id LIMIT ?2";

// Minutes of each session of one's own, with its plan: stats add them up.
inline constexpr const char* kStudied =
    "SELECT r.data ->> 'plan_id' AS plan_id, " SAMEDI_PLAN_TITLE ", "
    SAMEDI_MS("(r.data ->> 'start_time')") " AS start_time, "
    SAMEDI_MS("(r.data ->> 'end_time')") " AS end_time, "
    "r.data ->> 'duration_minutes' AS duration_minutes "
    SAMEDI_CHILDREN("sessions") "AND r.owner = '' ORDER BY plan_id";

inline constexpr const char* kListCards =
    "SELECT r.id, r.owner, r.data ->> 'plan_id' AS plan_id, r.data ->> 'question' AS question, "
    "r.data ->> 'answer' AS answer, r.data ->> 'chunk_id' AS chunk_id, "
    "coalesce(r.data ->> 'ease_factor', 2.5) AS ease_factor, "
    "coalesce(r.data ->> 'interval_days', 1) AS interval_days, "
    "coalesce(r.data ->> 'repetitions', 0) AS repetitions, "
    SAMEDI_MS("(r.data ->> 'next_review')") " AS next_review, r.permission "
    SAMEDI_CHILDREN("cards") "AND (?1 = '' OR r.data ->> 'plan_id' = ?1) "
    "AND (?2 = 0 OR " SAMEDI_MS("(r.data ->> 'next_review')") " <= ?2) "
    "ORDER BY next_review, r.id LIMIT ?3";

inline constexpr const char* kCountDue = "SELECT count(*) AS due " SAMEDI_CHILDREN(
    "cards") "AND " SAMEDI_MS("(r.data ->> 'next_review')") " <= ?1";

// Everything of one's own: ?1 is the collection.
inline constexpr const char* kExport =
    "SELECT id, data FROM records WHERE collection = ?1 AND owner = '' ORDER BY id";

inline constexpr const char* kNotices =
    "SELECT collection, id, code, message, at FROM notices ORDER BY number DESC LIMIT ?1";
inline constexpr const char* kDropRejectedOf =
    "DELETE FROM rejected WHERE collection = ?1 AND owner = ?2 AND id = ?3";

#undef SAMEDI_MS
#undef SAMEDI_CHILDREN
#undef SAMEDI_PLAN_TITLE

}  // namespace tidemark::samedi::sql
