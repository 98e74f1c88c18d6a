// The simulated world of sharing: three users, each with a space and devices, who share plans with
// each other, take them back, and edit each other's records, over a network that loses and doubles
// what objects call in each other and with objects that die between any two steps.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/hybrid_clock.h"
#include "base/random.h"
#include "tests/support/people.h"

namespace tidemark::testing {

class SharesWorld {
 public:
  SharesWorld(uint64_t seed, bool trace);

  // Empty, or what does not hold.
  std::string Run();
  int64_t actions() const { return actions_; }

 private:
  // The owner's name (empty: the device's own user), collection and id.
  using Key = std::tuple<std::string, std::string, std::string>;
  struct Edit {
    Key key;
    bool deletes = false;
    json data;
    Stamp stamp;
  };
  struct Replica {
    std::string user;
    std::string device;
    HybridClock clock;
    std::map<Key, json> view;
    std::vector<Edit> outbox;
    std::string cursor;
    bool more = false;
  };

  void Act();
  void EditOwn(Replica* replica);
  void EditForeign(Replica* replica);
  void Delete(Replica* replica);
  static void Apply(const Edit& edit, Replica* replica);
  void Put(Replica* replica, Edit edit);
  void Sync(Replica* replica);
  void Receive(Replica* replica, const json& answer, size_t sent);
  void Share();
  void StepShare();
  People::Fate DrawFate();
  void PassTime();
  // Notes what every plan holds now, for what may be told to whom.
  void Observe();

  std::string CheckTold(const Replica& replica, const json& answer);
  std::string Heal();
  std::string CheckCopies();
  std::string CheckAcknowledged();
  void Trace(const std::string& line) const;

  bool trace_;
  Random random_;
  People people_;
  std::vector<Replica> replicas_;
  std::map<std::string, std::unique_ptr<native::Running>> sharing_;     // by name
  std::set<std::tuple<std::string, std::string, std::string>> shared_;  // owner, plan, with whom
  std::map<Key, std::set<std::string>> plans_of_;                       // every plan it ever was in
  std::set<std::pair<std::string, Key>> asked_;                         // who edited what
  std::map<std::tuple<std::string, Key, std::string>, int64_t> acknowledged_;  // foreign edits
  std::string problem_;
  int64_t actions_ = 0;
  int64_t edits_ = 0;
  bool quiet_ = false;
};

}  // namespace tidemark::testing
