#include "documents/document.h"

#include <algorithm>
#include <charconv>

#include "base/entity_tag.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/shard_of.h"
#include "documents/sql_tables.h"
#include "engine/await.h"
#include "engine/params.h"

namespace tidemark {

int64_t Document::NextVersion(int64_t now_ms) const {
  return std::max({tag.version + 1, clock + 1, now_ms});
}

Task<Document> ReadDocument() {
  const ResultSet row = co_await Query(sql::kReadDocument);
  Document document;
  document.tag.epoch = row.Text(0);
  document.frozen = row.Integer(1, 0);
  document.clock = row.Integer(2, 0);
  document.horizon = row.Integer(3, 0);
  document.layout = row.Text(4);
  document.lock = row.Text(5);
  document.tag.version = row.Integer(6, 0);
  document.records = row.Integer(7, 0);
  document.bytes = row.Integer(8, 0);
  co_return document;
}

Reply Busy(std::string needs) {
  Reply reply = Reply::Error(Status::Error(
      503, "busy", "The document is being changed as a whole; try again in a second"));
  reply.headers.emplace_back("retry-after", "1");
  reply.data["needs"] = std::move(needs);
  return reply;
}

std::optional<Reply> NotNow(const Request& request, const Document& document) {
  const std::optional<ObjectName> object = ParseObjectName(request.space);
  if (!document.lock.empty()) return Busy("settle");
  if (request.Param("layout") == document.layout) return std::nullopt;
  if (!object || !object->shard) return Busy("relayout");
  // What is asked of one shard by its name is not there; operations make it.
  const bool patches_values =
      request.Param("shard") == kRootShard && request.Param("method") == "PATCH";
  if (!request.Param("shard").empty() && !IsJsonType(request.Param("content_type")) &&
      !patches_values) {
    return Reply::Error(Status::NotFound("There is no such shard"));
  }
  return Busy("register");
}

std::optional<std::string> EtagFor(const Request& request, const Document& document) {
  const std::string shard = request.Param("shard");
  if (shard.empty() || !document.exists()) return document.etag();
  return '"' + ShardTag(document.version(), shard) + '"';
}

Preconditions PreconditionsOf(const Request& request) {
  return {.if_match = request.Param("if_match"),
          .has_if_match = request.params.contains("if_match"),
          .if_none_match = request.Param("if_none_match"),
          .has_if_none_match = request.params.contains("if_none_match")};
}

Reply PreconditionFailed(const std::optional<std::string>& etag) {
  Reply reply = Reply::Error(
      Status::Error(412, "precondition_failed",
                    etag ? "The document is not the one that the request was made on; read it again"
                         : "There is no document yet; create it with If-None-Match: *"));
  if (etag) reply.headers.emplace_back("etag", *etag);
  return reply;
}

std::optional<Reply> Refusal(const Request& request, const std::optional<std::string>& etag,
                             bool reads, bool required) {
  const Preconditions preconditions = PreconditionsOf(request);
  const Result<Verdict> verdict = Evaluate(preconditions, etag, reads);
  if (!verdict.ok()) return Reply::Error(verdict.status());
  if (*verdict == Verdict::kFailed) return PreconditionFailed(etag);
  if (*verdict == Verdict::kNotModified) {
    Reply reply;
    reply.status = 304;
    reply.headers.emplace_back("etag", etag.value_or(""));
    return reply;
  }
  if (!required) return std::nullopt;
  if (Status status = RequirePrecondition(preconditions, etag.has_value()); !status.ok()) {
    return Reply::Error(status);
  }
  return std::nullopt;
}

std::optional<Reply> ShardRefusal(const Request& request, const Document& document) {
  const Preconditions preconditions = PreconditionsOf(request);
  if (!preconditions.has_if_match) return std::nullopt;
  const std::optional<EntityTagList> list = ParseEntityTagList(preconditions.if_match);
  if (!list) {
    return Reply::Error(Status::Invalid("invalid_precondition", "If-Match is no list of tags"));
  }
  if (list->any) return std::nullopt;
  for (const EntityTag& tag : list->tags) {
    const std::optional<DocumentTag> made = ParseVersion(tag.opaque);
    const bool holds = !tag.weak && made && made->epoch == document.tag.epoch &&
                       made->version >= document.tag.version;
    if (holds) return std::nullopt;
  }
  return PreconditionFailed(document.etag());
}

Status CheckClearing(const Request& request, const Extent& before, const Extent& after,
                     int64_t deleted) {
  // What other objects have of the document, where its manifest has counted it.
  int64_t others = 0;
  const std::string elsewhere = request.Param("others");
  std::from_chars(elsewhere.data(), elsewhere.data() + elsewhere.size(), others);
  const int64_t had = before.records + others;
  const bool cleared =
      (before.records > 0 && after.records + others == 0) ||
      (before.members > 0 && after.members == 0 && request.Param("members") != "1" && others == 0);
  if (cleared && request.Param("allow_empty") != "true") {
    return Status::Error(409, "empty_write_denied",
                         "This would leave the document empty; to mean it, send "
                         "X-Allow-Empty-Write: true");
  }
  const bool large = !cleared && had >= limits::kLargeDeleteRecords && deleted * 10 > had * 9;
  if (large && request.Param("allow_large") != "true") {
    return Status::Error(409, "large_delete_denied",
                         "This would delete " + std::to_string(deleted) + " of " +
                             std::to_string(had) +
                             " records; to mean it, send X-Allow-Large-Delete: true");
  }
  return {};
}

}  // namespace tidemark
