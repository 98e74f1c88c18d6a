#include "shards/sql_verb.h"

#include <algorithm>
#include <iterator>

namespace tidemark::sqltext {
namespace {

// sqlite.org/pragma.html: those that only ask, whatever their argument, and those that act without
// one. Any other asks without an argument and sets with one.
constexpr std::string_view kAskingPragmas[] = {
    "collation_list",  "compile_options", "database_list", "foreign_key_check", "foreign_key_list",
    "freelist_count",  "function_list",   "index_info",    "index_list",        "index_xinfo",
    "integrity_check", "module_list",     "page_count",    "pragma_list",       "quick_check",
    "stats",           "table_info",      "table_list",    "table_xinfo",
};
constexpr std::string_view kActingPragmas[] = {"incremental_vacuum", "optimize", "shrink_memory",
                                               "wal_checkpoint"};

template <size_t kSize>
bool Contains(const std::string_view (&names)[kSize], std::string_view name) {
  return std::any_of(std::begin(names), std::end(names),
                     [name](std::string_view one) { return SameName(one, name); });
}

Effect EffectOfPragma(const Statement& statement, uint32_t at) {
  if (statement.IsOperator(at + 1, ".")) at += 2;  // its schema
  const std::string name = statement.Name(at);
  if (Contains(kAskingPragmas, name)) return Effect::kRead;
  const bool bare = at + 1 >= statement.size();
  return bare && !Contains(kActingPragmas, name) ? Effect::kRead : Effect::kWrite;
}

Effect EffectOf(const Statement& statement, uint32_t at) {
  switch (statement.KeywordAt(at)) {
    case Keyword::kSelect:
    case Keyword::kValues:
    case Keyword::kTable:
      return Effect::kRead;
    case Keyword::kInsert:
    case Keyword::kReplace:
    case Keyword::kUpdate:
    case Keyword::kDelete:
      return Effect::kWrite;
    case Keyword::kCreate:
    case Keyword::kAlter:
    case Keyword::kDrop:
      return Effect::kSchema;
    case Keyword::kBegin:
    case Keyword::kCommit:
    case Keyword::kEnd:
    case Keyword::kRollback:
    case Keyword::kSavepoint:
    case Keyword::kRelease:
      return Effect::kTransaction;
    case Keyword::kPragma:
      return EffectOfPragma(statement, at + 1);
    default:
      return Effect::kOther;
  }
}

// Behind AS, NOT MATERIALIZED and such, the bracket of a table of a WITH clause.
uint32_t BodyOf(const Statement& statement, uint32_t at) {
  if (statement.IsOperator(at, "(")) at = statement.Next(at);  // its columns
  if (!statement.Is(at, Keyword::kAs)) return statement.size();
  ++at;
  if (statement.Is(at, Keyword::kNot)) ++at;
  if (statement.Is(at, Keyword::kMaterialized)) ++at;
  return statement.IsOperator(at, "(") ? at : statement.size();
}

}  // namespace

Verb VerbOf(const Statement& statement) {
  Verb verb;
  if (statement.size() == 0) return verb;
  if (statement.Is(0, Keyword::kExplain)) {
    verb.explain = true;
    verb.at = statement.Is(1, Keyword::kQuery) && statement.Is(2, Keyword::kPlan) ? 3 : 1;
  }
  if (statement.Is(verb.at, Keyword::kWith)) verb.at = SkipWith(statement, verb.at, nullptr);
  verb.keyword = statement.KeywordAt(verb.at);
  verb.effect = verb.explain ? Effect::kRead : EffectOf(statement, verb.at);
  return verb;
}

uint32_t SkipWith(const Statement& statement, uint32_t at, std::vector<uint32_t>* names) {
  const uint32_t with = at++;
  if (statement.Is(at, Keyword::kRecursive) && !statement.Is(at + 1, Keyword::kAs) &&
      !statement.IsOperator(at + 1, "(")) {
    ++at;
  }
  const size_t known = names == nullptr ? 0 : names->size();
  for (;; ++at) {
    const uint32_t body = BodyOf(statement, at + 1);
    if (body >= statement.size()) {
      if (names != nullptr) names->resize(known);
      return with;
    }
    if (names != nullptr) names->push_back(at);
    at = statement.Next(body);
    if (!statement.IsOperator(at, ",")) return at;
  }
}

std::string_view NameOf(Effect effect) {
  constexpr std::string_view kNames[] = {"empty",  "read",  "write",
                                         "schema", "other", "transaction"};
  return kNames[static_cast<size_t>(effect)];
}

}  // namespace tidemark::sqltext
