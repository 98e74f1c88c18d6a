// A staged document becomes that of a sharded app: its rows go to their shards, and all of them
// change at once (change.h).

#pragma once

#include <string>
#include <vector>

#include "documents/app.h"
#include "documents/document.h"
#include "documents/stage.h"

namespace tidemark {

struct Distribution {
  Sharding sharding;
  Stage stage = Stage::kRequest;         // in the manifest
  std::string op;                        // the word for it in the journal
  bool conditional = true;               // by the request's preconditions
  bool guarded = true;                   // against clearing; and what changes nothing is no change
  bool own = false;                      // what the manifest itself holds is staged first
  std::vector<std::string> others = {};  // shards that take part too
};

// Spanning, in a manifest, in turn with all else that is spanning there. Replies as a PUT does. Its
// codes: those of Refusal and CheckClearing, `too_many_shards`, `busy`.
Task<Reply> Distribute(Context context, Distribution distribution);

}  // namespace tidemark
