// Secrets that are good once and for a short time: links to sign in, tickets of sockets.
//
// The host makes a secret, of 32 random bytes in base64url, and the core keeps its SHA-256: whoever
// reads the database has no secret. Of what kind it is stands with it, so that a ticket is no link.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/await.h"

namespace tidemark {

inline constexpr std::string_view kAccountsShard = "DB";  // its binding's name
inline constexpr std::string_view kLinkKind = "link";
inline constexpr std::string_view kTicketKind = "ticket";

// The hash under which a secret is kept; none where the text is no secret of a host's making.
std::optional<std::string> HashOfSecret(std::string_view secret);
// Of one that the host has just made: any other traps.
std::string HashOfNewSecret(std::string_view secret);

// The batch that keeps a secret; it also forgets some that have ended.
std::vector<Statement> IssueSecret(std::string hash, std::string_view kind, std::string subject,
                                   int64_t expires_ms, int64_t now_ms);

// A statement on a secret: ?1 its hash, ?2 its kind, ?3 the time.
Statement OnSecret(const Sql& sql, const std::string& hash, std::string_view kind, int64_t now_ms);

// D1 or an object did not answer. Code: `unavailable`.
Reply Unavailable();

}  // namespace tidemark
