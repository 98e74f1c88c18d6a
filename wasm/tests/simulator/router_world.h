// The simulated world of slots that move: isolates with slot tables of any age, which read and
// write rows by their keys as the library does, behind the core's own fences; databases that were
// filled before, whose rows are gathered; shards that are added, drained and evened out meanwhile,
// and single keys that go elsewhere; moves that die between any two steps; databases that fail
// before or after they have done what they were asked, or do it when nobody waits any more.
//
// What must hold at every moment: what was acknowledged is read by its key from any isolate, a read
// of all shards has it once, and a change of a row that exists changes one.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "shards/slot_table.h"
#include "tests/support/move_harness.h"

namespace tidemark::testing {

class RouterWorld {
 public:
  RouterWorld(uint64_t seed, bool trace);

  // Empty, or what does not hold.
  std::string Run();
  int64_t actions() const { return actions_; }

 private:
  enum class Answer : uint8_t { kDone, kMoved, kFailed };
  // What a row may hold: its last acknowledged value, and what was written since with no answer.
  using Values = std::set<std::string>;

  void Act();
  void Write();
  void Read();
  void ReadAll();
  void ChangeShards();
  void RunLate();
  void Calm();
  void Check(bool holds, const std::string& problem);
  void FillBefore();
  // The shard where a key's rows are: by the table, or while they are gathered, where any is.
  Answer Home(const SlotTable& table, const std::string& key, std::string* shard);
  // A statement on the shard that an isolate's table says, and on others as it learns better.
  Answer Route(size_t isolate, const std::string& key,
               const std::vector<native::HostStatement>& all, ResultSets* answer);
  Answer Ask(const std::string& shard, const std::vector<native::HostStatement>& all,
             ResultSets* answer);
  SlotTable TableNow();
  uint64_t Draw(uint64_t below) { return random_.Below(below); }
  void Trace(const std::string& line) const;

  Random random_;
  bool trace_;
  bool calm_ = false;
  MoveHarness world_;
  std::vector<SlotTable> isolates_;
  std::map<std::string, Values> rows_;  // by key; "" among them: it may not be there
  std::string problem_;
  int64_t weight_ = 0;  // of all slots
  uint64_t writes_ = 0;
  int64_t actions_ = 0;
};

}  // namespace tidemark::testing
