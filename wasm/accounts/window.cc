#include "accounts/window.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "engine/params.h"

namespace tidemark {

int64_t Window::Take(int64_t now_ms, int64_t length_ms, int64_t limit, int64_t requests) {
  if (now_ms >= ends_ms || ends_ms > now_ms + length_ms) {
    ends_ms = now_ms + length_ms;
    count = 0;
  }
  const int64_t taken = std::clamp<int64_t>(limit - count, 0, requests);
  count += taken;
  return taken;
}

std::string FormatNumbers(std::span<const int64_t> numbers) {
  std::string text;
  for (const int64_t number : numbers) {
    if (!text.empty()) text += '.';
    text += std::to_string(number);
  }
  return text;
}

bool ReadNumbers(std::string_view text, std::span<int64_t> numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) {
      if (text.empty() || text.front() != '.') return false;
      text.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (error != std::errc() || numbers[i] < 0) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
  return text.empty();
}

Reply RateLimited(int64_t ends_ms, int64_t now_ms) {
  Reply reply = Reply::Error(Status::Error(429, "rate_limited", "Rate limit exceeded"));
  const int64_t seconds = std::max<int64_t>(1, (ends_ms - now_ms + 999) / 1000);
  reply.headers.emplace_back("retry-after", std::to_string(seconds));
  return reply;
}

Result<int64_t> ConfiguredLimit(const Request& request, std::string_view param, int64_t fallback) {
  Result<int64_t> limit = IntegerParam(request, param, 1, limits::kIntegerMax, fallback);
  if (limit.ok()) return limit;
  return Status::Error(503, "not_configured",
                       "A limit is configured wrongly: " + limit.status().message());
}

}  // namespace tidemark
