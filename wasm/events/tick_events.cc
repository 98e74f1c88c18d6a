// The object's alarm: prunes the log, ends sockets whose chunks stop coming, asks D1 what others
// have written.

#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "events/log_store.h"
#include "events/operations.h"
#include "events/sql_log.h"
#include "events/sql_sockets.h"
#include "records/sql_space.h"

namespace tidemark {
namespace events {
namespace {

// Prunes what is beyond the bounds, in one log. True where more may be.
Task<Result<bool>> PruneLog(const LogStore* store, int64_t log, int64_t now_ms) {
  const int64_t keep = store->keep_entries > 0 ? store->keep_entries : limits::kIntegerMax;
  const int64_t since = store->keep_days > 0 ? now_ms - store->keep_days * limits::kDayMs : 0;
  Result<ResultSets> found = co_await Run(
      store, {{sql::kFindPruned.text, {log, keep, since, limits::kEventPruneBatches}}});
  if (!found.ok()) co_return found.status();
  const int64_t before = (*found)[0].Integer(0, 0);
  if (before == 0) co_return false;
  Result<ResultSets> pruned = co_await Run(
      store, {{sql::kForgetEvents.text, {log, before}}, {sql::kPruneEvents.text, {log, before}}});
  if (!pruned.ok()) co_return pruned.status();
  co_return (*pruned)[1].rows_written >= limits::kEventPruneBatches;
}

// Logs in turn, so many a run: from where the last run stopped. When to go on.
Task<Result<int64_t>> Prune(const LogStore* store, int64_t now_ms) {
  int64_t log = (co_await Query(sql::kReadMeta, {"pruned_log"})).Integer(0, 0);
  bool more = false;
  bool ended = false;
  for (int64_t i = 0; i < limits::kEventPruneLogs && !ended && !more; ++i) {
    Result<ResultSets> next =
        co_await Run(store, {{sql::kNextEventLog.text, {store->tenant, log}}});
    if (!next.ok()) co_return next.status();
    ended = (*next)[0].rows.empty();
    if (ended) break;
    const int64_t found = (*next)[0].Integer(0, 0);
    Result<bool> again = co_await PruneLog(store, found, now_ms);
    if (!again.ok()) co_return again.status();
    more = *again;
    if (!more) log = found;
  }
  co_await Query(sql::kWriteMeta, {"pruned_log", ended ? int64_t{0} : log});
  if (!ended) co_return now_ms + limits::kEventPruneAgainMs;
  co_return store->keep_days > 0 ? now_ms + limits::kDayMs / 24 : int64_t{0};
}

// Marks the subscriptions that others' writes have left behind. False where nobody follows.
Task<Result<bool>> Poll(const LogStore* store) {
  std::string keys = (co_await Query(sql::kListSubscribedKeys)).Text(0);
  if (keys == "[]") co_return false;
  Result<ResultSets> ends =
      co_await Run(store, {{sql::kReadEventEnds.text, {store->tenant, std::move(keys)}}});
  if (!ends.ok()) co_return ends.status();
  std::vector<Statement> statements;
  for (std::vector<Cell>& row : (*ends)[0].rows) {
    auto* key = std::get_if<std::string>(&row[0]);
    const auto* last = std::get_if<int64_t>(&row[1]);
    Check(key != nullptr && last != nullptr);
    statements.push_back({sql::kMarkBehind.text, {std::move(*key), *last}});
  }
  if (!statements.empty()) co_await Batch(std::move(statements));
  co_return true;
}

// A socket whose chunks wait for others too long: the reply ends it. When to look again.
Task<int64_t> EndIdle(int64_t now_ms, Params* data) {
  const ResultSet oldest = co_await Query(sql::kOldestChunk);
  const int64_t at = oldest.Integer(0, 0);
  if (at == 0) co_return int64_t{0};
  if (at + limits::kEventChunkMs > now_ms) co_return at + limits::kEventChunkMs;
  const int64_t socket = oldest.Integer(1, 0);
  co_await Query(sql::kRemoveChunks, {socket});
  Reply close = Close(Status::Error(408, "chunk_timeout", "parts of a message did not come"));
  data->merge(close.data);
  (*data)["socket"] = std::to_string(socket);
  co_return now_ms;
}

}  // namespace
}  // namespace events

Task<Reply> TickEvents(Context context) {
  const Request& request = context.request;
  const events::LogStore store(request);
  Reply reply;
  const int64_t idle_ms = co_await events::EndIdle(request.now_ms, &reply.data);
  if (idle_ms > 0) co_await SetAlarm(idle_ms);
  if (store.prunes()) {
    Result<int64_t> again_ms = co_await events::Prune(&store, request.now_ms);
    if (!again_ms.ok()) co_return Reply::Error(again_ms.status());
    if (*again_ms > 0) co_await SetAlarm(*again_ms);
  }
  if (!store.own()) {
    Result<bool> polls = co_await events::Poll(&store);
    if (!polls.ok()) co_return Reply::Error(polls.status());
    if (*polls) co_await SetAlarm(request.now_ms + limits::kEventPollMs);
  }
  reply.data["deliver"] = "1";
  co_return reply;
}

}  // namespace tidemark
