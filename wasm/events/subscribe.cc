// RequestChanges and StopChanges: what a socket follows. What there is already goes out in pages
// (events/deliver_events.cc); a subscription that has got all of it is sent what is written.

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "events/incoming.h"
#include "events/log_store.h"
#include "events/sql_sockets.h"

namespace tidemark::events {
namespace {

// Where to begin, at 1 or later. A cursor beyond the end is of a log that was longer: what comes
// next is new all the same.
int64_t StartOf(int64_t asked, const LogState& log) {
  if (asked < 0) return std::max(log.last + 1 + asked, log.first);
  return std::clamp(asked, int64_t{1}, log.last + 1);
}

Statement Subscribe(int64_t socket, std::string key, int64_t first, Param until, bool behind) {
  return {sql::kSubscribe.text,
          {socket, std::move(key), first, std::move(until), int64_t{behind ? 1 : 0}}};
}

}  // namespace

Task<Reply> RequestChanges(Context context, std::unique_ptr<Incoming> incoming) {
  const Request& request = context.request;
  const LogStore store(request);
  const std::string key(incoming->message.public_key);
  const int64_t socket = SocketOf(request);
  std::vector<Command> reads;
  reads.emplace_back(store.Command({ReadLog(store, key)}));
  reads.emplace_back(SqlCommand{
      {},
      {{sql::kReadSubscription.text, {key, socket}}, {sql::kCountSubscriptions.text, {socket}}}});
  std::vector<CommandResult> results = co_await Commands(std::move(reads));
  Result<ResultSets> logs = SetsOf(std::move(results[0]));
  if (!logs.ok()) co_return Close(logs.status());
  const LogState log = LogStateOf((*logs)[0]);
  Result<ResultSets> own = SetsOf(std::move(results[1]));
  Check(own.ok());

  const int64_t asked = incoming->message.start_sequence;
  const int64_t start = StartOf(asked, log);
  if (start < log.first) co_return Close(CursorExpired(log.first));
  const ResultSet& subscription = (*own)[0];
  const bool behind = start <= log.last;
  std::vector<Statement> statements;
  if (subscription.rows.empty()) {
    statements.push_back(Subscribe(socket, key, start, Null{}, behind));
  } else if (const int64_t first = subscription.Integer(1, 1); start < first) {
    statements.push_back(Subscribe(socket, key, start, first - 1, true));
    statements.push_back({sql::kWidenSubscription.text, {subscription.Integer(0, 0), start}});
  } else {
    co_return Reply();
  }
  if ((*own)[1].Integer(0, 0) >= limits::kEventSubscriptionsMax) {
    co_return Close(Status::Error(403, "too_many_subscriptions",
                                  "a connection follows at most " +
                                      std::to_string(limits::kEventSubscriptionsMax) + " keys"));
  }
  co_await Batch(std::move(statements));
  if (!store.own()) co_await SetAlarm(request.now_ms + limits::kEventPollMs);
  Reply reply;
  if (behind) reply.data["deliver"] = "1";
  co_return reply;
}

Task<Reply> StopChanges(Context context, std::unique_ptr<Incoming> incoming) {
  co_await Query(sql::kUnsubscribe,
                 {SocketOf(context.request), std::string(incoming->message.public_key)});
  co_return Reply();
}

}  // namespace tidemark::events
