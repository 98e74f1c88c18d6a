// SQL of the journal on its way out of the object.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 after which row, ?2 how far their versions may be apart: entries in order, kept.
inline constexpr Sql kReadEntries{"ReadEntries", R"sql(
SELECT '', entry, n FROM journal
WHERE n > CAST(?1 AS INTEGER) AND seq <= CAST(?2 AS INTEGER) + (
  SELECT seq FROM journal WHERE n > CAST(?1 AS INTEGER) ORDER BY n LIMIT 1)
ORDER BY n)sql"};

// ?1 after which row, ?2 up to which: their first and last versions.
inline constexpr Sql kReadEntrySeqs{"ReadEntrySeqs",
                                    "SELECT min(seq), max(seq) FROM journal\n"
                                    "WHERE n > CAST(?1 AS INTEGER) AND n <= CAST(?2 AS INTEGER)"};

// ?1 after which row: lines of activity, kept.
inline constexpr Sql kReadActivity{"ReadActivityLines", R"sql(
SELECT '', activity, n FROM journal
WHERE n > CAST(?1 AS INTEGER) AND activity IS NOT NULL ORDER BY n)sql"};

inline constexpr Sql kReadLastEntry{"ReadLastEntry", "SELECT max(n) FROM journal"};

// ?1 up to which row; the newest stays.
inline constexpr Sql kForgetEntries{"ForgetEntries", R"sql(
DELETE FROM journal
WHERE n <= CAST(?1 AS INTEGER) AND n < (SELECT max(n) FROM journal))sql"};

}  // namespace tidemark::sql
