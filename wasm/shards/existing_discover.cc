// What is in a database that was there before: whether a table's rows can be routed by a key, and
// which keys there are.

#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "shards/existing_keys.h"
#include "shards/existing_sql.h"
#include "shards/operations.h"

namespace tidemark {
namespace {

using namespace existing;  // NOLINT(google-build-using-namespace)

std::string ColumnOf(const Request& request) {
  const std::string column = request.Param("column");
  return column.empty() ? "id" : column;
}

std::string ValidationOf(const Table& table, const std::string& column, int64_t records,
                         const std::vector<std::string>& issues) {
  std::string text;
  json::Writer writer(&text);
  writer.Raw(issues.empty() ? R"({"isValid":true,"tableName":)"
                            : R"({"isValid":false,"tableName":)");
  writer.Quoted(table.name);
  writer.Raw(",\"primaryKeyColumn\":");
  writer.Quoted(column);
  writer.Raw(",\"recordCount\":");
  writer.Integer(records);
  writer.Raw(",\"issues\":[");
  for (const std::string& issue : issues) {
    writer.Comma();
    writer.Quoted(issue);
  }
  writer.Raw("]}");
  return std::move(writer).Take();
}

// Keys page after page, up to what fits one answer; then where it goes on.
Task<Reply> Discover(Context context, Beside beside, int64_t page_rows) {
  const Request request = context.request;
  const std::string shard = request.Param("shard");
  const std::string column = ColumnOf(request);
  const Result<int64_t> rows = IntegerParam(request, "rows", 1, page_rows, page_rows);
  if (!rows.ok()) co_return Reply::Error(rows.status());
  const Result<Table> table = co_await ReadTable(shard, request.Param("table"));
  if (!table.ok()) co_return Reply::Error(table.status());
  if (const std::vector<std::string> issues = IssuesOf(*table, column); !issues.empty()) {
    co_return Reply::Error(Status::Invalid("not_routable", Join(issues)));
  }
  Reply reply = Reply::Json("[");
  std::string place = request.Param("place");
  int64_t unusable = 0;
  bool more = true;
  bool empty = true;
  for (int64_t i = 0; more && i < limits::kExistingPagesMax; ++i) {
    Result<KeyPage> page = co_await ReadKeys(shard, &*table, column, beside, place, *rows);
    if (!page.ok()) co_return Reply::Error(page.status());
    if (page->usable > 0) {
      page->keys.front() = empty ? ' ' : ',';
      page->keys.pop_back();
      reply.body.emplace_back(std::move(page->keys));
      empty = false;
    }
    unusable += page->records - page->usable;
    place = page->place;
    more = page->more;
  }
  reply.body.emplace_back("]");
  reply.data["unusable"] = std::to_string(unusable);
  reply.data["place"] = more ? place : "";
  co_return reply;
}

}  // namespace

Task<Reply> ValidateTable(Context context) {
  const std::string shard = context.request.Param("shard");
  const std::string column = ColumnOf(context.request);
  const Result<Table> table = co_await ReadTable(shard, context.request.Param("table"));
  if (!table.ok()) co_return Reply::Error(table.status());
  std::vector<std::string> issues = IssuesOf(*table, column);
  int64_t records = 0;
  if (table->kind == Kind::kTable) {
    // A table without that key has rows all the same: any column of it will do to count them.
    const std::string counted = table->Find(column) ? column : table->columns.front().name;
    std::vector<const Table*> tables = {&*table};
    const Result<std::vector<KeyCount>> counts =
        co_await CountKeys(shard, std::move(tables), counted);
    if (!counts.ok()) co_return Reply::Error(counts.status());
    records = counts->front().records;
    if (issues.empty()) issues = counts->front().Issues();
  }
  co_return Reply::Json(ValidationOf(*table, column, records, issues));
}

Task<Reply> DiscoverKeys(Context context) {
  co_return co_await Discover(std::move(context), Beside::kNothing, limits::kExistingPageRows);
}

Task<Reply> DiscoverRecords(Context context) {
  // Their texts may be long: an answer of D1 is kept below 1 MB where they are of a few KB.
  co_return co_await Discover(std::move(context), Beside::kColumns, limits::kExistingPageRows / 5);
}

}  // namespace tidemark
