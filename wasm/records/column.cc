#include "records/column.h"

#include <algorithm>

#include "base/limits.h"

namespace tidemark {

using json::Kind;
using json::Value;

std::string NameOf(const Collection& collection, const Column& column, std::string_view what) {
  return "data." + std::string(column.name) + " of " + std::string(collection.name) + " " +
         std::string(what);
}

namespace {

Rejection OutOfRange(std::string_view name) {
  return {"number_out_of_range",
          std::string(name) + " is beyond 2^53 - 1, which JavaScript and SQL do not keep exact"};
}

// A real that a double surely holds: no integer beyond 2^53, at most 200 digits before the point
// and two in the exponent.
bool FitsDouble(std::string_view number) {
  int64_t integer = 0;
  if (json::ParseInteger(number, &integer) == json::IntegerFault::kOutOfRange) return false;
  if (std::min(number.find_first_of(".eE"), number.size()) > 200) return false;
  const size_t exponent = number.find_first_of("eE");
  if (exponent == std::string_view::npos) return true;
  std::string_view digits = number.substr(exponent + 1);
  if (digits.front() == '+' || digits.front() == '-') digits.remove_prefix(1);
  return digits.size() <= 2;
}

// A later one is no date in a browser, and takes down the page that shows it.
bool IsTime(int64_t integer) { return integer >= 0 && integer <= limits::kTimeMaxMs; }

Rejection CheckInteger(const Collection& collection, const Column& column, const Value& value) {
  int64_t integer = 0;
  if (value.kind == Kind::kNumber) {
    switch (json::ParseInteger(value.text, &integer)) {
      case json::IntegerFault::kOutOfRange:
        return OutOfRange(NameOf(collection, column, ""));
      case json::IntegerFault::kNone:
        if (column.type != ColumnType::kTime || IsTime(integer)) return {};
        return {"invalid_column",
                NameOf(collection, column, "is a time: 0 to 8640000000000000 milliseconds")};
      case json::IntegerFault::kNotInteger:
        break;
    }
  }
  return {"invalid_column", NameOf(collection, column, "must be an integer")};
}

Rejection CheckText(const Collection& collection, const Column& column, const Value& value) {
  if (value.kind != Kind::kString) {
    return {"invalid_column", NameOf(collection, column, "must be a string")};
  }
  if (value.nul) return {"invalid_column", NameOf(collection, column, "must not hold \\u0000")};
  if (column.values.empty()) return {};
  std::string decoded;
  if (json::Unescape(value.text.substr(1, value.text.size() - 2), &decoded) &&
      std::find(column.values.begin(), column.values.end(), decoded) != column.values.end()) {
    return {};
  }
  std::string message = NameOf(collection, column, "must be one of:");
  for (const std::string_view allowed : column.values) message += " " + std::string(allowed);
  return {"invalid_column", message};
}

}  // namespace

bool FitsColumn(const Column& column, const Value& value) {
  int64_t integer = 0;
  switch (column.type) {
    case ColumnType::kText:
      return value.kind == Kind::kString && !value.nul && column.values.empty();
    case ColumnType::kJson:
      return true;
    case ColumnType::kInteger:
    case ColumnType::kTime:
    case ColumnType::kReal:
      return value.kind == Kind::kNumber &&
             json::ParseInteger(value.text, &integer) == json::IntegerFault::kNone &&
             IsTime(integer);
    case ColumnType::kBoolean:
      return value.kind == Kind::kTrue || value.kind == Kind::kFalse;
  }
  return false;
}

Rejection CheckColumn(const Collection& collection, const Column& column, const Value& value) {
  if (value.kind == Kind::kNull || column.from_stamp) return {};
  switch (column.type) {
    case ColumnType::kText:
      return CheckText(collection, column, value);
    case ColumnType::kInteger:
    case ColumnType::kTime:
      return CheckInteger(collection, column, value);
    case ColumnType::kReal:
      if (value.kind != Kind::kNumber) {
        return {"invalid_column", NameOf(collection, column, "must be a number")};
      }
      return FitsDouble(value.text) ? Rejection() : OutOfRange(NameOf(collection, column, ""));
    case ColumnType::kBoolean:
      if (value.kind == Kind::kTrue || value.kind == Kind::kFalse) return {};
      return {"invalid_column", NameOf(collection, column, "must be true or false")};
    case ColumnType::kJson:
      return {};
  }
  return {};
}

}  // namespace tidemark
