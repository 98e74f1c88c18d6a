#include "shards/sql_select.h"

#include <algorithm>
#include <utility>

namespace tidemark::sqltext {
namespace {

ResultColumn ColumnAt(const Statement& statement, Range range) {
  ResultColumn column{.expression = range};
  const uint32_t last = range.end - 1;
  if (statement.IsOperator(last, "*") &&
      (range.size() == 1 || statement.IsOperator(last - 1, "."))) {
    column.star = true;
    return column;
  }
  const bool named = statement.IsName(last) || statement.IsString(last);
  if (range.size() > 2 && statement.Is(last - 1, Keyword::kAs)) {
    column.expression.end = last - 1;
    column.name = statement.Name(last);
  } else if (range.size() > 1 && named && !statement.Is(last, Keyword::kEnd) &&
             statement.EndsOperand(last - 1)) {
    column.expression.end = last;
    column.name = statement.Name(last);
  } else {
    uint32_t table = 0;
    const uint32_t own = ColumnOf(statement, range, &table);
    if (own != range.end) column.name = statement.Name(own);
  }
  return column;
}

// Copies tokens and what stands between them, and numbers parameters on the way.
class Renderer {
 public:
  Renderer(const Statement& statement, uint32_t begin)
      : statement_(statement), at_(begin), position_(statement.BeginOf(begin)) {}

  // Up to the token `end`. Whether a parameter from `from` on was written otherwise than it was.
  bool Take(uint32_t end, uint32_t from = 0) {
    bool changed = false;
    for (; at_ < end; ++at_) {
      if (statement_.KindAt(at_) != Kind::kVariable) continue;
      const std::string number = '?' + std::to_string(statement_.Variable(at_));
      if (number == statement_.Text(at_)) continue;
      CopyTo(statement_.BeginOf(at_));
      text_ += number;
      position_ = statement_.EndOf(at_);
      // A digit that follows at once would be read as one of the number's.
      if (statement_.KindAt(at_ + 1) == Kind::kNumber) text_ += ' ';
      changed |= at_ >= from;
    }
    if (end > 0) CopyTo(std::max(position_, statement_.EndOf(end - 1)));
    return changed;
  }
  void Append(std::string_view text) { text_ += text; }
  std::string text() && { return std::move(text_); }

 private:
  void CopyTo(size_t end) {
    text_ += statement_.text().substr(position_, end - position_);
    position_ = end;
  }

  const Statement& statement_;
  uint32_t at_;
  size_t position_;
  std::string text_;
};

}  // namespace

ResultColumns ResultColumnsOf(const Statement& statement, const Verb& verb,
                              const Clauses& clauses) {
  ResultColumns result;
  if (verb.keyword != Keyword::kSelect) return result;
  result.range = {verb.at + 1, clauses.EndOf(verb.at)};
  result.distinct = statement.Is(verb.at + 1, Keyword::kDistinct);
  if (result.distinct || statement.Is(verb.at + 1, Keyword::kAll)) ++result.range.begin;
  for (const Range range : statement.Commas(result.range)) {
    if (range.size() == 0) continue;
    result.columns.push_back(ColumnAt(statement, range));
    result.star |= result.columns.back().star;
  }
  return result;
}

std::string Render(const Statement& statement, uint32_t end, const ResultColumns& columns,
                   std::string_view more) {
  Renderer renderer(statement, 0);
  for (const ResultColumn& column : columns.columns) {
    const bool renamed = renderer.Take(column.expression.end, column.expression.begin);
    if (!renamed || !column.name.empty()) continue;
    renderer.Append(" AS " + QuotedName(statement.Text(column.expression)));
  }
  renderer.Take(columns.range.end);
  renderer.Append(more);
  renderer.Take(end);
  return std::move(renderer).text();
}

std::string Render(const Statement& statement, Range range) {
  Renderer renderer(statement, range.begin);
  renderer.Take(range.end);
  return std::move(renderer).text();
}

std::string QuotedName(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted.append(c == '`' ? 2 : 1, c);
  return quoted + '`';
}

}  // namespace tidemark::sqltext
