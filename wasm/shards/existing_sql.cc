#include "shards/existing_sql.h"

#include <algorithm>
#include <variant>

#include "base/status.h"

namespace tidemark::existing {

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + '"';
}

std::string FillSql(const Sql& sql, const Names& names) {
  std::string filled;
  std::string_view rest = sql.text;
  for (size_t open; (open = rest.find('{')) != std::string_view::npos;) {
    filled += rest.substr(0, open);
    const size_t close = rest.find('}', open);
    Check(close != std::string_view::npos);
    const std::string_view name = rest.substr(open + 1, close - open - 1);
    const auto found = std::find_if(names.begin(), names.end(),
                                    [&](const auto& pair) { return pair.first == name; });
    Check(found != names.end());
    filled += found->second;
    rest.remove_prefix(close + 1);
  }
  return filled += rest;
}

std::string Join(std::span<const std::string> pieces) {
  std::string joined;
  for (const std::string& piece : pieces) {
    if (!joined.empty()) joined += ", ";
    joined += piece;
  }
  return joined;
}

bool SameName(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

std::string TextOf(const Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? std::string() : *text;
}

int64_t IntegerOf(const Cell& cell) {
  if (const auto* whole = std::get_if<int64_t>(&cell)) return *whole;
  const auto* real = std::get_if<double>(&cell);
  return real == nullptr ? 0 : static_cast<int64_t>(*real);
}

}  // namespace tidemark::existing
