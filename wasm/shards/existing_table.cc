#include "shards/existing_table.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/sql_existing.h"

namespace tidemark::existing {
namespace {

constexpr std::string_view kOurs = "tidemark_";

bool HasPrefix(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() && SameName(name.substr(0, prefix.size()), prefix);
}

Kind KindOf(std::string_view name, std::string_view type) {
  if (type == "view") return Kind::kView;
  if (type == "shadow") return Kind::kShadow;
  if (IsReserved(name)) return Kind::kReserved;
  return type == "virtual" ? Kind::kVirtual : Kind::kTable;
}

Table TableOf(std::string name, const ResultSet& set) {
  Table table{.name = std::move(name)};
  if (IsReserved(table.name)) table.kind = Kind::kReserved;
  for (const std::vector<Cell>& row : set.rows) {
    if (table.columns.empty()) {
      table.name = TextOf(row[0]);
      table.kind = KindOf(table.name, TextOf(row[1]));
      table.without_rowid = IntegerOf(row[2]) != 0;
    }
    const int64_t hidden = IntegerOf(row[5]);
    // Hidden columns of virtual tables are none of the row's.
    if (hidden == 1) continue;
    table.columns.push_back(
        {.name = TextOf(row[3]), .place = IntegerOf(row[4]), .generated = hidden != 0});
  }
  return table;
}

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

}  // namespace

const Column* Table::Find(std::string_view column) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& each) { return SameName(each.name, column); });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<const Column*> Table::PrimaryKey() const {
  std::vector<const Column*> key;
  for (const Column& column : columns) {
    if (column.place > 0) key.push_back(&column);
  }
  std::sort(key.begin(), key.end(),
            [](const Column* a, const Column* b) { return a->place < b->place; });
  return key;
}

std::string_view Table::RowNumber() const {
  if (without_rowid) return {};
  for (const std::string_view word : {"_rowid_", "rowid", "oid"}) {
    if (Find(word) == nullptr) return word;
  }
  return {};
}

bool IsReserved(std::string_view name) {
  return HasPrefix(name, "sqlite_") || HasPrefix(name, "_cf_") || HasPrefix(name, kOurs) ||
         SameName(name, "d1_migrations") || SameName(name, "shard_mappings");
}

std::vector<std::string> IssuesOf(const Table& table, std::string_view column) {
  const std::string name = "Table " + Quoted(table.name);
  switch (table.kind) {
    case Kind::kNone:
      return {name + " does not exist"};
    case Kind::kView:
      return {name + " is a view"};
    case Kind::kVirtual:
      return {name + " is a virtual table"};
    case Kind::kShadow:
      return {name + " belongs to a virtual table"};
    case Kind::kReserved:
      return {name + " is reserved"};
    case Kind::kTable:
      break;
  }
  std::vector<std::string> issues;
  const std::vector<const Column*> key = table.PrimaryKey();
  const Column* found = table.Find(column);
  if (found == nullptr) {
    issues.push_back("Primary key column " + Quoted(column) + " not found");
  } else if (found->place == 0) {
    issues.push_back("Primary key column " + Quoted(column) +
                     " not found: the column of that name is not the primary key");
  }
  if (key.size() > 1) {
    std::vector<std::string> names;
    names.reserve(key.size());
    for (const Column* each : key) names.push_back(each->name);
    issues.push_back(name + " has a composite primary key (" + Join(names) + ")");
  }
  if (issues.empty() && table.RowNumber().empty() && !table.without_rowid) {
    issues.push_back(name + " hides its row numbers behind columns named like them");
  }
  return issues;
}

Status StatusOf(const Failure& failure) {
  return failure.code == "refused" ? Status::Error(409, "refused", failure.message)
                                   : Status::Error(503, "unavailable", failure.message);
}

Task<Result<std::vector<Table>>> ReadTables(std::string shard, std::vector<std::string> names) {
  std::vector<Table> tables;
  for (size_t at = 0; at < names.size(); at += limits::kExistingTogether) {
    const size_t end = std::min(names.size(), at + limits::kExistingTogether);
    std::vector<Statement> statements;
    for (size_t i = at; i < end; ++i) {
      statements.push_back({sql::kReadExisting.text, {names[i]}});
    }
    std::variant<ResultSets, Failure> answer = co_await D1(shard, std::move(statements));
    if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
    const ResultSets& sets = *std::get_if<ResultSets>(&answer);
    for (size_t i = at; i < end; ++i) tables.push_back(TableOf(names[i], sets[i - at]));
  }
  co_return tables;
}

Task<Result<Table>> ReadTable(std::string shard, std::string name) {
  std::vector<std::string> names;
  names.push_back(std::move(name));
  Result<std::vector<Table>> tables = co_await ReadTables(std::move(shard), std::move(names));
  if (!tables.ok()) co_return tables.status();
  co_return std::move(tables->front());
}

Task<Result<std::vector<Listed>>> ListAll(std::string shard) {
  std::vector<Statement> statements;
  statements.push_back({sql::kListExisting.text, {}});
  std::variant<ResultSets, Failure> answer = co_await D1(std::move(shard), std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  const ResultSet& set = std::get_if<ResultSets>(&answer)->front();
  if (set.rows.size() > limits::kExistingTablesMax) {
    co_return Status::TooLarge(
        "too_many_tables",
        "A database of more than " + std::to_string(limits::kExistingTablesMax) + " tables");
  }
  std::vector<Listed> listed;
  for (const std::vector<Cell>& row : set.rows) {
    std::string name = TextOf(row[0]);
    const Kind kind = KindOf(name, TextOf(row[1]));
    listed.push_back({std::move(name), kind});
  }
  co_return listed;
}

}  // namespace tidemark::existing
