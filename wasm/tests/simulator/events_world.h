// The simulated world of an event log: writers and followers, some of them behind, in the object or
// in D1 that two objects share; frames whole or in chunks, whose operation dies between any two
// steps; objects that lose their memory, or their sockets too; a D1 that fails before or after it
// has done what it was asked.
//
// What must hold: an entry has one sequence, sequences have no gap, what is acknowledged is there,
// and each follower has every entry from its start once, in order, but for its own.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/event_harness.h"

namespace tidemark::testing {

class EventsWorld {
 public:
  EventsWorld(uint64_t seed, bool trace);

  // Empty, or what does not hold.
  std::string Run();
  int64_t actions() const { return actions_; }

 private:
  struct Peer {
    EventHarness* object = nullptr;
    EventSocket* socket = nullptr;
    int64_t start = 1;  // of what it follows
    std::set<std::string> wrote;
  };

  void Act();
  void Join();
  void Write(Peer* peer);
  void Die(Peer* peer, const std::string& frame);
  void Fail(const std::string& problem);
  void TakeAcks(Peer* peer, int64_t id, const ClientEntries& entries);
  void Calm();
  void CheckLog();
  void CheckFollowers();
  uint64_t Draw(uint64_t below) { return random_.Below(below); }
  EventHarness& AnyObject() { return *objects_[Draw(objects_.size())]; }

  Random random_;
  bool trace_;
  std::vector<std::unique_ptr<EventHarness>> objects_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::map<std::string, int64_t> acknowledged_;  // by entry
  std::string problem_;
  bool calm_ = false;
  uint64_t entries_ = 0;
  int64_t writes_ = 0;
  int64_t actions_ = 0;
};

}  // namespace tidemark::testing
