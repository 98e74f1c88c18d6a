// Links to sign in, counted in an object of their own for each address that they are for, and for
// each that they are asked from. When its window ends, the object is forgotten.

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

constexpr const char* kWindowKey = "window";

Task<Window> ReadWindow() {
  const ResultSets stored =
      co_await Batch({{sql::kCreateMeta.text, {}}, {sql::kReadMeta.text, {kWindowKey}}});
  std::array<int64_t, 2> window{};
  if (!ReadNumbers(stored.back().Text(0), window)) window = {};
  co_return Window{.ends_ms = window[0], .count = window[1]};
}

}  // namespace

Task<Reply> CountLink(Context context) {
  const Request& request = context.request;
  const Result<int64_t> limit = ConfiguredLimit(request, "links_max", limits::kLinksPerWindow);
  if (!limit.ok()) co_return Reply::Error(limit.status());
  const Result<int64_t> networks = IntegerParam(request, "networks", 1, limits::kLinkNetworks, 1);
  if (!networks.ok()) co_return Reply::Error(networks.status());
  Window window = co_await ReadWindow();
  if (window.Take(request.now_ms, limits::kLinkWindowMs, *limit * *networks) == 0) {
    Reply refused = RateLimited(window.ends_ms, request.now_ms);
    refused.data["ends_ms"] = std::to_string(window.ends_ms);
    co_return refused;
  }
  const std::array<int64_t, 2> counted = {window.ends_ms, window.count};
  co_await Query(sql::kWriteText, {kWindowKey, FormatNumbers(counted)});
  co_await SetAlarm(window.ends_ms);
  co_return Reply();
}

Task<Reply> ForgetCount(Context context) {
  const Window window = co_await ReadWindow();
  Reply reply;
  if (context.request.now_ms >= window.ends_ms) {
    reply.data["empty"] = "1";
  } else {
    co_await SetAlarm(window.ends_ms);
  }
  co_return reply;
}

}  // namespace tidemark
