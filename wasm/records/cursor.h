// The cursor: where a device stands in a space, as text that it keeps and hands back unread.
//
// cursor := epoch "." seq [ "." floor "." until ]        (numbers in decimal)
//
// The device has all that was stored up to `seq` in the space's life named by `epoch`. The long
// form is that of a walk from 0 through the whole state, page by page: `until` is the space's head
// when the walk began, and `floor` what had been pruned then, so that a page in the midst of a walk
// is not mistaken for a device that slept too long.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark {

struct Cursor {
  std::string epoch;
  int64_t seq = 0;
  int64_t floor = 0;
  int64_t until = 0;

  bool walking() const { return seq < until; }
};

// Code: `invalid_cursor`. Any well-formed text parses; whether it fits the space is for the space.
Result<Cursor> ParseCursor(std::string_view text);
std::string FormatCursor(const Cursor& cursor);

// The state of a space that a request starts from.
struct Space {
  std::string epoch;
  int64_t head = 0;
  int64_t pruned_seq = 0;
  int64_t horizon_ms = 0;
  int64_t projected_seq = 0;
  bool has_claims = false;  // some stamp of the device was pulled back before
  bool has_copies = false;  // of records that others share
  bool gives = false;       // it shares some of its own
};

// Why a cursor does not fit the space: `other_epoch`, `cursor_ahead` (the space was put back to an
// earlier state), `pruned`; empty where it fits.
std::string_view StaleReason(const Cursor& cursor, const Space& space);

}  // namespace tidemark
