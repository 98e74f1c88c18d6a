#include "markdown.h"

#include <gtest/gtest.h>

namespace tidemark::samedi {
namespace {

std::vector<std::string> Chunks(std::string_view text) {
  const auto plan = ParsePlan(text);
  EXPECT_TRUE(plan.ok());
  std::vector<std::string> chunks;
  if (plan.ok()) {
    for (const PlanChunk& chunk : plan->chunks) chunks.push_back(chunk.id + " " + chunk.title);
  }
  return chunks;
}

TEST(Markdown, TheFirstHeadingIsTheTitleAndSecondRanksAreChunks) {
  const auto plan =
      ParsePlan("intro\n\n# French B1  \n\n## Verbs\ntext\n### Deeper\n## Nouns ##\n");
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->title, "French B1");
  EXPECT_EQ(Chunks("# x\n## Verbs\n### Deeper\n## Nouns ##\n"),
            (std::vector<std::string>{"chunk-001 Verbs", "chunk-002 Nouns"}));
}

TEST(Markdown, CodeBlocksHoldNoHeadings) {
  EXPECT_EQ(Chunks("# x\n```sh\n## comment\n~~~\n````\n## One\n~~~\n## no\n~~~\n## Two\n"),
            (std::vector<std::string>{"chunk-001 One", "chunk-002 Two"}));
}

TEST(Markdown, WhatIsNoHeadingIsNone) {
  EXPECT_TRUE(Chunks("# x\n##none\n    ## code\n####### seven\n##\n").empty());
}

TEST(Markdown, LinesMayEndInCrLf) {
  const auto plan = ParsePlan("# T\r\n## C\r\n");
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->title, "T");
  EXPECT_EQ(plan->chunks.at(0).title, "C");
}

TEST(Markdown, ATextWithoutATitleIsRefused) {
  for (const char* text : {"", "text", "## only\n", "#\n", "```\n# in code\n"}) {
    const auto plan = ParsePlan(text);
    ASSERT_FALSE(plan.ok()) << text;
    EXPECT_EQ(plan.status().code(), "bad_markdown");
  }
}

TEST(Slug, KeepsLettersAndDigits) {
  EXPECT_EQ(Slug("Rust in 2 months!"), "rust-in-2-months");
  EXPECT_EQ(Slug("  --A--b  "), "a-b");
  EXPECT_EQ(Slug("日本語"), "");
  EXPECT_EQ(Slug(std::string(100, 'a')).size(), 60U);
}

}  // namespace
}  // namespace tidemark::samedi
