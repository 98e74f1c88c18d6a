// Equality of JSON values by RFC 6902, section 4.6.

#include "documents/json_equal.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/documents/patch_support.h"

namespace tidemark::json {
namespace {

TEST(JsonEqual, NumbersAreEqualByValue) {
  const std::vector<std::vector<std::string_view>> groups = {
      {"0", "-0", "0.0", "-0.00", "0e9", "0E-9", "0e99999999999999999999"},
      {"100", "1e2", "1E+2", "100.0", "10e1", "0.1e3", "1000e-1", "1e00000000000000000002"},
      {"-100", "-1e2", "-100.00"},
      {"0.001", "1e-3", "0.1e-2", "0.00100", "10e-4"},
      {"9007199254740993", "9007199254740993.0", "9.007199254740993e15"},
      {"9007199254740992", "9007199254740992e0"},
      {"123456789012345678901234567890", "12345678901234567890123456789e1"},
      {"123456789012345678901234567891"},
      {"1e400", "10e399"},
      {"1e401"},
      {"1e-400"},
      {"1.5", "15e-1"},
      {"1e99999999999999999999"},
      {"1e-99999999999999999999"}};
  for (size_t i = 0; i < groups.size(); ++i) {
    for (size_t j = 0; j < groups.size(); ++j) {
      for (const std::string_view a : groups[i]) {
        for (const std::string_view b : groups[j]) {
          EXPECT_EQ(EqualNumbers(a, b), i == j) << a << " and " << b;
        }
      }
    }
  }
}

TEST(JsonEqual, StringsAreEqualByCharacters) {
  EXPECT_TRUE(EqualTexts(R"("\u00e9\/")", R"("é/")"));
  EXPECT_TRUE(EqualTexts(R"("\ud83d\ude00")", "\"\U0001F600\""));
  EXPECT_TRUE(EqualTexts(R"("\u0041\n")", R"("A\u000a")"));
  EXPECT_FALSE(EqualTexts(R"("e\u0301")", R"("\u00e9")"));
  EXPECT_FALSE(EqualTexts(R"("a\\n")", R"("a\n")"));
  EXPECT_FALSE(EqualTexts(R"("1")", "1"));
}

TEST(JsonEqual, ObjectsAreEqualWithoutOrderAndArraysWithIt) {
  EXPECT_TRUE(EqualTexts(R"({"a":1,"b":[1,{"c":2}]})", R"({ "b":[1.0,{"\u0063":2e0}], "a":1 })"));
  EXPECT_TRUE(EqualTexts(R"({"a":0,"b":2,"a":1})", R"({"b":2,"a":1})"));
  EXPECT_FALSE(EqualTexts(R"({"a":1})", R"({"a":1,"b":null})"));
  EXPECT_FALSE(EqualTexts(R"({"a":1})", R"({"b":1})"));
  EXPECT_FALSE(EqualTexts(R"({"a":1,"b":2})", R"({"a":2,"b":1})"));
  EXPECT_TRUE(EqualTexts("[1, 2]", "[1,2]"));
  EXPECT_FALSE(EqualTexts("[1,2]", "[2,1]"));
  EXPECT_FALSE(EqualTexts("[1]", "[1,2]"));
  EXPECT_FALSE(EqualTexts("[1,2]", "[1]"));
  EXPECT_FALSE(EqualTexts("[]", "{}"));
  EXPECT_TRUE(EqualTexts("[ ]", "[]"));
}

TEST(JsonEqual, LiteralsAreEqualToThemselves) {
  const std::string_view literals[] = {"true", "false", "null", "0", "\"\""};
  for (const std::string_view a : literals) {
    for (const std::string_view b : literals) EXPECT_EQ(EqualTexts(a, b), a == b);
  }
}

TEST(JsonEqual, DeepTextsThatDifferWithinAreBoundedByWork) {
  const std::string filler(50'000, 'x');
  std::string a = "\"" + filler + "\\u0041\"";
  std::string b = "\"" + filler + "A\"";
  for (int level = 0; level < 90; ++level) {
    a = "[" + a + "]";
    b = "[" + b + "]";
  }
  PatchWork enough(90 * 2 * 52'000);
  EXPECT_TRUE(Equal(ValueOf(a), ValueOf(b), &enough));
  PatchWork little(1'000'000);
  EXPECT_FALSE(Equal(ValueOf(a), ValueOf(b), &little));
  EXPECT_TRUE(little.spent());
}

}  // namespace
}  // namespace tidemark::json
