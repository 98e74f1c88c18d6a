#include "documents/commit.h"

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/app.h"
#include "ops/activity.h"

namespace tidemark {

std::string ActivityOf(const Request& request, int64_t version, bool created) {
  if (request.params.contains("silent")) return {};
  const std::optional<ObjectName> object = ParseObjectName(request.space);
  return ActivityLine({.time_ms = request.now_ms,
                       .source = request.space,
                       .number = version,
                       .method = request.Param("method"),
                       .path = request.Param("path"),
                       .app = object ? object->app : std::string(),
                       .status = created ? 201 : 200,
                       .size = request.body_size,
                       .user = request.identity.user_id});
}

Reply Written(const Document& before, const Document& after, std::string results) {
  std::string text = R"({"version":)";
  if (after.exists()) json::AppendQuoted(&text, after.version());
  if (!after.exists()) text += "null";
  if (!results.empty()) text += R"(,"results":[)" + std::move(results) + "]";
  Reply reply = Reply::Json(text + "}");
  const bool changed = after.tag.version != before.tag.version;
  // A shard that is new is no new document.
  if (changed && !before.exists() && before.layout.empty()) reply.status = 201;
  if (const auto etag = after.etag()) reply.headers.emplace_back("etag", *etag);
  reply.data["version"] = std::to_string(after.tag.version);
  if (changed) reply.data["journalled"] = "1";
  return reply;
}

Status DocumentTooLarge() {
  return Status::TooLarge(
      "document_too_large",
      "A document has at most " + std::to_string(limits::kDocumentBytesMax) + " bytes of records");
}

Status ValueTooLarge() {
  return Status::TooLarge("value_too_large",
                          "A record, or another member of a document, has at "
                          "most " +
                              std::to_string(limits::kRecordBytesMax) + " bytes");
}

Status TooManyMembers() {
  return Status::TooLarge("too_many_members", "A document has at most " +
                                                  std::to_string(limits::kMembersMax) + " members");
}

Status CheckName(std::string_view name) {
  if (name.size() <= limits::kCollectionBytesMax && name.find('\0') == std::string_view::npos) {
    return {};
  }
  return Status::Invalid("invalid_document", "A member's name is at most " +
                                                 std::to_string(limits::kCollectionBytesMax) +
                                                 " bytes of Unicode, without NUL");
}

Status UnsupportedType(std::string_view expected) {
  return Status::Error(415, "unsupported_media_type", "Send it as " + std::string(expected));
}

Status CheckBody(const Request& request, size_t bytes_max) {
  if (request.body_size <= bytes_max) return {};
  return Status::TooLarge("body_too_large",
                          "The body has at most " + std::to_string(bytes_max) + " bytes");
}

std::string StringsJson(const std::vector<std::string>& strings) {
  std::string text;
  json::Writer out(&text);
  out.Char('[');
  for (const std::string& string : strings) {
    out.Comma();
    out.Quoted(string);
  }
  out.Char(']');
  return std::move(out).Take();
}

std::string Clipped(std::string_view text) {
  constexpr size_t kClipBytes = 64;
  size_t size = std::min(text.size(), kClipBytes);
  while (size > 0 && size < text.size() && (text[size] & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + (size < text.size() ? "..." : "");
}

}  // namespace tidemark
