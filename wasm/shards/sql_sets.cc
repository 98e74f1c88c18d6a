#include "shards/sql_sets.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace tidemark::sqltext {
namespace {

bool IsInsert(const Verb& verb) {
  return verb.keyword == Keyword::kInsert || verb.keyword == Keyword::kReplace;
}

// `column` is the tokens that name it.
void Put(const Statement& statement, Range column, Value value, std::vector<Cell>* cells) {
  if (column.size() != 1) return;  // SQLite refuses it
  if (value.type == Value::Type::kNone) value.type = Value::Type::kExpression;
  std::string name = statement.Name(column.begin);
  const auto known = std::find_if(cells->begin(), cells->end(),
                                  [&](const Cell& cell) { return SameName(cell.column, name); });
  if (known == cells->end()) {
    if (cells->size() <= limits::kSqlColumnsMax) cells->push_back({std::move(name), value});
  } else if (known->value != value) {
    known->value = {.type = Value::Type::kExpression};
  }
}

// The rows of VALUES, without their brackets; none where the statement has anything else.
std::vector<Range> RowsOf(const Statement& statement, uint32_t at) {
  std::vector<Range> rows;
  if (!statement.Is(at, Keyword::kValues)) return rows;
  do {
    ++at;
    if (!statement.IsOperator(at, "(")) return {};
    rows.push_back({at + 1, statement.CloseOf(at)});
    at = statement.Next(at);
  } while (statement.IsOperator(at, ","));
  const bool all =
      at >= statement.size() || statement.IsAny(at, {Keyword::kOn, Keyword::kReturning});
  return all ? rows : std::vector<Range>();
}

bool EndsSet(const Statement& statement, uint32_t at) {
  if (statement.Is(at, Keyword::kFrom)) return !statement.Is(at - 1, Keyword::kDistinct);
  return statement.IsAny(
      at, {Keyword::kWhere, Keyword::kReturning, Keyword::kOn, Keyword::kOrder, Keyword::kLimit});
}

Value SetTo(const Statement& statement, Range range, bool excluded) {
  Value value = ValueOf(statement, range);
  range = statement.Unwrap(range);
  if (!excluded || range.size() != 3 || !statement.IsOperator(range.begin + 1, ".")) return value;
  const uint32_t column = range.end - 1;
  if (!statement.IsName(column) && !statement.IsString(column)) return value;
  if (!SameName(statement.Name(range.begin), "excluded")) return value;
  return {.type = Value::Type::kExcluded, .text = statement.Name(column)};
}

// a = 1, or (a, b) = (1, 2).
void PutSet(const Statement& statement, Range part, bool excluded, std::vector<Cell>* cells) {
  if (part.size() == 0) return;
  const uint32_t sign = statement.Next(part.begin);
  Range right{part.end, part.end};
  if (statement.IsOperator(sign, "=") || statement.IsOperator(sign, "==")) right.begin = sign + 1;
  if (!statement.IsOperator(part.begin, "(")) {
    return Put(statement, {part.begin, sign}, SetTo(statement, right, excluded), cells);
  }
  const std::vector<Range> columns = statement.Commas({part.begin + 1, sign - 1});
  std::vector<Range> values = {right};
  if (columns.size() != 1) {
    right = statement.Unwrap(right);
    const bool query =
        statement.IsAny(right.begin, {Keyword::kSelect, Keyword::kValues, Keyword::kWith});
    values = query ? std::vector<Range>() : statement.Commas(right);
  }
  const bool own = values.size() == columns.size();
  for (size_t i = 0; i < columns.size(); ++i) {
    Put(statement, columns[i], own ? SetTo(statement, values[i], excluded) : Value(), cells);
  }
}

}  // namespace

Inserted InsertedOf(const Statement& statement, const Verb& verb, const Tables& tables) {
  Inserted inserted;
  uint32_t at = tables.end;
  if (statement.Is(at, Keyword::kAs)) at += 2;
  inserted.named = IsInsert(verb) && !tables.main.empty() && statement.IsOperator(at, "(");
  if (!inserted.named) return inserted;
  const std::vector<Range> columns = statement.Commas({at + 1, statement.CloseOf(at)});
  std::vector<Range> rows = RowsOf(statement, statement.Next(at));
  inserted.rows = rows.size();
  if (rows.empty()) rows.push_back({});  // any value
  for (const Range row : rows) {
    const std::vector<Range> values = statement.Commas(row);
    const bool whole = values.size() == columns.size();
    for (size_t i = 0; i < columns.size(); ++i) {
      Put(statement, columns[i], whole ? ValueOf(statement, values[i]) : Value(), &inserted.cells);
    }
  }
  return inserted;
}

std::vector<Cell> SetsOf(const Statement& statement, const Verb& verb, const Tables& tables) {
  std::vector<Cell> cells;
  const bool inserts = IsInsert(verb);
  if (verb.effect != Effect::kWrite || (!inserts && verb.keyword != Keyword::kUpdate)) return cells;
  const bool excluded = inserts && !SameName(tables.alias, "excluded");
  uint32_t at = statement.Find({verb.at, statement.size()}, Keyword::kSet);
  while (at < statement.size()) {
    uint32_t end = at + 1;
    while (end < statement.size() && !EndsSet(statement, end)) end = statement.Next(end);
    for (const Range part : statement.Commas({at + 1, end})) {
      PutSet(statement, part, excluded, &cells);
    }
    at = statement.Find({end, statement.size()}, Keyword::kSet);
  }
  return cells;
}

}  // namespace tidemark::sqltext
