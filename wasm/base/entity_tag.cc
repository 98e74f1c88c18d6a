#include "base/entity_tag.h"

#include <algorithm>
#include <cstdint>

#include "base/encoding.h"
#include "base/sha256.h"

namespace tidemark {
namespace {

constexpr size_t kTagBytes = 16;

bool IsTagCharacter(char c) {
  const uint8_t byte = static_cast<uint8_t>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7F);
}

void SkipSpace(std::string_view* text) {
  while (text->starts_with(' ') || text->starts_with('\t')) text->remove_prefix(1);
}

// Takes one tag from the front of `text`.
std::optional<EntityTag> TakeEntityTag(std::string_view* text) {
  EntityTag tag;
  if (text->starts_with("W/")) {
    tag.weak = true;
    text->remove_prefix(2);
  }
  if (!text->starts_with('"')) return std::nullopt;
  text->remove_prefix(1);
  size_t length = 0;
  while (length < text->size() && IsTagCharacter((*text)[length])) ++length;
  if (length == text->size() || (*text)[length] != '"') return std::nullopt;
  tag.opaque = text->substr(0, length);
  text->remove_prefix(length + 1);
  return tag;
}

}  // namespace

std::string StrongEntityTag(std::string_view content) {
  const Sha256Digest digest = Sha256Of(content);
  const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), kTagBytes);
  return '"' + Base64UrlEncode(bytes) + '"';
}

std::optional<EntityTag> ParseEntityTag(std::string_view text) {
  std::optional<EntityTag> tag = TakeEntityTag(&text);
  if (!text.empty()) return std::nullopt;
  return tag;
}

std::optional<EntityTagList> ParseEntityTagList(std::string_view field) {
  EntityTagList list;
  SkipSpace(&field);
  if (field.starts_with('*')) {
    field.remove_prefix(1);
    SkipSpace(&field);
    list.any = true;
    return field.empty() ? std::optional(list) : std::nullopt;
  }
  while (!field.empty()) {
    if (!field.starts_with(',')) {
      std::optional<EntityTag> tag = TakeEntityTag(&field);
      if (!tag) return std::nullopt;
      list.tags.push_back(*std::move(tag));
      SkipSpace(&field);
      if (!field.empty() && !field.starts_with(',')) return std::nullopt;
    }
    if (!field.empty()) field.remove_prefix(1);
    SkipSpace(&field);
  }
  return list.tags.empty() ? std::nullopt : std::optional(std::move(list));
}

bool StronglyEqual(const EntityTag& a, const EntityTag& b) {
  return !a.weak && !b.weak && a.opaque == b.opaque;
}

bool WeaklyEqual(const EntityTag& a, const EntityTag& b) { return a.opaque == b.opaque; }

bool StronglyMatches(const EntityTagList& list, const EntityTag& current) {
  return list.any || std::any_of(list.tags.begin(), list.tags.end(),
                                 [&](const EntityTag& tag) { return StronglyEqual(tag, current); });
}

bool WeaklyMatches(const EntityTagList& list, const EntityTag& current) {
  return list.any || std::any_of(list.tags.begin(), list.tags.end(),
                                 [&](const EntityTag& tag) { return WeaklyEqual(tag, current); });
}

}  // namespace tidemark
