// What every command has at hand: the files of the home directory, the time, the way to print.
//
// A command returns a Report or a Status. It prints nothing itself, but where it talks with the
// user: login, review, watch.

#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "account.h"
#include "base/status.h"
#include "http.h"
#include "options.h"
#include "settings.h"
#include "store.h"

namespace tidemark::samedi {

struct Report {
  nlohmann::json value;  // for --json: one value
  std::string text;      // for people: whole lines
  int exit = 0;
};

class App {
 public:
  explicit App(Options options);

  const Options& options() const { return options_; }
  std::string File(std::string_view name) const { return home_ + "/" + std::string(name); }
  std::string auth_path() const { return File("auth.json"); }
  std::string config_path() const { return File("config.json"); }

  Status MakeHome() const;
  Result<Settings> LoadConfig() const { return LoadSettings(config_path()); }
  // Opened by the first who asks, and made where it is missing.
  Result<Store*> OpenStore();
  // Error: not_signed_in, where nobody is, or elsewhere than at `api_url`, or the token is over.
  Result<Account> SignedIn(const std::string& api_url) const;

  int64_t now_ms() const;
  std::string NewId() const;

  bool color() const { return color_; }
  bool interactive() const { return interactive_; }  // people read along
  // Text in a colour of the terminal (ECMA-48, a number of SGR), where there are colours.
  std::string Paint(int color, std::string_view text) const;

 private:
  Options options_;
  std::string home_;
  bool color_ = false;
  bool interactive_ = false;
  std::unique_ptr<Store> store_;
};

// Text of a peer as a terminal may show it: control characters but line ends and tabs are replaced.
std::string Printable(std::string_view text);

// Columns side by side, their heads above them; texts are made printable, on one line each.
std::string Table(const std::vector<std::string>& heads,
                  const std::vector<std::vector<std::string>>& rows);

// "1 plan", "2 plans".
std::string Count(int64_t number, std::string_view noun);

// A member as text: empty for null, without quotes for a string.
std::string TextOf(const nlohmann::json& object, std::string_view key);
int64_t IntegerOf(const nlohmann::json& object, std::string_view key);

void PrintOut(std::string_view text);
void PrintError(std::string_view text);
// The next line of the standard input without its end; none at its end.
std::optional<std::string> ReadLine();

}  // namespace tidemark::samedi
