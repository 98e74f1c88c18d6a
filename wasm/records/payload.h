// The body of POST /sync, read in bounded memory.
//
// payload := {"cursor"?: text | null, "limit"?: integer, COLLECTION?: [delta...]...,
//             "deleted_ids"?: [text...], ...}                     (other scalars are ignored)
//
// Deltas are stored parents first, and only once the cursor is known. What comes too early in the
// body is passed over (and validated) and read again at the end: a body that begins with its cursor
// and names parents before children is read once.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/operation.h"
#include "records/push.h"

namespace tidemark {

struct PayloadOptions {
  std::string cursor;  // empty: none given
  int64_t limit = 0;   // 0: none given
};

// Reads the whole body and stores its deltas. Codes of the envelope: `invalid_json`,
// `invalid_utf8`, `invalid_payload`, `duplicate_key`, `invalid_cursor`, `invalid_limit`,
// `answer_too_large`. The state and the options outlive the task.
Task<Status> PushPayload(PushState* state, PayloadOptions* options, uint32_t body_size);

// Takes the cursor's word into the state: what the device has seen, and whether it slept too long.
Status ApplyCursor(const std::string& cursor, PushState* state);

}  // namespace tidemark
