// POST /history/:id/restore: a version that a merge overwrote becomes the newest one again.

#include "base/json_scanner.h"
#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "records/operations.h"
#include "records/publish.h"
#include "records/push.h"
#include "records/statements.h"

namespace tidemark {
namespace {

int CollectionNamed(const Schema& schema, std::string_view name) {
  for (size_t i = 0; i < schema.collections.size(); ++i) {
    if (schema.collections[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

Status NotRestored(const std::string& why) {
  return Status::Error(409, "not_restored", "That version cannot be stored again: " + why);
}

// The version as an update delta, with a stamp that beats what is stored.
std::string DeltaOf(const std::string& id, const std::string& data, int64_t ms, int64_t counter) {
  std::string delta = "{\"action\":\"update\",\"id\":";
  json::AppendQuoted(&delta, id);
  return delta + ",\"data\":" + data + ",\"updated_at\":" + std::to_string(ms) +
         ",\"counter\":" + std::to_string(counter) + "}";
}

}  // namespace

Task<Reply> RestoreHistory(Context context) {
  const Request& request = context.request;
  const Result<int64_t> entry = IntegerParam(request, "id", 1, limits::kIntegerMax, 0);
  if (!entry.ok()) co_return Reply::Error(entry.status());
  const ResultSet row = co_await Query(sql::kReadHistory, {*entry});
  if (row.rows.empty()) {
    co_return Reply::Error(
        Status::NotFound("The history has no such entry; GET /history lists what it has"));
  }
  const std::string name = row.Text(0);
  const std::string id = row.Text(1);
  if (!row.Text(3).empty()) {
    co_return Reply::Error(NotRestored("it is another user's; send it as an edit"));
  }
  DeltaBatch batch{.collection = CollectionNamed(*context.schema, name)};
  if (batch.collection < 0) co_return Reply::Error(NotRestored("its collection is gone"));
  const Collection& collection = context.schema->collections[static_cast<size_t>(batch.collection)];

  // No device: every device is sent what is restored, the one that asked for it too.
  PushState state;
  state.schema = context.schema;
  state.now_ms = request.now_ms;
  state.space = co_await ReadSpace();
  state.head = state.space.head;
  const ResultSet stored = co_await Query(sql::kReadStamp, {name, id});
  const int64_t stored_ms = stored.Integer(0, 0);
  const int64_t ms = std::max(stored_ms, request.now_ms);
  const int64_t counter = stored_ms == ms ? stored.Integer(1, 0) + 1 : 0;

  batch.slice.text = DeltaOf(id, row.Text(2), ms, counter);
  batch.slice.in_body = false;
  json::Scanner scanner(batch.slice.text, true);
  Delta delta;
  Rejection rejection;
  KeyOrder order;
  Check(ReadDelta(collection, &scanner, &order, &batch.slice, &delta, &rejection));
  if (!rejection.code.empty()) co_return Reply::Error(NotRestored(rejection.message));
  batch.deltas.push_back(delta);
  Status status = co_await RequireParents(&state, &batch);
  if (!status.ok()) co_return Reply::Error(status);
  if (batch.deltas.empty()) co_return Reply::Error(NotRestored("its parent is gone"));
  status = collection.merge == MergeRule::kFields ? co_await PushFields(&state, std::move(batch))
                                                  : co_await PushRecords(&state, std::move(batch));
  if (!status.ok()) co_return Reply::Error(status);
  if (!state.rejected.empty()) co_return Reply::Error(NotRestored(state.rejected));
  co_await SetAlarm(request.now_ms + limits::kProjectDelayMs);
  co_await PublishChanges(context,
                          {.space = state.space, .from = state.space.head, .to = state.head});

  std::string body = "{\"collection\":";
  json::AppendQuoted(&body, name);
  body += ",\"id\":";
  json::AppendQuoted(&body, id);
  body += ",\"updated_at\":" + std::to_string(ms) + ",\"counter\":" + std::to_string(counter) + "}";
  Reply reply = Reply::Json(std::move(body));
  if (state.space.gives) reply.data["then"] = "share";
  co_return reply;
}

}  // namespace tidemark
