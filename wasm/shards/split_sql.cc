// A script as its statements (sql_split.h).

#include <string>
#include <utility>

#include "base/json_writer.h"
#include "shards/operations.h"
#include "shards/sql_split.h"

namespace tidemark {

Task<Reply> SplitSql(Context context) {
  const std::string script = context.request.Param("sql");
  const Result<std::vector<std::string_view>> statements = sqltext::Split(script);
  if (!statements.ok()) co_return Reply::Error(statements.status());
  std::string texts;
  json::Writer out(&texts);
  out.Char('[');
  for (const std::string_view statement : *statements) {
    out.Comma();
    out.Quoted(statement);
  }
  out.Char(']');
  co_return Reply::Json(std::move(out).Take());
}

}  // namespace tidemark
