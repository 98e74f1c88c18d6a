// What a text of SQL is (sql_plan.h).

#include <utility>

#include "shards/operations.h"
#include "shards/sql_plan.h"

namespace tidemark {

Task<Reply> PlanSql(Context context) {
  Result<std::string> plan = sqltext::PlanOf(context.request.Param("sql"));
  if (!plan.ok()) co_return Reply::Error(plan.status());
  co_return Reply::Json(std::move(*plan));
}

}  // namespace tidemark
