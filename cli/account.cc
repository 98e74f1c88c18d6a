#include "account.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "errors.h"
#include "files.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

constexpr uint32_t kDepthMax = 8;

std::string TextOf(const json& tree, std::string_view key) {
  const std::string* const text = StringField(tree, key);
  return text == nullptr ? std::string() : *text;
}

}  // namespace

bool LooksLikeJwt(std::string_view text) {
  return std::count(text.begin(), text.end(), '.') == 2 && !text.starts_with('.') &&
         text.find("..") == text.npos && !text.ends_with('.');
}

Result<Account> ReadJwt(std::string_view jwt) {
  const Status invalid = Problem("invalid_token", "This is not a token: paste it whole");
  // What goes into a header must not end it.
  if (!LooksLikeJwt(jwt) ||
      jwt.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                            "0123456789-_.") != jwt.npos) {
    return invalid;
  }
  const size_t first = jwt.find('.') + 1;
  const auto payload = Base64UrlDecode(jwt.substr(first, jwt.find('.', first) - first));
  if (!payload.has_value()) return invalid;
  const Result<json> claims = ParseTree(*payload, kDepthMax);
  if (!claims.ok()) return invalid;
  Account account;
  account.jwt = jwt;
  account.user_id = TextOf(*claims, "user_id");
  account.email = TextOf(*claims, "email");
  account.expires_at_ms = IntegerField(*claims, "exp").value_or(0) * 1000;
  if (account.user_id.empty()) return invalid;
  return account;
}

Result<std::optional<Account>> LoadAccount(const std::string& path) {
  const Result<std::optional<std::string>> read = ReadFile(path);
  if (!read.ok()) return read.status();
  const std::optional<std::string>& text = *read;
  if (!text.has_value()) return std::optional<Account>();
  const Result<json> tree = ParseTree(*text, kDepthMax);
  const std::string jwt = tree.ok() ? TextOf(*tree, "jwt") : "";
  Result<Account> account = ReadJwt(jwt);
  if (!account.ok()) {
    return Problem("damaged", path + " is damaged: delete it and sign in again (samedi login)");
  }
  if (account->email.empty()) account->email = TextOf(*tree, "email");
  account->api_url = TextOf(*tree, "api_url");
  return std::optional(*account);
}

Status SaveAccount(const std::string& path, const Account& account) {
  const json tree{{"jwt", account.jwt},
                  {"user_id", account.user_id},
                  {"email", account.email},
                  {"api_url", account.api_url}};
  return WriteFile(path, DumpTree(tree) + "\n", 0600);
}

}  // namespace tidemark::samedi
