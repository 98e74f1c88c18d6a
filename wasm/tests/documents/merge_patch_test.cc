// Merge patches: the cases of RFC 7396, appendix A, and what they leave open.

#include "documents/merge_patch.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/documents/patch_support.h"

namespace tidemark::json {
namespace {

struct Case {
  std::string_view original;
  std::string_view patch;
  std::string_view result;
};

constexpr Case kAppendixA[] = {
    {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
    {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
    {R"({"a":"b"})", R"({"a":null})", R"({})"},
    {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
    {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
    {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
    {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
    {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
    {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
    {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
    {R"({"a":"foo"})", R"(null)", R"(null)"},
    {R"({"a":"foo"})", R"("bar")", R"("bar")"},
    {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
    {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
    {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
};

TEST(MergePatch, CasesOfAppendixA) {
  for (const Case& c : kAppendixA) {
    EXPECT_EQ(Merged(c.original, c.patch).text, c.result) << c.original << " " << c.patch;
  }
}

TEST(MergePatch, WhatItDoesNotNameKeepsItsBytesAndItsPlace) {
  EXPECT_EQ(Merged(R"({ "a" : [ 1 ,2], "b": 1.0, "c" : { "d" : 1e2 , "e":"\u00e9" } })",
                   R"({"b":7,"c":{"d":null}, "f":[ 0.10 ]})")
                .text,
            R"({"a":[ 1 ,2],"b":7,"c":{"e":"\u00e9"},"f":[ 0.10 ]})");
}

TEST(MergePatch, APatchThatChangesNothingLeavesEveryByte) {
  const std::string_view text = R"({ "a" : { "b" : 1 } })";
  for (const std::string_view patch : {"{}", R"({"x":null})", R"({"a":{"x":null}})"}) {
    Node root = Node::OfText(std::string(text));
    PatchWork work;
    ASSERT_TRUE(ApplyMergePatch(patch, &root, &work).ok());
    EXPECT_FALSE(root.touched()) << patch;
    EXPECT_EQ(root.Text(), text);
  }
}

TEST(MergePatch, OfRepeatedKeysOnlyTheLastIsMerged) {
  EXPECT_EQ(Merged("{}", R"({"a":{"b":1},"a":{"c":1}})").text, R"({"a":{"c":1}})");
  EXPECT_EQ(Merged(R"({"a":1})", R"({"a":2,"a":null})").text, "{}");
  EXPECT_EQ(Merged(R"({"a":1})", R"({"\u0061":2})").text, R"({"a":2})");
}

TEST(MergePatch, FaultsHaveTheirCodes) {
  EXPECT_EQ(Merged("{}", "{").code, "invalid_json");
  EXPECT_EQ(Merged("{}", "").code, "invalid_json");
  EXPECT_EQ(Merged("{}", "\"\xff\"").code, "invalid_utf8");
  EXPECT_EQ(Merged("{}", R"({"\udc00":1})").code, "invalid_utf8");
  EXPECT_EQ(Merged("{}", Nested(100)).code, "ok");
  EXPECT_EQ(Merged("{}", Nested(101)).code, "too_deep");
  EXPECT_EQ(Merged("{}", Nested(100'000)).code, "too_deep");
}

TEST(MergePatch, MembersThatAreNotLoadedCanBeReplacedButNotMerged) {
  const auto run = [](std::string_view patch) {
    std::vector<Member> members;
    members.push_back({"a", Node::Absent()});
    Node root = Node::Object(std::move(members));
    PatchWork work;
    const Status status = ApplyMergePatch(patch, &root, &work);
    return NeedsAbsent(status) ? "absent" : OutcomeOf(status, root).text;
  };
  EXPECT_EQ(run(R"({"a":[1]})"), R"({"a":[1]})");
  EXPECT_EQ(run(R"({"a":null})"), "{}");
  EXPECT_EQ(run(R"({"a":{"b":1}})"), "absent");
}

TEST(MergePatch, AnObjectOfManyMembersMergesWithAnother) {
  std::string document = "{";
  std::string patch = "{";
  for (int i = 0; i < 50'000; ++i) {
    document += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
    patch += (i == 0 ? "\"k" : ",\"k") + std::to_string(i * 2) + (i % 2 == 0 ? "\":2" : "\":null");
  }
  const Outcome merged = Merged(document + "}", patch + "}");
  ASSERT_EQ(merged.code, "ok") << merged.text;
  Node root = Node::OfText(merged.text);
  ASSERT_TRUE(root.Open());
  // Of the even keys that were there half go; of the other 25,000 in the patch half are new.
  EXPECT_EQ(root.members().size(), 50'000u - 12'500 + 12'500);
  EXPECT_EQ(root.Find("k1")->value.Text(), "1");
  EXPECT_EQ(root.Find("k0")->value.Text(), "2");
  EXPECT_EQ(root.Find("k2"), nullptr);
  EXPECT_EQ(root.Find("k99996")->value.Text(), "2");
}

TEST(MergePatch, WorkIsBounded) {
  PatchWork little(1'000);
  Node root = Node::OfText("{}");
  const Status status =
      ApplyMergePatch(R"({"a":")" + std::string(1'000, 'x') + "\"}", &root, &little);
  EXPECT_EQ(status.code(), "patch_too_costly");
  EXPECT_EQ(status.http_status(), 413);
}

}  // namespace
}  // namespace tidemark::json
