#include "documents/moment.h"

#include <charconv>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/preconditions.h"

namespace tidemark {
namespace {

bool TakeChar(char c, std::string_view* text) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

// Two digits, below `end`. -1: there are none.
int64_t TakeTwo(int64_t end, std::string_view* text) {
  if (text->size() < 2) return -1;
  int64_t number = 0;
  for (const char digit : text->substr(0, 2)) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  text->remove_prefix(2);
  return number < end ? number : -1;
}

// Milliseconds of a fraction of a second; what is finer is cut off.
bool TakeFraction(std::string_view* text, int64_t* ms) {
  int64_t unit = 100;
  size_t digits = 0;
  for (; digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9'; ++digits) {
    *ms += ((*text)[digits] - '0') * unit;
    unit /= 10;
  }
  text->remove_prefix(digits);
  return digits > 0;
}

std::optional<int64_t> ParseTime(std::string_view* text) {
  const int64_t hours = TakeTwo(24, text);
  if (hours < 0 || !TakeChar(':', text)) return std::nullopt;
  const int64_t minutes = TakeTwo(60, text);
  if (minutes < 0) return std::nullopt;
  int64_t ms = (hours * 60 + minutes) * limits::kMinuteMs;
  if (!TakeChar(':', text)) return ms;
  const int64_t seconds = TakeTwo(60, text);
  if (seconds < 0) return std::nullopt;
  ms += seconds * 1'000;
  if (TakeChar('.', text) && !TakeFraction(text, &ms)) return std::nullopt;
  return ms;
}

std::optional<int64_t> ParseZone(std::string_view* text) {
  if (TakeChar('Z', text)) return 0;
  const bool east = TakeChar('+', text);
  if (!east && !TakeChar('-', text)) return std::nullopt;
  const int64_t hours = TakeTwo(24, text);
  if (hours < 0 || !TakeChar(':', text)) return std::nullopt;
  const int64_t minutes = TakeTwo(60, text);
  if (minutes < 0) return std::nullopt;
  return (hours * 60 + minutes) * limits::kMinuteMs * (east ? 1 : -1);
}

}  // namespace

std::optional<int64_t> ParseMoment(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    return number >= 0 && number <= limits::kIntegerMax ? std::optional(number) : std::nullopt;
  }
  if (const auto tag = ParseVersion(text)) return tag->version;
  const size_t t = text.find('T');
  if (t == std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> day = DayStart(text.substr(0, t));
  text.remove_prefix(t + 1);
  const std::optional<int64_t> time = ParseTime(&text);
  if (!day || !time) return std::nullopt;
  const std::optional<int64_t> zone = ParseZone(&text);
  if (!zone || !text.empty()) return std::nullopt;
  return *day + *time - *zone;
}

}  // namespace tidemark
