// Tokens against SQLite's own rules, case by case: what it takes as one token, and what it refuses.

#include "shards/sql_token.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tidemark::sqltext {
namespace {

using Cut = std::vector<std::pair<Kind, std::string>>;

// Tokens without space and comments.
Cut TokensOf(std::string_view text) {
  Cut tokens;
  Lexer lexer(text);
  for (Token token; lexer.Next(&token);) {
    if (token.kind == Kind::kSpace || token.kind == Kind::kComment) continue;
    tokens.emplace_back(token.kind, text.substr(token.begin, token.size));
  }
  return tokens;
}

struct Single {
  std::string text;
  Kind kind;
};

TEST(SqlToken, AWholeTokenIsCutAsOne) {
  const Single rows[] = {
      {" \t\n\f\r\v", Kind::kSpace},
      {"\xEF\xBB\xBF", Kind::kSpace},
      {"-- to the end", Kind::kComment},
      {"/**/", Kind::kComment},
      {"/* ; ' \" */", Kind::kComment},
      {"/*/ still one */", Kind::kComment},
      {"SELECT", Kind::kWord},
      {"_a$1", Kind::kWord},
      {"größe", Kind::kWord},
      {"x", Kind::kWord},
      {"\"a\"\"b\"", Kind::kQuoted},
      {"`a``b`", Kind::kQuoted},
      {"[a \"b' c]", Kind::kQuoted},
      {"''", Kind::kString},
      {"'it''s; -- fine'", Kind::kString},
      {"'two\nlines'", Kind::kString},
      {"x''", Kind::kBlob},
      {"X'0aFF'", Kind::kBlob},
      {"0", Kind::kNumber},
      {"1234567890123456789012345", Kind::kNumber},
      {"1.5", Kind::kNumber},
      {"1.", Kind::kNumber},
      {".5", Kind::kNumber},
      {"1e10", Kind::kNumber},
      {"1.5E-3", Kind::kNumber},
      {"0x1F", Kind::kNumber},
      {"1_000", Kind::kNumber},
      {"?", Kind::kVariable},
      {"?12", Kind::kVariable},
      {":name", Kind::kVariable},
      {"@name", Kind::kVariable},
      {"$name", Kind::kVariable},
      {":1", Kind::kVariable},
      {"$a::b", Kind::kVariable},
      {"$a::b(c;d)", Kind::kVariable},
      {"->>", Kind::kOperator},
      {"->", Kind::kOperator},
      {"||", Kind::kOperator},
      {"==", Kind::kOperator},
      {"!=", Kind::kOperator},
      {"<>", Kind::kOperator},
      {"<<", Kind::kOperator},
      {">=", Kind::kOperator},
      {";", Kind::kOperator},
      {"x'0'", Kind::kIllegal},
      {"x'0g'", Kind::kIllegal},
      {"1a", Kind::kIllegal},
      {"0x", Kind::kIllegal},
      {"1e", Kind::kIllegal},
      {"12$", Kind::kIllegal},
      {":", Kind::kIllegal},
      {"@", Kind::kIllegal},
      {"$a(b c", Kind::kIllegal},
      {"!", Kind::kIllegal},
      {"|", Kind::kOperator},
      {"#", Kind::kIllegal},
      {"\\", Kind::kIllegal},
      {"{", Kind::kIllegal},
      {std::string(1, '\0'), Kind::kIllegal},
      {"\v", Kind::kIllegal},
      {"'open", Kind::kUnclosed},
      {"'open''", Kind::kUnclosed},
      {"\"open", Kind::kUnclosed},
      {"`open``", Kind::kUnclosed},
      {"[open", Kind::kUnclosed},
      {"/* open", Kind::kUnclosed},
      {"/*/", Kind::kUnclosed},
      {"x'00", Kind::kUnclosed},
  };
  for (const Single& row : rows) {
    Lexer lexer(row.text);
    Token token;
    ASSERT_TRUE(lexer.Next(&token)) << row.text;
    EXPECT_EQ(token.kind, row.kind) << row.text;
    const size_t whole = row.text == "$a(b c" ? 4 : row.text.size();
    EXPECT_EQ(token.size, whole) << row.text;
  }
}

TEST(SqlToken, NeighboursAreCutApart) {
  using K = Kind;
  EXPECT_EQ(TokensOf("a.b=?1AND c"), (Cut{{K::kWord, "a"},
                                          {K::kOperator, "."},
                                          {K::kWord, "b"},
                                          {K::kOperator, "="},
                                          {K::kVariable, "?1"},
                                          {K::kWord, "AND"},
                                          {K::kWord, "c"}}));
  EXPECT_EQ(TokensOf("1--2\n-3"), (Cut{{K::kNumber, "1"}, {K::kOperator, "-"}, {K::kNumber, "3"}}));
  EXPECT_EQ(TokensOf("a/*b*/c"), (Cut{{K::kWord, "a"}, {K::kWord, "c"}}));
  EXPECT_EQ(TokensOf("'a'x'00'"), (Cut{{K::kString, "'a'"}, {K::kBlob, "x'00'"}}));
  EXPECT_EQ(TokensOf("1.2.3"), (Cut{{K::kNumber, "1.2"}, {K::kNumber, ".3"}}));
  EXPECT_EQ(TokensOf(":a::b :a"), (Cut{{K::kVariable, ":a::b"}, {K::kVariable, ":a"}}));
  EXPECT_EQ(TokensOf("a->>'$.b'"),
            (Cut{{K::kWord, "a"}, {K::kOperator, "->>"}, {K::kString, "'$.b'"}}));
}

TEST(SqlToken, AKeywordIsOneInAnyCaseAndNoPartOfAWord) {
  EXPECT_EQ(KeywordOf("select"), Keyword::kSelect);
  EXPECT_EQ(KeywordOf("SeLeCt"), Keyword::kSelect);
  EXPECT_EQ(KeywordOf("add"), Keyword::kAdd);
  EXPECT_EQ(KeywordOf("with"), Keyword::kWith);
  EXPECT_EQ(KeywordOf("materialized"), Keyword::kMaterialized);
  EXPECT_EQ(KeywordOf("transaction"), Keyword::kNone);
  EXPECT_EQ(KeywordOf("selects"), Keyword::kNone);
  EXPECT_EQ(KeywordOf("without"), Keyword::kNone);
  EXPECT_EQ(KeywordOf(""), Keyword::kNone);
  EXPECT_EQ(KeywordOf(std::string(1'000, 'a')), Keyword::kNone);
  EXPECT_TRUE(IsReserved(Keyword::kSelect));
  EXPECT_FALSE(IsReserved(Keyword::kReplace));
  EXPECT_FALSE(IsReserved(Keyword::kLeft));
}

}  // namespace
}  // namespace tidemark::sqltext
