// Any field values against any tag, and any text as a version.
//
// input := If-Match LF If-None-Match LF current tag

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/entity_tag.h"
#include "documents/preconditions.h"

namespace tidemark {
namespace {

std::string TakeLine(std::string_view* text) {
  const size_t length = std::min(text->find('\n'), text->size());
  std::string line(text->substr(0, length));
  text->remove_prefix(std::min(length + 1, text->size()));
  return line;
}

void CheckFields(const Preconditions& sent, const std::optional<std::string>& current) {
  const bool match_ok = !sent.has_if_match || ParseEntityTagList(sent.if_match);
  const bool none_ok = !sent.has_if_none_match || ParseEntityTagList(sent.if_none_match);
  const Result<Verdict> read = Evaluate(sent, current, true);
  const Result<Verdict> write = Evaluate(sent, current, false);
  Check(read.ok() == (match_ok && none_ok) && write.ok() == read.ok());
  if (!read.ok()) {
    Check(read.status().code() == "invalid_precondition" && read.status().http_status() == 400);
    return;
  }
  const bool lost = sent.has_if_match && !NamesCurrent(sent.if_match, current, true);
  const bool seen = sent.has_if_none_match && NamesCurrent(sent.if_none_match, current, false);
  Check((*read == Verdict::kFailed) == lost);
  Check((*read == Verdict::kNotModified) == (seen && !lost));
  Check((*write == Verdict::kFailed) == (lost || seen) && *write != Verdict::kNotModified);
  Check(current || !seen);
  const Status required = RequirePrecondition(sent, current.has_value());
  Check(required.ok() || required.http_status() == 428);
  Check(required.ok() || !sent.has_if_match);
}

void CheckVersion(std::string_view text) {
  const std::optional<DocumentTag> tag = ParseVersion(text);
  if (!tag) return;
  Check(tag->version >= 0 && tag->version < int64_t{1} << 53 && tag->epoch.size() == 16);
  const std::string version = FormatVersion(*tag);
  Check(text.find(version) <= 1 && text.size() <= version.size() + 11);
  Check(ParseVersion(version) == tag && ParseVersion('"' + version + '"') == tag);
  Check(ParseVersion(ShardTag(version, text)) == tag);
  Check(NamesCurrent('"' + version + '"', '"' + version + '"', true));
}

}  // namespace
}  // namespace tidemark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckVersion(text);
  Preconditions sent;
  sent.if_match = TakeLine(&text);
  sent.if_none_match = TakeLine(&text);
  const std::string current(text);
  CheckVersion(current);
  for (int has = 0; has < 4; ++has) {
    sent.has_if_match = (has & 1) != 0;
    sent.has_if_none_match = (has & 2) != 0;
    CheckFields(sent, std::nullopt);
    CheckFields(sent, current);
  }
  return 0;
}
