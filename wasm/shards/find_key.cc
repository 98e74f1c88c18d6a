// Whether a shard has the row of a key.

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/existing_table.h"
#include "shards/operations.h"
#include "shards/sql_find.h"

namespace tidemark {
namespace {

// Without the table or the column there is no such row either.
bool LacksTable(const Failure& failure) {
  return failure.message.find("no such table") != std::string::npos ||
         failure.message.find("no such column") != std::string::npos;
}

}  // namespace

Task<Reply> FindKey(Context context) {
  const Request request = context.request;
  const existing::Names names = {{"table", existing::QuoteName(request.Param("table"))},
                                 {"key", existing::QuoteName(request.Param("column"))}};
  const std::string text = existing::FillSql(sql::kFindKey, names);  // outlives its statement
  std::vector<Statement> statements;
  statements.push_back({text, {request.Param("key")}});
  const std::variant<ResultSets, Failure> answer =
      co_await D1(request.Param("shard"), std::move(statements));
  const auto* failure = std::get_if<Failure>(&answer);
  if (failure != nullptr && !LacksTable(*failure)) {
    co_return Reply::Error(existing::StatusOf(*failure));
  }
  const bool found = failure == nullptr && !std::get_if<ResultSets>(&answer)->front().rows.empty();
  Reply reply;
  reply.data["found"] = found ? "1" : "";
  co_return reply;
}

}  // namespace tidemark
