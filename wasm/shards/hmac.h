// HMAC-SHA-256 (RFC 2104 and 6234): a hash that nobody repeats without the secret.

#pragma once

#include <string_view>

#include "base/sha256.h"

namespace tidemark {

// Any secret; one longer than a block is hashed first, as the RFC has it.
Sha256Digest HmacSha256(std::string_view secret, std::string_view message);

}  // namespace tidemark
