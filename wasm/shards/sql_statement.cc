#include "shards/sql_statement.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/limits.h"
#include "base/utf8.h"

namespace tidemark::sqltext {
namespace {

Status TooManyParameters() {
  return Status::Invalid(
      "too_many_parameters",
      "A statement has at most " + std::to_string(limits::kSqlVariablesMax) + " parameters");
}

std::string_view KindName(char first) {
  switch (first) {
    case '\'':
    case 'x':
    case 'X':
      return "A string";
    case '/':
      return "A comment";
    default:
      return "A quoted name";
  }
}

}  // namespace

Status Invalid(std::string_view what, size_t position) {
  return Status::Invalid("invalid_sql",
                         std::string(what) + ", at byte " + std::to_string(position));
}

Status TooLong(std::string_view what, size_t size, size_t most) {
  return Status::TooLarge("sql_too_long", std::string(what) + " has " + std::to_string(size) +
                                              " bytes; at most " + std::to_string(most) +
                                              " are allowed");
}

Status FaultOf(std::string_view text) {
  const size_t valid = ValidUtf8Prefix(text);
  if (valid != text.size()) return Invalid("The text is not UTF-8", valid);
  const size_t nul = text.find('\0');
  return nul == std::string_view::npos ? Status() : Invalid("A NUL is no SQL", nul);
}

Status FaultOf(const Token& token, std::string_view text) {
  if (token.kind == Kind::kUnclosed) {
    return Invalid(std::string(KindName(text[token.begin])) + " is not closed", token.begin);
  }
  if (token.kind == Kind::kIllegal) return Invalid("This is no SQL", token.begin);
  return {};
}

Result<Statement> Statement::Read(std::string_view text) {
  if (text.size() > limits::kSqlTextBytesMax) {
    return TooLong("A statement", text.size(), limits::kSqlTextBytesMax);
  }
  if (Status fault = FaultOf(text); !fault.ok()) return fault;
  Statement statement;
  statement.text_ = text;
  Lexer lexer(text);
  for (Token token; lexer.Next(&token);) {
    if (token.kind == Kind::kSpace || token.kind == Kind::kComment) continue;
    if (Status fault = FaultOf(token, text); !fault.ok()) return fault;
    const uint32_t at = statement.size();
    statement.tokens_.push_back({token, at, 0});
    if (token.kind == Kind::kVariable) {
      if (Status fault = statement.Number(&statement.tokens_.back()); !fault.ok()) return fault;
    } else if (statement.IsOperator(at, "(") || token.keyword == Keyword::kCase) {
      statement.open_.push_back(at);
    } else if (Status fault = statement.Close(at); !fault.ok()) {
      return fault;
    }
  }
  for (const uint32_t at : statement.open_) {
    if (statement.IsOperator(at, "(")) return Invalid("A ( is not closed", statement.BeginOf(at));
  }
  return statement;
}

// SQLite, expr.c: ? is one more than the greatest so far, and a name that is met again is the same.
Status Statement::Number(Entry* entry) {
  const std::string_view name = text_.substr(entry->token.begin, entry->token.size);
  if (name.size() > 1 && name[0] == '?') {
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + 1, end, entry->variable);
    if (error != std::errc() || entry->variable > limits::kSqlVariablesMax) {
      return TooManyParameters();
    }
    if (entry->variable < 1) return Invalid("Parameters count from ?1", entry->token.begin);
    parameters_ = std::max(parameters_, entry->variable);
    return {};
  }
  const auto known = std::find_if(named_.begin(), named_.end(),
                                  [name](const auto& item) { return item.first == name; });
  if (name != "?" && known != named_.end()) {
    entry->variable = known->second;
    return {};
  }
  if (parameters_ >= limits::kSqlVariablesMax) return TooManyParameters();
  entry->variable = ++parameters_;
  if (name != "?") named_.emplace_back(name, entry->variable);
  return {};
}

Status Statement::Close(uint32_t at) {
  if (IsOperator(at, ")")) {
    // A CASE without its END is SQLite's to refuse.
    while (!open_.empty() && Is(open_.back(), Keyword::kCase)) open_.pop_back();
    if (open_.empty()) return Invalid("A ) closes nothing", BeginOf(at));
  } else if (!Is(at, Keyword::kEnd) || open_.empty() || !Is(open_.back(), Keyword::kCase) ||
             !EndsOperand(at - 1)) {
    return {};
  }
  tokens_[open_.back()].close = at;
  open_.pop_back();
  return {};
}

bool Statement::IsAny(uint32_t at, std::initializer_list<Keyword> keywords) const {
  return at < size() &&
         std::find(keywords.begin(), keywords.end(), tokens_[at].token.keyword) != keywords.end();
}

bool Statement::IsName(uint32_t at) const {
  const Kind kind = KindAt(at);
  return kind == Kind::kQuoted || (kind == Kind::kWord && !IsReserved(tokens_[at].token.keyword));
}

bool Statement::EndsOperand(uint32_t at) const {
  switch (KindAt(at)) {
    case Kind::kOperator:
      return Text(at) == ")";
    case Kind::kWord:
      return IsAny(at, {Keyword::kNull, Keyword::kIsnull, Keyword::kNotnull}) ||
             (IsName(at) && !IsAny(at, {Keyword::kLike, Keyword::kGlob, Keyword::kMatch,
                                        Keyword::kRegexp, Keyword::kOver}));
    default:
      return KindAt(at) != Kind::kEnd;
  }
}

std::string_view Statement::Text(uint32_t at) const {
  return at < size() ? text_.substr(tokens_[at].token.begin, tokens_[at].token.size)
                     : std::string_view();
}

std::string_view Statement::Text(Range range) const {
  if (range.begin >= range.end || range.end > size()) return {};
  return text_.substr(BeginOf(range.begin), EndOf(range.end - 1) - BeginOf(range.begin));
}

size_t Statement::BeginOf(uint32_t at) const {
  if (at < size()) return tokens_[at].token.begin;
  return tokens_.empty() ? 0 : EndOf(size() - 1);
}

size_t Statement::EndOf(uint32_t at) const {
  return size_t{tokens_[at].token.begin} + tokens_[at].token.size;
}

std::string Statement::Name(uint32_t at) const {
  const std::string_view text = Text(at);
  const Kind kind = KindAt(at);
  if (kind != Kind::kQuoted && kind != Kind::kString) return std::string(text);
  std::string name;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    name += text[i];
    if (text[i] == text.front() && text[i] != '[') ++i;  // it is doubled
  }
  return name;
}

Range Statement::Unwrap(Range range) const {
  while (range.size() >= 2 && IsOperator(range.begin, "(") &&
         CloseOf(range.begin) == range.end - 1) {
    range = {range.begin + 1, range.end - 1};
  }
  return range;
}

uint32_t Statement::Find(Range range, Keyword keyword) const {
  for (uint32_t at = range.begin; at < range.end; at = Next(at)) {
    if (Is(at, keyword)) return at;
  }
  return range.end;
}

std::vector<Range> Statement::Commas(Range range) const {
  std::vector<Range> parts;
  if (range.begin >= range.end) return parts;
  uint32_t begin = range.begin;
  for (uint32_t at = range.begin; at < range.end; at = Next(at)) {
    if (!IsOperator(at, ",")) continue;
    parts.push_back({begin, at});
    begin = at + 1;
  }
  parts.push_back({begin, range.end});
  return parts;
}

}  // namespace tidemark::sqltext
