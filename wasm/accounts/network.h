// Addresses of callers, as far as one caller can choose among them.

#pragma once

#include <string>
#include <string_view>

namespace tidemark {

// What counts as one caller: an IPv4 address, the first 64 bits of an IPv6 address (what one
// subscriber is given: RFC 6177), `unknown` for none. Other text comes back as it is, cut short.
std::string NetworkOf(std::string_view address);

}  // namespace tidemark
