#include "base/json_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tidemark::json {
namespace {

Value Read(std::string_view text) {
  Scanner scanner(text, /*last=*/true);
  Value value;
  EXPECT_TRUE(scanner.ReadValue(&value)) << text;
  return value;
}

std::string Nested(size_t levels, std::string_view open, std::string_view inner,
                   std::string_view close) {
  std::string text;
  for (size_t i = 0; i < levels; ++i) text += open;
  text += inner;
  for (size_t i = 0; i < levels; ++i) text += close;
  return text;
}

TEST(JsonScanner, ValueHasItsKindAndItsSpanWithoutTheSpaceAround) {
  EXPECT_EQ(Read(R"( {"a": 1} )").kind, Kind::kObject);
  EXPECT_EQ(Read(R"( {"a": 1} )").text, R"({"a": 1})");
  EXPECT_EQ(Read("\n[1, 2]\n").kind, Kind::kArray);
  EXPECT_EQ(Read("\n[1, 2]\n").text, "[1, 2]");
  EXPECT_EQ(Read(R"( "a" )").kind, Kind::kString);
  EXPECT_EQ(Read(R"( "a" )").text, R"("a")");
  EXPECT_EQ(Read(" -1.5e3 ").kind, Kind::kNumber);
  EXPECT_EQ(Read(" -1.5e3 ").text, "-1.5e3");
  EXPECT_EQ(Read("true").kind, Kind::kTrue);
  EXPECT_EQ(Read("false").kind, Kind::kFalse);
  EXPECT_EQ(Read("null").kind, Kind::kNull);
}

TEST(JsonScanner, DepthIsTheDeepestNestingWithin) {
  EXPECT_EQ(Read("1").depth, 0u);
  EXPECT_EQ(Read("[]").depth, 1u);
  EXPECT_EQ(Read(R"({"a":1})").depth, 1u);
  EXPECT_EQ(Read(R"([[],[{"a":[]}],[]])").depth, 4u);
}

TEST(JsonScanner, DepthIsRightAroundEachFullWordOfLevels) {
  for (const size_t levels : {63u, 64u, 65u, 127u, 128u, 129u, 192u, 193u}) {
    const std::string mixed = Nested(levels, "{\"a\":[", "1,2", "],\"b\":[3]}");
    EXPECT_EQ(Read(mixed).depth, 2 * levels);
    EXPECT_EQ(Read(mixed).text.size(), mixed.size());
    std::string wrong = mixed;
    wrong.back() = ']';
    Scanner scanner(wrong, /*last=*/true);
    Value value;
    EXPECT_FALSE(scanner.ReadValue(&value));
    EXPECT_EQ(scanner.position(), wrong.size() - 1);
  }
}

TEST(JsonScanner, TenThousandLevelsAreMeasured) {
  EXPECT_EQ(Read(Nested(10'000, "[", "", "]")).depth, 10'000u);
  EXPECT_EQ(Read(Nested(10'000, "{\"a\":", "null", "}")).depth, 10'000u);
}

TEST(JsonScanner, TenMillionLevelsAreMeasured) {
  EXPECT_EQ(Read(Nested(1'000'000, "{\"a\":[", "0", "]}")).depth, 2'000'000u);
  EXPECT_EQ(Read(Nested(10'000'000, "[", "", "]")).depth, 10'000'000u);
}

TEST(JsonScanner, MillionUnclosedLevelsAreTruncatedOrInvalid) {
  const std::string open(1'000'000, '[');
  Value value;
  Scanner slice(open, /*last=*/false);
  EXPECT_FALSE(slice.ReadValue(&value));
  EXPECT_EQ(slice.fault(), Fault::kTruncated);
  Scanner end(open, /*last=*/true);
  EXPECT_FALSE(end.ReadValue(&value));
  EXPECT_EQ(end.fault(), Fault::kInvalid);
}

TEST(JsonScanner, LoneSurrogateIsFlaggedWhereverItStands) {
  for (const std::string_view text :
       {R"("\ud800")", R"("\udc00")", R"("\uDFFF")", R"("\ud800\u0041")", R"("\udc00\ud800")",
        R"("\ud800\ud800\udc00")", R"({"\ud800":1})", R"([[{"a":"\udbff "}]])"}) {
    EXPECT_TRUE(Read(text).lone_surrogate) << text;
  }
  for (const std::string_view text :
       {R"("\ud800\udc00")", R"("\udbff\udfff")", R"("\ud7ff\ue000")", R"("\\ud800")", R"([1])"}) {
    EXPECT_FALSE(Read(text).lone_surrogate) << text;
  }
}

TEST(JsonScanner, EscapedNulIsFlagged) {
  EXPECT_TRUE(Read(R"("a\u0000")").nul);
  EXPECT_TRUE(Read(R"({"\u0000":1})").nul);
  EXPECT_FALSE(Read(R"("\u0001\\u0000")").nul);
}

TEST(JsonScanner, StringIsReadWithItsFlags) {
  Scanner scanner(R"( "plain" "a\n" "\ud800" "\u0000" "")", /*last=*/true);
  Text text;
  ASSERT_TRUE(scanner.ReadString(&text));
  EXPECT_EQ(text.raw, "plain");
  EXPECT_FALSE(text.escaped);
  ASSERT_TRUE(scanner.ReadString(&text));
  EXPECT_EQ(text.raw, R"(a\n)");
  EXPECT_TRUE(text.escaped);
  EXPECT_FALSE(text.lone_surrogate);
  ASSERT_TRUE(scanner.ReadString(&text));
  EXPECT_TRUE(text.lone_surrogate);
  EXPECT_FALSE(text.nul);
  ASSERT_TRUE(scanner.ReadString(&text));
  EXPECT_TRUE(text.nul);
  EXPECT_FALSE(text.lone_surrogate);
  ASSERT_TRUE(scanner.ReadString(&text));
  EXPECT_EQ(text.raw, "");
  EXPECT_FALSE(text.escaped || text.nul || text.lone_surrogate);
  EXPECT_TRUE(scanner.AtEnd());
}

TEST(JsonScanner, ReadStringOfAnotherKindIsInvalid) {
  for (const std::string_view text : {"1", "null", "[]", "}", "'a'"}) {
    Scanner scanner(text, /*last=*/false);
    Text out;
    EXPECT_FALSE(scanner.ReadString(&out)) << text;
    EXPECT_EQ(scanner.fault(), Fault::kInvalid) << text;
  }
}

TEST(JsonScanner, ObjectIsPulledMemberByMember) {
  Scanner scanner(R"( { "a\u0062" : [ 1 ] , "c" : "d" } )", /*last=*/true);
  Text key;
  Value value;
  ASSERT_TRUE(scanner.Expect('{'));
  ASSERT_TRUE(scanner.ReadString(&key));
  std::string name;
  ASSERT_TRUE(key.escaped && Unescape(key.raw, &name));
  EXPECT_EQ(name, "ab");
  ASSERT_TRUE(scanner.Expect(':'));
  ASSERT_TRUE(scanner.ReadValue(&value));
  EXPECT_EQ(value.text, "[ 1 ]");
  ASSERT_TRUE(scanner.Take(','));
  ASSERT_TRUE(scanner.ReadString(&key));
  EXPECT_EQ(key.raw, "c");
  ASSERT_TRUE(scanner.Expect(':'));
  ASSERT_TRUE(scanner.ReadValue(&value));
  EXPECT_FALSE(scanner.Take(','));
  EXPECT_EQ(scanner.fault(), Fault::kNone);
  EXPECT_EQ(scanner.Peek(), '}');
  ASSERT_TRUE(scanner.Expect('}'));
  EXPECT_TRUE(scanner.AtEnd());
}

TEST(JsonScanner, EndOfSliceIsTruncatedAndEndOfTextInvalid) {
  for (const bool last : {false, true}) {
    Scanner scanner("  ", last);
    EXPECT_TRUE(scanner.AtEnd());
    EXPECT_EQ(scanner.fault(), Fault::kNone);
    EXPECT_FALSE(scanner.Take(','));
    EXPECT_EQ(scanner.Peek(), 0);
    EXPECT_EQ(scanner.fault(), last ? Fault::kInvalid : Fault::kTruncated);
    EXPECT_FALSE(scanner.AtEnd());
  }
}

TEST(JsonScanner, NumberTouchingTheEndIsTruncatedOnlyOnASlice) {
  for (const std::string_view text : {"0", "-0", "12", "1.5", "1e5", "-", "1.", "1e", "1e+"}) {
    Scanner scanner(text, /*last=*/false);
    Value value;
    EXPECT_FALSE(scanner.ReadValue(&value)) << text;
    EXPECT_EQ(scanner.fault(), Fault::kTruncated) << text;
  }
  Scanner followed("12 ", /*last=*/false);
  Value value;
  EXPECT_TRUE(followed.ReadValue(&value));
  EXPECT_EQ(Read("12").text, "12");
}

TEST(JsonScanner, FaultStaysUntilThePositionIsSet) {
  Scanner scanner("[1,x] true", /*last=*/true);
  Value value;
  EXPECT_FALSE(scanner.ReadValue(&value));
  EXPECT_EQ(scanner.fault(), Fault::kInvalid);
  EXPECT_EQ(scanner.position(), 3u);
  EXPECT_EQ(scanner.Peek(), 0);
  EXPECT_FALSE(scanner.Take('x'));
  EXPECT_FALSE(scanner.Expect('x'));
  EXPECT_FALSE(scanner.ReadValue(&value));
  scanner.set_position(5);
  EXPECT_EQ(scanner.fault(), Fault::kNone);
  EXPECT_TRUE(scanner.ReadValue(&value));
  EXPECT_EQ(value.kind, Kind::kTrue);
}

TEST(JsonScanner, TruncatedReadLeavesThePositionAtTheValue) {
  Scanner scanner(R"(  {"a":[1,2)", /*last=*/false);
  Value value;
  EXPECT_FALSE(scanner.ReadValue(&value));
  EXPECT_EQ(scanner.fault(), Fault::kTruncated);
  EXPECT_EQ(scanner.position(), 2u);
}

TEST(JsonScanner, RawNulByteIsInvalid) {
  Scanner scanner(std::string_view(" \0", 2), /*last=*/false);
  EXPECT_EQ(scanner.Peek(), 0);
  EXPECT_EQ(scanner.fault(), Fault::kInvalid);
}

}  // namespace
}  // namespace tidemark::json
