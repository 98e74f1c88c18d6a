// Days as people count them: in the time zone of the process, whatever their length.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tidemark::samedi {

// The number of the local day of a time, counted from 1970-01-01. The zone is that of TZ.
int64_t LocalDay(int64_t at_ms);

// How many days in a row end today, or yesterday where today has none yet. `days` in any order,
// and one may come more than once.
int64_t Streak(std::vector<int64_t> days, int64_t today);

std::string LocalTime(int64_t at_ms);   // "2026-11-21 09:05"
std::string LocalDate(int64_t at_ms);   // "2026-11-21"
std::string Duration(int64_t minutes);  // "2 h 05 min", "25 min"

}  // namespace tidemark::samedi
