// Nodes: what is not touched keeps its bytes, whatever was looked at.

#include "documents/json_node.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/documents/patch_support.h"

namespace tidemark::json {
namespace {

constexpr std::string_view kSpaced =
    R"({ "b" : [ 1.0 , 2e0,{"x" : "\u00e9"} ],"a":{ "k" :  null } , "\u0063":-0 })";

Node Opened(std::string_view text) {
  Node node = Node::OfText(std::string(text));
  EXPECT_TRUE(node.Open());
  return node;
}

TEST(JsonNode, KindIsReadFromTheText) {
  const std::pair<std::string_view, Kind> kinds[] = {
      {"{}", Kind::kObject}, {"[]", Kind::kArray},    {"\"\"", Kind::kString},
      {"-1", Kind::kNumber}, {"0", Kind::kNumber},    {"9e1", Kind::kNumber},
      {"true", Kind::kTrue}, {"false", Kind::kFalse}, {"null", Kind::kNull}};
  for (const auto& [text, kind] : kinds) {
    EXPECT_EQ(Node::OfText(std::string(text)).kind(), kind) << text;
  }
}

TEST(JsonNode, LookingWithinLeavesEveryByte) {
  Node node = Opened(kSpaced);
  ASSERT_EQ(node.members().size(), 3u);
  for (Member& member : node.members()) ASSERT_TRUE(member.value.Open());
  EXPECT_FALSE(node.touched());
  EXPECT_EQ(node.Text(), kSpaced);
  EXPECT_EQ(*node.standing_text(), kSpaced);
}

TEST(JsonNode, TouchingOneMemberKeepsTheBytesOfTheOthers) {
  Node node = Opened(kSpaced);
  Node* const a = &node.Find("a")->value;
  ASSERT_TRUE(a->Open());
  a->members().push_back({"n\"\n", Node::OfPatch("1", 0)});
  a->Touch();
  node.Touch();
  EXPECT_EQ(node.Text(), R"({"b":[ 1.0 , 2e0,{"x" : "\u00e9"} ],"a":{"k":null,"n\"\n":1},"c":-0})");
  EXPECT_EQ(node.TextBytes(), node.Text().size());
  EXPECT_EQ(node.standing_text(), nullptr);
  EXPECT_FALSE(node.Find("b")->value.touched());
  EXPECT_TRUE(a->touched());
}

TEST(JsonNode, OfRepeatedKeysTheLastValueStandsAtTheFirstPlace) {
  Node node = Opened(R"({"a":1,"b":2,"\u0061":3,"c":4,"b":5,"a":6})");
  ASSERT_EQ(node.members().size(), 3u);
  node.Touch();
  EXPECT_EQ(node.Text(), R"({"a":6,"b":5,"c":4})");
}

TEST(JsonNode, EmptyContainersStayEmpty) {
  for (const std::string_view text : {"{}", "[]", "{ }", "[ ]"}) {
    Node node = Opened(text);
    node.Touch();
    EXPECT_EQ(node.Text(), text.front() == '{' ? "{}" : "[]");
    EXPECT_EQ(node.TextBytes(), 2u);
    EXPECT_EQ(node.Depth(), 1u);
  }
}

TEST(JsonNode, ScalarsHaveNoChildrenToOpen) {
  Node node = Opened("12.50");
  EXPECT_EQ(node.Text(), "12.50");
  EXPECT_EQ(node.Depth(), 0u);
}

TEST(JsonNode, WhatAPatchBroughtIsTouchedWithAllWithin) {
  Node node = Node::OfPatch(R"([[1]])", 2);
  EXPECT_TRUE(node.touched());
  ASSERT_TRUE(node.Open());
  EXPECT_TRUE(node.items()[0].touched());
  EXPECT_EQ(node.items()[0].Depth(), 1u);
  EXPECT_EQ(node.Text(), "[[1]]");
}

TEST(JsonNode, DepthIsThatOfTheDeepestChild) {
  Node node = Opened(R"([1,{"a":[[]]},[]])");
  EXPECT_EQ(node.Depth(), 4u);
  node.items().erase(node.items().begin() + 1);
  node.Touch();
  EXPECT_EQ(node.Depth(), 2u);
  EXPECT_EQ(Node::OfText(Nested(1000)).Depth(), 1000u);
}

TEST(JsonNode, AnAbsentChildLeavesNoTextAndNoDepth) {
  std::vector<Node> items;
  items.push_back(Node::OfText("1"));
  items.push_back(Node::Absent());
  std::vector<Member> members;
  members.push_back({"all", Node::Array(std::move(items))});
  Node root = Node::Object(std::move(members));
  EXPECT_EQ(root.TextBytes(), std::nullopt);
  EXPECT_EQ(root.Depth(), std::nullopt);
  Node& all = root.Find("all")->value;
  EXPECT_TRUE(all.items()[1].absent());
  all.items().pop_back();
  EXPECT_EQ(root.Text(), R"({"all":[1]})");
  EXPECT_EQ(root.Depth(), 2u);
  EXPECT_FALSE(root.touched());
}

TEST(JsonNode, OriginGoesWithTheNode) {
  Node node = Node::OfText("1");
  EXPECT_EQ(node.origin(), Node::kNoOrigin);
  node.set_origin(7);
  const Node moved = std::move(node);
  EXPECT_EQ(moved.origin(), 7u);
}

TEST(JsonNode, OpeningStopsAtTheBoundOfWork) {
  std::string many = "[0";
  for (int i = 1; i < 1000; ++i) many += ",0";
  many += "]";
  PatchWork little(1000 * PatchWork::kItemMade);
  EXPECT_FALSE(Node::OfText(many).Open(&little));
  EXPECT_TRUE(little.spent());
  PatchWork enough(2000 * PatchWork::kItemMade);
  EXPECT_TRUE(Node::OfText(many).Open(&enough));
}

TEST(JsonNode, IsSmallEnoughForAHundredThousandRecords) { EXPECT_LE(sizeof(Node), 64u); }

}  // namespace
}  // namespace tidemark::json
