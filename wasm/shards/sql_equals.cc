#include "shards/sql_equals.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.h"

namespace tidemark::sqltext {
namespace {

void Note(std::string column, Value value, std::vector<Equal>* equals) {
  using Type = Value::Type;
  if (value.type == Type::kNone || value.type == Type::kExpression) return;
  if (equals->size() >= limits::kSqlColumnsMax) return;
  const bool known = std::any_of(equals->begin(), equals->end(), [&](const Equal& equal) {
    return SameName(equal.column, column);
  });
  if (!known) equals->push_back({std::move(column), std::move(value)});
}

// A condition between two tokens: column = value, or the other way round.
void NoteSides(const Statement& statement, const Tables& tables, Range left, Range right,
               std::vector<Equal>* equals) {
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
                   std::vector<Equal>* equals) {
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
                    std::vector<Equal>* equals) {
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

// INSERT INTO t [AS a] (columns) VALUES (values), one row.
void NoteInserted(const Statement& statement, const Tables& tables, std::vector<Equal>* equals) {
  uint32_t at = tables.end;
  if (statement.Is(at, Keyword::kAs)) at += 2;
  const uint32_t values = statement.Next(at) + 1;
  if (!statement.IsOperator(at, "(") || !statement.Is(values - 1, Keyword::kValues) ||
      !statement.IsOperator(values, "(")) {
    return;
  }
  const uint32_t behind = statement.Next(values);
  if (behind < statement.size() && !statement.IsAny(behind, {Keyword::kOn, Keyword::kReturning})) {
    return;
  }
  const std::vector<Range> columns = statement.Commas({at + 1, statement.CloseOf(at)});
  const std::vector<Range> cells = statement.Commas({values + 1, statement.CloseOf(values)});
  if (columns.size() != cells.size()) return;
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool name = columns[i].size() == 1 &&
                      (statement.IsName(columns[i].begin) || statement.IsString(columns[i].begin));
    if (!name) continue;
    Note(statement.Name(columns[i].begin), ValueOf(statement, cells[i]), equals);
  }
}

bool EndsSet(const Statement& statement, uint32_t at) {
  if (statement.Is(at, Keyword::kFrom)) return !statement.Is(at - 1, Keyword::kDistinct);
  return statement.IsAny(at, {Keyword::kWhere, Keyword::kReturning, Keyword::kOn});
}

}  // namespace

std::vector<Equal> EqualsOf(const Statement& statement, const Verb& verb, const Tables& tables,
                            const Clauses& clauses) {
  std::vector<Equal> equals;
  if (tables.main.empty()) return equals;
  if (verb.keyword == Keyword::kInsert || verb.keyword == Keyword::kReplace) {
    NoteInserted(statement, tables, &equals);
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

std::vector<std::string> SetsOf(const Statement& statement, const Verb& verb,
                                const Clauses& clauses) {
  std::vector<std::string> columns;
  if (verb.effect != Effect::kWrite) return columns;
  uint32_t at = statement.Find({verb.at, clauses.end}, Keyword::kSet);
  while (at < clauses.end) {
    uint32_t end = at + 1;
    while (end < clauses.end && !EndsSet(statement, end)) end = statement.Next(end);
    for (const Range part : statement.Commas({at + 1, end})) {
      // a = 1, or (a, b) = (1, 2).
      Range names{part.begin, statement.Next(part.begin)};
      if (statement.IsOperator(names.begin, "(")) names = {names.begin + 1, names.end - 1};
      for (const Range name : statement.Commas(names)) {
        if (columns.size() >= limits::kSqlColumnsMax || name.size() != 1) continue;
        columns.push_back(statement.Name(name.begin));
      }
    }
    at = statement.Find({end, clauses.end}, Keyword::kSet);
  }
  return columns;
}

}  // namespace tidemark::sqltext
