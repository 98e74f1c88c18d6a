#include "engine/params.h"

#include <charconv>

namespace tidemark {

Result<int64_t> IntegerParam(const Request& request, std::string_view name, int64_t least,
                             int64_t most, int64_t fallback) {
  const std::string text = request.Param(name);
  if (text.empty()) return fallback;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most) {
    return value;
  }
  return Status::Invalid("invalid_parameter", std::string(name) + " must be an integer from " +
                                                  std::to_string(least) + " to " +
                                                  std::to_string(most));
}

}  // namespace tidemark
