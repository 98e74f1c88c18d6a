// E-mail addresses (RFC 5321), in the form in which they name a user.

#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "ops/access.h"

namespace tidemark {

// The address without spaces around it, in lower case. ASCII alone: a name before the @ of RFC
// 5322's atoms and dots, a domain of two labels or more, or `localhost`. So nothing in it could be
// another header, another address, or markup. Code: `invalid_email`.
Result<std::string> NormalizeEmail(std::string_view text);

// The id of the user with a normalized address: the same wherever it is made
// (scripts/token.mjs makes it too).
std::string UserIdOf(std::string_view email);

// `admin` where the address is in the comma-separated list, else `user`.
std::string_view RoleOf(std::string_view email, std::string_view admins);

}  // namespace tidemark
