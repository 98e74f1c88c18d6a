// A user's records on one device, as a state machine over a local database: what the server is
// known to hold, what waits to be sent, and how far this device has read.
//
// Rules:
// - No I/O beyond the database, no clock: the time comes with each call. Its twin in TypeScript is
//   client/; both run the vectors in tests/vectors/replica.
// - Each call is one transaction, and nothing is kept in memory between two: a process may die
//   between any two of them, or within one.
// - One request is under way at a time. Next() while it is repeats it under a new number, and the
//   answer to an older number is ignored.
// - A record that waits in the outbox shows its edit, whatever the server says meanwhile.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "records/schema.h"
#include "replica/answer.h"
#include "replica/database.h"

namespace tidemark {

struct RecordKey {
  std::string_view collection;
  std::string_view id;
  std::string_view owner = {};  // empty: one's own
};

struct ReplicaOptions {
  size_t deltas_max = 5'000;         // in one request
  size_t bytes_max = 4'000'000;      // of their text; a single one always goes
  size_t frame_bytes_max = 700'000;  // likewise in a frame, where none larger goes at all
  int64_t limit = 0;                 // rows asked for at a time; 0: as many as the server likes
};

struct Outgoing {
  int64_t request = 0;
  std::string body;
  size_t deltas = 0;
};

// What an answer, once applied, has done.
struct Received {
  bool ignored = false;  // it answers no request that is under way
  size_t accepted = 0;
  size_t rejected = 0;
  size_t rows = 0;
  bool reset = false;
};

enum class Broadcast : uint8_t { kApplied, kKnown, kGap };

struct RejectedEdit {
  std::string owner, collection, id, code, message;
  bool deletes = false;
  std::string data;
  int64_t ms = 0;
  int64_t counter = 0;
};

struct ReplicaState {
  std::string device;
  std::string account;  // whose records these are; empty before the first sync
  std::optional<std::string> cursor;
  bool walking = false;  // pages are still coming
  int64_t clock_ms = 0;
  int64_t clock_counter = 0;
  int64_t skew_ms = 0;
  int64_t request = 0;    // the last number given
  int64_t under_way = 0;  // the number of the request under way, or 0
  int64_t synced_at = 0;  // when everything was exchanged last; 0: never
  bool pushing_all = false;
  size_t pending = 0;  // entries of the outbox
  size_t rejected = 0;

  bool idle() const { return pending == 0 && under_way == 0 && !walking && cursor.has_value(); }
};

class Replica {
 public:
  // The database and the schema must outlive it.
  Replica(Database* database, const Schema* schema, ReplicaOptions options = {});

  // Makes the tables of a new replica in an empty database.
  static Status Create(Database* database, std::string_view device);

  // Makes or replaces a record. `data` is a JSON object; where the collection merges by field, the
  // fields that change (null removes one). Errors: invalid_record.
  Status Edit(const RecordKey& key, std::string_view data, int64_t now_ms);
  Status Remove(const RecordKey& key, int64_t now_ms);

  // The next body for POST /sync; `live`: for a frame, so smaller. Error: frame_too_large, and then
  // no request was begun: it goes by POST /sync.
  Result<Outgoing> Next(int64_t now_ms, bool live = false);
  // Errors: invalid_answer, and then nothing was changed.
  Result<Received> Receive(int64_t request, std::string_view answer, int64_t now_ms);
  // The request has no answer: what it carried is sent again, by the next one.
  Status Fail(int64_t request);
  // A frame of the live feed that answers no request.
  Result<Broadcast> Follow(std::string_view frame);

  Result<std::vector<RejectedEdit>> Rejected();
  // By the place in that list. Error: not_found.
  Status Dismiss(size_t index);
  Status Retry(size_t index, int64_t now_ms);

  // Puts every record of one's own back into the outbox, with the stamps that they have: for a
  // server that may have lost them. Called again before all are answered for, it changes nothing.
  Status PushAll();
  // Whose records these are, from now on.
  Status SetAccount(std::string_view account);

  Result<ReplicaState> State();
  // Every record as the user sees it: key and data.
  Status View(const std::function<void(const RecordKey&, std::string_view data)>& visit);

 private:
  struct Batch;

  const Collection* Find(std::string_view collection) const;
  ReplicaState ReadState();
  bool IsNamed(const RecordKey& key);
  void Put(const Collection& collection, const RecordKey& key, bool deletes, std::string_view data,
           int64_t now_ms);
  void Restamp(ReplicaState* state, int64_t now_ms);
  Status Collect(const ReplicaState& state, bool live, Batch* batch);
  bool Acknowledge(const ReplicaState& state, const ServerAnswer& answer, Received* received);
  void Apply(const ServerAnswer& answer, int64_t latest_ms, ReplicaState* state);

  Database* database_;
  const Schema* schema_;
  ReplicaOptions options_;
};

}  // namespace tidemark
