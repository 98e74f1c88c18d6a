// login, logout.

#include "base/json_tree.h"
#include "commands/commands.h"
#include "errors.h"
#include "files.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

std::string Trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// What the user pasted: the token itself, or a magic token that the server gives one for.
Result<Account> TokenOf(Http* http, const std::string& pasted) {
  if (pasted.empty()) return Problem("invalid_token", "Nothing was pasted");
  if (LooksLikeJwt(pasted)) return ReadJwt(pasted);
  const Result<HttpAnswer> answer =
      http->Send({.path = "/auth/verify?token=" + PercentEncode(pasted)});
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) return RefusalOf(*answer);
  constexpr uint32_t kDepthMax = 8;
  const Result<json> tree = ParseTree(answer->body, kDepthMax);
  const std::string* const jwt = tree.ok() ? StringField(*tree, "jwt") : nullptr;
  Result<Account> account = ReadJwt(jwt == nullptr ? "" : *jwt);
  if (!account.ok()) return Problem("invalid_answer", "The server's answer holds no token");
  return account;
}

}  // namespace

Result<Report> Login(App* app) {
  const Result<Settings> settings = app->LoadConfig();
  if (!settings.ok()) return settings.status();
  if (Status status = app->MakeHome(); !status.ok()) return status;
  const std::string& email = app->options().email;
  Http http(settings->api_url);
  const Result<HttpAnswer> sent = http.Send(
      {.method = "POST", .path = "/auth/magic-link", .body = DumpTree(json{{"email", email}})});
  if (!sent.ok()) return sent.status();
  if (sent->status != 200 && sent->status != 202) return RefusalOf(*sent);

  // With --json the standard output is for the result alone.
  const auto say = app->options().json ? PrintError : PrintOut;
  say("✉️  Magic link sent to " + Printable(email) + "\n");
  say("Check your email and paste the token here:\n");
  const std::optional<std::string> line = ReadLine();
  Result<Account> account = TokenOf(&http, Trimmed(line.value_or("")));
  if (!account.ok()) return account.status();
  if (account->email.empty()) account->email = email;
  account->api_url = settings->api_url;
  if (Status status = SaveAccount(app->auth_path(), *account); !status.ok()) return status;
  return Report{{{"email", account->email}, {"user_id", account->user_id}},
                "✓ Logged in successfully\n"};
}

Result<Report> Logout(App* app) {
  if (app->options().everywhere) {
    const Result<Settings> settings = app->LoadConfig();
    if (!settings.ok()) return settings.status();
    const Result<Account> account = app->SignedIn(settings->api_url);
    if (!account.ok()) return account.status();
    Http http(settings->api_url);
    const Result<HttpAnswer> answer = http.Send(
        {.method = "POST", .path = "/auth/sign-out?everywhere=true", .token = account->jwt});
    if (!answer.ok()) return answer.status();
    if (answer->status >= 300) return RefusalOf(*answer);
  }
  const Result<bool> removed = RemoveFile(app->auth_path());
  if (!removed.ok()) return removed.status();
  return Report{
      {{"signed_out", *removed}},
      *removed ? "✓ Logged out. Your records stay on this device\n" : "Nobody was signed in\n"};
}

}  // namespace tidemark::samedi
