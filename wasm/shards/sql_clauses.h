// Where the clauses of a SELECT, UPDATE or DELETE stand, and what its ORDER BY and LIMIT say.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shards/sql_statement.h"
#include "shards/sql_verb.h"

namespace tidemark::sqltext {

// Tokens at the statement's own level; its size for a clause that it does not have. Of a compound
// SELECT, FROM to WINDOW are those of its first part, and what follows its last part is the
// whole's.
struct Clauses {
  uint32_t from = 0;
  uint32_t where = 0;
  uint32_t group = 0;
  uint32_t having = 0;
  uint32_t window = 0;
  uint32_t compound = 0;  // the first UNION, EXCEPT or INTERSECT
  uint32_t order = 0;
  uint32_t limit = 0;
  uint32_t returning = 0;
  uint32_t end = 0;

  // Where the clause that begins at a token ends.
  uint32_t EndOf(uint32_t clause) const;
};

Clauses ClausesOf(const Statement& statement, const Verb& verb);

// A value that stands in a statement as it is.
struct Value {
  // kExcluded is of the row that an upsert would have inserted: `text` names its column.
  enum class Type : uint8_t {
    kNone,
    kParameter,
    kText,
    kInteger,
    kNull,
    kExcluded,
    kExpression,
  };
  Type type = Type::kNone;
  int64_t number = 0;  // the parameter's, from 1, or the integer
  std::string text;

  bool operator==(const Value&) const = default;
};

// A column, and the value that it has or gets.
struct Cell {
  std::string column;
  Value value;
};

// What a range of tokens is: kExpression where it is more than a value, or a real number or a blob.
// Never kExcluded, which only SetsOf (sql_sets.h) can tell.
Value ValueOf(const Statement& statement, Range range);

enum class Nulls : uint8_t { kDefault, kFirst, kLast };

struct OrderTerm {
  Range expression;
  int64_t position = 0;  // ORDER BY 2; else 0
  std::string name;      // ORDER BY name, without its table; else empty
  bool descending = false;
  std::string collation;  // empty where it is not named
  Nulls nulls = Nulls::kDefault;
};

std::vector<OrderTerm> OrderOf(const Statement& statement, const Clauses& clauses);

struct Limit {
  Value limit;
  Value offset;
  Range limit_range;
  Range offset_range;
};

Limit LimitOf(const Statement& statement, const Clauses& clauses);

// column, t.column or s.t.column, in brackets or not: its last token, else the range's end. Then
// `table` is the token that names its table, or its own.
uint32_t ColumnOf(const Statement& statement, Range range, uint32_t* table);

}  // namespace tidemark::sqltext
