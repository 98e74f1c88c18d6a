#include "engine/params.h"

#include <algorithm>
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

bool IsMediaType(std::string_view content_type, std::string_view type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (!content_type.empty() && content_type.back() == ' ') content_type.remove_suffix(1);
  return std::equal(
      content_type.begin(), content_type.end(), type.begin(), type.end(),
      [](char c, char expected) { return (c >= 'A' && c <= 'Z' ? c + 32 : c) == expected; });
}

bool IsJsonType(std::string_view content_type) {
  return IsMediaType(content_type, "application/json");
}

}  // namespace tidemark
