// What each shard is asked for the first rows of all (sql_push.h).

#include <string>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/params.h"
#include "shards/operations.h"
#include "shards/sql_push.h"

namespace tidemark {
namespace {

using sqltext::Nulls;

constexpr uint32_t kSortDepth = 2;

Status InvalidSort() {
  return Status::Invalid("invalid_parameter",
                         "A sort is an array of {\"term\", \"descending\", \"collation\", "
                         "\"nulls\"}, and a term is a column's name");
}

Result<std::vector<sqltext::Sort>> ReadSort(const std::string& text) {
  std::vector<sqltext::Sort> sort;
  if (text.empty()) return sort;
  const auto tree = ParseTree(text, kSortDepth);
  if (!tree.ok()) return tree.status();
  if (!tree->is_array() || tree->size() > limits::kSqlColumnsMax) return InvalidSort();
  for (const nlohmann::json& item : *tree) {
    const std::string* term = StringField(item, "term");
    const std::string* collation = StringField(item, "collation");
    const std::string* nulls = StringField(item, "nulls");
    if (term == nullptr || term->empty() || term->find('\0') != std::string::npos) {
      return InvalidSort();
    }
    if (nulls != nullptr && *nulls != "first" && *nulls != "last") return InvalidSort();
    sqltext::Sort& one = sort.emplace_back();
    one.column = *term;
    one.descending = BoolField(item, "descending").value_or(false);
    if (collation != nullptr) one.collation = *collation;
    if (nulls != nullptr) one.nulls = *nulls == "first" ? Nulls::kFirst : Nulls::kLast;
  }
  return sort;
}

std::string WritePushed(const sqltext::Pushed& pushed) {
  constexpr std::string_view kNulls[] = {"null", "\"first\"", "\"last\""};
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"sql\":");
  out.Quoted(pushed.sql);
  out.Raw(",\"keys\":[");
  for (const sqltext::SortColumn& key : pushed.keys) {
    out.Comma();
    out.Raw("{\"column\":");
    out.Quoted(key.column);
    out.Raw(key.added ? ",\"added\":true" : ",\"added\":false");
    out.Raw(key.descending ? ",\"descending\":true" : ",\"descending\":false");
    out.Raw(",\"collation\":");
    if (key.collation.empty()) {
      out.Raw("null");
    } else {
      out.Quoted(key.collation);
    }
    out.Raw(",\"nulls\":");
    out.Raw(kNulls[static_cast<size_t>(key.nulls)]);
    out.Char('}');
  }
  out.Raw("]}");
  return std::move(out).Take();
}

}  // namespace

Task<Reply> PushLimit(Context context) {
  const Request& request = context.request;
  Result<std::vector<sqltext::Sort>> sort = ReadSort(request.Param("sort"));
  if (!sort.ok()) co_return Reply::Error(sort.status());
  const auto limit = IntegerParam(request, "limit", 0, limits::kIntegerMax, -1);
  if (!limit.ok()) co_return Reply::Error(limit.status());
  const auto offset = IntegerParam(request, "offset", 0, limits::kIntegerMax, 0);
  if (!offset.ok()) co_return Reply::Error(offset.status());
  sqltext::Push push{.sort = std::move(*sort), .offset = *offset};
  if (*limit >= 0) push.limit = *limit;
  const Result<sqltext::Pushed> pushed = sqltext::PushLimit(request.Param("sql"), push);
  if (!pushed.ok()) co_return Reply::Error(pushed.status());
  co_return Reply::Json(WritePushed(*pushed));
}

}  // namespace tidemark
