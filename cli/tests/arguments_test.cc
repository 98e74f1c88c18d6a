#include <gtest/gtest.h>

#include "commands/commands.h"
#include "errors.h"
#include "options.h"

namespace tidemark::samedi {
namespace {

TEST(Arguments, AreReadIntoOptions) {
  const Parsed parsed = ParseArguments({"plan", "add", "French B1", "--id", "f", "--hours", "1.5",
                                        "--tag", "a", "--tag", "b", "--json", "--home", "/h"});
  ASSERT_TRUE(parsed.runs) << parsed.error;
  EXPECT_EQ(parsed.options.command, "plan add");
  EXPECT_EQ(parsed.options.title, "French B1");
  EXPECT_EQ(parsed.options.id, "f");
  EXPECT_EQ(parsed.options.hours, 1.5);
  EXPECT_EQ(parsed.options.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(parsed.options.json);
  EXPECT_EQ(parsed.options.home, "/h");
}

TEST(Arguments, GlobalOptionsMayComeFirst) {
  const Parsed parsed = ParseArguments({"--json", "sync", "--watch"});
  ASSERT_TRUE(parsed.runs);
  EXPECT_EQ(parsed.options.command, "sync");
  EXPECT_TRUE(parsed.options.json && parsed.options.watch);
}

TEST(Arguments, MistakesAreUsage) {
  const std::vector<std::vector<std::string>> lines{{},
                                                    {"fly"},
                                                    {"login"},
                                                    {"start"},
                                                    {"start", "a", "b", "c"},
                                                    {"plan", "fly"},
                                                    {"plan", "add"},
                                                    {"card", "review", "--grade", "6", "--id", "x"},
                                                    {"card", "review", "--grade", "good"},
                                                    {"export", "--format", "xml"},
                                                    {"completion", "tcsh"},
                                                    {"rejected", "retry"},
                                                    {"rejected", "drop", "one"},
                                                    {"history", "--limit", "0"},
                                                    {"sync", "--retries", "-1"},
                                                    {"status", "--loud"}};
  for (const auto& line : lines) {
    const Parsed parsed = ParseArguments(line);
    EXPECT_FALSE(parsed.runs);
    EXPECT_EQ(parsed.exit, kExitUsage);
    EXPECT_TRUE(parsed.error.starts_with("samedi: ")) << parsed.error;
    EXPECT_TRUE(parsed.output.empty());
  }
}

TEST(Arguments, MistakesAreJsonWhereItIsAskedFor) {
  const Parsed parsed = ParseArguments({"fly", "--json"});
  EXPECT_TRUE(parsed.output.starts_with(R"({"error":"usage","message":")")) << parsed.output;
  EXPECT_TRUE(parsed.error.empty());
}

TEST(Arguments, HelpAndVersionSucceed) {
  const Parsed help = ParseArguments({"--help"});
  EXPECT_EQ(help.exit, 0);
  EXPECT_NE(help.output.find("Exit codes:"), std::string::npos);
  EXPECT_NE(help.output.find("Examples:"), std::string::npos);
  const Parsed sync = ParseArguments({"sync", "--help"});
  EXPECT_NE(sync.output.find("--watch"), std::string::npos);
  EXPECT_TRUE(ParseArguments({"--version"}).output.starts_with("samedi "));
}

TEST(Arguments, EveryCommandHasHelpAndCompletion) {
  const std::string bash = CompletionScript("bash");
  for (const Command& command : Commands()) {
    std::vector<std::string> words;
    for (size_t at = 0; at <= command.name.size();) {
      const size_t end = std::min(command.name.find(' ', at), command.name.size());
      words.push_back(command.name.substr(at, end - at));
      at = end + 1;
    }
    std::string path;
    for (const std::string& word : words) path += "/" + word;
    EXPECT_NE(bash.find("'" + path + "')"), std::string::npos) << path;
    words.emplace_back("--help");
    EXPECT_EQ(ParseArguments(words).exit, 0) << command.name;
    EXPECT_NE(ParseArguments(words).output.find("Usage:"), std::string::npos) << command.name;
  }
  EXPECT_TRUE(CompletionScript("zsh").starts_with("#compdef samedi"));
  EXPECT_NE(CompletionScript("fish").find("__fish_seen_subcommand_from plan"), std::string::npos);
}

TEST(Output, ControlCharactersOfAPeerDoNotReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb\x07\n\tç"), "a\uFFFD[31mb\uFFFD\n\tç");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "31m"),
            "\uFFFD31m");
  EXPECT_EQ(Printable("\x7f"), "\uFFFD");
}

TEST(Output, ColumnsLineUpByCharacters) {
  EXPECT_EQ(Table({"ID", "TITLE"}, {{"été", "x"}, {"b", "two\nlines"}}),
            "ID   TITLE\nété  x\nb    two lines\n");
}

TEST(Output, LongCellsAreCutBetweenCharacters) {
  std::string title;
  for (int i = 0; i < 70; ++i) title += "é";
  const std::string table = Table({"T"}, {{title}});
  EXPECT_TRUE(table.ends_with("é…\n")) << table;
}

TEST(Exit, FollowsTheCode) {
  EXPECT_EQ(ExitOf(Status()), 0);
  EXPECT_EQ(ExitOf(Problem("damaged", "")), 1);
  EXPECT_EQ(ExitOf(Problem("usage", "")), 2);
  EXPECT_EQ(ExitOf(Problem("refused", "")), 3);
  EXPECT_EQ(ExitOf(Problem("timeout", "")), 4);
  EXPECT_EQ(ExitOf(Problem("busy", "")), 6);
}

}  // namespace
}  // namespace tidemark::samedi
