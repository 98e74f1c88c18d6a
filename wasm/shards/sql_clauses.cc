#include "shards/sql_clauses.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace tidemark::sqltext {
namespace {

// Digits or 0x and digits, no larger than JavaScript keeps exact.
bool ReadInteger(std::string_view text, int64_t* integer) {
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && AsciiLower(text[1]) == 'x') {
    base = 16;
    text.remove_prefix(2);
  }
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), *integer, base);
  return error == std::errc() && stop == text.data() + text.size() &&
         *integer <= limits::kIntegerMax;
}

// Takes a keyword off a term's end, unless it is all that the term has.
bool TakeLast(const Statement& statement, Keyword keyword, Range* term) {
  if (term->size() < 2 || !statement.Is(term->end - 1, keyword)) return false;
  --term->end;
  return true;
}

OrderTerm TermOf(const Statement& statement, Range range) {
  OrderTerm term;
  if (range.size() > 2 && statement.Is(range.end - 2, Keyword::kNulls) &&
      statement.IsAny(range.end - 1, {Keyword::kFirst, Keyword::kLast})) {
    term.nulls = statement.Is(range.end - 1, Keyword::kFirst) ? Nulls::kFirst : Nulls::kLast;
    range.end -= 2;
  }
  term.descending = TakeLast(statement, Keyword::kDesc, &range);
  if (!term.descending) TakeLast(statement, Keyword::kAsc, &range);
  if (range.size() > 2 && statement.Is(range.end - 2, Keyword::kCollate)) {
    term.collation = statement.Name(range.end - 1);
    range.end -= 2;
  }
  term.expression = range;
  uint32_t table = 0;
  const uint32_t column = ColumnOf(statement, range, &table);
  if (column != range.end) {
    term.name = statement.Name(column);
  } else if (const Value value = ValueOf(statement, range); value.type == Value::Type::kInteger) {
    term.position = value.number;
  }
  return term;
}

}  // namespace

uint32_t Clauses::EndOf(uint32_t clause) const {
  uint32_t nearest = end;
  for (const uint32_t at :
       {from, where, group, having, window, compound, order, limit, returning}) {
    if (at > clause) nearest = std::min(nearest, at);
  }
  return nearest;
}

Clauses ClausesOf(const Statement& statement, const Verb& verb) {
  const uint32_t none = statement.size();
  Clauses clauses{none, none, none, none, none, none, none, none, none, none};
  for (uint32_t at = verb.at + 1; at < none; at = statement.Next(at)) {
    uint32_t* clause = nullptr;
    switch (statement.KeywordAt(at)) {
      case Keyword::kFrom:
        if (!statement.Is(at - 1, Keyword::kDistinct)) clause = &clauses.from;
        break;
      case Keyword::kWhere:
        clause = &clauses.where;
        break;
      case Keyword::kGroup:
        clause = &clauses.group;
        break;
      case Keyword::kHaving:
        clause = &clauses.having;
        break;
      case Keyword::kWindow:
        if (statement.Is(at + 2, Keyword::kAs)) clause = &clauses.window;
        break;
      case Keyword::kUnion:
      case Keyword::kExcept:
      case Keyword::kIntersect:
        clause = &clauses.compound;
        break;
      case Keyword::kOrder:
        clause = &clauses.order;
        break;
      case Keyword::kLimit:
        clause = &clauses.limit;
        break;
      case Keyword::kReturning:
        clause = &clauses.returning;
        break;
      default:
        break;
    }
    if (clause == nullptr || *clause != none) continue;
    const bool last = clause == &clauses.order || clause == &clauses.limit;
    if (clauses.compound == none || last || clause == &clauses.returning) *clause = at;
  }
  return clauses;
}

Value ValueOf(const Statement& statement, Range range) {
  range = statement.Unwrap(range);
  Value value;
  if (range.size() == 0) return value;
  value.type = Value::Type::kExpression;
  const bool minus = range.size() == 2 && statement.IsOperator(range.begin, "-");
  if (range.size() != 1 && !minus) return value;
  const uint32_t at = range.end - 1;
  const Kind kind = statement.KindAt(at);
  if (kind == Kind::kNumber && ReadInteger(statement.Text(at), &value.number)) {
    if (minus) value.number = -value.number;
    value.type = Value::Type::kInteger;
  } else if (kind == Kind::kString && !minus) {
    value.text = statement.Name(at);
    value.type = Value::Type::kText;
  } else if (kind == Kind::kVariable && !minus) {
    value.number = statement.Variable(at);
    value.type = Value::Type::kParameter;
  } else if (statement.Is(at, Keyword::kNull) && !minus) {
    value.type = Value::Type::kNull;
  }
  return value;
}

std::vector<OrderTerm> OrderOf(const Statement& statement, const Clauses& clauses) {
  std::vector<OrderTerm> terms;
  if (!statement.Is(clauses.order + 1, Keyword::kBy)) return terms;
  const Range all{clauses.order + 2, clauses.EndOf(clauses.order)};
  for (const Range range : statement.Commas(all)) terms.push_back(TermOf(statement, range));
  return terms;
}

Limit LimitOf(const Statement& statement, const Clauses& clauses) {
  Limit limit;
  if (clauses.limit == clauses.end) return limit;
  const Range all{clauses.limit + 1, clauses.end};
  limit.limit_range = all;
  const std::vector<Range> parts = statement.Commas(all);
  if (parts.size() == 2) {  // LIMIT offset, limit
    limit.offset_range = parts[0];
    limit.limit_range = parts[1];
  } else if (const uint32_t at = statement.Find(all, Keyword::kOffset); at != all.end) {
    limit.limit_range.end = at;
    limit.offset_range = {at + 1, all.end};
  }
  limit.limit = ValueOf(statement, limit.limit_range);
  limit.offset = ValueOf(statement, limit.offset_range);
  return limit;
}

uint32_t ColumnOf(const Statement& statement, Range range, uint32_t* table) {
  const uint32_t none = range.end;
  range = statement.Unwrap(range);
  if (range.size() != 1 && range.size() != 3 && range.size() != 5) return none;
  for (uint32_t at = range.begin; at < range.end; ++at) {
    const bool name = (at - range.begin) % 2 == 0;
    if (name ? !statement.IsName(at) : !statement.IsOperator(at, ".")) return none;
  }
  *table = range.size() == 1 ? range.end - 1 : range.end - 3;
  return range.end - 1;
}

}  // namespace tidemark::sqltext
