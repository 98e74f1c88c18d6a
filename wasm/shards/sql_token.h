// The tokens of SQLite's SQL, as its own tokenizer cuts them (sqlite.org/lang_keywords.html,
// sqlite.org/lang_expr.html).
//
// token := space | comment | word | quoted | string | blob | number | variable | operator
// comment := "--" to the line's end | "/*" to "*/"
// quoted := "name" | `name` | [name]        a name; in the first two the quote is doubled
// variable := ? | ?NNN | :name | @name | $name, a name also with "::" and a last "(...)"
//
// Rules: any bytes are cut, and each byte lies in one token. Nothing is allocated. What SQLite
// would refuse is kIllegal, and what is not closed before the text ends is kUnclosed: an open
// comment too, which SQLite itself would let pass.

#pragma once

#include <cstdint>
#include <string_view>

namespace tidemark::sqltext {

enum class Kind : uint8_t {
  kEnd,
  kSpace,
  kComment,
  kWord,  // a keyword or a name without quotes
  kQuoted,
  kString,
  kBlob,
  kNumber,
  kVariable,
  kOperator,
  kIllegal,
  kUnclosed,
};

// The keywords that decide what a statement is or where one of its parts ends. Most of SQLite's
// others may be names anywhere, and are words like any name here.
enum class Keyword : uint8_t {
  kNone,
  kAdd,
  kAll,
  kAlter,
  kAnd,
  kAs,
  kAsc,
  kBegin,
  kBetween,
  kBy,
  kCase,
  kCheck,
  kCollate,
  kCommit,
  kConstraint,
  kCreate,
  kCross,
  kDefault,
  kDelete,
  kDesc,
  kDistinct,
  kDo,
  kDrop,
  kElse,
  kEnd,
  kEscape,
  kExcept,
  kExists,
  kExplain,
  kFirst,
  kForeign,
  kFrom,
  kFull,
  kGlob,
  kGroup,
  kHaving,
  kIf,
  kIn,
  kIndex,
  kIndexed,
  kInner,
  kInsert,
  kIntersect,
  kInto,
  kIs,
  kIsnull,
  kJoin,
  kLast,
  kLeft,
  kLike,
  kLimit,
  kMatch,
  kMaterialized,
  kNatural,
  kNot,
  kNotnull,
  kNull,
  kNulls,
  kOffset,
  kOn,
  kOr,
  kOrder,
  kOuter,
  kOver,
  kPlan,
  kPragma,
  kPrimary,
  kQuery,
  kRecursive,
  kReferences,
  kRegexp,
  kRelease,
  kReplace,
  kReturning,
  kRight,
  kRollback,
  kSavepoint,
  kSelect,
  kSet,
  kTable,
  kTemp,
  kTemporary,
  kThen,
  kTrigger,
  kUnion,
  kUnique,
  kUpdate,
  kUsing,
  kValues,
  kView,
  kVirtual,
  kWhen,
  kWhere,
  kWindow,
  kWith,
};

// Of a word, in any case; kNone for others.
Keyword KeywordOf(std::string_view word);

// Whether it can be no name without quotes.
bool IsReserved(Keyword keyword);

// LEFT, CROSS and so on: names where a name must stand, but no alias without AS.
bool IsJoinWord(Keyword keyword);

struct Token {
  Kind kind = Kind::kEnd;
  Keyword keyword = Keyword::kNone;
  uint32_t begin = 0;
  uint32_t size = 0;
};

class Lexer {
 public:
  // The text must outlive the lexer; it is shorter than 4 GiB.
  explicit Lexer(std::string_view text) : text_(text) {}

  // False at the end.
  bool Next(Token* token);

 private:
  // The byte at an offset from the token's begin, NUL behind the end.
  char At(size_t offset) const {
    return position_ + offset < text_.size() ? text_[position_ + offset] : '\0';
  }
  bool Has(size_t offset) const { return position_ + offset < text_.size(); }

  Kind Cut(size_t* size) const;
  Kind CutSign(char first, size_t* size) const;
  Kind CutOperator(char first, size_t* size) const;
  Kind CutComment(size_t* size) const;
  Kind CutQuoted(char close, size_t* size) const;
  Kind CutBlob(size_t* size) const;
  Kind CutNumber(size_t* size) const;
  Kind CutVariable(size_t* size) const;

  std::string_view text_;
  size_t position_ = 0;
};

bool IsAsciiDigit(char c);
char AsciiLower(char c);

// Without regard to the case of ASCII letters, as SQLite compares names.
bool SameName(std::string_view a, std::string_view b);

}  // namespace tidemark::sqltext
