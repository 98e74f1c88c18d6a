#include "records/cursor.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/limits.h"

namespace tidemark {
namespace {

constexpr size_t kCursorBytesMax = 128;

Status Malformed() {
  return Status::Invalid("invalid_cursor",
                         "The cursor is not one that this server gave; leave it out to start "
                         "from the beginning");
}

bool ParseNumber(std::string_view text, int64_t* value) {
  if (text.empty() || text[0] == '-' || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && *value >= 0 &&
         *value <= limits::kIntegerMax;
}

bool IsEpoch(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

}  // namespace

Result<Cursor> ParseCursor(std::string_view text) {
  if (text.size() > kCursorBytesMax) return Malformed();
  std::array<std::string_view, 4> parts;
  size_t count = 0;
  while (count < parts.size()) {
    const size_t dot = text.find('.');
    parts[count++] = text.substr(0, dot);
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
    if (count == parts.size()) return Malformed();
  }
  Cursor cursor{.epoch = std::string(parts[0])};
  if ((count != 2 && count != 4) || !IsEpoch(parts[0]) || !ParseNumber(parts[1], &cursor.seq)) {
    return Malformed();
  }
  if (count == 4) {
    const bool numbers =
        ParseNumber(parts[2], &cursor.floor) && ParseNumber(parts[3], &cursor.until);
    if (!numbers || !cursor.walking()) return Malformed();
  }
  return cursor;
}

std::string FormatCursor(const Cursor& cursor) {
  std::string text = cursor.epoch + "." + std::to_string(cursor.seq);
  if (!cursor.walking()) return text;
  return text + "." + std::to_string(cursor.floor) + "." + std::to_string(cursor.until);
}

std::string_view StaleReason(const Cursor& cursor, const Space& space) {
  if (cursor.epoch != space.epoch) return "other_epoch";
  if (cursor.seq > space.head || cursor.until > space.head) return "cursor_ahead";
  const bool walk_holds = cursor.walking() && cursor.floor >= space.pruned_seq;
  return cursor.seq < space.pruned_seq && !walk_holds ? "pruned" : "";
}

}  // namespace tidemark
