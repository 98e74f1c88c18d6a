// A statement with what goes before it (sql_fence.h).

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
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"read\":");
  if (*fenced) {
    out.Quoted((*fenced)->sql);
    out.Raw(",\"parameter\":");
    out.Integer((*fenced)->parameter - 1);
  } else {
    out.Raw("null,\"parameter\":null");
  }
  const auto member = [&out](std::string_view name, std::string_view value) {
    out.Raw(",");
    out.Quoted(name);
    out.Raw(":");
    out.Quoted(value);
  };
  member("before_write", sqltext::kWriteFence);
  member("before_write_all", sqltext::kWriteAllFence);
  member("after_write", sqltext::kAfterWrite);
  member("before_read", sqltext::kReadFence);
  member("before_all", sqltext::kShareFence);
  member("moved", sqltext::kMoved);
  out.Char('}');
  co_return Reply::Json(std::move(out).Take());
}

}  // namespace tidemark
