// SQL of the journal on its way out of the object.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 after which row: entries in order, kept.
inline constexpr Sql kReadEntries{
    "ReadEntries", "SELECT '', entry, n FROM journal WHERE n > CAST(?1 AS INTEGER) ORDER BY n"};

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

// Of D1 `DB`. ?1 app, ?2 now: an app that has a document.
inline constexpr Sql kRegisterDocument{
    "RegisterDocument",
    "INSERT OR IGNORE INTO documents (app, created_at) VALUES (?1, CAST(?2 AS INTEGER))"};

// Of D1 `DB`. ?1 after which app, ?2 how many.
inline constexpr Sql kListDocuments{
    "ListDocuments",
    "SELECT app FROM documents WHERE app > ?1 ORDER BY app LIMIT CAST(?2 AS INTEGER)"};

// Those of `DB`, for the test that reads their plans.
inline constexpr Sql kDocumentStatements[] = {kRegisterDocument, kListDocuments};

}  // namespace tidemark::sql
