// What a statement does to its database, told by its main verb and not by its first word: comments,
// EXPLAIN and WITH come before it.

#pragma once

#include <vector>

#include "shards/sql_statement.h"

namespace tidemark::sqltext {

// From the weakest to the strongest: a script is as strong as its strongest statement.
enum class Effect : uint8_t { kEmpty, kRead, kWrite, kSchema, kOther, kTransaction };

struct Verb {
  Effect effect = Effect::kEmpty;
  bool explain = false;              // nothing is done, so the effect is kRead
  uint32_t at = 0;                   // of the verb
  Keyword keyword = Keyword::kNone;  // kNone for what is no statement known here
};

Verb VerbOf(const Statement& statement);

// Where the clause that begins with the WITH at `at` ends; `at` where that is no WITH clause.
// Appends the tokens that name its tables.
uint32_t SkipWith(const Statement& statement, uint32_t at, std::vector<uint32_t>* names);

// "read", "write" and so on.
std::string_view NameOf(Effect effect);

}  // namespace tidemark::sqltext
