// A device of a local-first app: the replica that the command line runs, over a database in memory.
//
// What is modelled here is only what surrounds a replica: a clock that is wrong, processes that
// die, and older kinds of clients, whose requests are made of the replica's by leaving things out.
// Nothing here draws randomness or reads a clock.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "replica/replica.h"
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
  void Edit(const std::string& collection, const std::string& id, const json& data, int64_t now_ms);
  void Delete(const std::string& collection, const std::string& id, int64_t now_ms);

  // The next request, to POST /sync; and its answer, which is ignored (false) where a later request
  // was made meanwhile or where it is an error: what was sent is sent again then.
  struct Outgoing {
    uint64_t number = 0;
    std::string body;
  };
  Outgoing Send(int64_t now_ms);
  bool Receive(uint64_t number, const json& answer, int64_t now_ms);
  // Nobody waits for the last request's answer any more.
  void GiveUp();

  // The process dies within the next call, after so many of SQLite's steps, and starts anew; the
  // call then returns nothing that is of use. Told whether it came to that.
  void DieAfter(int steps);
  bool TookDeath();

  // The user's view: "collection|id|data" of every record, sorted.
  std::vector<std::string> View() const;
  // Good until the next call.
  const json* Find(const std::string& collection, const std::string& id) const;

  // Nothing to send, and the last answer was the end of what the server had.
  bool idle() const;
  const std::string& name() const { return name_; }
  std::string cursor() const;
  size_t outbox_size() const;
  // "collection/id: code" of each rejected delta, in order.
  std::vector<std::string> rejected() const;
  int resets() const { return resets_; }

 private:
  // False where the process died instead: then it has started anew.
  bool Survives(const Status& status);
  void Restart();
  ReplicaState State() const;

  std::string name_;
  DeviceOptions options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Replica> replica_;
  bool deadly_ = false;
  bool died_ = false;
  bool starting_ = true;  // an oldest client: the next answer is the first page of the state
  bool has_more_ = false;
  int resets_ = 0;
  mutable json found_;
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
