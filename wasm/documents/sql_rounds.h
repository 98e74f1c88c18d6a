// SQL of the crons' rounds, all of D1 `DB`.

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 app, ?2 now: an app that has a document.
inline constexpr Sql kRegisterDocument{
    "RegisterDocument",
    "INSERT OR IGNORE INTO documents (app, created_at) VALUES (?1, CAST(?2 AS INTEGER))"};

// ?1 after which app, ?2 up to which, ?3 how many.
inline constexpr Sql kListDocuments{"ListDocuments", R"sql(
SELECT app FROM documents WHERE app > ?1 AND app <= ?2 ORDER BY app
LIMIT CAST(?3 AS INTEGER))sql"};

// ?1 what is run.
inline constexpr Sql kReadRound{"ReadRound",
                                "SELECT at, begins, after, wrapped FROM rounds WHERE run = ?1"};

// ?1 what is run, ?2 for when, ?3 behind which app it began, ?4 behind which it goes on, ?5 whether
// it has come to the first app again. An older round that still runs notes nothing over a newer
// one.
inline constexpr Sql kWriteRound{"WriteRound", R"sql(
INSERT INTO rounds (run, at, begins, after, wrapped)
VALUES (?1, CAST(?2 AS INTEGER), ?3, ?4, CAST(?5 AS INTEGER))
ON CONFLICT (run) DO UPDATE SET
  at = excluded.at, begins = excluded.begins, after = excluded.after,
  wrapped = excluded.wrapped
WHERE excluded.at >= rounds.at)sql"};

// ?1 what is run, ?2 for when.
inline constexpr Sql kEndRound{"EndRound",
                               "DELETE FROM rounds WHERE run = ?1 AND at = CAST(?2 AS INTEGER)"};

// For the test that reads their plans.
inline constexpr Sql kDocumentStatements[] = {kRegisterDocument, kListDocuments, kReadRound,
                                              kWriteRound, kEndRound};

}  // namespace tidemark::sql
