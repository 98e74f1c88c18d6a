// What a link is good for: the account of its address, whose token the host then signs.
//
// To read whose it is changes nothing: pages are fetched by programs that look at mails, too.
// The user's space says of which version tokens are before the link is used up: whatever fails
// until then can be tried again with the same link.

#include "accounts/email.h"
#include "accounts/one_time.h"
#include "accounts/operations.h"
#include "accounts/sql.h"
#include "base/json_scanner.h"

namespace tidemark {
namespace {

Reply InvalidLink() {
  return Reply::Error(Status::Error(401, "invalid_magic_token", "Invalid or expired token"));
}

// The batch that makes the account and uses the link up did nothing.
Reply NotRedeemed(const Failure& failure) {
  if (failure.code != "refused") return Unavailable();
  return Reply::Error(
      Status::Error(409, "account_conflict", "Another account has the user id of this address"));
}

}  // namespace

Task<Reply> ReadLink(Context context) {
  const Request& request = context.request;
  const std::optional<std::string> hash = HashOfSecret(request.Param("token"));
  if (!hash) co_return InvalidLink();
  const auto read = co_await D1(std::string(kAccountsShard),
                                {OnSecret(sql::kReadLink, *hash, kLinkKind, request.now_ms)});
  const auto* link = std::get_if<ResultSets>(&read);
  if (link == nullptr) co_return Unavailable();
  if (link->front().rows.empty()) co_return InvalidLink();
  Reply reply;
  reply.data["email"] = link->front().Text(0);
  co_return reply;
}

Task<Reply> VerifyLink(Context context) {
  const Request& request = context.request;
  const Result<std::string> secret = co_await ReadField(request, "token");
  if (!secret.ok()) co_return Reply::Error(secret.status());
  const std::optional<std::string> hash = HashOfSecret(*secret);
  if (!hash) co_return InvalidLink();
  const std::string shard(kAccountsShard);

  const auto read =
      co_await D1(shard, {OnSecret(sql::kReadLink, *hash, kLinkKind, request.now_ms)});
  const auto* link = std::get_if<ResultSets>(&read);
  if (link == nullptr) co_return Unavailable();
  if (link->front().rows.empty()) co_return InvalidLink();
  const std::string email = link->front().Text(0);
  const std::string user_id = link->front().Text(1);

  auto called = co_await Call(user_id, "token_version", {});
  const auto* answer = std::get_if<CallReply>(&called);
  if (answer == nullptr || answer->status != 200) co_return Unavailable();

  const auto redeemed =
      co_await D1(shard, {OnSecret(sql::kCreateUser, *hash, kLinkKind, request.now_ms),
                          OnSecret(sql::kRedeemSecret, *hash, kLinkKind, request.now_ms)});
  const auto* sets = std::get_if<ResultSets>(&redeemed);
  if (sets == nullptr) co_return NotRedeemed(std::get<Failure>(redeemed));
  if (sets->back().rows.empty()) co_return InvalidLink();

  Reply reply;
  reply.data["user_id"] = user_id;
  reply.data["email"] = email;
  reply.data["role"] = RoleOf(email, request.Param("admins"));
  reply.data["version"] = answer->data.at("version");
  co_return reply;
}

}  // namespace tidemark
