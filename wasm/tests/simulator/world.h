// The simulated world: one space with its D1 shards, devices with wrong clocks, and a network that
// loses, doubles and reorders. Every choice is drawn from one seed, so a seed is a whole history.
//
// A device is the client that ships (cli/replica), over a database in memory. Its process dies
// between any two of its transactions, or within one, and starts anew.
//
// What may happen between any two steps of an operation: the process dies (a local operation's
// transaction is taken back, a spanning one stops where it is), other requests run, D1 goes down,
// applies a batch and loses the answer, applies it again much later, or refuses a row.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "native/runner.h"
#include "tests/support/device.h"
#include "tests/support/harness.h"

namespace tidemark::testing {

class World {
 public:
  explicit World(uint64_t seed, bool trace);

  // A history of random actions, then peace: everything heals, and the invariants must hold.
  // Empty, or what does not hold.
  std::string Run();

  int64_t actions() const { return actions_; }
  int64_t deaths() const { return deaths_; }  // of devices, within a transaction

 private:
  struct Message {
    size_t device = 0;
    uint64_t number = 0;
    std::string body;
    int64_t sent_at = 0;
  };
  struct Answered {
    size_t device = 0;
    Message request;
    json answer;
  };
  struct LateBatch {
    std::string shard;
    std::vector<native::HostStatement> statements;
    native::Held held;
  };

  void Act();
  void Endanger(Device* device);
  void NoteDeath(Device* device);
  void EditSomething();
  void DeleteSomething();
  void Send();
  void DeliverRequest();
  void DeliverAnswer();
  void StepAlarm();
  void Crash();
  void ToggleFaults();
  void PassTime();
  void Sleep();
  void RestoreSomething();

  // Runs a request in the space, stopped before some step by a crash if `may_crash`: then none.
  std::optional<native::Answer> Serve(const Message& message, bool may_crash);
  json Settle(const Message& message, const native::Answer& answer);
  void Acknowledge(const Answered& answered);
  std::variant<ResultSets, Failure> RunD1(const std::string& shard,
                                          const std::vector<native::HostStatement>& statements,
                                          native::Held* held);
  void Trace(const std::string& line) const;

  std::string Heal();
  std::string CheckAcknowledged();
  std::string CheckProjection();
  std::string CheckReads();
  std::string CheckReplays();

  uint64_t seed_;
  bool trace_;
  Random random_;
  SpaceHarness space_;
  std::vector<Device> devices_;
  std::deque<Message> network_;
  std::deque<Answered> answers_;
  std::vector<Message> served_;  // what may be replayed at the end
  std::vector<LateBatch> late_;
  std::map<size_t, uint64_t> forget_below_;  // by device: older requests are no longer delivered
  std::unique_ptr<native::Running> alarm_;
  int64_t actions_ = 0;
  int64_t deaths_ = 0;
  int64_t edits_ = 0;
  bool slept_ = false;  // days passed at once: history and tombstones were pruned
  bool quiet_ = false;  // peace: no fault any more

  // Writes that were answered for (collection, id, data), and when first.
  std::map<std::tuple<std::string, std::string, std::string>, int64_t> acknowledged_;
};

}  // namespace tidemark::testing
