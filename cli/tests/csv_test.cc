#include "csv.h"

#include <gtest/gtest.h>

namespace tidemark::samedi {
namespace {

using Fields = std::vector<std::string>;

std::vector<Fields> Parsed(std::string_view text) {
  const auto rows = ParseCsv(text);
  EXPECT_TRUE(rows.ok()) << rows.status().message();
  std::vector<Fields> fields;
  if (rows.ok()) {
    for (const CsvRow& row : *rows) fields.push_back(row.fields);
  }
  return fields;
}

std::string Refused(std::string_view text) {
  const auto rows = ParseCsv(text);
  EXPECT_FALSE(rows.ok()) << text;
  return rows.ok() ? "" : rows.status().message();
}

TEST(Csv, ReadsLinesOfEitherEnd) {
  const std::vector<Fields> rows{{"a", "b"}, {"c", ""}, {"", "d"}};
  EXPECT_EQ(Parsed("a,b\r\nc,\r\n,d\r\n"), rows);
  EXPECT_EQ(Parsed("a,b\nc,\n,d"), rows);
}

TEST(Csv, ReadsQuotedFields) {
  EXPECT_EQ(Parsed("\"a, \"\"b\"\"\",\"two\r\nlines\",\"\"\n"),
            (std::vector<Fields>{{"a, \"b\"", "two\r\nlines", ""}}));
}

TEST(Csv, PassesOverEmptyLinesAndAByteOrderMark) {
  EXPECT_EQ(Parsed("\xEF\xBB\xBF\r\nplan\n\n\nx\n"), (std::vector<Fields>{{"plan"}, {"x"}}));
  EXPECT_TRUE(Parsed("").empty());
}

TEST(Csv, KeepsACarriageReturnThatEndsNoLine) {
  EXPECT_EQ(Parsed("a\rb,c"), (std::vector<Fields>{{"a\rb", "c"}}));
}

TEST(Csv, NamesTheLineOfAMistake) {
  EXPECT_EQ(Refused("a\n\"b\nc\n"), "Line 2: a quote that is not closed");
  EXPECT_EQ(Refused("\"x\ny\"\n\"b\"c"), "Line 3: text after a closing quote");
  EXPECT_EQ(Refused("a\nb\"c"), "Line 2: a quote within a field that has none around it");
}

TEST(Csv, TellsWhereRowsBegin) {
  const auto rows = ParseCsv("h\n\"1\n2\"\nx\n");
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ((*rows)[1].line, 2U);
  EXPECT_EQ((*rows)[2].line, 4U);
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  const Fields fields{"plain", "a,b", "say \"x\"", "two\nlines", "", "été\r"};
  std::string text;
  AppendCsv(fields, &text);
  EXPECT_EQ(text, "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",,\"été\r\"\r\n");
  EXPECT_EQ(Parsed(text), std::vector<Fields>{fields});
}

}  // namespace
}  // namespace tidemark::samedi
