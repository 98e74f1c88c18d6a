// The object's alarm: prunes the log, ends sockets whose chunks stop coming, asks D1 what others
// have written.

#include <algorithm>
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

// Prunes what is beyond the bounds, in one log: how many batches went.
Task<Result<int64_t>> PruneLog(const LogStore* store, int64_t log, int64_t now_ms) {
  const int64_t keep = store->keep_entries > 0 ? store->keep_entries : limits::kIntegerMax;
  const int64_t since = store->keep_days > 0 ? now_ms - store->keep_days * limits::kDayMs : 0;
  Result<ResultSets> found = co_await Run(
      store, {{sql::kFindPruned.text,
               {log, keep, since, limits::kEventPruneBatches, limits::kEventPruneEntries}}});
  if (!found.ok()) co_return found.status();
  const int64_t before = (*found)[0].Integer(0, 0);
  if (before == 0) co_return int64_t{0};
  Result<ResultSets> pruned = co_await Run(
      store, {{sql::kForgetEvents.text, {log, before}}, {sql::kPruneEvents.text, {log, before}}});
  if (!pruned.ok()) co_return pruned.status();
  co_return std::max((*pruned)[1].rows_written, int64_t{1});
}

// Logs in turn, so many a run or until one was pruned: from where the last run stopped. When to go
// on; 0 for not before something is written.
Task<Result<int64_t>> Prune(const LogStore* store, int64_t now_ms) {
  int64_t log = (co_await Query(sql::kReadMeta, {"pruned_log"})).Integer(0, 0);
  bool ended = false;
  for (int64_t i = 0; i < limits::kEventPruneLogs && !ended; ++i) {
    Result<ResultSets> next =
        co_await Run(store, {{sql::kNextEventLog.text, {store->tenant, log}}});
    if (!next.ok()) co_return next.status();
    ended = (*next)[0].rows.empty();
    if (ended) break;
    const int64_t found = (*next)[0].Integer(0, 0);
    Result<int64_t> pruned = co_await PruneLog(store, found, now_ms);
    if (!pruned.ok()) co_return pruned.status();
    if (*pruned > 0) break;
    log = found;
  }
  co_await Query(sql::kWriteMeta, {"pruned_log", ended ? int64_t{0} : log});
  if (!ended) co_return now_ms + limits::kEventPruneAgainMs;
  co_return store->keep_days > 0 ? now_ms + limits::kDayMs / 24 : int64_t{0};
}

// Marks the subscriptions that others' writes have left behind. False where nobody follows.
Task<Result<bool>> Poll(const LogStore* store) {
  std::string after;
  bool any = false;
  for (;;) {
    const ResultSet page =
        co_await Query(sql::kListSubscribedKeys, {after, limits::kEventPollKeys});
    after = page.Text(1);
    if (after.empty()) co_return any;
    any = true;
    Result<ResultSets> ends =
        co_await Run(store, {{sql::kReadEventEnds.text, {store->tenant, page.Text(0)}}});
    if (!ends.ok()) co_return ends.status();
    std::vector<Statement> statements;
    for (std::vector<Cell>& row : (*ends)[0].rows) {
      auto* key = std::get_if<std::string>(&row[0]);
      const auto* last = std::get_if<int64_t>(&row[1]);
      Check(key != nullptr && last != nullptr);
      statements.push_back({sql::kMarkBehind.text, {std::move(*key), *last}});
    }
    if (!statements.empty()) co_await Batch(std::move(statements));
  }
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

// The rest failed: a socket is ended all the same.
Reply Failed(const Status& status, Params data) {
  Reply reply = Reply::Error(status);
  reply.data.merge(data);
  return reply;
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
    if (!again_ms.ok()) co_return events::Failed(again_ms.status(), std::move(reply.data));
    if (*again_ms > 0) co_await SetAlarm(*again_ms);
  }
  if (!store.own()) {
    Result<bool> polls = co_await events::Poll(&store);
    if (!polls.ok()) co_return events::Failed(polls.status(), std::move(reply.data));
    if (*polls) co_await SetAlarm(request.now_ms + limits::kEventPollMs);
  }
  reply.data["deliver"] = "1";
  co_return reply;
}

}  // namespace tidemark
