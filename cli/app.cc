#include "app.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "errors.h"
#include "files.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

std::string EnvironmentOf(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string HomeOf(const Options& options) {
  if (!options.home.empty()) return options.home;
  const std::string set = EnvironmentOf("SAMEDI_HOME");
  return set.empty() ? EnvironmentOf("HOME") + "/.samedi" : set;
}

template <size_t n>
std::array<uint8_t, n> RandomBytes() {
  std::array<uint8_t, n> bytes;
  Check(getrandom(bytes.data(), n, 0) == static_cast<ssize_t>(n));
  return bytes;
}

// Characters, not bytes: good enough for columns of scripts that are one column a character.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

std::string OnOneLine(std::string_view text) {
  constexpr size_t kWidthMax = 60;
  std::string line = Printable(text);
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  if (Width(line) <= kWidthMax) return line;
  size_t size = 0;
  for (size_t width = 0; width < kWidthMax; ++size) {
    width += (static_cast<uint8_t>(line[size]) & 0xC0) != 0x80;
  }
  return line.substr(0, size - 1) + "…";
}

}  // namespace

App::App(Options options) : options_(std::move(options)), home_(HomeOf(options_)) {
  const bool out = isatty(STDOUT_FILENO) == 1;
  interactive_ = out && isatty(STDERR_FILENO) == 1 && !options_.json;
  color_ = out && !options_.json && !options_.no_color && EnvironmentOf("NO_COLOR").empty() &&
           EnvironmentOf("TERM") != "dumb";
}

Status App::MakeHome() const { return MakePrivateDirectory(home_); }

Result<Store*> App::OpenStore() {
  if (store_ != nullptr) return store_.get();
  if (Status status = MakeHome(); !status.ok()) return status;
  const auto bytes = RandomBytes<10>();
  const std::string device =
      "samedi-" + HexEncode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  Result<std::unique_ptr<Store>> store = Store::Open(File("samedi.db"), device);
  if (!store.ok()) return store.status();
  store_ = std::move(*store);
  return store_.get();
}

Result<Account> App::SignedIn(const std::string& api_url) const {
  const Result<std::optional<Account>> loaded = LoadAccount(auth_path());
  if (!loaded.ok()) return loaded.status();
  const std::optional<Account>& account = *loaded;
  if (!account.has_value()) {
    return Problem("not_signed_in", "You are not signed in: samedi login EMAIL");
  }
  const Account& known = *account;
  if (!known.api_url.empty() && known.api_url != api_url) {
    return Problem("not_signed_in", "You are signed in at " + known.api_url + ", and api.url is " +
                                        api_url + ": samedi login EMAIL");
  }
  if (known.expires_at_ms > 0 && known.expires_at_ms <= now_ms()) {
    return Problem("not_signed_in", "Your token has expired: samedi login EMAIL");
  }
  return known;
}

int64_t App::now_ms() const {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string App::NewId() const { return UuidV7(now_ms(), RandomBytes<10>()); }

std::string App::Paint(int color, std::string_view text) const {
  if (!color_) return std::string(text);
  return "\x1b[" + std::to_string(color) + "m" + std::string(text) + "\x1b[0m";
}

std::string Printable(std::string_view text) {
  constexpr std::string_view kReplacement = "\uFFFD";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    if (c1 || byte == 0x7F || (byte < 0x20 && byte != '\n' && byte != '\t')) {
      out += kReplacement;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Table(const std::vector<std::string>& heads,
                  const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> lines{heads};
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(OnOneLine(cell));
  }
  std::vector<size_t> widths(heads.size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) {
      row += line[i];
      row.append(widths[i] - Width(line[i]) + 2, ' ');
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

std::string Count(int64_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string TextOf(const json& object, std::string_view key) {
  const json* const member = Field(object, key);
  if (member == nullptr || member->is_null()) return {};
  const std::string* const text = member->get_ptr<const std::string*>();
  return text == nullptr ? DumpTree(*member) : *text;
}

int64_t IntegerOf(const json& object, std::string_view key) {
  return IntegerField(object, key).value_or(0);
}

void PrintOut(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void PrintError(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::optional<std::string> ReadLine() {
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace tidemark::samedi
