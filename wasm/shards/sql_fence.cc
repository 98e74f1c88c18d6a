#include "shards/sql_fence.h"

#include "base/limits.h"
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
      statement.parameters() >= limits::kSqlVariablesMax) {
    return none;
  }
  Fenced fenced{.parameter = statement.parameters() + 1};
  const std::string column = ", " + std::string(kEpochOfSlot) + std::to_string(fenced.parameter) +
                             ") AS " + std::string(kEpochColumn);
  fenced.sql = Render(statement, statement.size(), columns, column);
  if (fenced.sql.size() > limits::kSqlTextBytesMax) return none;
  return std::optional(fenced);
}

}  // namespace tidemark::sqltext
