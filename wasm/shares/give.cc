// The routes of shares: who shares what with whom, in the space that owns it.

#include <utility>

#include "accounts/email.h"
#include "base/json_scanner.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "engine/await.h"
#include "records/delta.h"
#include "records/operations.h"
#include "records/statements.h"
#include "shares/operations.h"
#include "shares/roots.h"

namespace tidemark {
namespace {

struct Asked {
  std::string plan;
  std::string email;
  std::string user;
  std::string permission;
};

Status BadShare(std::string message) {
  return Status::Invalid("invalid_share", std::move(message));
}

Status NoSuchShare() { return Status::NotFound("This is not shared with them"); }

Result<Asked> Parse(const Identity& owner, std::string plan, const std::string& address,
                    std::string permission) {
  if (!CheckRecordId(plan, plan.find('\0') != std::string::npos).code.empty()) {
    return BadShare("plan_id must be the id of a record");
  }
  Result<std::string> email = NormalizeEmail(address);
  if (!email.ok()) return email.status();
  if (ParsePermission(permission) == Permission::kNone) {
    return BadShare("permission must be read or edit");
  }
  Asked asked{std::move(plan), std::move(*email), {}, std::move(permission)};
  asked.user = UserIdOf(asked.email);
  if (asked.user == owner.user_id) return BadShare("It is yours: share it with somebody else");
  return asked;
}

Result<Asked> ParseBody(const Identity& owner, const std::string& body) {
  const Result<nlohmann::json> tree = ParseTree(body, 1);
  if (!tree.ok()) return tree.status();
  const auto text = [&](std::string_view key) {
    const std::string* field = StringField(*tree, key);
    return field == nullptr ? std::string() : *field;
  };
  return Parse(owner, text("plan_id"), text("email"), text("permission"));
}

Reply Shared(const Asked& asked, int64_t created_at) {
  std::string body = "{\"plan_id\":";
  json::AppendQuoted(&body, asked.plan);
  body += ",\"email\":";
  json::AppendQuoted(&body, asked.email);
  body += R"(,"user_id":")" + asked.user + R"(","permission":")" + asked.permission +
          R"(","created_at":)" + std::to_string(created_at) + "}";
  Reply reply = Reply::Json(std::move(body));
  reply.data["then"] = "share";
  return reply;
}

// A share from its beginning: everything is to be sent.
Task<Status> Start(Context context, Asked asked, std::string collection, int64_t generation) {
  const ResultSet count = co_await Query(sql::kCountShares, {asked.plan});
  if (count.Integer(0, 0) >= limits::kSharesOfSpaceMax ||
      count.Integer(1, 0) >= limits::kSharesOfPlanMax) {
    co_return Status::Error(409, "too_many_shares",
                            "At most " + std::to_string(limits::kSharesOfPlanMax) +
                                " people share one of your plans, and " +
                                std::to_string(limits::kSharesOfSpaceMax) +
                                " all of them; take a share back first");
  }
  const Space space = co_await ReadSpace();
  std::vector<Statement> writes;
  // The first: what changed before is not looked at.
  if (!space.gives) writes.push_back({sql::kWriteMeta.text, {"shares_seq", space.head}});
  const int64_t now_ms = context.request.now_ms;
  writes.push_back(
      {sql::kStartShare.text,
       {asked.plan, asked.user, asked.permission, asked.email, now_ms, std::move(collection),
        context.request.identity.email, std::max(generation, now_ms), space.head}});
  writes.push_back({sql::kKnowPerson.text, {asked.user, asked.email, now_ms}});
  co_await Batch(std::move(writes));
  co_return Status();
}

}  // namespace

Task<Reply> PutShare(Context context) {
  const Request& request = context.request;
  if (request.body_size > limits::kShareBytesMax) {
    co_return Reply::Error(BadShare("The body is larger than a share can be"));
  }
  const std::string body = co_await BodySlice(0, request.body_size);
  const Result<Asked> asked = ParseBody(request.identity, body);
  if (!asked.ok()) co_return Reply::Error(asked.status());
  const ResultSet plan =
      co_await Query(sql::kFindPlan, {ShareRootsJson(*context.schema), asked->plan});
  if (plan.rows.empty()) co_return Reply::Error(Status::NotFound("You have nothing of this id"));
  const ResultSet stored = co_await Query(sql::kReadShare, {asked->plan, asked->user});
  int64_t created_at = request.now_ms;
  if (stored.rows.empty() || stored.Integer(3, 0) != 0) {
    Status status = co_await Start(context, *asked, plan.Text(0), stored.Integer(2, 0) + 1);
    if (!status.ok()) co_return Reply::Error(status);
  } else {
    created_at = stored.Integer(1, 0);
    if (stored.Text(0) != asked->permission) {
      co_await Query(sql::kChangeShare, {asked->plan, asked->user, asked->permission, int64_t{0}});
    }
  }
  co_await SetAlarm(request.now_ms + limits::kProjectDelayMs);
  co_return Shared(*asked, created_at);
}

Task<Reply> DeleteShare(Context context) {
  const Request& request = context.request;
  if (!request.Param("owner").empty()) co_return co_await LeaveShare(context);
  const Result<Asked> asked =
      Parse(request.identity, request.Param("plan_id"), request.Param("email"), "read");
  if (!asked.ok()) co_return Reply::Error(asked.status());
  const ResultSet stored = co_await Query(sql::kReadShare, {asked->plan, asked->user});
  if (stored.rows.empty() || stored.Integer(3, 0) != 0) co_return Reply::Error(NoSuchShare());
  co_await Batch({{sql::kChangeShare.text, {asked->plan, asked->user, stored.Text(0), int64_t{1}}},
                  {sql::kKnowPerson.text, {asked->user, asked->email, request.now_ms}}});
  co_await SetAlarm(request.now_ms + limits::kProjectDelayMs);
  Reply reply = Reply::Json("{}");
  reply.data["then"] = "share";
  co_return reply;
}

Task<Reply> ListShares(Context context) {
  const Keep keep{static_cast<int64_t>(limits::kPageBytesMax), limits::kReceivedSharesMax * 2};
  const ResultSets lists =
      co_await Batch({{sql::kListGiven.text, {}, keep}, {sql::kListReceived.text, {}, keep}});
  Reply reply = Reply::Json("{\"given\":[");
  for (const Kept& kept : lists[0].kept) reply.body.emplace_back(kept.handle);
  reply.body.emplace_back("],\"received\":[");
  for (const Kept& kept : lists[1].kept) reply.body.emplace_back(kept.handle);
  reply.body.emplace_back("]}");
  co_return reply;
}

}  // namespace tidemark
