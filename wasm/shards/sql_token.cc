#include "shards/sql_token.h"

#include <algorithm>
#include <iterator>

namespace tidemark::sqltext {
namespace {

// In the order of Keyword, from its second on.
constexpr std::string_view kKeywords[] = {
    "add",     "all",     "alter",        "and",       "as",        "asc",        "begin",
    "between", "by",      "case",         "check",     "collate",   "commit",     "constraint",
    "create",  "cross",   "default",      "delete",    "desc",      "distinct",   "do",
    "drop",    "else",    "end",          "escape",    "except",    "exists",     "explain",
    "first",   "foreign", "from",         "full",      "glob",      "group",      "having",
    "if",      "in",      "index",        "indexed",   "inner",     "insert",     "intersect",
    "into",    "is",      "isnull",       "join",      "last",      "left",       "like",
    "limit",   "match",   "materialized", "natural",   "not",       "notnull",    "null",
    "nulls",   "offset",  "on",           "or",        "order",     "outer",      "over",
    "plan",    "pragma",  "primary",      "query",     "recursive", "references", "regexp",
    "release", "replace", "returning",    "right",     "rollback",  "savepoint",  "select",
    "set",     "table",   "temp",         "temporary", "then",      "trigger",    "union",
    "unique",  "update",  "using",        "values",    "view",      "virtual",    "when",
    "where",   "window",  "with",
};
static_assert(std::size(kKeywords) == static_cast<size_t>(Keyword::kWith));
static_assert(std::is_sorted(std::begin(kKeywords), std::end(kKeywords)));
constexpr size_t kKeywordBytesMax = 12;

constexpr std::string_view kMark = "\xEF\xBB\xBF";  // a byte order mark is space

bool IsHex(char c) { return IsAsciiDigit(c) || (AsciiLower(c) >= 'a' && AsciiLower(c) <= 'f'); }

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

bool IsNameByte(char c) {
  const char lower = AsciiLower(c);
  return (lower >= 'a' && lower <= 'z') || IsAsciiDigit(c) || c == '_' || c == '$' ||
         static_cast<uint8_t>(c) >= 0x80;
}

}  // namespace

bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }

char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return AsciiLower(x) == AsciiLower(y); });
}

Keyword KeywordOf(std::string_view word) {
  if (word.size() > kKeywordBytesMax) return Keyword::kNone;
  char buffer[kKeywordBytesMax];
  std::transform(word.begin(), word.end(), buffer, AsciiLower);
  const std::string_view lower(buffer, word.size());
  const auto* const found = std::lower_bound(std::begin(kKeywords), std::end(kKeywords), lower);
  if (found == std::end(kKeywords) || *found != lower) return Keyword::kNone;
  return static_cast<Keyword>(found - std::begin(kKeywords) + 1);
}

bool IsJoinWord(Keyword keyword) {
  switch (keyword) {
    case Keyword::kCross:
    case Keyword::kFull:
    case Keyword::kInner:
    case Keyword::kLeft:
    case Keyword::kNatural:
    case Keyword::kOuter:
    case Keyword::kRight:
      return true;
    default:
      return false;
  }
}

bool IsReserved(Keyword keyword) {
  switch (keyword) {
    case Keyword::kNone:
    case Keyword::kAsc:
    case Keyword::kBegin:
    case Keyword::kBy:
    case Keyword::kDesc:
    case Keyword::kDo:
    case Keyword::kEnd:
    case Keyword::kExplain:
    case Keyword::kFirst:
    case Keyword::kGlob:
    case Keyword::kIf:
    case Keyword::kIndexed:
    case Keyword::kLast:
    case Keyword::kLike:
    case Keyword::kMatch:
    case Keyword::kMaterialized:
    case Keyword::kNulls:
    case Keyword::kOffset:
    case Keyword::kOver:
    case Keyword::kPlan:
    case Keyword::kPragma:
    case Keyword::kQuery:
    case Keyword::kRecursive:
    case Keyword::kRegexp:
    case Keyword::kRelease:
    case Keyword::kReplace:
    case Keyword::kRollback:
    case Keyword::kSavepoint:
    case Keyword::kTemp:
    case Keyword::kTemporary:
    case Keyword::kTrigger:
    case Keyword::kView:
    case Keyword::kVirtual:
    case Keyword::kWindow:
    case Keyword::kWith:
      return false;
    default:
      return !IsJoinWord(keyword);
  }
}

bool Lexer::Next(Token* token) {
  if (position_ >= text_.size()) return false;
  size_t size = 1;
  token->kind = Cut(&size);
  token->begin = static_cast<uint32_t>(position_);
  token->size = static_cast<uint32_t>(size);
  token->keyword =
      token->kind == Kind::kWord ? KeywordOf(text_.substr(position_, size)) : Keyword::kNone;
  position_ += size;
  return true;
}

Kind Lexer::Cut(size_t* size) const {
  const char first = At(0);
  if (IsSpace(first)) {
    while (IsSpace(At(*size)) || At(*size) == '\v') ++*size;
    return Kind::kSpace;
  }
  if (text_.substr(position_, kMark.size()) == kMark) {
    *size = kMark.size();
    return Kind::kSpace;
  }
  if (IsAsciiDigit(first) || (first == '.' && IsAsciiDigit(At(1)))) return CutNumber(size);
  if (AsciiLower(first) == 'x' && At(1) == '\'') return CutBlob(size);
  if (IsNameByte(first) && first != '$') {
    while (IsNameByte(At(*size))) ++*size;
    return Kind::kWord;
  }
  return CutSign(first, size);
}

Kind Lexer::CutSign(char first, size_t* size) const {
  switch (first) {
    case '\'':
    case '"':
    case '`':
      return CutQuoted(first, size);
    case '[':
      return CutQuoted(']', size);
    case '?':
    case ':':
    case '@':
    case '$':
      return CutVariable(size);
    case '-':
    case '/':
      if ((first == '-' && At(1) == '-') || (first == '/' && At(1) == '*')) return CutComment(size);
      [[fallthrough]];
    default:
      return CutOperator(first, size);
  }
}

Kind Lexer::CutOperator(char first, size_t* size) const {
  constexpr std::string_view kSingle = "()*+,-./;<=>%&|~";
  constexpr std::string_view kDouble[] = {"->", "<=", "<>", "<<", ">=", ">>", "==", "!=", "||"};
  if (text_.substr(position_, 3) == "->>") {
    *size = 3;
    return Kind::kOperator;
  }
  const std::string_view two = text_.substr(position_, 2);
  if (std::find(std::begin(kDouble), std::end(kDouble), two) != std::end(kDouble)) {
    *size = 2;
    return Kind::kOperator;
  }
  return kSingle.find(first) == std::string_view::npos ? Kind::kIllegal : Kind::kOperator;
}

Kind Lexer::CutComment(size_t* size) const {
  const bool line = At(0) == '-';
  const size_t end = line ? text_.find('\n', position_) : text_.find("*/", position_ + 2);
  if (end != std::string_view::npos) {
    *size = end - position_ + (line ? 0 : 2);
    return Kind::kComment;
  }
  *size = text_.size() - position_;
  return line ? Kind::kComment : Kind::kUnclosed;
}

Kind Lexer::CutQuoted(char close, size_t* size) const {
  for (; Has(*size); ++*size) {
    if (At(*size) != close) continue;
    ++*size;
    if (close == ']' || At(*size) != close) {
      return close == '\'' ? Kind::kString : Kind::kQuoted;
    }
  }
  return Kind::kUnclosed;
}

Kind Lexer::CutBlob(size_t* size) const {
  *size = 2;
  while (IsHex(At(*size))) ++*size;
  const bool whole = *size % 2 == 0 && At(*size) == '\'';
  while (Has(*size) && At(*size) != '\'') ++*size;
  if (!Has(*size)) return Kind::kUnclosed;
  ++*size;
  return whole ? Kind::kBlob : Kind::kIllegal;
}

Kind Lexer::CutNumber(size_t* size) const {
  *size = 0;
  const auto skip_digits = [this, size](bool (*is_digit)(char)) {
    while (is_digit(At(*size)) || At(*size) == '_') ++*size;
  };
  if (At(0) == '0' && AsciiLower(At(1)) == 'x' && IsHex(At(2))) {
    *size = 2;
    skip_digits(IsHex);
  } else {
    skip_digits(IsAsciiDigit);
    if (At(*size) == '.') {
      ++*size;
      skip_digits(IsAsciiDigit);
    }
    const bool sign = At(*size + 1) == '+' || At(*size + 1) == '-';
    if (AsciiLower(At(*size)) == 'e' && IsAsciiDigit(At(*size + (sign ? 2 : 1)))) {
      *size += sign ? 3 : 2;
      skip_digits(IsAsciiDigit);
    }
  }
  if (!IsNameByte(At(*size))) return Kind::kNumber;
  while (IsNameByte(At(*size))) ++*size;
  return Kind::kIllegal;
}

Kind Lexer::CutVariable(size_t* size) const {
  if (At(0) == '?') {
    while (IsAsciiDigit(At(*size))) ++*size;
    return Kind::kVariable;
  }
  bool named = false;
  for (; Has(*size); ++*size) {
    const char c = At(*size);
    if (IsNameByte(c)) {
      named = true;
    } else if (c == ':' && At(*size + 1) == ':') {
      ++*size;
    } else if (c == '(' && named) {
      while (Has(*size) && !IsSpace(At(*size)) && At(*size) != '\v' && At(*size) != ')') ++*size;
      if (At(*size) != ')') return Kind::kIllegal;
      ++*size;
      break;
    } else {
      break;
    }
  }
  return named ? Kind::kVariable : Kind::kIllegal;
}

}  // namespace tidemark::sqltext
