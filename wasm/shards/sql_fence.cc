#include "shards/sql_fence.h"

#include "base/limits.h"
#include "shards/existing_sql.h"
#include "shards/sql_select.h"
#include "shards/sql_split.h"

namespace tidemark::sqltext {

Result<std::optional<Fenced>> FenceRead(std::string_view sql) {
  const Result<std::vector<std::string_view>> statements = Split(sql);
  if (!statements.ok()) return statements.status();
  const std::optional<Fenced> none;
  if (statements->size() != 1) return none;
  const Result<Statement> read = Statement::Read(statements->front());
  if (!read.ok()) return read.status();
  const Statement& statement = *read;
  const Verb verb = VerbOf(statement);
  const Clauses clauses = ClausesOf(statement, verb);
  const ResultColumns columns = ResultColumnsOf(statement, verb, clauses);
  const bool plain = verb.keyword == Keyword::kSelect && !verb.explain &&
                     clauses.compound == clauses.end && !columns.columns.empty();
  if (!plain || columns.columns.size() >= limits::kSqlColumnsMax ||
      statement.parameters() + 2 > limits::kSqlVariablesMax) {
    return none;
  }
  Fenced fenced{.parameter = statement.parameters() + 1};
  const std::string column = ", " + std::string(kEpochOfKey) + std::to_string(fenced.parameter) +
                             " AND part IN ('', ?" + std::to_string(fenced.parameter + 1) +
                             std::string(kKeyBeforeSlot) + " AS " + std::string(kEpochColumn);
  fenced.sql = Render(statement, statement.size(), columns, column);
  if (fenced.sql.size() > limits::kSqlTextBytesMax) return none;
  return std::optional(fenced);
}

std::string LocateSql(const std::map<std::string, std::string>& tables, std::string_view table) {
  std::string own;
  std::string any;
  size_t count = 0;
  for (const auto& [name, column] : tables) {
    const std::string has = "EXISTS (SELECT 1 FROM " + existing::QuoteName(name) + " WHERE " +
                            existing::QuoteName(column) +
                            " IN (?2, CAST(?2 AS INTEGER), CAST(?2 AS REAL)))";
    if (SameName(name, table)) own = has;
    // By tens: an expression is 100 deep at most.
    if (count > 0) any += count % 10 == 0 ? ") OR (" : " OR ";
    any += has;
    ++count;
  }
  return "SELECT EXISTS (SELECT 1 FROM tidemark_slots WHERE slot = ?1 AND part = '') AS here, " +
         (own.empty() ? "0" : own) + " AS own, " + (any.empty() ? "0" : "((" + any + "))") +
         " AS \"any\"";
}

}  // namespace tidemark::sqltext
