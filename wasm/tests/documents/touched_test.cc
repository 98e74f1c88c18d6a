// Which parts of a document a patch names.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "documents/json_patch.h"
#include "documents/merge_patch.h"

namespace tidemark::json {
namespace {

std::string Shown(const Touched& touched) {
  if (touched.whole_root) return touched.reads ? "root reads" : "root";
  std::string text = touched.member;
  if (touched.element) text += "|" + *touched.element;
  if (touched.deeper) text += "|*";
  if (touched.restructures) text += " restructures";
  if (touched.reads) text += " reads";
  return text;
}

// "; " between the pointers.
std::string TouchedBy(std::string_view patch) {
  const Result<std::vector<Touched>> all = TouchedByJsonPatch(patch);
  if (!all.ok()) return std::string(all.status().code());
  std::string text;
  for (const Touched& touched : *all) text += (text.empty() ? "" : "; ") + Shown(touched);
  return text;
}

TEST(Touched, EachOperationSaysWhatItDoesWhere) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"([])", ""},
      {R"([{"op":"test","path":"","value":1}])", "root reads"},
      {R"([{"op":"replace","path":"","value":1}])", "root"},
      {R"([{"op":"test","path":"/c/5/name","value":1}])", "c|5|* reads"},
      {R"([{"op":"test","path":"/c/5","value":1}])", "c|5 reads"},
      {R"([{"op":"replace","path":"/c/5/name","value":1}])", "c|5|* reads"},
      {R"([{"op":"replace","path":"/c/5","value":1}])", "c|5"},
      {R"([{"op":"replace","path":"/c","value":1}])", "c"},
      {R"([{"op":"add","path":"/c/5/name","value":1}])", "c|5|* reads"},
      {R"([{"op":"add","path":"/c/-","value":1}])", "c|- restructures"},
      {R"([{"op":"add","path":"/c","value":1}])", "c restructures"},
      {R"([{"op":"remove","path":"/c/5"}])", "c|5 restructures"},
      {R"([{"op":"remove","path":"/c/5/a/b"}])", "c|5|* reads"},
      {R"([{"op":"move","from":"/c/5","path":"/d/0"}])",
       "c|5 restructures reads; d|0 restructures"},
      {R"([{"op":"copy","from":"/c/5","path":"/d/0/x"}])", "c|5 reads; d|0|* reads"},
      {R"([{"op":"copy","from":"","path":"/d"}])", "root reads; d restructures"},
      {R"([{"op":"test","path":"/a~1b/m~0n","value":1}])", "a/b|m~n reads"},
  };
  for (const auto& [patch, expected] : cases) EXPECT_EQ(TouchedBy(patch), expected) << patch;
}

TEST(Touched, EqualOnesInARowAreThereOnce) {
  EXPECT_EQ(TouchedBy(R"([{"op":"test","path":"/c/5/a","value":1},
                          {"op":"replace","path":"/c/5/b","value":1},
                          {"op":"test","path":"/c/6/a","value":1}])"),
            "c|5|* reads; c|6|* reads");
}

TEST(Touched, AnInvalidPatchIsRefusedAsWhenItIsApplied) {
  EXPECT_EQ(TouchedBy("{}"), "invalid_patch");
  EXPECT_EQ(TouchedBy("["), "invalid_json");
  EXPECT_EQ(TouchedBy(R"([{"op":"add","path":"/a"}])"), "invalid_patch");
  EXPECT_EQ(TouchedBy(R"([{"op":"move","from":"/a","path":"/a/b"}])"), "invalid_patch");
}

TEST(Touched, TooManyOperationsAreRefused) {
  std::string patch = "[";
  for (int i = 0; i < 300'000; ++i) {
    patch += (i == 0 ? "" : ",") + std::string(R"({"op":"remove","path":"/a"})");
  }
  EXPECT_EQ(TouchedBy(patch + "]"), "patch_too_costly");
}

TEST(Touched, AMergePatchNamesItsKeysOnce) {
  const auto keys = [](std::string_view patch) { return *TouchedByMergePatch(patch); };
  EXPECT_EQ(keys(R"({"b":1,"\u0061":null,"b":{}})"), (std::vector<std::string>{"b", "a"}));
  EXPECT_TRUE(keys("[1]").empty());
  EXPECT_TRUE(keys("{}").empty());
  EXPECT_EQ(TouchedByMergePatch("{").status().code(), "invalid_json");
}

}  // namespace
}  // namespace tidemark::json
