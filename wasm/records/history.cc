// GET /history: what merges overwrote.

#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "records/operations.h"
#include "records/statements.h"

namespace tidemark {
Task<Reply> ListHistory(Context context) {
  const Request& request = context.request;
  const Result<int64_t> before =
      IntegerParam(request, "before", 1, limits::kIntegerMax, limits::kIntegerMax);
  const Result<int64_t> limit =
      IntegerParam(request, "limit", 1, limits::kHistoryRowsMax, limits::kListRowsDefault);
  if (!before.ok()) co_return Reply::Error(before.status());
  if (!limit.ok()) co_return Reply::Error(limit.status());
  const std::string collection = request.Param("collection");
  const std::string id = request.Param("id");
  if (collection.empty() != id.empty()) {
    co_return Reply::Error(Status::Invalid("invalid_parameter",
                                           "collection and id go together: give both, or neither"));
  }
  std::vector<Param> params{*before, *limit};
  if (!id.empty()) {
    params.emplace_back(collection);
    params.emplace_back(id);
  }
  const ResultSet rows =
      co_await Query(id.empty() ? sql::kListHistory : sql::kListRecordHistory, std::move(params),
                     {static_cast<int64_t>(limits::kPageBytesMax), *limit});
  Reply reply;
  reply.headers.emplace_back("content-type", "application/json");
  reply.body.emplace_back("[");
  for (const Kept& kept : rows.kept) reply.body.emplace_back(kept.handle);
  reply.body.emplace_back("]");
  if (rows.more) reply.data["next_before"] = std::to_string(rows.last);
  co_return reply;
}

}  // namespace tidemark
