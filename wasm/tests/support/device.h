// A device of a local-first app, as a model: a copy of the records, an outbox and a cursor.
//
// What the user sees is what the server last said, with the outbox laid over it. An edit stays in
// the outbox until a request that held it was answered; then it is part of the copy, unless it was
// rejected or the answer says otherwise. Everything is a plain value: a copy of a Device is a
// backup of it, and nothing here draws randomness or reads a clock.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/hybrid_clock.h"
#include "tests/support/harness.h"

namespace tidemark::testing {

struct DeviceOptions {
  int64_t skew_ms = 0;           // how far its clock is ahead of the true time
  bool counters = true;          // it has a hybrid clock; without, it sends updated_at alone
  size_t deltas_max = 1000;      // in one request
  int64_t limit = 0;             // rows asked for at a time; 0: as many as the server likes
  bool sends_no_cursor = false;  // it takes the whole state each time, as the oldest clients do
};

class Device {
 public:
  using Key = std::pair<std::string, std::string>;  // collection, id

  explicit Device(std::string name, DeviceOptions options = {});

  // Makes or changes a record. Where the collection merges by field, `data` are the fields that
  // change, and null removes one; else they are the whole record.
  void Edit(const std::string& collection, const std::string& id, json data, int64_t now_ms);
  void Delete(const std::string& collection, const std::string& id, int64_t now_ms);

  // The next request, to POST /sync; and its answer, which is ignored (false) where a later request
  // was made meanwhile or where it is an error: what was sent is sent again then.
  struct Outgoing {
    uint64_t number = 0;
    std::string body;
  };
  Outgoing Send();
  bool Receive(uint64_t number, const json& answer, int64_t now_ms);

  // The user's view: "collection|id|data" of every record, sorted.
  std::vector<std::string> View() const;
  const json* Find(const std::string& collection, const std::string& id) const;

  // Nothing to send, and the last answer was the end of what the server had.
  bool idle() const { return outbox_.empty() && !has_more_ && !cursor_.empty(); }
  const std::string& name() const { return name_; }
  const std::string& cursor() const { return cursor_; }
  size_t outbox_size() const { return outbox_.size(); }
  // "collection/id: code" of each rejected delta, in order.
  const std::vector<std::string>& rejected() const { return rejected_; }
  int resets() const { return resets_; }

 private:
  struct Entry {
    Key key;
    bool deletes = false;
    json data;
    Stamp stamp;
  };
  using Copy = std::map<Key, json>;

  static void Apply(const Entry& entry, Copy* copy);
  json DeltaOf(const Entry& entry) const;
  void Acknowledge(const json& answer, bool keep);
  void Take(const std::string& collection, const json& row, int64_t now_ms);

  std::string name_;
  DeviceOptions options_;
  HybridClock clock_;
  Copy base_;  // what the server said, and what it accepted
  Copy view_;  // with the outbox laid over it
  std::deque<Entry> outbox_;
  std::string cursor_;
  bool has_more_ = false;
  uint64_t number_ = 0;   // of the last request
  size_t in_flight_ = 0;  // entries of the outbox that it held
  bool starting_ = true;  // without a cursor: the next answer is the first page of the state
  std::vector<std::string> rejected_;
  int resets_ = 0;
};

// One request and its answer. False where the answer was an error.
bool SyncOnce(SpaceHarness* space, Device* device);
// Every device in turn until all are idle and none learns anything new; false after too many turns.
bool SyncUntilIdle(SpaceHarness* space, const std::vector<Device*>& devices);

// The space's records, as Device::View gives them.
std::vector<std::string> ViewOf(SpaceHarness* space);
// Where a device's view and the space's differ, a line each; empty where all have converged.
std::string Differences(SpaceHarness* space, const std::vector<Device*>& devices);

}  // namespace tidemark::testing
