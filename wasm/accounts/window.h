// Windows of requests: the first request opens one, it lasts for a fixed time, and only so many get
// through in it.
//
// A window is kept as text, "ENDS_MS.COUNT", by whoever counts.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/operation.h"

namespace tidemark {

struct Window {
  int64_t ends_ms = 0;
  int64_t count = 0;

  // Counts up to so many requests in, and says how many; 0 where the window is full. One that has
  // ended, or that ends later than any window opened now would (a clock was set back), is opened
  // anew.
  int64_t Take(int64_t now_ms, int64_t length_ms, int64_t limit, int64_t requests = 1);
};

// Whole numbers from 0 up, with points between. Read* is false, and writes nothing to rely on,
// where the text is not so many of them.
std::string FormatNumbers(std::span<const int64_t> numbers);
bool ReadNumbers(std::string_view text, std::span<int64_t> numbers);

// 429 `rate_limited`, with whole seconds until the window ends in `Retry-After`.
Reply RateLimited(int64_t ends_ms, int64_t now_ms);

// A bound out of configuration: the parameter's, or the fallback where it is empty.
// Code: `not_configured`.
Result<int64_t> ConfiguredLimit(const Request& request, std::string_view param, int64_t fallback);

}  // namespace tidemark
