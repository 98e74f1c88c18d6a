// Copies of a document as it is at one moment, to KV or R2: a page at a time, while writes go on.

#pragma once

#include <cstdint>
#include <string>

#include "documents/document.h"

namespace tidemark {

struct CopyTarget {
  std::string store;  // `kv` or `r2`
  std::string key;
  bool absent = false;  // only where nothing is there yet
};

struct Copied {
  bool done = false;
  bool existed = false;  // something was there already
  int64_t version = 0;
  int64_t bytes = 0;
  std::string sha256;  // hex
  std::string problem;
};

// Of one copy at a time: who asks for another ends this one. Its metadata are `version` (the tag
// without quotes) and `bytes`.
Task<Copied> CopyDocument(CopyTarget target);

// Whether what is stored in R2 under the key is those bytes.
Task<bool> HoldsCopy(std::string key, Copied copied);

}  // namespace tidemark
