// Hex and base64url (RFC 4648, sections 8 and 5) of bytes.
//
// One text for each byte string: hex is lower case, base64url has no padding. Decoding takes just
// what encoding makes, so two different texts never mean the same bytes.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

std::string HexEncode(std::string_view bytes);
std::optional<std::string> HexDecode(std::string_view text);

std::string Base64UrlEncode(std::string_view bytes);
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace tidemark
