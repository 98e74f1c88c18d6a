// Any text as a cursor: what parses formats back to the same text, and never traps a space.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "records/cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Cursor> cursor = ParseCursor(text);
  if (!cursor.ok()) {
    Check(cursor.status().code() == "invalid_cursor");
    return 0;
  }
  Check(FormatCursor(*cursor) == text);
  for (const int64_t head : {int64_t{0}, int64_t{100}, INT64_MAX}) {
    const Space space{.epoch = "ff", .head = head, .pruned_seq = head / 2};
    Check(StaleReason(*cursor, space).size() < 16);
  }
  return 0;
}
