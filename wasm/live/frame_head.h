// What stands at the top of a frame from a socket, beside the deltas.
//
// frame := {"type": "push" | "pull" | "presence", "request"?: integer, "cursor"?: text | null,
//           "limit"?: integer, "state"?: any, ...}

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark {

enum class FrameType : uint8_t { kPush, kPull, kPresence };

struct FrameHead {
  FrameType type = FrameType::kPull;
  int64_t request = -1;  // none
  std::string cursor;    // empty: none
  int64_t limit = 0;     // 0: none
  std::string state;     // JSON; empty: none
};

// Validates the whole text. What is known of the head when a fault is found (its request, so that
// the answer names it) is in `head` all the same. Codes: `invalid_json`, `invalid_frame`,
// `duplicate_key`, `invalid_cursor`, `invalid_limit`.
Status ReadFrameHead(std::string_view text, FrameHead* head);

}  // namespace tidemark
