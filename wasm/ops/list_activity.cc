// GET /activity: what was asked of the Worker.

#include <algorithm>

#include "base/limits.h"
#include "base/uuid.h"
#include "engine/await.h"
#include "engine/params.h"
#include "ops/activity.h"
#include "ops/sql_activity.h"

namespace tidemark {
namespace {

// The caller's own entries alone, or everybody's.
Param UserFilter(const Request& request) {
  const Status writer = CheckDocument(request.identity, /*published=*/false, Action::kWrite,
                                      request.Param("editors"));
  if (writer.ok()) return Null{};
  return request.identity.user_id;
}

Param AppFilter(const Request& request) {
  std::string app = request.Param("app");
  if (app.empty()) return Null{};
  return app;
}

}  // namespace

Task<Reply> ListActivity(Context context) {
  const Request& request = context.request;
  const Result<int64_t> limit = IntegerParam(request, "limit", 1, limits::kActivityPageRowsMax,
                                             limits::kActivityPageRowsDefault);
  if (!limit.ok()) co_return Reply::Error(limit.status());
  std::string before = request.Param("before");
  if (before.empty()) before = sql::kAfterAll;
  if (before != sql::kAfterAll && !UuidV7Time(before)) {
    co_return Reply::Error(
        Status::Invalid("invalid_parameter", "before must be what a page named as its next one"));
  }
  const Param user = UserFilter(request);
  const Param app = AppFilter(request);
  const std::string shard(kActivityShard);

  // Who wants few of many looks at so many rows a page, and the answer says where to go on.
  std::string oldest;
  if (!std::holds_alternative<Null>(user) || !std::holds_alternative<Null>(app)) {
    const auto found = co_await D1(
        shard, {Statement{sql::kFindActivity.text, {before, limits::kActivityScanRows}}});
    const auto* sets = std::get_if<ResultSets>(&found);
    if (sets == nullptr) co_return ActivityUnavailable();
    oldest = sets->front().Text(0);
  }
  const auto listed = co_await D1(
      shard, {Statement{sql::kListActivity.text, {before, oldest, user, app, *limit + 1}}});
  const auto* sets = std::get_if<ResultSets>(&listed);
  if (sets == nullptr) co_return ActivityUnavailable();

  const auto& rows = sets->front().rows;
  const size_t shown = std::min(rows.size(), static_cast<size_t>(*limit));
  std::string body = "[";
  for (size_t row = 0; row < shown; ++row) {
    if (row > 0) body += ',';
    body += *std::get_if<std::string>(&rows[row][1]);
  }
  Reply reply = Reply::Json(body + ']');
  reply.data["rows"] = std::to_string(shown);
  if (rows.size() > shown) {
    reply.data["next_before"] = *std::get_if<std::string>(&rows[shown - 1][0]);
  } else if (!oldest.empty()) {
    reply.data["next_before"] = oldest;
  }
  co_return reply;
}

}  // namespace tidemark
