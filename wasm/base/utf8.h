// UTF-8 (RFC 3629): no surrogates, nothing overlong, nothing above U+10FFFF.

#pragma once

#include <cstddef>
#include <string_view>

namespace tidemark {

// The length of the longest prefix of `text` that is whole, valid characters.
size_t ValidUtf8Prefix(std::string_view text);

// Whether `tail`, what follows the valid prefix at a slice's end, could be the beginning of a
// character that the next slice completes. False for an empty tail and for a whole character.
bool IsTruncatedCharacter(std::string_view tail);

}  // namespace tidemark
