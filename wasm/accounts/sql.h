// SQL of accounts: of the D1 database `DB`, and of what the objects that count keep.
//
// A secret is found by its hash alone, and what redeems it is one statement: of two who come at
// once, one gets the row. Numbers are bound as doubles by JavaScript: CAST(?n AS INTEGER).

#pragma once

#include "engine/command.h"

namespace tidemark::sql {

// ?1 hash, ?2 kind, ?3 subject, ?4 when it ends.
inline constexpr Sql kIssueSecret{"IssueSecret",
                                  "INSERT INTO one_time (hash, kind, subject, expires_at)\n"
                                  "VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER))"};

// ?1 now, ?2 how many at most: the oldest of those that have ended.
inline constexpr Sql kPruneSecrets{"PruneSecrets", R"sql(
DELETE FROM one_time WHERE hash IN (
  SELECT hash FROM one_time WHERE expires_at <= CAST(?1 AS INTEGER)
  ORDER BY expires_at LIMIT CAST(?2 AS INTEGER)))sql"};

// ?1 hash, ?2 kind, ?3 now: the subject, once.
inline constexpr Sql kRedeemSecret{
    "RedeemSecret",
    "DELETE FROM one_time WHERE hash = ?1 AND kind = ?2 AND expires_at > CAST(?3 AS INTEGER)\n"
    "RETURNING subject"};

// ?1 hash, ?2 kind.
inline constexpr Sql kWithdrawSecret{"WithdrawSecret",
                                     "DELETE FROM one_time WHERE hash = ?1 AND kind = ?2"};

// ?1 hash, ?2 kind, ?3 now: the address that a link is for, and its user's id: of the account that
// there is, or of the one to be made.
inline constexpr Sql kReadLink{"ReadLink", R"sql(
SELECT o.subject ->> 'email', coalesce(u.id, o.subject ->> 'user_id')
FROM one_time o LEFT JOIN users u ON u.email = o.subject ->> 'email'
WHERE o.hash = ?1 AND o.kind = ?2 AND o.expires_at > CAST(?3 AS INTEGER))sql"};

// ?1 hash, ?2 kind, ?3 now: an account for the link's address, unless there is one. It fails where
// the id is that of another address: nobody signs in as somebody else.
inline constexpr Sql kCreateUser{"CreateUser", R"sql(
INSERT INTO users (id, email, created_at, updated_at)
SELECT subject ->> 'user_id', subject ->> 'email', CAST(?3 AS INTEGER), CAST(?3 AS INTEGER)
FROM one_time WHERE hash = ?1 AND kind = ?2 AND expires_at > CAST(?3 AS INTEGER)
ON CONFLICT (email) DO NOTHING)sql"};

// In an object: ?1 key, ?2 value.
inline constexpr Sql kWriteText{"WriteText",
                                "INSERT INTO meta (key, value) VALUES (?1, ?2)\n"
                                "ON CONFLICT (key) DO UPDATE SET value = excluded.value"};

// Those of `DB`, for the test that reads their plans.
inline constexpr Sql kAccountStatements[] = {kIssueSecret,    kPruneSecrets, kRedeemSecret,
                                             kWithdrawSecret, kReadLink,     kCreateUser};

}  // namespace tidemark::sql
