// Copies of a document as it is at one moment: to KV or R2, or as an answer, a page at a time,
// while writes go on.
//
// The moment is kept by the objects that hold the document's rows: what a later write replaces of
// it is set aside first (freeze, thaw). Of a sharded document that is one moment of each shard,
// with no change of the whole between: its manifest copies in turn with those.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "documents/document.h"

namespace tidemark {

struct CopyTarget {
  std::string store;  // `kv` or `r2`; empty: the pieces are kept, for an answer
  std::string key;
  bool absent = false;  // only where nothing is there yet
  std::string seal;     // of R2, the key of its seal (seal.h); empty: it gets none
};

// A collection, and its place among the members.
struct Section {
  std::string collection;
  int64_t place = 0;
};

// What a copy of a sharded document reads, while its shards keep the moment.
struct SharedMoment {
  std::string app;
  std::string layout;
  int64_t copy = 0;                 // by which shards know it
  std::vector<std::string> shards;  // empty: the document is in one object
  std::vector<Section> sections;    // its collections, in order
  std::vector<int64_t> places;      // bytes of what a seal says of each shard

  // Those of the shards that may have records of a collection.
  std::vector<std::string> Holding(const std::string& collection) const;
};

struct Copied {
  bool done = false;
  bool existed = false;  // something was there already
  bool same = false;     // the document is of the version that needs none
  int64_t version = 0;
  int64_t bytes = 0;
  std::string sha256;  // hex
  std::string problem;
  std::vector<Part> body;  // where there is no store
};

// Of one copy at a time: who asks for another ends this one. Its metadata are `version` (the tag
// without quotes) and `bytes`. `unless`: none is made if the document is of that version.
Task<Copied> CopyDocument(Context context, CopyTarget target, int64_t unless = 0);

// Whether what is stored in R2 under the key is those bytes.
Task<bool> HoldsCopy(std::string key, Copied copied);

}  // namespace tidemark
