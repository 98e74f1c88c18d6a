// Preconditions of a request for a document (RFC 9110, section 13), and the tags they name.
//
//   version   := number "-" epoch              number: decimal, below 2^53, no leading zero
//   shard tag := version "-" 8 hex             of the SHA-256 of the shard's name
//   ETag      := DQUOTE (version | shard tag) DQUOTE
//   epoch     := 16 hex                        all hex is lower case
//
// The order is that of section 13.2.2: If-Match, then If-None-Match. A document has no date and is
// never sent in ranges, so If-Modified-Since, If-Unmodified-Since and If-Range are not looked at.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark {

// Field values as they came, several lines joined by ", ".
struct Preconditions {
  std::string if_match;
  bool has_if_match = false;
  std::string if_none_match;
  bool has_if_none_match = false;
};

enum class Verdict : uint8_t {
  kProceed,
  kNotModified,  // 304
  kFailed,       // 412 `precondition_failed`
};

// `current`: the ETag of the representation there is, quotes included; none where there is none.
// `reads`: GET or HEAD. A malformed field is 400 `invalid_precondition`, whatever the other says.
Result<Verdict> Evaluate(const Preconditions& preconditions,
                         const std::optional<std::string>& current, bool reads);

// Whether a field value names the representation there is: `*` or its tag. `strong`: as If-Match
// compares (a weak tag never matches), else as If-None-Match does. False for a malformed one.
bool NamesCurrent(std::string_view field, const std::optional<std::string>& current, bool strong);

// For a write that needs one: 428 `precondition_required`, unless there is an If-Match, or the
// document is missing and there is `If-None-Match: *`. Asked after Evaluate, which has the better
// answer for a malformed field and for `If-None-Match: *` where there is a document.
Status RequirePrecondition(const Preconditions& preconditions, bool exists);

struct DocumentTag {
  int64_t version = 0;
  std::string epoch;

  bool operator==(const DocumentTag&) const = default;
};

// "1795000000123-4ea58349eb542b40": what stands between the quotes of a document's ETag.
std::string FormatVersion(const DocumentTag& tag);

// Reads a version or a shard tag (its hash is dropped: versions of one app's shards compare), with
// quotes around it or without. None for anything else, a weak tag too.
std::optional<DocumentTag> ParseVersion(std::string_view text);

// What stands between the quotes of a shard's ETag.
std::string ShardTag(std::string_view version, std::string_view shard);

}  // namespace tidemark
