#include "days.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace tidemark::samedi {
namespace {

tm LocalOf(int64_t at_ms) {
  const time_t seconds = static_cast<time_t>(at_ms / 1000 - (at_ms % 1000 < 0 ? 1 : 0));
  tm local = {};
  localtime_r(&seconds, &local);
  return local;
}

// Days since 1970-01-01 of a date in the Gregorian calendar; years from 1970 on.
int64_t DayNumber(int64_t year, int64_t month, int64_t day) {
  if (month <= 2) {
    --year;
    month += 12;
  }
  return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1 -
         719'468;
}

}  // namespace

int64_t LocalDay(int64_t at_ms) {
  const tm local = LocalOf(at_ms);
  return DayNumber(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

int64_t Streak(std::vector<int64_t> days, int64_t today) {
  std::sort(days.begin(), days.end());
  const auto has = [&](int64_t day) { return std::binary_search(days.begin(), days.end(), day); };
  const int64_t last = has(today) ? today : today - 1;
  int64_t length = 0;
  while (has(last - length)) ++length;
  return length;
}

std::string LocalTime(int64_t at_ms) {
  const tm local = LocalOf(at_ms);
  char text[32];
  const size_t size = strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local);
  return {text, size};
}

std::string LocalDate(int64_t at_ms) { return LocalTime(at_ms).substr(0, 10); }

std::string Duration(int64_t minutes) {
  if (minutes < 60) return std::to_string(minutes) + " min";
  char text[48];
  std::snprintf(text, sizeof(text), "%lld h %02lld min", static_cast<long long>(minutes / 60),
                static_cast<long long>(minutes % 60));
  return text;
}

}  // namespace tidemark::samedi
