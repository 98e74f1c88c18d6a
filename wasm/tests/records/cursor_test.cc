#include "records/cursor.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark {
namespace {

TEST(Cursor, FormatsBackToTheTextThatWasParsed) {
  for (const char* text : {"a.0", "0123456789abcdef.9007199254740991", "ff.1.0.2", "ff.0.7.9"}) {
    const Result<Cursor> cursor = ParseCursor(text);
    ASSERT_TRUE(cursor.ok()) << text;
    EXPECT_EQ(FormatCursor(*cursor), text);
  }
}

TEST(Cursor, AWalkThatReachedItsEndIsAShortCursor) {
  EXPECT_EQ(FormatCursor({"ff", 9, 3, 9}), "ff.9");
  EXPECT_EQ(FormatCursor({"ff", 8, 3, 9}), "ff.8.3.9");
}

TEST(Cursor, AnythingElseIsRefused) {
  for (const char* text : {"",
                           ".",
                           "ff",
                           "ff.",
                           ".1",
                           "FF.1",
                           "g.1",
                           "ff.-1",
                           "ff.-0",
                           "ff.01",
                           "ff.1.",
                           "ff.1.2",
                           "ff.1.2.",
                           "ff.1.0.1",
                           "ff.2.0.1",
                           "ff.1.0.2.3",
                           "ff.1.0.2.",
                           "ff. 1",
                           "ff.1 ",
                           "ff.1.0.x",
                           "ff.+1",
                           "ff.9007199254740992",
                           "ff.99999999999999999999",
                           "0123456789abcdef0123456789abcdef0.1"}) {
    const Result<Cursor> cursor = ParseCursor(text);
    ASSERT_FALSE(cursor.ok()) << text;
    EXPECT_EQ(cursor.status().code(), "invalid_cursor");
    EXPECT_EQ(cursor.status().http_status(), 400);
  }
  EXPECT_FALSE(ParseCursor(std::string(10'000, 'f') + ".1").ok());
}

TEST(Cursor, FitsTheSpaceOrSaysWhyNot) {
  const Space space{.epoch = "ff", .head = 10, .pruned_seq = 5};
  EXPECT_EQ(StaleReason({"ff", 10}, space), "");
  EXPECT_EQ(StaleReason({"ff", 5}, space), "");
  EXPECT_EQ(StaleReason({"ff", 4}, space), "pruned");
  EXPECT_EQ(StaleReason({"ff", 11}, space), "cursor_ahead");
  EXPECT_EQ(StaleReason({"ff", 3, 5, 11}, space), "cursor_ahead");
  EXPECT_EQ(StaleReason({"fe", 10}, space), "other_epoch");
}

TEST(Cursor, AWalkBelowThePrunedSeqHoldsUnlessMoreWasPrunedSinceItBegan) {
  const Space space{.epoch = "ff", .head = 10, .pruned_seq = 5};
  EXPECT_EQ(StaleReason({"ff", 2, 5, 9}, space), "");
  EXPECT_EQ(StaleReason({"ff", 2, 4, 9}, space), "pruned");
}

}  // namespace
}  // namespace tidemark
