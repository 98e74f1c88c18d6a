// How far an object has sent on what it has: its journal to R2, its activity to D1, itself to
// readers. One row, since it is written after each.

#pragma once

#include <cstdint>

#include "engine/operation.h"

namespace tidemark {

struct Progress {
  int64_t flushed = 0;       // the last row of the journal that is in R2
  int64_t recorded = 0;      // and whose activity is in D1
  int64_t published = 0;     // the version that readers get
  int64_t published_at = 0;  // when that began to be copied, in ms
  int64_t failures = 0;      // in a row
  int64_t registered = 0;    // 1: the crons know of the app
  int64_t large = 0;         // 1: sharded, and too large for KV
  int64_t flushed_seq = 0;   // the version of the last row that is in R2
};

Task<Progress> ReadProgress();
Task<bool> WriteProgress(Progress progress);

// Sends the journal on to R2, an object of at most about 3 MB at a time. False: R2 did not take it.
//
// Object := {"object", "epoch", "first", "last", "previous", "entries": [Entry...]}
//
// `first` and `last` are versions of its entries, `previous` is that of the entry before its first,
// 0 where there is none: who reads the objects of an epoch in order sees whether one is missing.
// They are at most limits::kJournalSpanMs apart, so that who looks for a moment knows from a key
// when all before it is read.
Task<bool> FlushJournal(Request request, Progress* progress);

// Sends activity on to D1. False: D1 did not take it.
Task<bool> RecordWrites(Request request, Progress* progress);

}  // namespace tidemark
