#include "documents/preconditions.h"

#include "base/encoding.h"
#include "base/entity_tag.h"
#include "base/json_scanner.h"
#include "base/sha256.h"

namespace tidemark {
namespace {

constexpr size_t kEpochDigits = 16;
constexpr size_t kShardHashDigits = 8;

bool Names(const EntityTagList& list, const std::optional<std::string>& current, bool strong) {
  if (!current) return false;
  if (list.any) return true;
  const std::optional<EntityTag> tag = ParseEntityTag(*current);
  return tag && (strong ? StronglyMatches(list, *tag) : WeaklyMatches(list, *tag));
}

Status Malformed(std::string_view field) {
  return Status::Invalid("invalid_precondition",
                         std::string(field) + " must be * or a list of tags in quotes");
}

bool IsLowerHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<Verdict> Evaluate(const Preconditions& preconditions,
                         const std::optional<std::string>& current, bool reads) {
  std::optional<EntityTagList> match;
  std::optional<EntityTagList> none_match;
  if (preconditions.has_if_match) {
    match = ParseEntityTagList(preconditions.if_match);
    if (!match) return Malformed("If-Match");
  }
  if (preconditions.has_if_none_match) {
    none_match = ParseEntityTagList(preconditions.if_none_match);
    if (!none_match) return Malformed("If-None-Match");
  }
  if (match && !Names(*match, current, true)) return Verdict::kFailed;
  if (none_match && Names(*none_match, current, false)) {
    return reads ? Verdict::kNotModified : Verdict::kFailed;
  }
  return Verdict::kProceed;
}

bool NamesCurrent(std::string_view field, const std::optional<std::string>& current, bool strong) {
  const std::optional<EntityTagList> list = ParseEntityTagList(field);
  return list && Names(*list, current, strong);
}

Status RequirePrecondition(const Preconditions& preconditions, bool exists) {
  if (preconditions.has_if_match) return {};
  if (exists) {
    return Status::Error(428, "precondition_required",
                         "Send If-Match with the ETag of the copy that this write was made on");
  }
  if (preconditions.has_if_none_match) {
    const std::optional<EntityTagList> list = ParseEntityTagList(preconditions.if_none_match);
    if (list && list->any) return {};
  }
  return Status::Error(428, "precondition_required",
                       "There is no document yet: send If-None-Match: * to make it");
}

std::string FormatVersion(const DocumentTag& tag) {
  return std::to_string(tag.version) + '-' + tag.epoch;
}

std::optional<DocumentTag> ParseVersion(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  DocumentTag tag;
  if (json::ParseInteger(text.substr(0, dash), &tag.version) != json::IntegerFault::kNone) {
    return std::nullopt;
  }
  text.remove_prefix(dash + 1);
  tag.epoch = text.substr(0, kEpochDigits);
  text.remove_prefix(tag.epoch.size());
  const bool whole = text.empty() || (text.size() == 1 + kShardHashDigits && text.front() == '-' &&
                                      IsLowerHex(text.substr(1)));
  if (!whole || tag.epoch.size() != kEpochDigits || !IsLowerHex(tag.epoch)) return std::nullopt;
  return tag;
}

std::string ShardTag(std::string_view version, std::string_view shard) {
  const Sha256Digest digest = Sha256Of(shard);
  const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), kShardHashDigits / 2);
  return std::string(version) + '-' + HexEncode(bytes);
}

}  // namespace tidemark
