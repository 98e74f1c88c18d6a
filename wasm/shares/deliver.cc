#include "shares/deliver.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "engine/await.h"
#include "records/operations.h"
#include "records/statements.h"
#include "shares/operations.h"
#include "shares/roots.h"

namespace tidemark {
namespace {

constexpr Keep kAll{static_cast<int64_t>(limits::kSqlValueBytesMax) * 2, limits::kIntegerMax};
constexpr int kRoundsMax = 200;

// A row of kReadDueShares, and the page that it is to be sent.
struct Due {
  std::string plan;
  std::string user;
  std::string collection;
  std::string permission;
  std::string owner_email;
  int64_t created_at = 0;
  int64_t generation = 0;
  int64_t sent_seq = 0;
  int64_t since = 0;
  int64_t started_seq = 0;
  bool told = false;
  bool ended = false;
  int64_t attempts = 0;

  int64_t to = 0;
  bool page = false;
};

Due DueOf(const std::vector<Cell>& row) {
  const auto text = [&](size_t at) { return *std::get_if<std::string>(&row[at]); };
  const auto number = [&](size_t at) { return *std::get_if<int64_t>(&row[at]); };
  return {.plan = text(0),
          .user = text(1),
          .collection = text(2),
          .permission = text(3),
          .owner_email = text(4),
          .created_at = number(5),
          .generation = number(6),
          .sent_seq = number(7),
          .since = number(8),
          .started_seq = number(9),
          .told = number(10) != 0,
          .ended = number(11) != 0,
          .attempts = number(12)};
}

CallCommand CallOf(const Due& due, const Space& space, std::string self, std::vector<Part> body) {
  return {due.user,
          "receive_shared",
          {{"owner", std::move(self)},
           {"plan", due.plan},
           {"collection", due.collection},
           {"permission", due.permission},
           {"email", due.owner_email},
           {"created_at", std::to_string(due.created_at)},
           {"generation", std::to_string(due.generation)},
           {"epoch", space.epoch},
           {"from", std::to_string(due.sent_seq)},
           {"to", std::to_string(due.to)},
           {"ended", due.ended ? "1" : ""}},
          std::move(body)};
}

// The next page of a plan; `page` is false where nothing changed. Its texts never enter the core.
Task<std::vector<Part>> ReadPage(const Schema* schema, Due* due) {
  std::vector<Part> body;
  due->to = due->sent_seq;
  if (due->ended) co_return body;
  const std::vector<Param> what = {due->since, due->plan, due->collection,
                                   ChildrenJson(*schema, due->collection),
                                   std::max(due->since, due->started_seq)};
  std::vector<Param> params = what;
  params.emplace_back(limits::kProjectBytesMax);
  params.emplace_back(limits::kProjectRowsMax);
  const ResultSet measured = co_await Query(sql::kMeasureShared, std::move(params));
  const int64_t to = measured.Integer(0, 0);
  if (to == 0) co_return body;
  params = what;
  params.emplace_back(to);
  // One batch: both tell of the same rows.
  const ResultSets rows = co_await Batch(
      {{sql::kReadSharedRows.text, params, kAll}, {sql::kReadSharedData.text, params, kAll}});
  due->to = to;
  due->page = true;
  if (rows[0].kept.empty()) co_return body;  // they changed once more meanwhile
  body = {"[", rows[0].kept[0].handle, std::string("]\0", 2), rows[1].kept[0].handle};
  co_return body;
}

// What a space answered, put down.
Statement Settle(const Due& due, const std::variant<CallReply, Failure>& answer, int64_t now_ms,
                 int64_t head) {
  const auto* reply = std::get_if<CallReply>(&answer);
  if (reply != nullptr && reply->status == 410) {
    return {sql::kEndLeftShare.text, {due.plan, due.user, due.generation}};
  }
  if (reply == nullptr || reply->status != 200 || !reply->data.contains("at")) {
    return {sql::kDelayShare.text,
            {due.plan, due.user, due.generation, now_ms + BackOff(due.attempts)}};
  }
  const int64_t at = std::strtoll(reply->data.at("at").c_str(), nullptr, 10);
  if (at < 0) return {sql::kRestartShare.text, {due.plan, due.user, due.generation, now_ms, head}};
  if (at != due.to) return {sql::kRewindShare.text, {due.plan, due.user, due.generation, at}};
  if (due.ended) return {sql::kForgetShare.text, {due.plan, due.user, due.generation}};
  return {sql::kAdvanceShare.text,
          {due.plan, due.user, due.generation, due.permission, int64_t{0}, due.to,
           due.page ? Param(due.to) : Param(Null{})}};
}

// One page of each of some shares, all at once. False where none is due.
Task<bool> DeliverSome(Context context, std::string self) {
  const Space space = co_await ReadSpace();
  const int64_t now_ms = context.request.now_ms;
  const ResultSet due = co_await Query(sql::kReadDueShares, {now_ms, limits::kSharesTogether});
  std::vector<Due> shares;
  std::vector<Command> calls;
  std::vector<Statement> settled;
  for (const std::vector<Cell>& row : due.rows) {
    Due share = DueOf(row);
    std::vector<Part> body = co_await ReadPage(context.schema, &share);
    if (!share.page && share.told && !share.ended) {
      settled.push_back({sql::kAdvanceShare.text,
                         {share.plan, share.user, share.generation, share.permission, int64_t{0},
                          share.sent_seq, Null{}}});
      continue;
    }
    calls.emplace_back(CallOf(share, space, self, std::move(body)));
    shares.push_back(std::move(share));
  }
  if (!calls.empty()) {
    const auto answers = co_await Calls(std::move(calls));
    for (size_t i = 0; i < shares.size(); ++i) {
      settled.push_back(Settle(shares[i], answers[i], now_ms, space.head));
    }
  }
  if (!settled.empty()) co_await Batch(std::move(settled));
  co_return !due.rows.empty();
}

}  // namespace

int64_t BackOff(int64_t attempts) {
  const int64_t doubled = int64_t{1000} << std::min<int64_t>(attempts, 20);
  return std::min(doubled, limits::kProjectRetryMaxMs);
}

Task<int64_t> Deliver(Context context, std::string self) {
  const Space space = co_await ReadSpace();
  if (!space.gives) co_return 0;
  const ResultSet looked = co_await Query(sql::kReadMeta, {"shares_seq"});
  const int64_t seq = looked.Integer(0, 0);
  if (seq < space.head) {
    co_await Batch(
        {{sql::kMarkShares.text, {seq}}, {sql::kWriteMeta.text, {"shares_seq", space.head}}});
  }
  int64_t rounds = 0;
  while (rounds < kRoundsMax && co_await DeliverSome(context, self)) ++rounds;
  co_return rounds;
}

Task<int64_t> SharesDueAt() {
  const ResultSet due = co_await Query(sql::kReadSharesDueAt);
  co_return due.Integer(0, limits::kIntegerMax);
}

Task<std::string> SelfName(std::string space) {
  if (!space.empty()) co_return space;
  const ResultSet owner = co_await Query(sql::kReadMeta, {"owner"});
  co_return owner.Text(0);
}

Task<Reply> Share(Context context) {
  const std::string self = co_await SelfName(context.request.space);
  const bool carried = co_await Carry(context, self);
  const int64_t rounds = co_await Deliver(context, self);
  const int64_t due = co_await SharesDueAt();
  if (due < limits::kIntegerMax) {
    co_await SetAlarm(std::max(due, context.request.now_ms + limits::kProjectDelayMs));
  }
  Reply reply;
  reply.data["rounds"] = std::to_string(rounds);
  if (!carried) reply.data["problem"] = "edits wait for their owner";
  co_return reply;
}

Task<int64_t> PruneShares(Context context) {
  const int64_t now_ms = context.request.now_ms;
  const int64_t cutoff = now_ms - limits::kTombstoneDays * limits::kDayMs;
  const int64_t history = now_ms - limits::kHistoryDays * limits::kDayMs;
  co_await Batch({{sql::kEndOrphanedShares.text, {}},
                  {sql::kPruneDepartures.text, {}},
                  {sql::kPruneReceived.text, {cutoff}},
                  {sql::kRememberPeople.text, {history, now_ms}},
                  {sql::kPrunePeople.text, {history}}});
  const ResultSet oldest = co_await Query(sql::kReadOldCopies, {cutoff, limits::kPruneCopiesMax});
  const int64_t last = oldest.Integer(0, 0);
  if (last > 0) {
    co_await Batch(
        {{sql::kPruneCopies.text, {cutoff, last}}, {sql::kRaisePruned.text, {"pruned_seq", last}}});
  }
  co_return last;
}

}  // namespace tidemark
