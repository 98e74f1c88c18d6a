// Any bytes as SQL: tokens, statements, plans and what is written anew from them. What SQLite takes
// is judged by it: parameters, where the statement ends, whether it only reads, which tables it
// names, and which columns it sets.

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_tree.h"
#include "base/limits.h"
#include "shards/sql_fence.h"
#include "shards/sql_plan.h"
#include "shards/sql_push.h"
#include "shards/sql_sets.h"
#include "shards/sql_split.h"
#include "shards/sql_tables.h"
#include "tests/shards/sql_oracle.h"

namespace tidemark {
namespace {

using sqltext::Effect;
using sqltext::Statement;

constexpr std::string_view kTables[] = {"users", "posts", "order", "people", "tidemark_slots"};

bool IsTable(std::string_view name) {
  return std::any_of(std::begin(kTables), std::end(kTables),
                     [name](std::string_view one) { return sqltext::SameName(one, name); });
}

// SQLite asks here for leave to use each table, and to set each column, while it prepares a
// statement.
class Judge {
 public:
  Judge() { oracle_.Authorize(Authorize, this); }

  void Check(std::string_view text, const Statement& statement) {
    tables_.clear();
    columns_.clear();
    const auto prepared = oracle_.Prepare(text);
    if (!prepared) return;
    tidemark::Check(prepared->size == text.size());
    tidemark::Check(prepared->parameters == statement.parameters());
    const sqltext::Verb verb = VerbOf(statement);
    tidemark::Check(verb.explain || prepared->readonly == (verb.effect == Effect::kRead) ||
                    verb.effect == Effect::kTransaction || verb.effect == Effect::kOther);
    const auto named = TablesOf(statement, verb);
    for (const std::string& table : tables_) {
      tidemark::Check(!named.ok() ||
                      std::any_of(named->names.begin(), named->names.end(),
                                  [&](const auto& one) { return sqltext::SameName(one, table); }));
    }
    if (named.ok() && verb.effect == Effect::kWrite) CheckSets(SetsOf(statement, verb, *named));
  }

 private:
  void CheckSets(const std::vector<sqltext::Cell>& sets) const {
    for (const std::string& column : columns_) {
      tidemark::Check(std::any_of(sets.begin(), sets.end(), [&](const auto& cell) {
        return sqltext::SameName(cell.column, column);
      }));
    }
  }

  static int Authorize(void* self, int action, const char* table, const char* column,
                       const char* schema, const char* view) {
    Judge* const judge = static_cast<Judge*>(self);
    // Some of these act as soon as they are prepared.
    if (action == SQLITE_PRAGMA || action == SQLITE_ATTACH || action == SQLITE_DETACH) {
      return SQLITE_DENY;
    }
    const bool uses = action == SQLITE_READ || action == SQLITE_INSERT || action == SQLITE_UPDATE ||
                      action == SQLITE_DELETE;
    if (uses && schema != nullptr && view == nullptr && IsTable(table)) {
      judge->tables_.emplace_back(table);
      // A row's own number has several names.
      const bool sets = action == SQLITE_UPDATE && std::string_view(column) != "ROWID";
      if (sets) judge->columns_.emplace_back(column);
    }
    return SQLITE_OK;
  }

  testing::SqlOracle oracle_;
  std::vector<std::string> tables_;
  std::vector<std::string> columns_;
};

void CheckTokens(std::string_view text) {
  sqltext::Lexer lexer(text);
  size_t position = 0;
  for (sqltext::Token token; lexer.Next(&token);) {
    Check(token.begin == position && token.size > 0);
    position += token.size;
  }
  Check(position == text.size());
}

void CheckRewritten(std::string_view text, const Statement& statement) {
  for (const bool asks : {false, true}) {
    sqltext::Push push;
    if (asks) push = {.sort = {{.column = "a`b"}, {.column = "c"}}, .limit = 5, .offset = 2};
    const auto pushed = sqltext::PushLimit(text, push);
    if (!pushed.ok()) continue;
    const auto again = sqltext::Split(pushed->sql);
    Check(again.ok() && again->size() == 1);
    const auto read = Statement::Read(pushed->sql);
    Check(read.ok() && read->parameters() <= statement.parameters());
    Check(VerbOf(*read).effect == Effect::kRead);
  }
  const auto fenced = sqltext::FenceRead(text);
  if (!fenced.ok() || !*fenced) return;
  const auto read = Statement::Read((*fenced)->sql);
  Check(read.ok() && read->parameters() == statement.parameters() + 2);
  Check((*fenced)->parameter == read->parameters() - 1);
}

void CheckPlan(std::string_view text) {
  const auto plan = sqltext::PlanOf(text);
  if (plan.ok()) {
    Check(ValidateJson(*plan, 4).ok());
  } else {
    const std::string_view code = plan.status().code();
    Check(code == "invalid_sql" || code == "sql_too_long" || code == "sql_too_complex" ||
          code == "too_many_parameters");
  }
}

}  // namespace
}  // namespace tidemark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  static Judge judge;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckTokens(text);
  CheckPlan(text);
  const auto statements = sqltext::Split(text);
  if (!statements.ok()) return 0;
  for (const std::string_view part : *statements) {
    const auto again = sqltext::Split(part);
    Check(again.ok() && again->size() == 1 && again->front() == part);
    const auto statement = Statement::Read(part);
    if (!statement.ok()) continue;
    judge.Check(part, *statement);
    CheckRewritten(part, *statement);
  }
  return 0;
}
