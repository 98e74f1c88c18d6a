// Entity tags and the lists of them in If-Match and If-None-Match (RFC 9110, sections 8.8.3, 13.1.1
// and 13.1.2).
//
//   entity-tag  = [ %s"W/" ] DQUOTE *etagc DQUOTE
//   etagc       = %x21 / %x23-7E / %x80-FF        ; no escapes: a backslash is itself
//   field value = "*" / 1#entity-tag              ; empty list elements are skipped

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

struct EntityTag {
  std::string opaque;  // what stands between the quotes
  bool weak = false;
};

// What a precondition names: any current representation, or the tags listed.
struct EntityTagList {
  bool any = false;
  std::vector<EntityTag> tags;
};

// The tag of a representation with these bytes, as it stands in an ETag field: quotes included.
// Equal bytes have equal tags. 128 bits of SHA-256: the tag has 24 characters.
std::string StrongEntityTag(std::string_view content);

// One tag, with nothing around it.
std::optional<EntityTag> ParseEntityTag(std::string_view text);

// A whole field value. None for a malformed one, and for one that names nothing.
std::optional<EntityTagList> ParseEntityTagList(std::string_view field);

// RFC 9110, section 8.8.3.2. Strong: both are strong and the same; If-Match asks for it. Weak: the
// same opaque part; If-None-Match asks for it.
bool StronglyEqual(const EntityTag& a, const EntityTag& b);
bool WeaklyEqual(const EntityTag& a, const EntityTag& b);

// Whether `list` names `current`.
bool StronglyMatches(const EntityTagList& list, const EntityTag& current);
bool WeaklyMatches(const EntityTagList& list, const EntityTag& current);

}  // namespace tidemark
