#include "shards/existing_row.h"

#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "base/sha256.h"
#include "shards/existing_sql.h"
#include "shards/sql_existing.h"

namespace tidemark::existing {
namespace {

// Whether the text is an integer as SQLite writes it.
bool IsInteger(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::to_string(value) == text;
}

std::string Parameter(size_t at, std::string_view type) {
  std::string number = "?" + std::to_string(at + 1);
  if (type == "integer") return "CAST(" + number + " AS INTEGER)";
  if (type == "real") return "CAST(" + number + " AS REAL)";
  return number;
}

double RealOf(const Cell& cell) {
  const auto* real = std::get_if<double>(&cell);
  return real != nullptr ? *real : static_cast<double>(IntegerOf(cell));
}

// The cell fits its type: what JSON cannot carry, such as an infinite number, comes as NULL.
bool Fits(const Cell& cell, std::string_view type) {
  if (type == "null") return std::holds_alternative<Null>(cell);
  if (type == "real") {
    return std::holds_alternative<double>(cell) || std::holds_alternative<int64_t>(cell);
  }
  return std::holds_alternative<std::string>(cell);
}

// Each column's piece, with ", " between.
std::string Each(const Sql& piece, const std::vector<std::string>& columns, bool numbered) {
  std::vector<std::string> pieces;
  for (const std::string& column : columns) {
    std::string text = FillSql(piece, {{"column", column}});
    if (numbered) text += " AS c" + std::to_string(pieces.size());
    pieces.push_back(std::move(text));
  }
  return Join(pieces);
}

std::string TypesJson(const Row& row) { return DumpTree(nlohmann::json(row.types)); }

}  // namespace

std::string Row::Digest() const {
  Sha256 hash;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string bytes =
        types[i] == "real" ? DumpTree(nlohmann::json(RealOf(cells[i]))) : TextOf(cells[i]);
    hash.Update(types[i] + ":" + std::to_string(bytes.size()) + ":");
    hash.Update(bytes);
  }
  const Sha256Digest digest = hash.Finish();
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

RowSql::RowSql(const Table* table, const Column* column, std::string key)
    : table_(table), key_(std::move(key)), column_(QuoteName(column->name)) {
  for (const Column& each : table->columns) {
    if (each.generated) continue;
    if (&each == column) key_at_ = columns_.size();
    columns_.push_back(QuoteName(each.name));
  }
  const std::string name = QuoteName(table->name);
  const std::string where = WhereOf("");
  read_types_ =
      FillSql(sql::kReadRowTypes,
              {{"types", Each(sql::kTypeOf, columns_, false)}, {"table", name}, {"where", where}});
  read_values_ =
      FillSql(sql::kReadRowValues,
              {{"values", Each(sql::kValueOf, columns_, true)}, {"table", name}, {"where", where}});
}

std::string RowSql::WhereOf(std::string_view as) const {
  const std::string key = as.empty() ? column_ : std::string(as) + "." + column_;
  return FillSql(IsInteger(key_) ? sql::kByNumber : sql::kByKey, {{"key", key}});
}

void RowSql::AddRead(std::vector<Statement>* statements) const {
  statements->push_back({read_types_, {key_}});
  statements->push_back({read_values_, {key_}});
}

Result<Row> RowSql::ReadRow(const ResultSet& types, const ResultSet& values) {
  if (types.rows.size() > 1) {
    return Status::Error(409, "ambiguous_key", "A text and a number are the same key");
  }
  // Between the two the row may have come or gone, where they are no transaction.
  if (types.rows.empty() || values.rows.empty()) return Row();
  const Status unreadable =
      Status::Error(409, "unreadable_record", "The record holds a value that cannot be copied");
  const Result<nlohmann::json> names = ParseTree(TextOf(types.rows[0][0]), 1);
  if (!names.ok() || !names->is_array()) return unreadable;
  Row row{.there = true, .types = {}, .cells = values.rows[0]};
  for (const nlohmann::json& name : *names) {
    const auto* text = name.get_ptr<const std::string*>();
    row.types.push_back(text == nullptr ? std::string() : *text);
  }
  if (row.types.size() != row.cells.size()) return unreadable;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (!Fits(row.cells[i], row.types[i])) return unreadable;
  }
  return row;
}

std::string RowSql::ValuesText(const Row& row, size_t first) {
  std::vector<std::string> values;
  values.reserve(row.types.size());
  for (size_t i = 0; i < row.types.size(); ++i) {
    values.push_back(Parameter(first + i, row.types[i]));
  }
  return Join(values);
}

std::string RowSql::OnlyText(const Row& row, size_t first) const {
  return FillSql(sql::kOnlyAs, {{"compared", Each(sql::kExactly, columns_, false)},
                                {"values", ValuesText(row, first)},
                                {"types", Each(sql::kTypeOf, columns_, false)},
                                {"as", "'" + TypesJson(row) + "'"}});
}

std::string RowSql::KeyText(const Row& row) const {
  // The plus takes the cast's affinity away: the column's own decides, and its index serves.
  return "+" + Parameter(key_at_, row.types[key_at_]);
}

std::string RowSql::InsertText(const Row& row) const {
  return FillSql(sql::kInsertRow, {{"table", QuoteName(table_->name)},
                                   {"columns", Join(columns_)},
                                   {"values", ValuesText(row, 0)}});
}

std::string RowSql::OverwriteText(const Row& row, const Row* old) const {
  return FillSql(sql::kOverwriteRow,
                 {{"table", QuoteName(table_->name)},
                  {"columns", Join(columns_)},
                  {"values", ValuesText(row, 0)},
                  {"key", column_},
                  {"is", KeyText(row)},
                  {"only", old == nullptr ? "" : OnlyText(*old, row.cells.size())}});
}

std::string RowSql::CheckText(const Row& row) const {
  return FillSql(sql::kCheckRow, {{"table", QuoteName(table_->name)},
                                  {"key", column_},
                                  {"is", KeyText(row)},
                                  {"only", OnlyText(row, 0)}});
}

std::string RowSql::DeleteText(const Row& row) const {
  return FillSql(sql::kDeleteRow, {{"table", QuoteName(table_->name)},
                                   {"key", column_},
                                   {"is", KeyText(row)},
                                   {"only", OnlyText(row, 0)}});
}

std::vector<Param> RowSql::ParamsOf(const Row& row) {
  std::vector<Param> params;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const std::string& type = row.types[i];
    if (type == "null") {
      params.emplace_back(Null{});
    } else if (type == "real") {
      params.emplace_back(RealOf(row.cells[i]));
    } else if (type == "blob") {
      params.emplace_back(Blob{TextOf(row.cells[i])});
    } else {
      params.emplace_back(TextOf(row.cells[i]));
    }
  }
  return params;
}

}  // namespace tidemark::existing
