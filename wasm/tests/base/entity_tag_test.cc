#include "base/entity_tag.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tidemark {
namespace {

EntityTag Tag(std::string_view text) {
  const std::optional<EntityTag> tag = ParseEntityTag(text);
  EXPECT_TRUE(tag.has_value()) << text;
  return tag.value_or(EntityTag());
}

EntityTagList List(std::string_view field) {
  const std::optional<EntityTagList> list = ParseEntityTagList(field);
  EXPECT_TRUE(list.has_value()) << field;
  return list.value_or(EntityTagList());
}

TEST(EntityTag, TagOfContentIsItsTruncatedDigest) {
  EXPECT_EQ(StrongEntityTag("abc"), "\"ungWv48Bz-pBQUDeXa4iIw\"");
  EXPECT_NE(StrongEntityTag("abc"), StrongEntityTag("abd"));
  EXPECT_FALSE(Tag(StrongEntityTag("abc")).weak);
}

// The table of RFC 9110, section 8.8.3.2.
TEST(EntityTag, ComparisonFollowsTheTableOfRfc9110) {
  const struct {
    std::string_view a, b;
    bool strong, weak;
  } rows[] = {{"W/\"1\"", "W/\"1\"", false, true},
              {"W/\"1\"", "W/\"2\"", false, false},
              {"W/\"1\"", "\"1\"", false, true},
              {"\"1\"", "\"1\"", true, true}};
  for (const auto& row : rows) {
    EXPECT_EQ(StronglyEqual(Tag(row.a), Tag(row.b)), row.strong) << row.a << row.b;
    EXPECT_EQ(WeaklyEqual(Tag(row.a), Tag(row.b)), row.weak) << row.a << row.b;
  }
}

TEST(EntityTag, TagsAreParsed) {
  EXPECT_EQ(Tag("\"xyzzy\"").opaque, "xyzzy");
  EXPECT_EQ(Tag("W/\"xyzzy\"").opaque, "xyzzy");
  EXPECT_TRUE(Tag("W/\"xyzzy\"").weak);
  EXPECT_EQ(Tag("\"\"").opaque, "");
  EXPECT_EQ(Tag("\"a,b\\*é\"").opaque, "a,b\\*é");
}

TEST(EntityTag, MalformedTagsAreRefused) {
  for (const std::string_view text :
       {"", "x", "\"", "\"a", "a\"", "w/\"a\"", "W/a", "W \"a\"", "W/ \"a\"", "\"a b\"", "\"a\"b\"",
        "\"a\" ", "\"\x7f\"", "\"\t\"", "*", "'a'"}) {
    EXPECT_EQ(ParseEntityTag(text), std::nullopt) << text;
  }
}

TEST(EntityTag, ListsAreParsed) {
  EXPECT_TRUE(List("*").any);
  EXPECT_TRUE(List(" \t* ").any);
  const EntityTagList list = List("\"a\", W/\"b\" ,\"c,d\"\t,\"\"");
  ASSERT_EQ(list.tags.size(), 4u);
  EXPECT_EQ(list.tags[0].opaque, "a");
  EXPECT_TRUE(list.tags[1].weak);
  EXPECT_EQ(list.tags[2].opaque, "c,d");
  EXPECT_EQ(list.tags[3].opaque, "");
  EXPECT_EQ(List(", \"a\",, ,\"b\" ,").tags.size(), 2u);
}

TEST(EntityTag, MalformedListsAreRefused) {
  for (const std::string_view field :
       {"", " ", ",", ", ,", "a", "\"a\" \"b\"", "\"a\"\"b\"", "\"a\", b", "*, \"a\"", "\"a\", *",
        "**", "\"a\";\"b\"", "\"a\",\"b"}) {
    EXPECT_EQ(ParseEntityTagList(field), std::nullopt) << field;
  }
}

TEST(EntityTag, ListMatchesStronglyOrWeakly) {
  const EntityTagList list = List("\"a\", W/\"b\"");
  EXPECT_TRUE(StronglyMatches(list, Tag("\"a\"")));
  EXPECT_FALSE(StronglyMatches(list, Tag("\"b\"")));
  EXPECT_TRUE(WeaklyMatches(list, Tag("\"b\"")));
  EXPECT_FALSE(WeaklyMatches(list, Tag("\"c\"")));
  EXPECT_TRUE(StronglyMatches(List("*"), Tag("\"c\"")));
  EXPECT_TRUE(WeaklyMatches(List("*"), Tag("\"c\"")));
}

}  // namespace
}  // namespace tidemark
