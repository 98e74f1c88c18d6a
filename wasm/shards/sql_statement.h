// One statement as its tokens, without space and comments, with what a reader of it needs: which
// brackets belong together, and the numbers of its parameters as SQLite gives them.
//
// A bracket is "(" to ")", or CASE to its END. Next() steps over a bracket as one thing, so that a
// walk by it stays at one level; nothing recurses.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "shards/sql_token.h"

namespace tidemark::sqltext {

// Tokens [begin, end) of a statement.
struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;

  uint32_t size() const { return end - begin; }
};

class Statement {
 public:
  // The text must outlive the statement. Codes: `invalid_sql`, where something is not closed or is
  // no SQL, or brackets do not match; `sql_too_long`; `too_many_parameters`.
  static Result<Statement> Read(std::string_view text);

  // How many tokens there are; of those behind, each is Kind::kEnd.
  uint32_t size() const { return static_cast<uint32_t>(tokens_.size()); }
  Range All() const { return {0, size()}; }
  int parameters() const { return parameters_; }

  Kind KindAt(uint32_t at) const { return at < size() ? tokens_[at].token.kind : Kind::kEnd; }
  bool Is(uint32_t at, Keyword keyword) const {
    return at < size() && tokens_[at].token.keyword == keyword;
  }
  Keyword KeywordAt(uint32_t at) const {
    return at < size() ? tokens_[at].token.keyword : Keyword::kNone;
  }
  bool IsAny(uint32_t at, std::initializer_list<Keyword> keywords) const;
  bool IsOperator(uint32_t at, std::string_view sign) const {
    return KindAt(at) == Kind::kOperator && Text(at) == sign;
  }
  bool IsString(uint32_t at) const { return KindAt(at) == Kind::kString; }
  // A word that may be a name without quotes, or a quoted name.
  bool IsName(uint32_t at) const;
  // Whether an operand ends with this token, so that a name behind it is no operand.
  bool EndsOperand(uint32_t at) const;

  std::string_view Text(uint32_t at) const;
  // From the first token to the last, with what stands between them.
  std::string_view Text(Range range) const;
  std::string_view text() const { return text_; }
  // Where the token begins in the text; behind the last token for the end.
  size_t BeginOf(uint32_t at) const;
  size_t EndOf(uint32_t at) const;

  // A name, or a string's text, without its quotes.
  std::string Name(uint32_t at) const;
  // Of a variable, from 1.
  int Variable(uint32_t at) const { return tokens_[at].variable; }

  // The token that closes the bracket opened here, or `at` itself.
  uint32_t CloseOf(uint32_t at) const { return at < size() ? tokens_[at].close : at; }
  // The token behind this one at the same level.
  uint32_t Next(uint32_t at) const { return CloseOf(at) + 1; }
  // Takes off brackets around the whole of a range.
  Range Unwrap(Range range) const;
  // The first token at the range's own level that is the keyword, or the range's end.
  uint32_t Find(Range range, Keyword keyword) const;
  // The parts of a range between commas at its own level; none of an empty range.
  std::vector<Range> Commas(Range range) const;

 private:
  struct Entry {
    Token token;
    uint32_t close = 0;
    int variable = 0;
  };

  Status Number(Entry* entry);
  Status Close(uint32_t at);

  std::string_view text_;
  std::vector<Entry> tokens_;
  std::vector<uint32_t> open_;  // brackets not closed yet, while it is read
  std::vector<std::pair<std::string_view, int>> named_;
  int parameters_ = 0;
};

// Code: `invalid_sql`.
Status Invalid(std::string_view what, size_t position);
// Code: `sql_too_long`.
Status TooLong(std::string_view what, size_t size, size_t most);
// Of a text that is not UTF-8, or holds a NUL, where SQLite would take it to end.
Status FaultOf(std::string_view text);
// Of a token that is no SQL, or is not closed.
Status FaultOf(const Token& token, std::string_view text);

}  // namespace tidemark::sqltext
