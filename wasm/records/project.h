// Projection: a space's rows copied into typed D1 tables, by a cursor over the space's seq.
//
// A page of changed rows goes to D1 as one atomic batch behind a fence: it is applied only on top
// of the page that it follows. So a page that is sent twice, or arrives late, changes nothing, and
// a run that dies anywhere goes on from what D1 says it has. A row that D1 refuses is set aside and
// reported; the rest goes on.
//
// A space's projection lies in the shard that the host calls by the parameter `place`, or where
// none is called, in that of its user's hash (placement.h). Where it has to go elsewhere it is not
// carried there but made anew, from the first seq on, and then wiped where it was. Until that is
// done the space itself answers reads.

#pragma once

#include <cstdint>
#include <string>

#include "engine/operation.h"

namespace tidemark {

struct Projection {
  bool done = false;    // D1 has everything up to `seq`, and nothing changed meanwhile
  bool failed = false;  // D1 did not answer
  int64_t seq = 0;
  int64_t rows_written = 0;  // by D1's count
  int64_t set_aside = 0;     // rows that D1 refused in this run
  std::string shard;         // where it lies
  std::string problem;       // D1's last message
};

// Where a user's projection lies now. Run in the user's space.
Task<std::string> ProjectedShard(std::string user);

// Copies what is behind, up to a bounded number of pages.
Task<Projection> Project(Context context);

}  // namespace tidemark
