#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json_scanner.h"

namespace tidemark::json {
namespace {

std::string Unescaped(std::string_view raw) {
  std::string text = "left over";
  EXPECT_TRUE(Unescape(raw, &text)) << raw;
  return text;
}

std::string Quoted(std::string_view utf8) {
  std::string text;
  AppendQuoted(&text, utf8);
  return text;
}

TEST(JsonText, UnescapeDecodesEveryEscape) {
  EXPECT_EQ(Unescaped(""), "");
  EXPECT_EQ(Unescaped("plain é"), "plain é");
  EXPECT_EQ(Unescaped(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(Unescaped(R"(a\u0041z)"), "aAz");
  EXPECT_EQ(Unescaped(R"(\u0000)"), std::string(1, '\0'));
  EXPECT_EQ(Unescaped(R"(\u007f\u0080\u07ff\u0800\uffff)"), "\x7f\u0080\u07ff\u0800\uffff");
  EXPECT_EQ(Unescaped(R"(\ud800\udc00\uDBFF\uDFFF)"), "\U00010000\U0010ffff");
}

TEST(JsonText, UnescapeRefusesLoneSurrogatesAndBrokenEscapes) {
  std::string text;
  for (const std::string_view raw :
       {R"(\ud800)", R"(\udc00)", R"(\ud800\u0041)", R"(\ud800x)", R"(\udc00\ud800)", R"(\)",
        R"(\x)", R"(\u)", R"(\u12)", R"(\u12g4)", R"(\ud800\u)", R"(\ud800\ud800)"}) {
    EXPECT_FALSE(Unescape(raw, &text)) << raw;
  }
}

TEST(JsonText, QuotedTextIsTheShortest) {
  EXPECT_EQ(Quoted(""), R"("")");
  EXPECT_EQ(Quoted("a/é😀\x7f"), "\"a/é😀\x7f\"");
  EXPECT_EQ(Quoted("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(Quoted(std::string_view("\0\x01\x0b\x1f", 4)), R"("\u0000\u0001\u000b\u001f")");
}

TEST(JsonText, QuotedTextReadsBackAsItself) {
  for (size_t padding = 0; padding < 40; ++padding) {
    for (int byte = 0; byte < 128; ++byte) {
      const std::string text = std::string(padding, 'x') + static_cast<char>(byte) + "é tail";
      const std::string quoted = Quoted(text);
      EXPECT_EQ(quoted, nlohmann::json(text).dump());
      EXPECT_EQ(Unescaped(std::string_view(quoted).substr(1, quoted.size() - 2)), text);
    }
  }
}

TEST(JsonText, AppendQuotedKeepsWhatIsThere) {
  std::string text = "[";
  AppendQuoted(&text, "a");
  EXPECT_EQ(text, "[\"a\"");
}

TEST(JsonText, IntegersUpToTheSafeRangeAreParsed) {
  const auto parsed = [](std::string_view number) {
    int64_t value = -77;
    EXPECT_EQ(ParseInteger(number, &value), IntegerFault::kNone) << number;
    return value;
  };
  EXPECT_EQ(parsed("0"), 0);
  EXPECT_EQ(parsed("-0"), 0);
  EXPECT_EQ(parsed("-1"), -1);
  EXPECT_EQ(parsed("9007199254740991"), 9007199254740991);
  EXPECT_EQ(parsed("-9007199254740991"), -9007199254740991);
}

TEST(JsonText, IntegersBeyondTheSafeRangeAreOutOfRange) {
  int64_t value = 0;
  for (const std::string_view number :
       {"9007199254740992", "-9007199254740992", "9999999999999999", "10000000000000000",
        "18446744073709551617", "123456789012345678901234567890"}) {
    EXPECT_EQ(ParseInteger(number, &value), IntegerFault::kOutOfRange) << number;
  }
}

TEST(JsonText, OtherNumbersAreNoIntegers) {
  int64_t value = 0;
  for (const std::string_view number :
       {"", "-", "1.0", "1e3", "1E3", "0.0", "+1", "01", "-00", " 1", "1 ", "a", "--1"}) {
    EXPECT_EQ(ParseInteger(number, &value), IntegerFault::kNotInteger) << number;
  }
}

}  // namespace
}  // namespace tidemark::json
