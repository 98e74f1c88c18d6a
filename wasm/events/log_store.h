// Where a tenant's log lies, and statements on it: in its object, whose statements run within the
// operation's transaction, or in D1, where each batch is atomic by itself and others write too.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "engine/await.h"

namespace tidemark::events {

inline constexpr std::string_view kDatabase = "DB";  // its binding's name

// From the parameters `storage` (`d1`; else the object, which wipes it at its start for `memory`),
// `keep_entries` and `keep_days`.
struct LogStore {
  std::string shard;  // empty: the object's own store
  std::string tenant;
  int64_t keep_entries = 0;  // 0: all
  int64_t keep_days = 0;     // 0: for ever

  explicit LogStore(const Request& request);
  bool own() const { return shard.empty(); }
  bool prunes() const { return keep_entries > 0 || keep_days > 0; }
  // Statements on the log, as one batch.
  SqlCommand Command(std::vector<Statement> statements) const {
    return {shard, std::move(statements)};
  }
};

// A log as it stands: id 0 and sequences 1 to 0 where nothing was written yet.
struct LogState {
  int64_t id = 0;
  int64_t first = 1;
  int64_t last = 0;
  std::string greatest;  // id of an entry
};
Statement ReadLog(const LogStore& store, std::string public_key);
LogState LogStateOf(const ResultSet& set);

// Runs a batch on the log. Codes: `unavailable`, and `refused`, where another has written.
Task<Result<ResultSets>> Run(const LogStore* store, std::vector<Statement> statements);
Result<ResultSets> SetsOf(CommandResult result);

// Of who may only read.
Status ReadOnly();

// Of who asks for what was pruned: `first` is the first sequence that is kept.
Status CursorExpired(int64_t first);

// What ends a socket: its reply takes the transaction back, and tells the host the WebSocket's
// close code and its reason, `code: message` (RFC 6455, section 7.4.2 and 5.5.1).
Reply Close(const Status& status);

}  // namespace tidemark::events
