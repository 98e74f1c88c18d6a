// A database's schema: what tables there are, made and dropped.

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/existing_table.h"
#include "shards/operations.h"
#include "shards/sql_existing.h"
#include "shards/sql_split.h"

namespace tidemark {
namespace {

using namespace existing;  // NOLINT(google-build-using-namespace)

constexpr Sql kDefaultSchema[] = {sql::kCreateUsers, sql::kCreatePosts, sql::kCreatePostsUser,
                                  sql::kCreateMappings};

// Texts of a JSON array; null where it is none.
std::optional<std::vector<std::string>> TextsOf(const std::string& text) {
  const Result<nlohmann::json> tree = ParseTree(text, 1);
  if (!tree.ok() || !tree->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const nlohmann::json& each : *tree) {
    const auto* name = each.get_ptr<const std::string*>();
    if (name == nullptr) return std::nullopt;
    texts.push_back(*name);
  }
  return texts;
}

Reply Refused(const Failure& failure) { return Reply::Error(StatusOf(failure)); }

}  // namespace

Task<Reply> ListTables(Context context) {
  const Result<std::vector<Listed>> listed = co_await ListAll(context.request.Param("shard"));
  if (!listed.ok()) co_return Reply::Error(listed.status());
  std::string names;
  json::Writer writer(&names);
  writer.Char('[');
  for (const Listed& each : *listed) {
    if (each.kind != Kind::kTable && each.kind != Kind::kVirtual) continue;
    writer.Comma();
    writer.Quoted(each.name);
  }
  writer.Char(']');
  co_return Reply::Json(std::move(writer).Take());
}

Task<Reply> SchemaExists(Context context) {
  const Result<Table> table =
      co_await ReadTable(context.request.Param("shard"), context.request.Param("table"));
  if (!table.ok()) co_return Reply::Error(table.status());
  const bool exists = table->kind != Kind::kView && !table->columns.empty();
  Reply reply;
  reply.data["exists"] = exists ? "1" : "";
  co_return reply;
}

Task<Reply> CreateSchema(Context context) {
  const std::string schema = context.request.Param("schema");
  // They lie in SCHEMA, or are constants.
  Result<std::vector<std::string_view>> texts = sqltext::Split(schema);
  if (!texts.ok()) co_return Reply::Error(texts.status());
  if (texts->empty()) {
    for (const Sql& sql : kDefaultSchema) texts->push_back(sql.text);
  }
  if (texts->size() > limits::kSchemaStatementsMax) {
    co_return Reply::Error(Status::TooLarge(
        "schema_too_large",
        "A schema is of " + std::to_string(limits::kSchemaStatementsMax) + " statements at most"));
  }
  std::vector<Statement> statements;
  for (const std::string_view text : *texts) statements.push_back({text, {}});
  const std::variant<ResultSets, Failure> answer =
      co_await D1(context.request.Param("shard"), std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return Refused(*failure);
  Reply reply;
  reply.data["statements"] = std::to_string(texts->size());
  co_return reply;
}

Task<Reply> DropSchema(Context context) {
  const std::string shard = context.request.Param("shard");
  const std::string names_json = context.request.Param("tables");
  std::optional<std::vector<std::string>> names = TextsOf(names_json);
  if (!names.has_value()) {
    co_return Reply::Error(Status::Invalid("invalid_parameter", "tables: an array of names"));
  }
  const Result<std::vector<Table>> tables = co_await ReadTables(shard, *names);
  if (!tables.ok()) co_return Reply::Error(tables.status());
  std::vector<std::string> texts;
  for (const Table& table : *tables) {
    // What SQLite and the platform keep is not even seen.
    if (table.columns.empty()) continue;
    if (table.kind == Kind::kView || table.kind == Kind::kShadow) {
      co_return Reply::Error(Status::Invalid(
          "invalid_table_name",
          "Invalid table name: " + table.name +
              (table.kind == Kind::kView ? " is a view" : " belongs to a virtual table")));
    }
    texts.push_back(FillSql(sql::kDropTable, {{"table", QuoteName(table.name)}}));
  }
  const Result<Table> notes = co_await ReadTable(shard, "tidemark_integration");
  if (!notes.ok()) co_return Reply::Error(notes.status());
  std::vector<Statement> statements;
  statements.push_back({sql::kDeferKeys.text, {}});
  for (const std::string& text : texts) statements.push_back({text, {}});
  const bool noted = !notes->columns.empty() &&
                     std::none_of(tables->begin(), tables->end(),
                                  [&](const Table& table) { return table.name == notes->name; });
  if (noted) statements.push_back({sql::kForgetTables.text, {names_json}});
  const std::variant<ResultSets, Failure> answer = co_await D1(shard, std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return Refused(*failure);
  Reply reply;
  reply.data["dropped"] = std::to_string(texts.size());
  co_return reply;
}

}  // namespace tidemark
