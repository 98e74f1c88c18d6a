// ~/.samedi/auth.json: the token that this device signs its requests with, for its owner's eyes.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark::samedi {

struct Account {
  std::string jwt;
  std::string user_id;
  std::string email;
  std::string api_url;        // whose token it is: it is sent nowhere else
  int64_t expires_at_ms = 0;  // 0: it does not say
};

// Three parts between dots, as a token has them; a magic token has none.
bool LooksLikeJwt(std::string_view text);

// What a token says of itself. Nothing is proved by it: only the server can. Error: invalid_token.
Result<Account> ReadJwt(std::string_view jwt);

// None where nobody is signed in. Error: damaged, naming the file.
Result<std::optional<Account>> LoadAccount(const std::string& path);
Status SaveAccount(const std::string& path, const Account& account);

}  // namespace tidemark::samedi
