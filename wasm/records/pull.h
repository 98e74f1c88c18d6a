// Pull: what a device has not got, in order of seq, by pages.

#pragma once

#include <cstdint>
#include <string>

#include "base/limits.h"
#include "engine/operation.h"
#include "records/push.h"

namespace tidemark {

// How an answer begins and how much it holds.
struct PullOptions {
  std::string cursor;
  int64_t limit = limits::kPageRowsMax;
  int64_t units_max = static_cast<int64_t>(limits::kPageBytesMax);  // of text, in UTF-16 units
  std::string opening;  // of the answer's object; empty for a plain one
};

// Answers POST /sync after its deltas are stored. The state outlives the task.
//
// answer := {COLLECTION: [delta...]..., "deleted_ids": [id...], "cursor": text, "has_more": bool,
//            "reset"?: true, "reset_reason"?: text, "rejected": [...], "conflicts": [...],
//            "server_time": ms}
//
// With a cursor: the rows after it that were there before the request, and of the request's own
// deltas those that are stored in another form than they were sent. Without one, or where it no
// longer fits the space (`reset`: drop what you have and take this): the whole state from 0, what
// the request wrote too.
Task<Result<Reply>> Pull(PushState* state, PullOptions options);

}  // namespace tidemark
