// A staged document becomes that of a sharded app: its rows go to their shards, and all of them
// change at once (change.h).

#pragma once

#include <string>

#include "documents/app.h"
#include "documents/document.h"
#include "documents/stage.h"

namespace tidemark {

struct Distribution {
  Sharding sharding;
  Stage stage = Stage::kRequest;  // in the manifest
  std::string op;                 // the word for it in the journal
  bool guarded = true;            // by the request's preconditions, and against clearing
  bool own = false;               // what the manifest itself holds is staged first
};

// Spanning, in a manifest, in turn with all else that is spanning there. Replies as a PUT does. Its
// codes: those of Refusal and CheckClearing, `too_many_shards`, `busy`.
Task<Reply> Distribute(Context context, Distribution distribution);

}  // namespace tidemark
