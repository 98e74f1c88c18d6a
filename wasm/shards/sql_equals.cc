#include "shards/sql_equals.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "shards/sql_sets.h"

namespace tidemark::sqltext {
namespace {

void Note(std::string column, Value value, std::vector<Cell>* equals) {
  using Type = Value::Type;
  const bool known_value =
      value.type == Type::kParameter || value.type == Type::kText || value.type == Type::kInteger;
  if (!known_value) return;
  if (equals->size() >= limits::kSqlColumnsMax) return;
  const bool known = std::any_of(equals->begin(), equals->end(),
                                 [&](const Cell& cell) { return SameName(cell.column, column); });
  if (!known) equals->push_back({std::move(column), std::move(value)});
}

// A condition between two tokens: column = value, or the other way round.
void NoteSides(const Statement& statement, const Tables& tables, Range left, Range right,
               std::vector<Cell>* equals) {
  uint32_t table = 0;
  uint32_t column = ColumnOf(statement, left, &table);
  if (column == left.end) {
    std::swap(left, right);
    column = ColumnOf(statement, left, &table);
    if (column == left.end) return;
  }
  if (table != column && !SameName(statement.Name(table), tables.alias)) return;
  Note(statement.Name(column), ValueOf(statement, right), equals);
}

// One of the conditions that all must hold.
void NoteCondition(const Statement& statement, const Tables& tables, Range range,
                   std::vector<Cell>* equals) {
  uint32_t sign = range.end;
  for (uint32_t at = range.begin; at < range.end; at = statement.Next(at)) {
    if (statement.IsOperator(at, "=") || statement.IsOperator(at, "==")) {
      if (sign != range.end) return;
      sign = at;
    }
  }
  if (sign != range.end) {
    return NoteSides(statement, tables, {range.begin, sign}, {sign + 1, range.end}, equals);
  }
  const uint32_t in = statement.Find(range, Keyword::kIn);
  if (in == range.end || !statement.IsOperator(in + 1, "(")) return;
  if (statement.CloseOf(in + 1) != range.end - 1) return;
  const Range values{in + 2, range.end - 1};
  if (statement.Commas(values).size() != 1) return;
  uint32_t table = 0;
  const Range left{range.begin, in};
  if (ColumnOf(statement, left, &table) == left.end) return;
  NoteSides(statement, tables, left, values, equals);
}

// The parts of a range between ANDs at its level; none where there is an OR. The AND of a BETWEEN
// is its own.
std::vector<Range> Conjuncts(const Statement& statement, Range range) {
  std::vector<Range> parts;
  uint32_t begin = range.begin;
  int between = 0;
  for (uint32_t at = range.begin; at < range.end; at = statement.Next(at)) {
    if (statement.Is(at, Keyword::kOr)) return {};
    if (statement.Is(at, Keyword::kBetween)) ++between;
    if (!statement.Is(at, Keyword::kAnd)) continue;
    if (between > 0) {
      --between;
      continue;
    }
    parts.push_back({begin, at});
    begin = at + 1;
  }
  parts.push_back({begin, range.end});
  return parts;
}

void NoteConditions(const Statement& statement, const Tables& tables, Range where,
                    std::vector<Cell>* equals) {
  std::vector<Range> left = {where};
  while (!left.empty()) {
    const Range range = statement.Unwrap(left.back());
    left.pop_back();
    const std::vector<Range> parts = Conjuncts(statement, range);
    if (parts.size() == 1) {
      NoteCondition(statement, tables, parts.front(), equals);
    } else {
      left.insert(left.end(), parts.rbegin(), parts.rend());  // the first one next
    }
  }
}

}  // namespace

std::vector<Cell> EqualsOf(const Statement& statement, const Verb& verb, const Tables& tables,
                           const Clauses& clauses) {
  std::vector<Cell> equals;
  if (tables.main.empty()) return equals;
  if (verb.keyword == Keyword::kInsert || verb.keyword == Keyword::kReplace) {
    Inserted inserted = InsertedOf(statement, verb, tables);
    if (inserted.rows != 1) return equals;
    for (Cell& cell : inserted.cells) {
      Note(std::move(cell.column), std::move(cell.value), &equals);
    }
    return equals;
  }
  const bool reads = verb.keyword == Keyword::kSelect && clauses.compound == clauses.end;
  const bool changes = verb.keyword == Keyword::kUpdate || verb.keyword == Keyword::kDelete;
  if ((reads || changes) && clauses.where != clauses.end) {
    const Range where{clauses.where + 1, clauses.EndOf(clauses.where)};
    NoteConditions(statement, tables, where, &equals);
  }
  return equals;
}

}  // namespace tidemark::sqltext
