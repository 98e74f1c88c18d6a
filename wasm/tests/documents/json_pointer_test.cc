// JSON pointers: RFC 6901, section 5, and what is none.

#include "documents/json_pointer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tidemark::json {
namespace {

std::vector<std::string> Segments(std::string_view pointer) {
  std::vector<std::string> segments;
  std::string segment;
  while (TakeSegment(&pointer, &segment)) segments.push_back(segment);
  return segments;
}

TEST(JsonPointer, SegmentsAreUnescaped) {
  using List = std::vector<std::string>;
  const std::pair<std::string_view, List> cases[] = {
      {"", {}},
      {"/", {""}},
      {"/foo/0", {"foo", "0"}},
      {"/a~1b", {"a/b"}},
      {"/m~0n", {"m~n"}},
      {"/~01", {"~1"}},
      {"/~10/~00", {"/0", "~0"}},
      {"//", {"", ""}},
      {"/ /k\"l/c%d", {" ", "k\"l", "c%d"}},
  };
  for (const auto& [pointer, segments] : cases) {
    EXPECT_TRUE(IsPointer(pointer)) << pointer;
    EXPECT_EQ(Segments(pointer), segments) << pointer;
    EXPECT_EQ(PointerLength(pointer), segments.size()) << pointer;
    if (segments.empty()) continue;
    std::string_view above = pointer;
    EXPECT_EQ(TakeLastSegment(&above), segments.back());
    EXPECT_EQ(Segments(above), List(segments.begin(), segments.end() - 1));
  }
}

TEST(JsonPointer, OthersAreNone) {
  for (const std::string_view text : {"a", "a/b", "~0", "/~", "/~2", "/a~", "/~0~", "#/a", " /"}) {
    EXPECT_FALSE(IsPointer(text)) << text;
  }
}

TEST(JsonPointer, AnIndexHasDigitsAndNoLeadingZero) {
  EXPECT_EQ(ParseIndex("0"), 0u);
  EXPECT_EQ(ParseIndex("10"), 10u);
  EXPECT_EQ(ParseIndex("999999999"), 999'999'999u);
  for (const std::string_view text : {"", "-", "-1", "+1", "00", "01", "1e0", "1.0", " 1", "1 ",
                                      "a", "1000000000", "18446744073709551616"}) {
    EXPECT_EQ(ParseIndex(text), std::nullopt) << text;
  }
}

TEST(JsonPointer, WithinMeansDeeperInTheSamePlace) {
  EXPECT_TRUE(LeadsWithin("", "/a"));
  EXPECT_TRUE(LeadsWithin("/a", "/a/b/c"));
  EXPECT_FALSE(LeadsWithin("/a", "/a"));
  EXPECT_FALSE(LeadsWithin("/a", "/ab"));
  EXPECT_FALSE(LeadsWithin("/a/b", "/a"));
}

}  // namespace
}  // namespace tidemark::json
