// Edits of others' records on their way to their owners.

#include <utility>
#include <vector>

#include "base/limits.h"
#include "engine/await.h"
#include "records/answer.h"
#include "records/operations.h"
#include "records/publish.h"
#include "records/statements.h"
#include "shares/deliver.h"

namespace tidemark {
namespace {

// What the owner's space did not take goes to the history, and what is there is told again. All in
// one batch: nothing is lost between.
Task<bool> Settle(Context context, std::string owner, std::string device, int64_t last,
                  Param answer, bool none) {
  const int64_t now_ms = context.request.now_ms;
  const std::vector<Param> carried = {owner,         device, last, std::move(answer),
                                      int64_t{none}, now_ms};
  const ResultSets sets = co_await Batch({{sql::kReadSpace.text, {""}},
                                          {sql::kKeepRefused.text, carried},
                                          {sql::kSendCopiesAgain.text, carried},
                                          {sql::kAwaitMade.text, {owner, device, last, now_ms}},
                                          {sql::kForgetOutgoing.text, {owner, device, last}},
                                          {sql::kReadSpace.text, {""}}});
  const Space now{.epoch = sets[0].Text(0), .has_copies = true};
  co_return co_await PublishChanges(
      context, {.space = now, .from = sets[0].Integer(1, 0), .to = sets[5].Integer(1, 0)});
}

// Everything that waits for an owner, page by page, as its devices sent it.
Task<bool> CarryTo(Context context, std::string self, std::string owner, std::string device) {
  const ResultSet measured =
      co_await Query(sql::kMeasureOutgoing, {owner, device, limits::kProjectBytesMax});
  const int64_t last = measured.Integer(0, 0);
  const Keep all{static_cast<int64_t>(limits::kSqlValueBytesMax) * 2, limits::kIntegerMax};
  const ResultSet deltas = co_await Query(sql::kReadOutgoing, {owner, device, last}, all);
  Answer body(*context.schema);
  body.Add(deltas);
  body.Collections();
  const auto answer = co_await Call(owner, "accept_shared",
                                    {{"from", std::move(self)}, {"device", device}}, body.Finish());
  const auto* reply = std::get_if<CallReply>(&answer);
  if (reply == nullptr || reply->status >= 500) co_return false;
  const bool none = reply->status >= 400;  // it will be refused again: then it is kept here
  const Param told = none ? Param("{}") : Param(reply->body);
  co_await Settle(context, std::move(owner), std::move(device), last, told, none);
  co_return true;
}

}  // namespace

Task<bool> Carry(Context context, std::string self) {
  std::string after;
  bool carried = true;
  for (bool any = false;; any = true) {
    const ResultSet next = co_await Query(sql::kNextOutgoing, {after});
    if (next.rows.empty()) {
      if (!any) co_return true;
      break;
    }
    const std::string owner = next.Text(0);
    // A page a turn; an owner whose space does not answer waits, and the next one's go on.
    if (!co_await CarryTo(context, self, owner, next.Text(1))) {
      carried = false;
      after = owner;
    }
  }
  const ResultSet failed = co_await Query(sql::kReadMeta, {"carry_attempts"});
  const int64_t attempts = carried ? 0 : failed.Integer(0, 0) + 1;
  const int64_t at = carried ? 0 : context.request.now_ms + BackOff(attempts - 1);
  co_await Batch({{sql::kWriteMeta.text, {"carry_attempts", attempts}},
                  {sql::kWriteMeta.text, {"carry_at", at}}});
  co_return carried;
}

}  // namespace tidemark
