// A document as every operation on it finds it, and what the operations share.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "documents/preconditions.h"
#include "engine/operation.h"

namespace tidemark {

struct Document {
  DocumentTag tag;      // of its last write; version 0: there is no document yet
  int64_t clock = 0;    // versions up to it are taken, by the manifest's word
  int64_t frozen = 0;   // the version that is being copied; 0: none is
  int64_t horizon = 0;  // deletions up to this version are forgotten
  std::string layout;   // how it is spread over objects (LayoutText); empty: it is not
  std::string lock;     // the change of the whole document that is under way
  int64_t records = 0;
  int64_t bytes = 0;  // of the texts of records and values

  bool exists() const { return tag.version > 0; }
  // What stands between the quotes of its tag, and what the header ETag has; none without a
  // document.
  std::string version() const { return FormatVersion(tag); }
  std::optional<std::string> etag() const {
    return exists() ? std::optional('"' + version() + '"') : std::nullopt;
  }
  // The version of the write that comes next: versions grow, and tell the time in ms where writes
  // come slower than one a ms.
  int64_t NextVersion(int64_t now_ms) const;
};

Task<Document> ReadDocument();

// 503 for a request that comes while the whole document is changed, or that goes by another layout
// than the object's; `needs` in its data says what will help: `settle`, `relayout`, or `register`
// in an object that is not yet one of its app's shards. None if it can go on.
std::optional<Reply> NotNow(const Request& request, const Document& document);
Reply Busy(std::string needs);

// The header ETag of what a request names: the document, or the one shard that it asks for.
std::optional<std::string> EtagFor(const Request& request, const Document& document);

// The preconditions that a request came with.
Preconditions PreconditionsOf(const Request& request);

// A reply that a precondition makes in place of the operation's own; none if it is to go on.
// `reads`: GET or HEAD. `required`: 428 where there is no precondition at all.
std::optional<Reply> Refusal(const Request& request, const std::optional<std::string>& etag,
                             bool reads, bool required);

// The same for record operations in a shard: a tag in If-Match is that of a copy of the whole, and
// holds while this shard was not written since. Others' writes to other shards are no matter.
std::optional<Reply> ShardRefusal(const Request& request, const Document& document);

// 412 with the tag that there is.
Reply PreconditionFailed(const std::optional<std::string>& etag);

// What a write leaves of what was there. Codes: `empty_write_denied`, `large_delete_denied`.
struct Extent {
  int64_t records = 0;
  int64_t members = 0;
};
Status CheckClearing(const Request& request, const Extent& before, const Extent& after,
                     int64_t deleted);

}  // namespace tidemark
