#include "documents/app.h"

#include <algorithm>
#include <vector>

#include "base/limits.h"

namespace tidemark {
namespace {

constexpr size_t kAppBytesMax = 63;
constexpr std::string_view kManifest = "/manifest";
constexpr std::string_view kShards = "/shards/";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || IsDigit(c); }
bool IsAppText(char c) { return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-'; }

bool IsApp(std::string_view app) {
  return !app.empty() && app.size() <= kAppBytesMax && IsLetterOrDigit(app.front()) &&
         std::all_of(app.begin(), app.end(), IsAppText) &&
         app.find("-user-") == std::string_view::npos;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

// Takes what stands before the first `mark` from the front of `text`, and the mark.
std::string_view TakeUntil(char mark, std::string_view* text) {
  const size_t length = std::min(text->find(mark), text->size());
  const std::string_view part = text->substr(0, length);
  text->remove_prefix(std::min(length + 1, text->size()));
  return Trimmed(part);
}

// What stands behind an app's `=`.
std::optional<Sharding> ReadSharding(std::string_view text) {
  if (text == "collection") return Sharding{.by = ShardBy::kCollection};
  if (text == "day") return Sharding{.by = ShardBy::kDay};
  if (TakeUntil(':', &text) != "day" || text.empty()) return std::nullopt;
  return Sharding{.by = ShardBy::kDay, .field = std::string(Trimmed(text))};
}

std::string KeyOf(std::string_view app, std::string_view rest) {
  std::string key;
  if (app != kDefaultApp) key.append("apps/").append(app).append("/");
  return key.append(rest);
}

// Days from 0000-01-01 to the first of a year. Year 0 is a leap year.
int64_t DaysBefore(int64_t year) {
  return 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

int64_t DaysIn(int64_t year, int64_t month) {
  if (month == 2) return DaysBefore(year + 1) - DaysBefore(year) - 337;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

constexpr int64_t kDaysBefore1970 = 719'528;
constexpr int64_t kYearsEnd = 10'000;

void AppendDigits(std::string* text, int64_t number, size_t width) {
  const std::string digits = std::to_string(number);
  text->append(width - digits.size(), '0').append(digits);
}

// The number that `digits` are; -1 if they are anything else.
int64_t ReadDigits(std::string_view digits) {
  int64_t number = 0;
  for (const char digit : digits) {
    if (!IsDigit(digit)) return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

}  // namespace

Status CheckApp(std::string_view app) {
  if (IsApp(app)) return {};
  return Status::Invalid("invalid_app",
                         "An app's name is 1 to 63 of a-z, 0-9, '.', '_' and '-', begins with a "
                         "letter or a digit and does not contain '-user-'");
}

Result<Sharding> ShardingOf(std::string_view shards, std::string_view app) {
  Sharding found;
  std::vector<std::string_view> named;
  while (!shards.empty()) {
    std::string_view entry = TakeUntil(',', &shards);
    if (entry.empty()) continue;
    const std::string_view name = TakeUntil('=', &entry);
    const std::optional<Sharding> sharding = ReadSharding(Trimmed(entry));
    if (!sharding || !IsApp(name) || std::find(named.begin(), named.end(), name) != named.end()) {
      return Status::Error(503, "not_configured",
                           "The variable SHARDS must be a list such as "
                           "blog=collection, log=day, orders=day:created_at");
    }
    named.push_back(name);
    if (name == app) found = *sharding;
  }
  return found;
}

std::string LayoutText(const Sharding& sharding) {
  if (sharding.by == ShardBy::kNothing) return {};
  if (sharding.by == ShardBy::kCollection) return "collection";
  return sharding.field.empty() ? "day" : "day:" + sharding.field;
}

Sharding ParseLayout(std::string_view layout) {
  if (layout.empty()) return {};
  if (layout == "collection") return {.by = ShardBy::kCollection};
  const bool field = layout.starts_with("day:");
  return {.by = ShardBy::kDay, .field = std::string(field ? layout.substr(4) : "")};
}

std::string ManifestName(std::string_view app) { return std::string(app).append(kManifest); }

std::string ShardObjectName(std::string_view app, std::string_view shard) {
  return std::string(app).append(kShards).append(shard);
}

std::optional<ObjectName> ParseObjectName(std::string_view name) {
  const size_t slash = std::min(name.find('/'), name.size());
  const std::string_view app = name.substr(0, slash);
  const std::string_view rest = name.substr(slash);
  if (!IsApp(app)) return std::nullopt;
  if (rest == kManifest) return ObjectName{std::string(app), std::nullopt};
  if (!rest.starts_with(kShards)) return std::nullopt;
  return ObjectName{std::string(app), std::string(rest.substr(kShards.size()))};
}

ObjectName ObjectNameOf(std::string_view name) {
  std::optional<ObjectName> parsed = ParseObjectName(name);
  Check(parsed.has_value());
  return std::move(parsed).value_or(ObjectName());
}

std::string SnapshotKey(std::string_view app) { return KeyOf(app, "db.json"); }

std::string JournalPrefix(std::string_view app) { return KeyOf(app, "journal/"); }

std::string DailySnapshotPrefix(std::string_view app) { return KeyOf(app, "snapshots/"); }

std::string JournalKey(std::string_view app, std::string_view day, std::string_view uuid) {
  return JournalPrefix(app).append(day).append("/").append(uuid).append(".json");
}

std::string DailySnapshotKey(std::string_view app, std::string_view day) {
  return DailySnapshotPrefix(app).append(day).append(".json");
}

std::string DayOf(int64_t ms) {
  int64_t day = ms / limits::kDayMs - (ms % limits::kDayMs < 0 ? 1 : 0) + kDaysBefore1970;
  if (day < 0 || day >= DaysBefore(kYearsEnd)) return {};
  // 400 years have 146,097 days: the estimate is off by one at most.
  int64_t year = day * 400 / 146'097;
  if (day < DaysBefore(year)) --year;
  if (day >= DaysBefore(year + 1)) ++year;
  day -= DaysBefore(year);
  int64_t month = 1;
  for (; day >= DaysIn(year, month); ++month) day -= DaysIn(year, month);
  std::string text;
  AppendDigits(&text, year, 4);
  AppendDigits(&text.append("-"), month, 2);
  AppendDigits(&text.append("-"), day + 1, 2);
  return text;
}

std::optional<int64_t> DayStart(std::string_view day) {
  if (day.size() != 10 || day[4] != '-' || day[7] != '-') return std::nullopt;
  const int64_t year = ReadDigits(day.substr(0, 4));
  const int64_t month = ReadDigits(day.substr(5, 2));
  const int64_t date = ReadDigits(day.substr(8, 2));
  if (year < 0 || month < 1 || month > 12 || date < 1 || date > DaysIn(year, month)) {
    return std::nullopt;
  }
  int64_t days = DaysBefore(year) + date - 1 - kDaysBefore1970;
  for (int64_t before = 1; before < month; ++before) days += DaysIn(year, before);
  return days * limits::kDayMs;
}

}  // namespace tidemark
