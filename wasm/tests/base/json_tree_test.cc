#include "base/json_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/base/json_texts.h"

namespace tidemark {
namespace {

constexpr uint32_t kDepthMax = 8;

std::string_view CodeOf(std::string_view text) {
  const Result<nlohmann::json> tree = ParseTree(text, kDepthMax);
  return tree.ok() ? "ok" : tree.status().code();
}

nlohmann::json Parsed(std::string_view text) {
  Result<nlohmann::json> tree = ParseTree(text, kDepthMax);
  EXPECT_TRUE(tree.ok()) << text;
  return tree.ok() ? *tree : nlohmann::json();
}

TEST(JsonTree, EveryFaultHasItsCode) {
  EXPECT_EQ(CodeOf(R"({"a":[1,2.5,"é",null,true]})"), "ok");
  EXPECT_EQ(CodeOf("\"\xff\""), "invalid_utf8");
  EXPECT_EQ(CodeOf(R"("\ud800")"), "invalid_utf8");
  EXPECT_EQ(CodeOf(""), "invalid_json");
  EXPECT_EQ(CodeOf("{} {}"), "invalid_json");
  EXPECT_EQ(CodeOf("[1,]"), "invalid_json");
  EXPECT_EQ(CodeOf(std::string_view("1\0", 2)), "invalid_json");
  EXPECT_EQ(CodeOf("\xEF\xBB\xBF{}"), "invalid_json");
  EXPECT_EQ(CodeOf("1e999"), "invalid_json");
  EXPECT_EQ(CodeOf("[[[[[[[[1]]]]]]]]"), "ok");
  EXPECT_EQ(CodeOf("[[[[[[[[[1]]]]]]]]]"), "too_deep");
  EXPECT_EQ(CodeOf(std::string(100'000, '[') + std::string(100'000, ']')), "too_deep");
  EXPECT_EQ(CodeOf(std::string(100'000, '[')), "invalid_json");
}

TEST(JsonTree, TreesAreThoseOfTheLibrarysOwnParser) {
  std::vector<std::string> texts(json::kValid.begin(), json::kValid.end());
  texts.insert(texts.end(),
               {"9223372036854775807", "9223372036854775808", "18446744073709551615",
                "-9223372036854775808", "-9223372036854775809", "-18446744073709551616",
                R"({"a":{"b":1,"b":[2]},"a":{"c":[{"d":"\u0041\n"},[],{}]}})",
                R"(["e\u0301",0.1,1e22,123456789012345678e-5,2.2250738585072011e-308])",
                R"({"a\tb":{"\ud83d\ude00":-0.0}})"});
  for (const std::string& text : texts) {
    const nlohmann::json expected = nlohmann::json::parse(text, nullptr, false);
    const Result<nlohmann::json> tree = ParseTree(text, kDepthMax);
    ASSERT_EQ(tree.ok(), !expected.is_discarded()) << text;
    // Texts tell an integer from a double of the same value.
    if (tree.ok()) EXPECT_EQ(tree->dump(), expected.dump()) << text;
  }
}

TEST(JsonTree, FaultsAreBadRequests) {
  EXPECT_EQ(ParseTree("[", kDepthMax).status().http_status(), 400);
  EXPECT_EQ(ParseTree("[[]]", 1).status().http_status(), 400);
  EXPECT_EQ(ParseTree("\xff", kDepthMax).status().message(), "The text is not UTF-8 at byte 0.");
}

TEST(JsonTree, DumpIsCompactAndReplacesWhatIsNotUtf8) {
  EXPECT_EQ(DumpTree(Parsed(R"( { "b" : [ 1 , "é" ] } )")), R"({"b":[1,"é"]})");
  EXPECT_EQ(DumpTree(nlohmann::json("a\xff")), "\"a\uFFFD\"");
}

TEST(JsonTree, FieldsAreReadByType) {
  const nlohmann::json tree =
      Parsed(R"({"s":"x","i":-5,"f":1.5,"b":true,"o":{"k":1},"a":[1],"n":null})");
  ASSERT_NE(StringField(tree, "s"), nullptr);
  EXPECT_EQ(*StringField(tree, "s"), "x");
  EXPECT_EQ(IntegerField(tree, "i"), -5);
  EXPECT_EQ(NumberField(tree, "i"), -5.0);
  EXPECT_EQ(NumberField(tree, "f"), 1.5);
  EXPECT_EQ(BoolField(tree, "b"), true);
  ASSERT_NE(ObjectField(tree, "o"), nullptr);
  EXPECT_EQ(IntegerField(*ObjectField(tree, "o"), "k"), 1);
  ASSERT_NE(ArrayField(tree, "a"), nullptr);
  EXPECT_NE(Field(tree, "n"), nullptr);
}

TEST(JsonTree, FieldsOfAnotherTypeAndMissingOnesAreNone) {
  const nlohmann::json tree = Parsed(R"({"s":"x","f":1.5,"n":null,"a":[]})");
  for (const nlohmann::json& object : {tree, nlohmann::json(), nlohmann::json::array({1})}) {
    for (const std::string_view key : {"f", "n", "a", "missing"}) {
      EXPECT_EQ(StringField(object, key), nullptr);
      EXPECT_EQ(ObjectField(object, key), nullptr);
      EXPECT_EQ(IntegerField(object, key), std::nullopt);
      EXPECT_EQ(BoolField(object, key), std::nullopt);
    }
    EXPECT_EQ(NumberField(object, "s"), std::nullopt);
    EXPECT_EQ(ArrayField(object, "s"), nullptr);
    EXPECT_EQ(Field(object, "missing"), nullptr);
  }
}

TEST(JsonTree, IntegersEndAtTheSafeRange) {
  const nlohmann::json tree = Parsed(
      R"({"max":9007199254740991,"min":-9007199254740991,"above":9007199254740992,
          "below":-9007199254740992,"huge":18446744073709551615,"real":5.0,"zero":-0})");
  EXPECT_EQ(IntegerField(tree, "max"), 9007199254740991);
  EXPECT_EQ(IntegerField(tree, "min"), -9007199254740991);
  EXPECT_EQ(IntegerField(tree, "zero"), 0);
  for (const std::string_view key : {"above", "below", "huge", "real"}) {
    EXPECT_EQ(IntegerField(tree, key), std::nullopt) << key;
  }
}

}  // namespace
}  // namespace tidemark
