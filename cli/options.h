// What the command line says, parsed: the command's words and what follows them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tidemark::samedi {

struct Options {
  std::string command;  // its words, as "plan add"
  std::string home;
  bool json = false;
  bool no_color = false;

  std::string email, plan, chunk, title, id, question, answer, notes;
  std::string key, value, file, output, shell, status;
  std::string format = "json";
  std::vector<std::string> tags;
  std::optional<double> hours;
  std::optional<int> grade;
  int64_t number = 0;
  int64_t limit = 20;
  int retries = 4;
  bool all = false;
  bool watch = false;
  bool edit = false;
  bool due = false;
  bool conflicts = false;
  bool everywhere = false;
};

// What parsing came to: options, or a text to print and the exit code that goes with it.
struct Parsed {
  Options options;
  bool runs = false;  // there is a command to run
  int exit = 0;
  std::string output;
  std::string error;
};

// `arguments` without the program's name.
Parsed ParseArguments(const std::vector<std::string>& arguments);

// A completion script; empty for a shell that is not known.
std::string CompletionScript(const std::string& shell);

}  // namespace tidemark::samedi
