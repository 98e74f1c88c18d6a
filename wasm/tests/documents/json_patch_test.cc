// JSON patches: what they leave alone, how they fail, and what they may cost.

#include "documents/json_patch.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/documents/patch_support.h"

namespace tidemark::json {
namespace {

constexpr std::string_view kDocument =
    R"({ "n" : 1.0, "c" : [ {"id":"a", "x" : 1e2}, {"id":"b"} ] , "o":{ "k":[ ] } })";

std::string CodeOf(std::string_view patch) { return Patched(kDocument, patch).code; }

TEST(JsonPatch, WhatItDoesNotTouchKeepsItsBytes) {
  EXPECT_EQ(Patched(kDocument, R"([{"op":"replace","path":"/c/1/id","value":"z"}])").text,
            R"({"n":1.0,"c":[{"id":"a", "x" : 1e2},{"id":"z"}],"o":{ "k":[ ] }})");
  EXPECT_EQ(Patched(kDocument, R"([{"op":"add","path":"/c/0","value":{ "id" : 1e1 }}])").text,
            R"({"n":1.0,"c":[{ "id" : 1e1 },{"id":"a", "x" : 1e2},{"id":"b"}],"o":{ "k":[ ] }})");
  EXPECT_EQ(Patched(kDocument, R"([{"op":"move","from":"/c/0/x","path":"/m"}])").text,
            R"({"n":1.0,"c":[{"id":"a"},{"id":"b"}],"o":{ "k":[ ] },"m":1e2})");
  EXPECT_EQ(Patched(kDocument, R"([{"op":"copy","from":"/c/0","path":"/o/k/-"}])").text,
            R"({"n":1.0,"c":[ {"id":"a", "x" : 1e2}, {"id":"b"} ],)"
            R"("o":{"k":[{"id":"a", "x" : 1e2}]}})");
}

TEST(JsonPatch, TestsAndAPatchOfNothingLeaveEveryByte) {
  EXPECT_EQ(Patched(kDocument, "[]").text, kDocument);
  EXPECT_EQ(Patched(kDocument, R"([{"op":"test","path":"/c/0/x","value":100},
                                   {"op":"test","path":"/c",
                                    "value":[{"x":100,"id":"a"},{"id":"b"}]},
                                   {"op":"move","from":"/o","path":"/o"},
                                   {"op":"move","from":"","path":""}])")
                .text,
            kDocument);
}

TEST(JsonPatch, OnlyWhatIsOnThePathIsTouched) {
  std::vector<Node> records;
  for (uint32_t i = 0; i < 3; ++i) {
    records.push_back(Node::OfText("{\"id\":\"" + std::to_string(i) + "\"}"));
    records.back().set_origin(i);
  }
  std::vector<Member> members;
  members.push_back({"c", Node::Array(std::move(records))});
  members.push_back({"v", Node::OfText("1")});
  Node root = Node::Object(std::move(members));
  PatchWork work;
  ASSERT_TRUE(ApplyJsonPatch(R"([{"op":"move","from":"/c/2","path":"/c/0"},
                                 {"op":"add","path":"/c/1/x","value":1},
                                 {"op":"copy","from":"/c/0","path":"/c/-"}])",
                             &root, &work)
                  .ok());
  EXPECT_FALSE(root.Find("v")->value.touched());
  const std::vector<Node>& items = root.Find("c")->value.items();
  const std::vector<std::pair<uint32_t, bool>> expected = {
      {2, false}, {0, true}, {1, false}, {Node::kNoOrigin, true}};
  ASSERT_EQ(items.size(), expected.size());
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].origin(), expected[i].first) << i;
    EXPECT_EQ(items[i].touched(), expected[i].second) << i;
  }
}

TEST(JsonPatch, WhatIsMovedOverAMemberOrTheDocumentIsTouched) {
  for (const std::string_view path : {"/b", "/o/b", ""}) {
    Node root = Node::OfText(R"({"a":{ "n" : 1 },"b":1,"o":{}})");
    PatchWork work;
    const std::string patch = R"([{"op":"move","from":"/a","path":")" + std::string(path) + "\"}]";
    ASSERT_TRUE(ApplyJsonPatch(patch, &root, &work).ok());
    const Node* const moved = path.empty()   ? &root
                              : path == "/b" ? &root.Find("b")->value
                                             : &root.Find("o")->value.Find("b")->value;
    EXPECT_TRUE(root.touched()) << path;
    EXPECT_TRUE(moved->touched()) << path;
    EXPECT_EQ(moved->Text(), R"({ "n" : 1 })") << path;
  }
}

TEST(JsonPatch, WhatIsMovedToAnotherListIsTouchedWithAllWithin) {
  for (const std::string_view patch :
       {R"([{"op":"move","from":"/c","path":"/d"}])",
        R"([{"op":"move","from":"/c/0","path":"/d/0"}])",
        R"([{"op":"move","from":"/c/1","path":"/c/0"},{"op":"move","from":"/c","path":"/d"}])"}) {
    std::vector<Member> members;
    for (const std::string_view key : {"c", "d"}) {
      std::vector<Node> items;
      items.push_back(Node::OfText(R"({"id":"a"})"));
      items.push_back(Node::OfText(R"({"id":"b"})"));
      members.push_back({std::string(key), Node::Array(std::move(items))});
    }
    Node root = Node::Object(std::move(members));
    PatchWork work;
    ASSERT_TRUE(ApplyJsonPatch(patch, &root, &work).ok());
    const Node& d = root.Find("d")->value;
    EXPECT_TRUE(d.touched()) << patch;
    EXPECT_TRUE(d.items()[0].touched()) << patch;
  }
}

TEST(JsonPatch, TheWholeDocumentIsAPlaceToo) {
  EXPECT_EQ(Patched("{}", R"([{"op":"add","path":"","value":[1]}])").text, "[1]");
  EXPECT_EQ(Patched("{}", R"([{"op":"replace","path":"","value":2}])").text, "2");
  EXPECT_EQ(Patched("{}", R"([{"op":"remove","path":""}])").text, "null");
  EXPECT_EQ(Patched(R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":""}])").text,
            R"({"b":1})");
  EXPECT_EQ(Patched(R"({"a":1})", R"([{"op":"copy","from":"","path":"/b"}])").text,
            R"({"a":1,"b":{"a":1}})");
}

TEST(JsonPatch, AnInvalidPatchIsRefused) {
  for (const std::string_view patch :
       {"{}",
        "1",
        "[1]",
        "[[]]",
        "[{}]",
        R"([{"op":"add"}])",
        R"([{"path":"/a"}])",
        R"([{"op":1,"path":"/a"}])",
        R"([{"op":"Add","path":"/a","value":1}])",
        R"([{"op":"add","path":"a","value":1}])",
        R"([{"op":"add","path":"/~2","value":1}])",
        R"([{"op":"add","path":["a"],"value":1}])",
        R"([{"op":"add","path":"/a"}])",
        R"([{"op":"replace","path":"/n"}])",
        R"([{"op":"test","path":"/n"}])",
        R"([{"op":"move","path":"/n"}])",
        R"([{"op":"copy","path":"/n","from":null}])",
        R"([{"op":"copy","path":"/n","from":"n"}])",
        R"([{"op":"move","from":"/o","path":"/o/k"}])",
        R"([{"op":"move","from":"","path":"/o"}])",
        R"([{"op":"add","path":"/a","value":1,"op":"remove"}])",
        R"([{"op":"add","path":"/a","value":1,"\u0070ath":"/b"}])"}) {
    const Outcome outcome = Patched(kDocument, patch);
    EXPECT_EQ(outcome.code, "invalid_patch") << patch;
    EXPECT_EQ(outcome.http_status, 400) << patch;
  }
  EXPECT_EQ(CodeOf("["), "invalid_json");
  EXPECT_EQ(CodeOf("[] x"), "invalid_json");
  EXPECT_EQ(CodeOf("[\"\xff\"]"), "invalid_utf8");
  EXPECT_EQ(CodeOf(R"([{"op":"\ud800"}])"), "invalid_utf8");
  EXPECT_EQ(CodeOf(Nested(101)), "too_deep");
}

TEST(JsonPatch, MembersOfAnOperationThatMeanNothingAreIgnored) {
  EXPECT_EQ(
      Patched("{}", R"([ { "value" : 1 , "x":[{}], "path":"\/a", "from":7,"o\u0070":"add" } ])")
          .text,
      R"({"a":1})");
}

TEST(JsonPatch, APointerToNothingIsAConflict) {
  for (const std::string_view operation :
       {R"("op":"remove","path":"/x")", R"("op":"remove","path":"/c/2")",
        R"("op":"remove","path":"/c/-")", R"("op":"replace","path":"/x","value":1)",
        R"("op":"replace","path":"/c/-","value":1)", R"("op":"replace","path":"/n/x","value":1)",
        R"("op":"add","path":"/x/y","value":1)", R"("op":"add","path":"/c/3","value":1)",
        R"("op":"add","path":"/c/01","value":1)", R"("op":"add","path":"/n/x","value":1)",
        R"("op":"add","path":"/c/-/x","value":1)", R"("op":"test","path":"/x","value":null)",
        R"("op":"move","from":"/x","path":"/y")", R"("op":"move","from":"/x","path":"/x")",
        R"("op":"copy","from":"/c/9","path":"/y")", R"("op":"move","from":"/n","path":"/x/y")"}) {
    const Outcome outcome = Patched(kDocument, "[{" + std::string(operation) + "}]");
    EXPECT_EQ(outcome.code, "path_missing") << operation;
    EXPECT_EQ(outcome.http_status, 409) << operation;
  }
}

TEST(JsonPatch, AMessageNamesTheOperationAndItsPointer) {
  EXPECT_EQ(
      Patched("{}", R"([{"op":"add","path":"/a","value":1},{"op":"remove","path":"/b/c"}])").text,
      R"(Operation 1: "/b/c" leads nowhere.)");
  const Outcome failed = Patched("{\"a\":1}", R"([{"op":"test","path":"/a","value":2}])");
  EXPECT_EQ(failed.code, "test_failed");
  EXPECT_EQ(failed.http_status, 409);
  EXPECT_EQ(failed.text, R"(Operation 0: "/a" is not what it is tested to be.)");
  // A pointer is cut where a character ends.
  std::string path = "/";
  for (int i = 0; i < 100; ++i) path += "é";
  const std::string message = Patched("{}", R"([{"op":"remove","path":")" + path + "\"}]").text;
  EXPECT_EQ(message, "Operation 0: \"" + path.substr(0, 99) + "...\" leads nowhere.");
}

TEST(JsonPatch, NoValueLiesDeeperThanAHundredLevels) {
  const std::string deep = R"({"a":)" + Nested(97) + R"(,"b":{"c":{"d":[]}}})";
  const auto patched = [&deep](std::string_view operation) {
    return Patched(deep, "[{" + std::string(operation) + "}]").code;
  };
  EXPECT_EQ(patched(R"("op":"copy","from":"/a","path":"/b/c/d")"), "ok");
  EXPECT_EQ(patched(R"("op":"copy","from":"/a","path":"/b/c/d/0")"), "too_deep");
  EXPECT_EQ(patched(R"("op":"move","from":"/a","path":"/b/c/d")"), "ok");
  EXPECT_EQ(patched(R"("op":"move","from":"/a","path":"/b/c/d/-")"), "too_deep");
  const std::string value = R"(,"value":)" + Nested(97);
  EXPECT_EQ(patched(R"("op":"replace","path":"/b/c/d")" + value), "ok");
  EXPECT_EQ(patched(R"("op":"add","path":"/b/c/d/0")" + value), "too_deep");
}

TEST(JsonPatch, CopiesOfCopiesStopAtTheBoundOfWork) {
  std::string patch = "[";
  for (int i = 0; i < 40; ++i) {
    patch += R"({"op":"copy","from":"/a","path":"/a/-"},)";
    patch += R"({"op":"copy","from":"/a/0","path":"/a/-"},)";
  }
  patch.back() = ']';
  const Outcome nested = Patched(R"({"a":["0123456789"]})", patch);
  EXPECT_EQ(nested.code, "patch_too_costly");
  EXPECT_EQ(nested.http_status, 413);
}

TEST(JsonPatch, ManyInsertionsBeforeALongListStopAtTheBoundOfWork) {
  std::vector<Node> items;
  for (int i = 0; i < 100'000; ++i) items.push_back(Node::OfText("0"));
  std::vector<Member> members;
  members.push_back({"c", Node::Array(std::move(items))});
  Node root = Node::Object(std::move(members));
  std::string patch = "[";
  for (int i = 0; i < 2'000; ++i) patch += R"({"op":"add","path":"/c/0","value":1},)";
  patch.back() = ']';
  PatchWork work;
  EXPECT_EQ(ApplyJsonPatch(patch, &root, &work).code(), "patch_too_costly");
}

TEST(JsonPatch, TenThousandEditsOfTenThousandRecordsAreWithinTheBound) {
  std::string document = R"({"c":[)";
  std::string patch = "[";
  for (int i = 0; i < 10'000; ++i) {
    document += (i == 0 ? "{\"id\":\"" : ",{\"id\":\"") + std::to_string(i) + R"(","n":[1,2,3]})";
    patch += R"({"op":"replace","path":"/c/)" + std::to_string(i) + R"(/n/1","value":7},)";
  }
  patch.back() = ']';
  const Outcome patched = Patched(document + "]}", patch);
  ASSERT_EQ(patched.code, "ok") << patched.text;
  EXPECT_EQ(patched.text.substr(patched.text.size() - 30), R"(]},{"id":"9999","n":[1,7,3]}]})");
}

TEST(JsonPatch, OnlyWhatIsNeededMustBeLoaded) {
  const auto run = [](std::string_view operation) {
    std::vector<Node> items;
    items.push_back(Node::Absent());
    items.push_back(Node::OfText("[2]"));
    items.push_back(Node::Absent());
    std::vector<Member> members;
    members.push_back({"c", Node::Array(std::move(items))});
    Node root = Node::Object(std::move(members));
    PatchWork work;
    const Status status = ApplyJsonPatch("[{" + std::string(operation) + "}]", &root, &work);
    return NeedsAbsent(status) ? "absent" : std::string(status.ok() ? "ok" : status.code());
  };
  for (const std::string_view operation :
       {R"("op":"remove","path":"/c/0")", R"("op":"replace","path":"/c/2","value":1)",
        R"("op":"add","path":"/c/0","value":1)", R"("op":"add","path":"/c/1/-","value":1)",
        R"("op":"test","path":"/c/1","value":[2])", R"("op":"copy","from":"/c/1","path":"/d")",
        R"("op":"remove","path":"/c")", R"("op":"replace","path":"","value":{})"}) {
    EXPECT_EQ(run(operation), "ok") << operation;
  }
  for (const std::string_view operation :
       {R"("op":"test","path":"/c/0","value":1)", R"("op":"test","path":"/c","value":1)",
        R"("op":"test","path":"/c/2/x","value":1)", R"("op":"copy","from":"/c/0","path":"/d")",
        R"("op":"move","from":"/c/0","path":"/d")", R"("op":"copy","from":"","path":"/d")",
        R"("op":"add","path":"/c/0/x","value":1)", R"("op":"remove","path":"/c/0/x")"}) {
    EXPECT_EQ(run(operation), "absent") << operation;
  }
  EXPECT_EQ(run(R"("op":"remove","path":"/c/3/x")"), "path_missing");
}

}  // namespace
}  // namespace tidemark::json
