// A read with the epoch of its slot (sql_fence.h).

#include <string>
#include <utility>

#include "base/json_writer.h"
#include "shards/operations.h"
#include "shards/sql_fence.h"

namespace tidemark {

Task<Reply> FenceSql(Context context) {
  const std::string sql = context.request.Param("sql");
  const Result<std::optional<sqltext::Fenced>> fenced = sqltext::FenceRead(sql);
  if (!fenced.ok()) co_return Reply::Error(fenced.status());
  if (!*fenced) co_return Reply::Json("{\"read\":null,\"parameter\":null}");
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"read\":");
  out.Quoted((*fenced)->sql);
  out.Raw(",\"parameter\":");
  out.Integer((*fenced)->parameter - 1);
  out.Char('}');
  co_return Reply::Json(std::move(out).Take());
}

}  // namespace tidemark
