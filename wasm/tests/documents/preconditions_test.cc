#include "documents/preconditions.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tidemark {
namespace {

constexpr std::string_view kVersion = "1795000000123-4ea58349eb542b40";
constexpr std::string_view kCurrent = "\"1795000000123-4ea58349eb542b40\"";
constexpr std::string_view kOther = "\"1795000000122-4ea58349eb542b40\"";

// What a field can be, in the order of the tables' rows and columns.
enum Kind { kAbsent, kAny, kEqual, kDifferent, kWeak, kList, kMalformed, kKinds };

std::vector<std::string> Texts(Kind kind) {
  const std::string current(kCurrent);
  const std::string other(kOther);
  switch (kind) {
    case kAny:
      return {"*", " * "};
    case kEqual:
      return {current, " " + current + "\t"};
    case kDifferent:
      return {other,
              "\"\"",
              "W/" + other,
              other + ", " + other,
              "\"" + std::string(kVersion) + "x\"",
              "\"" + ShardTag(kVersion, "users") + "\""};
    case kWeak:
      return {"W/" + current, other + ", W/" + current};
    case kList:
      return {other + " ,, \t" + current + " ,", ", " + current, "W/" + other + "," + current};
    case kMalformed:
      return {"",
              " ",
              ",",
              ", ,",
              std::string(kVersion),
              "'*'",
              "*, *",
              "* " + current,
              current + ", *",
              current + " " + other,
              current + ", x",
              "w/" + current,
              "W/ " + current,
              current.substr(1),
              "\"" + std::string(kVersion)};
    default:
      return {""};
  }
}

char Letter(const Result<Verdict>& verdict) {
  if (!verdict.ok()) {
    EXPECT_EQ(verdict.status().http_status(), 400);
    EXPECT_EQ(verdict.status().code(), "invalid_precondition");
    return 'x';
  }
  switch (*verdict) {
    case Verdict::kProceed:
      return 'p';
    case Verdict::kNotModified:
      return 'n';
    case Verdict::kFailed:
      return 'f';
  }
  return '?';
}

// `table[If-Match][If-None-Match]`: p(roceed), n(ot modified), f(ailed), x for a malformed field.
void ExpectTable(const std::string_view (&table)[kKinds], bool exists, bool reads) {
  std::optional<std::string> current;
  if (exists) current = kCurrent;
  for (int match = 0; match < kKinds; ++match) {
    for (int none = 0; none < kKinds; ++none) {
      for (const std::string& if_match : Texts(static_cast<Kind>(match))) {
        for (const std::string& if_none_match : Texts(static_cast<Kind>(none))) {
          const Preconditions asked{if_match, match != kAbsent, if_none_match, none != kAbsent};
          EXPECT_EQ(Letter(Evaluate(asked, current, reads)),
                    table[match][static_cast<size_t>(none)])
              << "If-Match " << (match != kAbsent ? if_match : "absent") << ", If-None-Match "
              << (none != kAbsent ? if_none_match : "absent");
        }
      }
    }
  }
}

// Columns: absent, *, equal, different, weak, list, malformed.
TEST(Preconditions, ReadOfADocument) {
  ExpectTable({"pnnpnnx",   // If-Match absent
               "pnnpnnx",   // *
               "pnnpnnx",   // equal
               "ffffffx",   // different
               "ffffffx",   // weak
               "pnnpnnx",   // list
               "xxxxxxx"},  // malformed
              true, true);
}

TEST(Preconditions, WriteOfADocument) {
  ExpectTable({"pffpffx", "pffpffx", "pffpffx", "ffffffx", "ffffffx", "pffpffx", "xxxxxxx"}, true,
              false);
}

TEST(Preconditions, ReadOrWriteWhereThereIsNoDocument) {
  for (const bool reads : {true, false}) {
    ExpectTable({"ppppppx", "ffffffx", "ffffffx", "ffffffx", "ffffffx", "ffffffx", "xxxxxxx"},
                false, reads);
  }
}

TEST(Preconditions, MalformedFieldIsNamedInTheMessage) {
  const Preconditions match{"x", true, "y", true};
  EXPECT_NE(Evaluate(match, std::nullopt, true).status().message().find("If-Match"),
            std::string::npos);
  const Preconditions none{"*", true, "y", true};
  EXPECT_NE(Evaluate(none, std::nullopt, true).status().message().find("If-None-Match"),
            std::string::npos);
}

TEST(Preconditions, CurrentTagThatIsWeakMatchesOnlyWeakly) {
  const std::optional<std::string> current = "W/\"1\"";
  EXPECT_FALSE(NamesCurrent("\"1\"", current, true));
  EXPECT_FALSE(NamesCurrent("W/\"1\"", current, true));
  EXPECT_TRUE(NamesCurrent("\"1\"", current, false));
  EXPECT_TRUE(NamesCurrent("*", current, true));
}

TEST(Preconditions, FieldNamesTheCurrentRepresentationOrNot) {
  const std::optional<std::string> current(kCurrent);
  EXPECT_TRUE(NamesCurrent(kCurrent, current, true));
  EXPECT_FALSE(NamesCurrent(kOther, current, true));
  EXPECT_FALSE(NamesCurrent(kOther, current, false));
  EXPECT_TRUE(NamesCurrent("\"a\", \"\" , " + std::string(kCurrent), current, false));
  for (const bool strong : {true, false}) {
    EXPECT_FALSE(NamesCurrent("*", std::nullopt, strong));
    EXPECT_FALSE(NamesCurrent(kCurrent, std::nullopt, strong));
    EXPECT_FALSE(NamesCurrent(kVersion, current, strong));
  }
}

TEST(Preconditions, WriteWithoutOneIsRefused) {
  const std::string current(kCurrent);
  const struct {
    Preconditions sent;
    bool exists, missing;  // whether it is enough
  } rows[] = {
      {{}, false, false},
      {{current, true, "", false}, true, true},
      {{"*", true, "", false}, true, true},
      {{current, true, current, true}, true, true},
      {{"", false, "*", true}, false, true},
      {{"", false, " * ", true}, false, true},
      {{"", false, current, true}, false, false},
      {{"", false, "x", true}, false, false},
      {{current, false, "*", false}, false, false},  // texts of fields that were not sent
  };
  for (const auto& row : rows) {
    for (const bool exists : {true, false}) {
      const Status status = RequirePrecondition(row.sent, exists);
      EXPECT_EQ(status.ok(), exists ? row.exists : row.missing)
          << row.sent.if_match << "|" << row.sent.if_none_match << exists;
      if (status.ok()) continue;
      EXPECT_EQ(status.http_status(), 428);
      EXPECT_EQ(status.code(), "precondition_required");
      EXPECT_NE(status.message().find(exists ? "If-Match" : "If-None-Match: *"), std::string::npos);
    }
  }
}

TEST(DocumentTag, VersionIsReadAsItWasWritten) {
  const DocumentTag tag{1795000000123, "4ea58349eb542b40"};
  EXPECT_EQ(FormatVersion(tag), kVersion);
  EXPECT_EQ(ParseVersion(kVersion), tag);
  EXPECT_EQ(ParseVersion(kCurrent), tag);
  for (const int64_t version : {int64_t{0}, int64_t{1}, (int64_t{1} << 53) - 1}) {
    const DocumentTag other{version, "0123456789abcdef"};
    EXPECT_EQ(ParseVersion(FormatVersion(other)), other);
  }
}

TEST(DocumentTag, MalformedVersionIsNone) {
  const std::string epoch = "4ea58349eb542b40";
  const std::vector<std::string> texts = {"",
                                          "\"",
                                          "\"\"",
                                          "-",
                                          "-" + epoch,
                                          "5" + epoch,
                                          "5-",
                                          "5-" + epoch.substr(1),
                                          "5-" + epoch + "0",
                                          "5-4EA58349EB542B40",
                                          "5-4ea58349eb542b4g",
                                          "05-" + epoch,
                                          "-5-" + epoch,
                                          "-0-" + epoch,
                                          "--" + epoch,
                                          "+5-" + epoch,
                                          "5.0-" + epoch,
                                          "9007199254740992-" + epoch,
                                          "99999999999999999999-" + epoch,
                                          " 5-" + epoch,
                                          "5-" + epoch + " ",
                                          "5-" + epoch + "\"",
                                          "\"5-" + epoch,
                                          "\"\"5-" + epoch + "\"\"",
                                          "W/\"5-" + epoch + "\"",
                                          "5-" + epoch + "-",
                                          "5-" + epoch + "-1234567",
                                          "5-" + epoch + "-123456789",
                                          "5-" + epoch + "-1234567G",
                                          "5-" + epoch + "x12345678",
                                          "5--" + epoch,
                                          std::string("5\0-", 3) + epoch};
  for (const std::string& text : texts) {
    EXPECT_EQ(ParseVersion(text), std::nullopt) << text;
  }
}

TEST(DocumentTag, ShardTagIsTheVersionWithAHashOfTheShard) {
  // The digest of "abc" is FIPS 180-4's example.
  EXPECT_EQ(ShardTag(kVersion, "abc"), std::string(kVersion) + "-ba7816bf");
  EXPECT_EQ(ShardTag(kVersion, ""), std::string(kVersion) + "-e3b0c442");
  EXPECT_NE(ShardTag(kVersion, "users"), ShardTag(kVersion, "posts"));
}

TEST(DocumentTag, ShardTagIsReadAsItsVersion) {
  const DocumentTag tag{1795000000123, "4ea58349eb542b40"};
  EXPECT_EQ(ParseVersion(ShardTag(kVersion, "users")), tag);
  EXPECT_EQ(ParseVersion("\"" + ShardTag(kVersion, "") + "\""), tag);
}

}  // namespace
}  // namespace tidemark
