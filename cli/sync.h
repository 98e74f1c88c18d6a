// Exchanging changes with the server, to the end: the loop around the replica.

#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "app.h"

namespace tidemark::samedi {

struct SyncOptions {
  int retries = 4;  // of one request, where the network or the server may recover
  HttpLimits http = {};
  int lock_wait_ms = 10'000;
  // Told after each answer: how many of the entries that waited at first are dealt with.
  std::function<void(int64_t done, int64_t total)> progress;
};

struct SyncCounts {
  int64_t pushed = 0;
  int64_t pulled = 0;
  int64_t rejected = 0;
  int64_t round_trips = 0;
  bool reset = false;
};

// What was answered for before a failure stays so. Errors: those of errors.h, and of the server.
Result<SyncCounts> Sync(App* app, const SyncOptions& options);

// After a command that changed something: where sync.enabled is set, somebody is signed in, and the
// last sync is older than the interval. Says in a line why it could not, and never fails.
void SyncIfDue(App* app);

// Waits; false where an interrupt ended it.
bool WaitMs(int64_t ms);

}  // namespace tidemark::samedi
