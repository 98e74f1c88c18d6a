// Where a key's rows lie while they are gathered (sql_fence.h).

#include <map>
#include <string>

#include "base/json_tree.h"
#include "shards/operations.h"
#include "shards/sql_fence.h"

namespace tidemark {

Task<Reply> LocateSql(Context context) {
  const Result<nlohmann::json> tree = ParseTree(context.request.Param("tables"), 1);
  if (!tree.ok()) co_return Reply::Error(tree.status());
  std::map<std::string, std::string> tables;
  for (const auto& [name, column] : tree->items()) {
    const auto* text = column.get_ptr<const std::string*>();
    if (text != nullptr) tables.emplace(name, *text);
  }
  Reply reply;
  reply.data["sql"] = sqltext::LocateSql(tables, context.request.Param("table"));
  co_return reply;
}

}  // namespace tidemark
