// Before each request of a user, in the user's own object: is the token still good, and are there
// requests left in this minute?
//
// The object remembers what it was answered last ("VERSION.ENDS_MS.COUNT.RESERVED") and hands it
// back, so most requests touch no storage. Requests are reserved there ten at a time, ahead of
// their use: an object that forgets has used up what it had reserved, and never opens a window
// twice.
//
// Whoever runs many requests elsewhere takes several at once, a lease: they count as used, whether
// they will be or not. A lease ends with its window, so no other window pays for its requests, and
// with its token.

#include <algorithm>
#include <array>

#include "accounts/operations.h"
#include "accounts/sql.h"
#include "accounts/window.h"
#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

constexpr const char* kVersionKey = "token_version";
constexpr const char* kWindowKey = "window";

enum Place : uint8_t { kVersion, kEnds, kCount, kReserved, kPlaces };
using Admission = std::array<int64_t, kPlaces>;

Task<Admission> ReadAdmission() {
  const ResultSets stored =
      co_await Batch({{sql::kReadMeta.text, {kVersionKey}}, {sql::kReadMeta.text, {kWindowKey}}});
  std::array<int64_t, 2> window{};
  if (!ReadNumbers(stored.back().Text(0), window)) window = {};
  co_return Admission{stored.front().Integer(0, 0), window[0], window[1], window[1]};
}

}  // namespace

Task<Reply> Admit(Context context) {
  const Request& request = context.request;
  const Result<int64_t> limit =
      ConfiguredLimit(request, "requests_max", limits::kRequestsPerMinute);
  if (!limit.ok()) co_return Reply::Error(limit.status());
  const Result<int64_t> requests = IntegerParam(request, "requests", 1, limits::kRequestsLeased, 1);
  if (!requests.ok()) co_return Reply::Error(requests.status());
  Admission admission{};
  if (!ReadNumbers(request.Param("admission"), admission)) admission = co_await ReadAdmission();
  const int64_t expires_ms = request.identity.expires_ms;
  const bool ended = expires_ms > 0 && expires_ms <= request.now_ms;
  if (ended || request.identity.version < admission[kVersion]) {
    co_return Reply::Error(Status::Error(401, "invalid_token", "Invalid token"));
  }
  Window window{.ends_ms = admission[kEnds], .count = admission[kCount]};
  const int64_t granted = window.Take(request.now_ms, limits::kMinuteMs, *limit, *requests);
  if (granted == 0) co_return RateLimited(window.ends_ms, request.now_ms);
  if (window.ends_ms != admission[kEnds] || window.count > admission[kReserved]) {
    admission[kReserved] = std::min(window.count + limits::kRequestsReserved - 1, *limit);
    const std::array<int64_t, 2> reserved = {window.ends_ms, admission[kReserved]};
    co_await Query(sql::kWriteText, {kWindowKey, FormatNumbers(reserved)});
  }
  admission[kEnds] = window.ends_ms;
  admission[kCount] = window.count;
  Reply reply;
  reply.data["admission"] = FormatNumbers(admission);
  reply.data["granted"] = std::to_string(granted);
  int64_t until = std::min(request.now_ms + limits::kLeaseMs, window.ends_ms);
  if (expires_ms > 0) until = std::min(until, expires_ms);
  reply.data["granted_until"] = std::to_string(until);
  co_return reply;
}

Task<Reply> TokenVersion(Context /*context*/) {
  const ResultSet version = co_await Query(sql::kReadMeta, {kVersionKey});
  Reply reply;
  reply.data["version"] = std::to_string(version.Integer(0, 0));
  co_return reply;
}

Task<Reply> RevokeTokens(Context context) {
  const ResultSet stored = co_await Query(sql::kReadMeta, {kVersionKey});
  const int64_t version = std::max(stored.Integer(0, 0), context.request.identity.version) + 1;
  co_await Query(sql::kWriteMeta, {kVersionKey, version});
  Reply reply;
  reply.data["close_sockets"] = "1";
  reply.data["admission"] = "";
  co_return reply;
}

}  // namespace tidemark
