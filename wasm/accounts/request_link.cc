// POST /auth/magic-link: a link to sign in, by mail.
//
// Links are counted by who asks and then by whom they are for. An address has room for the links of
// several networks, so that one network cannot keep its owner from signing in.

#include "accounts/email.h"
#include "accounts/network.h"
#include "accounts/one_time.h"
#include "accounts/operations.h"
#include "accounts/sql.h"
#include "accounts/window.h"
#include "base/json_scanner.h"
#include "base/limits.h"

namespace tidemark {
namespace {

std::string LinkSubject(std::string_view email) {
  std::string subject = "{\"email\":";
  json::AppendQuoted(&subject, email);
  return subject + ",\"user_id\":\"" + UserIdOf(email) + "\"}";
}

// Why a counter lets no link through; nothing where it does.
Task<std::optional<Reply>> CountLinkIn(std::string counter, std::string networks, Request request) {
  auto called =
      co_await Call(std::move(counter), "count_link",
                    {{"links_max", request.Param("links_max")}, {"networks", std::move(networks)}});
  const auto* counted = std::get_if<CallReply>(&called);
  if (counted == nullptr) co_return Unavailable();
  if (counted->status < 400) co_return std::nullopt;
  int64_t ends_ms = 0;
  if (counted->status == 429 && ReadNumbers(counted->data.at("ends_ms"), {&ends_ms, 1})) {
    co_return RateLimited(ends_ms, request.now_ms);
  }
  Reply refused;
  refused.status = static_cast<int>(counted->status);
  refused.headers.emplace_back("content-type", "application/json");
  refused.body.emplace_back(counted->body);
  refused.data = counted->data;
  co_return refused;
}

}  // namespace

Task<Reply> RequestLink(Context context) {
  const Request& request = context.request;
  const Result<std::string> text = co_await ReadField(request, "email");
  if (!text.ok()) co_return Reply::Error(text.status());
  const Result<std::string> email = NormalizeEmail(*text);
  if (!email.ok()) co_return Reply::Error(email.status());
  const std::string secret = request.Param("secret");
  std::string hash = HashOfNewSecret(secret);

  std::optional<Reply> refused =
      co_await CountLinkIn("ip:" + NetworkOf(request.Param("ip")), "1", request);
  if (!refused) {
    refused =
        co_await CountLinkIn("email:" + *email, std::to_string(limits::kLinkNetworks), request);
  }
  if (refused) co_return std::move(*refused);
  const auto issued = co_await D1(std::string(kAccountsShard),
                                  IssueSecret(std::move(hash), kLinkKind, LinkSubject(*email),
                                              request.now_ms + limits::kLinkMs, request.now_ms));
  if (!std::holds_alternative<ResultSets>(issued)) co_return Unavailable();

  Reply reply = Reply::Json("{\"sent\":true}");
  reply.status = 202;
  reply.data["to"] = *email;
  reply.data["subject"] = "Login to Samedi";
  reply.data["text"] =
      "Click here to login: " + request.Param("origin") + "/auth/verify?token=" + secret;
  co_return reply;
}

Task<Reply> WithdrawLink(Context context) {
  std::string hash = HashOfNewSecret(context.request.Param("secret"));
  const auto withdrawn =
      co_await D1(std::string(kAccountsShard),
                  {{sql::kWithdrawSecret.text, {std::move(hash), std::string(kLinkKind)}}});
  if (!std::holds_alternative<ResultSets>(withdrawn)) co_return Unavailable();
  co_return Reply();
}

}  // namespace tidemark
