// Tickets: a caller's identity for 30 seconds and one use, for a WebSocket that can send no header.

#include <algorithm>

#include "accounts/one_time.h"
#include "accounts/operations.h"
#include "accounts/sql.h"
#include "base/json_scanner.h"
#include "base/limits.h"

namespace tidemark {
namespace {

void AppendText(std::string* out, std::string_view text) {
  if (text.empty()) {
    *out += "null";
  } else {
    json::AppendQuoted(out, text);
  }
  *out += ',';
}

// As the host told it (engine/operation.h).
std::string TicketSubject(const Identity& identity) {
  std::string subject = "[";
  AppendText(&subject, identity.user_id);
  AppendText(&subject, RoleName(identity.role));
  AppendText(&subject, identity.org);
  AppendText(&subject, identity.tenant);
  AppendText(&subject, identity.email);
  return subject + std::to_string(identity.version) + ',' + std::to_string(identity.expires_ms) +
         ']';
}

}  // namespace

Task<Reply> IssueTicket(Context context) {
  const Request& request = context.request;
  const std::string secret = request.Param("secret");
  std::string hash = HashOfNewSecret(secret);
  const int64_t expires_ms =
      std::min(request.now_ms + limits::kTicketMs, request.identity.expires_ms);
  const auto issued =
      co_await D1(std::string(kAccountsShard),
                  IssueSecret(std::move(hash), kTicketKind, TicketSubject(request.identity),
                              expires_ms, request.now_ms));
  if (!std::holds_alternative<ResultSets>(issued)) co_return Unavailable();
  co_return Reply::Json("{\"ticket\":\"" + secret +
                        "\",\"expires_in\":" + std::to_string(limits::kTicketMs / 1000) + "}");
}

Task<Reply> RedeemTicket(Context context) {
  const Request& request = context.request;
  const Status invalid = Status::Error(401, "invalid_ticket", "Invalid or expired ticket");
  const std::optional<std::string> hash = HashOfSecret(request.Param("ticket"));
  if (!hash) co_return Reply::Error(invalid);
  const auto redeemed =
      co_await D1(std::string(kAccountsShard),
                  {OnSecret(sql::kRedeemSecret, *hash, kTicketKind, request.now_ms)});
  const auto* sets = std::get_if<ResultSets>(&redeemed);
  if (sets == nullptr) co_return Unavailable();
  if (sets->front().rows.empty()) co_return Reply::Error(invalid);
  co_return Reply::Json(sets->front().Text(0));
}

}  // namespace tidemark
