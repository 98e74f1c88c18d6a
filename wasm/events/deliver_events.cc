// Sends a page to a subscription that is behind: entries in the order of their sequences, but for
// those that the socket wrote itself. With the page its place is moved on, so nothing is sent twice
// and nothing left out, whatever is written meanwhile.

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "engine/params.h"
#include "events/log_store.h"
#include "events/message.h"
#include "events/operations.h"
#include "events/sql_log.h"
#include "events/sql_sockets.h"

namespace tidemark {
namespace events {
namespace {

struct Subscription {
  int64_t id = 0;
  int64_t socket = 0;
  std::string key;
  int64_t next = 1;
  int64_t until = limits::kIntegerMax;
  bool ends = false;  // with `until`
};

// What a page comes to: how far it goes, and its frames.
struct Page {
  int64_t next = 1;
  int64_t bytes = 0;
  std::vector<Command> sends;
};

Task<Subscription> NextInTurn(int64_t after) {
  ResultSet set = co_await Query(sql::kNextBehind, {after});
  if (set.rows.empty() && after > 0) set = co_await Query(sql::kNextBehind, {int64_t{0}});
  Subscription found;
  found.id = set.Integer(0, 0);
  found.socket = set.Integer(1, 0);
  found.key = set.Text(2);
  found.next = set.Integer(3, 1);
  found.ends = set.Integer(4, 0) > 0;
  if (found.ends) found.until = set.Integer(4, 0);
  co_return found;
}

// A batch of which not all is wanted, or that alone is more than a page.
Task<Result<Page>> ReadOne(const LogStore* store, const Subscription* to, int64_t log,
                           int64_t first, int64_t past) {
  Result<ResultSets> sets = co_await Run(store, {{sql::kReadEventBatch.text, {log, first}}});
  if (!sets.ok()) co_return sets.status();
  const std::string data = (*sets)[0].Text(0);
  const std::string_view from = SkipEntries(data, to->next - first);
  const std::string_view rest = SkipEntries(from, past - to->next);
  std::string changes = ChangesHead(to->key, past - to->next);
  changes += from.substr(0, from.size() - rest.size());
  changes += ChangesTail();
  Page page{.next = past, .bytes = static_cast<int64_t>(changes.size())};
  for (std::string& frame : FramesOf(std::move(changes), to->next)) {
    page.sends.emplace_back(SendCommand{{to->socket}, {std::move(frame)}});
  }
  co_return page;
}

// Whole batches from `first` on, as many as a page takes; they do not pass through here.
Task<Result<Page>> ReadMany(const LogStore* store, const Subscription* to, int64_t log,
                            int64_t end) {
  Result<ResultSets> measured = co_await Run(
      store,
      {{sql::kMeasureEvents.text,
        {log, to->next, end, to->socket, limits::kEventPageBytes, limits::kEventPageBatches}}});
  if (!measured.ok()) co_return measured.status();
  Page page{.next = (*measured)[0].Integer(0, 0), .bytes = (*measured)[0].Integer(2, 0)};
  const int64_t count = (*measured)[0].Integer(1, 0);
  // Another may have pruned it, in D1: the subscription meets that in its next turn.
  if (count == 0) co_return Page{.next = to->next};
  Result<ResultSets> read =
      co_await Run(store, {{sql::kReadEvents.text,
                            {log, to->next, page.next - 1, to->socket},
                            Keep{.bytes_max = limits::kEventPageBytes, .rows_max = 1}}});
  if (!read.ok()) co_return read.status();
  const std::vector<Kept>& kept = (*read)[0].kept;
  if (kept.empty() || kept[0].group != std::to_string(count)) co_return Page{.next = to->next};
  page.sends.emplace_back(SendCommand{
      {to->socket}, {ChangesHead(to->key, count), kept[0].handle, std::string(ChangesTail())}});
  co_return page;
}

// The page that begins at the subscription's place, in a log that goes to `end` at least.
Task<Result<Page>> ReadPage(const LogStore* store, const Subscription* to, int64_t log,
                            int64_t end) {
  Result<ResultSets> sets = co_await Run(store, {{sql::kFindEventBatch.text, {log, to->next}}});
  if (!sets.ok()) co_return sets.status();
  const ResultSet& batch = (*sets)[0];
  const int64_t first = batch.Integer(0, 0);
  const int64_t past = std::min(first + batch.Integer(1, 0), end + 1);
  if (batch.rows.empty() || past <= to->next) co_return Page{.next = to->next};
  if (batch.Integer(2, 0) == to->socket) co_return Page{.next = past};
  const bool whole = first == to->next && past == first + batch.Integer(1, 0);
  if (whole && batch.Integer(3, 0) <= limits::kEventPageBytes) {
    co_return co_await ReadMany(store, to, log, end);
  }
  co_return co_await ReadOne(store, to, log, first, past);
}

Statement MoveOn(const Subscription& subscription, int64_t next, int64_t end) {
  if (subscription.ends && next > subscription.until) {
    return {sql::kEndSubscription.text, {subscription.id}};
  }
  return {sql::kAdvanceSubscription.text, {subscription.id, next, int64_t{next <= end ? 1 : 0}}};
}

}  // namespace
}  // namespace events

Task<Reply> DeliverEvents(Context context) {
  const Request& request = context.request;
  const events::LogStore store(request);
  const Result<int64_t> after = IntegerParam(request, "after", 0, limits::kIntegerMax, 0);
  Check(after.ok());
  const events::Subscription to = co_await events::NextInTurn(*after);
  Reply reply;
  if (to.id == 0) co_return reply;
  reply.data["socket"] = std::to_string(to.socket);
  reply.data["after"] = std::to_string(to.id);
  reply.data["more"] = "1";
  Result<ResultSets> logs = co_await events::Run(&store, {events::ReadLog(store, to.key)});
  if (!logs.ok()) co_return events::Close(logs.status());
  const events::LogState log = events::LogStateOf((*logs)[0]);
  if (to.next < log.first) {
    co_await Query(sql::kEndSubscription, {to.id});
    reply.data.merge(events::Close(events::CursorExpired(log.first)).data);
    co_return reply;
  }
  const int64_t end = std::min(to.until, log.last);
  events::Page page{.next = to.next};
  if (to.next <= end) {
    Result<events::Page> read = co_await events::ReadPage(&store, &to, log.id, end);
    if (!read.ok()) co_return events::Close(read.status());
    page = std::move(*read);
  }
  std::vector<Command> commands;
  commands.emplace_back(SqlCommand{{}, {events::MoveOn(to, page.next, end)}});
  for (Command& send : page.sends) commands.push_back(std::move(send));
  co_await Commands(std::move(commands));
  reply.data["bytes"] = std::to_string(page.bytes);
  co_return reply;
}

}  // namespace tidemark
