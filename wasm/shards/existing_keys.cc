#include "shards/existing_keys.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/sql_existing.h"

namespace tidemark::existing {
namespace {

constexpr std::string_view kLookups[] = {"username", "email", "name"};
constexpr int64_t kFirstRow = std::numeric_limits<int64_t>::min();
constexpr int64_t kLastRow = std::numeric_limits<int64_t>::max();

std::string KeyText(const std::string& key) { return FillSql(sql::kKeyText, {{"key", key}}); }

// What stands in the page for a row, and what its element of the array is made of.
struct Value {
  std::string value = "NULL";
  std::string element = "key";
};

Value ValueOf(const Table& table, const std::string& text, Beside beside) {
  if (beside == Beside::kNothing) return {};
  std::vector<std::string> names;
  for (const std::string_view lookup : kLookups) {
    const Column* column = table.Find(lookup);
    if (column == nullptr) continue;
    const bool name = beside == Beside::kNames;
    const std::string label = "'" + std::string(lookup) + (name ? ":'" : "'");
    names.push_back(FillSql(name ? sql::kLookupName : sql::kLookupValue,
                            {{"column", QuoteName(column->name)}, {"label", label}}));
  }
  if (beside == Beside::kNames) {
    if (names.empty()) return {};
    return {FillSql(sql::kKeyWithNames, {{"text", text}, {"names", Join(names)}}), "json(value)"};
  }
  const std::string values = names.empty() ? "" : ", " + Join(names);
  return {FillSql(sql::kRecordOfKey, {{"text", text}, {"values", values}}), "json(value)"};
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The parameter that a place behind a key is, and how it is compared.
struct After {
  const Sql* where = nullptr;
  Param param;
};

After AfterOf(std::string_view place) {
  if (place.empty()) return {};
  const std::string rest(place.substr(1));
  switch (place.front()) {
    case 't':
      return {&sql::kAfterValue, rest};
    case 'i':
      return {&sql::kAfterInteger, rest};
    case 'n': {
      const Result<nlohmann::json> number = ParseTree(rest, 0);
      if (!number.ok() || !number->is_number()) return {};
      return {&sql::kAfterValue, number->get<double>()};
    }
    case 'b': {
      std::optional<std::string> bytes = HexDecode(rest);
      if (!bytes.has_value()) return {};
      return {&sql::kAfterValue, Blob{std::move(*bytes)}};
    }
    default:
      return {};
  }
}

std::string PlaceOf(const Cell& last, std::string_view type) {
  if (type == "integer") return "i" + TextOf(last);
  if (type == "text") return "t" + TextOf(last);
  if (type == "blob") return "b" + HexEncode(TextOf(last));
  const auto* real = std::get_if<double>(&last);
  return "n" + DumpTree(real != nullptr ? *real : static_cast<double>(IntegerOf(last)));
}

struct PageQuery {
  std::string text;
  std::vector<Param> params;
};

PageQuery QueryOf(const Table& table, const std::string& column, Beside beside,
                  const std::string& place, int64_t rows) {
  const std::string key = QuoteName(table.Find(column)->name);
  const std::string text = KeyText(key);
  Value value = ValueOf(table, text, beside);
  Names names = {{"key", key},
                 {"text", text},
                 {"table", QuoteName(table.name)},
                 {"value", std::move(value.value)},
                 {"element", std::move(value.element)}};
  std::vector<Param> params = {std::to_string(rows)};
  if (const std::string_view rowid = table.RowNumber(); !rowid.empty()) {
    names.emplace_back("rowid", rowid);
    const bool begun = place.starts_with('r') && ParseInteger(place.substr(1)).has_value();
    params.emplace_back(begun ? place.substr(1) : std::to_string(kFirstRow));
    return {FillSql(sql::kPageByRow, names), std::move(params)};
  }
  After after = AfterOf(place);
  if (after.where != nullptr) params.push_back(std::move(after.param));
  names.emplace_back("after", after.where == nullptr ? "" : FillSql(*after.where, {{"key", key}}));
  return {FillSql(sql::kPageByKey, names), std::move(params)};
}

// Where the next page begins; empty where there can be none.
std::string NextPlace(const Table& table, const std::vector<Cell>& row) {
  if (table.RowNumber().empty()) return PlaceOf(row[3], TextOf(row[4]));
  const std::optional<int64_t> last = ParseInteger(TextOf(row[3]));
  return !last.has_value() || *last == kLastRow ? "" : "r" + std::to_string(*last + 1);
}

KeyPage PageOf(const Table& table, const ResultSet& set, int64_t rows) {
  const std::vector<Cell>& row = set.rows.front();
  KeyPage page{.keys = TextOf(row[0]), .records = IntegerOf(row[1]), .usable = IntegerOf(row[2])};
  if (page.records == rows) {
    page.place = NextPlace(table, row);
    page.more = !page.place.empty();
  }
  return page;
}

}  // namespace

std::vector<const Column*> LookupColumns(const Table& table) {
  std::vector<const Column*> columns;
  for (const std::string_view lookup : kLookups) {
    const Column* column = table.Find(lookup);
    if (column != nullptr) columns.push_back(column);
  }
  return columns;
}

Task<Result<KeyPage>> ReadKeys(std::string shard, const Table* table, std::string column,
                               Beside beside, std::string place, int64_t rows) {
  PageQuery query = QueryOf(*table, column, beside, place, rows);
  std::vector<Statement> statements;
  statements.push_back({query.text, std::move(query.params)});
  std::variant<ResultSets, Failure> answer = co_await D1(std::move(shard), std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  co_return PageOf(*table, std::get_if<ResultSets>(&answer)->front(), rows);
}

Task<Result<std::vector<KeyPage>>> ReadFirstKeys(std::string shard,
                                                 std::vector<const Table*> tables,
                                                 std::string column, int64_t rows) {
  std::vector<KeyPage> pages;
  if (tables.empty()) co_return pages;
  Check(tables.size() <= limits::kExistingTogether);
  std::vector<PageQuery> queries;
  queries.reserve(tables.size());
  for (const Table* table : tables) {
    queries.push_back(QueryOf(*table, column, Beside::kNothing, "", rows));
  }
  std::vector<Statement> statements;
  statements.reserve(queries.size());
  for (const PageQuery& query : queries) statements.push_back({query.text, query.params});
  std::variant<ResultSets, Failure> answer = co_await D1(std::move(shard), std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  const ResultSets& sets = *std::get_if<ResultSets>(&answer);
  for (size_t i = 0; i < sets.size(); ++i) pages.push_back(PageOf(*tables[i], sets[i], rows));
  co_return pages;
}

std::string UnusableText(int64_t rows) {
  return std::to_string(rows) + " records have no key that can be routed by";
}

std::vector<std::string> KeyCount::Issues() const {
  std::vector<std::string> issues;
  const auto add = [&](int64_t count, std::string_view what) {
    if (count > 0) issues.push_back(std::to_string(count) + std::string(what));
  };
  add(records - present, " records have no primary key: it is NULL");
  add(blobs, " records have a blob as primary key");
  add(present - blobs - usable, " records have a primary key that is empty or above 1,024 bytes");
  return issues;
}

Task<Result<std::vector<KeyCount>>> CountKeys(std::string shard, std::vector<const Table*> tables,
                                              std::string column) {
  std::vector<KeyCount> counts;
  for (size_t at = 0; at < tables.size(); at += limits::kExistingTogether) {
    const size_t end = std::min(tables.size(), at + limits::kExistingTogether);
    std::vector<std::string> texts;
    for (size_t i = at; i < end; ++i) {
      const std::string key = QuoteName(tables[i]->Find(column)->name);
      texts.push_back(
          FillSql(sql::kCountKeys,
                  {{"key", key}, {"text", KeyText(key)}, {"table", QuoteName(tables[i]->name)}}));
    }
    std::vector<Statement> statements;
    statements.reserve(texts.size());
    for (const std::string& text : texts) statements.push_back({text, {}});
    std::variant<ResultSets, Failure> answer = co_await D1(shard, std::move(statements));
    if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
    for (const ResultSet& set : *std::get_if<ResultSets>(&answer)) {
      const std::vector<Cell>& row = set.rows.front();
      counts.push_back({.records = IntegerOf(row[0]),
                        .present = IntegerOf(row[1]),
                        .blobs = IntegerOf(row[2]),
                        .usable = IntegerOf(row[3])});
    }
  }
  co_return counts;
}

}  // namespace tidemark::existing
