// The simulated world of a sharded document: writers, puts, views, layouts that change, alarms,
// snapshots, compactions and restores, of objects that die between any two steps and of calls that
// are lost, late, or done without an answer.
//
// What is not acknowledged may have happened or not: the world keeps every document that there may
// be, and a view says which of them there is. What a view has seen is what its tag restores.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "tests/support/sharded_harness.h"

namespace tidemark::testing {

class ShardedWorld {
 public:
  ShardedWorld(uint64_t seed, bool trace);

  // Empty, or what does not hold.
  std::string Run();
  int64_t actions() const { return actions_; }

 private:
  // The records, by collection and id, and their values.
  using State = std::map<std::pair<std::string, std::string>, int64_t>;
  using States = std::set<State>;
  // What is under way.
  enum class Runs : uint8_t { kView, kPut, kRestore, kBackup };
  struct Seen {
    State state;
    std::string text;
    std::string layout;
  };
  struct Write {
    std::pair<std::string, std::string> record;
    int64_t value = 0;  // 0: it is deleted
  };

  void Act();
  void Patch();
  void BeginPut();
  void BeginView();
  void BeginRestore();
  void BeginBackup();
  void Relayout();
  void StepOn();
  void Drop();
  void Ended(const native::Answer& answer);
  void EndedRestore(const native::Answer& answer);
  int64_t NewestSeen() const;
  std::string RestoreSeen();
  void Saw(const native::Answer& view, const States& possible);
  static void Apply(const Write& write, bool certain, States* states);
  static std::string TextOf(const State& state);
  static bool Read(const std::string& text, State* state);
  void Fail(const std::string& problem);
  int Draw(int below) { return static_cast<int>(random_.Next() % static_cast<uint64_t>(below)); }
  std::string Heal();

  Random random_;
  bool trace_;
  ShardedHarness app_;
  States states_{State{}};
  std::unique_ptr<native::Running> running_;
  Runs runs_ = Runs::kView;
  State put_;
  States after_put_;  // what there is if the put or restore that is under way happens
  States during_;     // what there was since the view began
  std::map<std::string, Seen> tags_;
  Params restores_;
  int64_t restored_ = 0;  // the version
  int64_t forgets_ = 0;   // up to which version moments may be forgotten
  bool folded_ = false;   // the journal is not all there
  int days_ = 0;          // JOURNAL_DAYS
  bool compacts_ = false;
  std::string problem_;
  int64_t values_ = 0;
  int64_t actions_ = 0;
  bool calm_ = false;
};

}  // namespace tidemark::testing
