// The rows of a key in a database whose keys are mapped: in each table the row whose primary key it
// is or, where a table's routing column is declared, all that have it there.

#include <map>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_row.h"
#include "shards/existing_sql.h"
#include "shards/operations.h"
#include "shards/sql_existing.h"

namespace tidemark {
namespace {

using namespace existing;  // NOLINT(google-build-using-namespace)

// Each is copied, compared and deleted on its own, which takes some 25 queries.
constexpr size_t kKeyRowsMax = 30;

// Who has neither kept a key nor let go of it by then has died.
constexpr int64_t kHeldMs = 120'000;

struct Wanted {
  std::string shard;
  std::string key;
  std::string only;       // a table; empty: all
  nlohmann::json routes;  // by table its declared routing column, or null
};

struct Routed {
  const Table* table = nullptr;
  std::string column;   // that the key is found in
  std::string primary;  // empty: its rows cannot be moved
};

Status NotRouted(const std::string& table, const std::string& why) {
  return Status::Invalid("invalid_table_name", "Invalid table name: " + table + ": " + why);
}

// Nothing where the table's rows are of no key, and nobody has said that they are.
Result<Routed> RouteOf(const Wanted& wanted, const Table& table) {
  const nlohmann::json* declared = nullptr;
  for (const auto& [name, column] : wanted.routes.items()) {
    if (SameName(name, table.name)) declared = &column;
  }
  const std::string* column =
      declared == nullptr ? nullptr : declared->get_ptr<const std::string*>();
  Routed routed{.table = &table};
  if (declared != nullptr && column == nullptr && wanted.only.empty()) return routed;
  if (column != nullptr && table.Find(*column) == nullptr) {
    return NotRouted(table.name, "there is no column " + *column);
  }
  const std::vector<const Column*> key = table.PrimaryKey();
  const std::string primary = key.size() == 1 ? key[0]->name : "";
  const std::vector<std::string> issues = IssuesOf(table, primary);
  if (issues.empty()) routed.primary = primary;
  if (column != nullptr) {
    routed.column = table.Find(*column)->name;
  } else if (issues.empty()) {
    routed.column = primary;
  } else if (!wanted.only.empty()) {
    return NotRouted(table.name, Join(issues));
  }
  return routed;
}

std::string RowsText(const Wanted& wanted, const Routed& routed) {
  const Column* column = routed.table->Find(routed.column);
  const RowSql sql(routed.table, column, wanted.key);
  const std::string primary = "t." + QuoteName(routed.primary);
  const std::string text =
      routed.primary.empty() ? "NULL" : FillSql(sql::kKeyText, {{"key", primary}});
  return FillSql(sql::kRowsOfKey, {{"text", text},
                                   {"table", QuoteName(routed.table->name)},
                                   {"where", sql.WhereOf("t")},
                                   {"rows", std::to_string(kKeyRowsMax + 1)}});
}

// Adds [table, primary key] of each.
Task<Status> AddRows(const Wanted* wanted, std::vector<Routed> tables, nlohmann::json* rows) {
  std::vector<std::string> texts;
  texts.reserve(tables.size());
  for (const Routed& routed : tables) texts.push_back(RowsText(*wanted, routed));
  std::vector<Statement> statements;
  statements.reserve(texts.size());
  for (const std::string& text : texts) statements.push_back({text, {wanted->key}});
  const std::variant<ResultSets, Failure> answer =
      co_await D1(wanted->shard, std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  const ResultSets& sets = *std::get_if<ResultSets>(&answer);
  for (size_t i = 0; i < sets.size(); ++i) {
    for (const std::vector<Cell>& row : sets[i].rows) {
      if (std::holds_alternative<Null>(row[0])) {
        co_return Status::Error(409, "unreadable_record",
                                "A row of " + tables[i].table->name + " has no key to move it by");
      }
      rows->push_back({tables[i].table->name, TextOf(row[0])});
    }
  }
  if (rows->size() > kKeyRowsMax) {
    co_return Status::Error(409, "too_many_rows",
                            "The key has more than " + std::to_string(kKeyRowsMax) + " rows");
  }
  co_return Status();
}

Task<Result<std::vector<Table>>> TablesOf(const Wanted* wanted) {
  const Result<std::vector<Listed>> listed = co_await ListAll(wanted->shard);
  if (!listed.ok()) co_return listed.status();
  std::vector<std::string> names;
  for (const Listed& each : *listed) {
    if (each.kind != Kind::kTable) continue;
    if (wanted->only.empty() || SameName(wanted->only, each.name)) names.push_back(each.name);
  }
  if (names.empty() && !wanted->only.empty()) {
    co_return NotRouted(wanted->only, "there is no such table");
  }
  co_return co_await ReadTables(wanted->shard, std::move(names));
}

}  // namespace

Task<Reply> ListKeyRows(Context context) {
  const Request request = context.request;
  Wanted wanted{.shard = request.Param("shard"),
                .key = request.Param("key"),
                .only = request.Param("table"),
                .routes = nlohmann::json::object()};
  if (Result<nlohmann::json> routes = ParseTree(request.Param("routes"), 1); routes.ok()) {
    wanted.routes = std::move(*routes);
  }
  const Result<std::vector<Table>> tables = co_await TablesOf(&wanted);
  if (!tables.ok()) co_return Reply::Error(tables.status());
  nlohmann::json rows = nlohmann::json::array();
  nlohmann::json routes = nlohmann::json::object();
  std::vector<Routed> together;
  for (size_t i = 0; i < tables->size(); ++i) {
    Result<Routed> routed = RouteOf(wanted, (*tables)[i]);
    if (!routed.ok()) co_return Reply::Error(routed.status());
    if (!routed->column.empty()) {
      routes[(*tables)[i].name] = routed->column;
      together.push_back(std::move(*routed));
    }
    const bool last = i + 1 == tables->size();
    if (together.empty() || (!last && together.size() < limits::kExistingTogether)) continue;
    const Status added = co_await AddRows(&wanted, std::exchange(together, {}), &rows);
    if (!added.ok()) co_return Reply::Error(added);
  }
  Reply reply = Reply::Json(DumpTree(rows));
  reply.data["routes"] = DumpTree(routes);
  co_return reply;
}

Task<Reply> HoldKey(Context context) {
  const Request request = context.request;
  const int64_t until = request.now_ms + kHeldMs;
  std::vector<Statement> statements;
  std::vector<Param> params = {request.Param("key"), request.Param("holder"), until};
  if (request.Param("keep").empty()) {
    params.emplace_back(request.now_ms);
    statements.push_back({sql::kCreateMoves.text, {}});
    statements.push_back({sql::kHoldKey.text, std::move(params)});
  } else {
    statements.push_back({sql::kKeepKey.text, std::move(params)});
  }
  const std::variant<ResultSets, Failure> answer =
      co_await D1(request.Param("shard"), std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    co_return Reply::Error(StatusOf(*failure));
  }
  Reply reply;
  reply.data["held"] = std::get_if<ResultSets>(&answer)->back().rows.empty() ? "" : "1";
  co_return reply;
}

Task<Reply> ReleaseKey(Context context) {
  const Request request = context.request;
  std::vector<Statement> statements;
  statements.push_back({sql::kReleaseKey.text, {request.Param("key"), request.Param("holder")}});
  const std::variant<ResultSets, Failure> answer =
      co_await D1(request.Param("shard"), std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    co_return Reply::Error(StatusOf(*failure));
  }
  co_return Reply();
}

}  // namespace tidemark
