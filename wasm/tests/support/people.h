// Several users with a space each, natively: what one object calls in another runs there, and may
// be lost, doubled, or cut short on the way.

#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/deltas.h"

namespace tidemark::testing {

class People {
 public:
  // What the network does with a call from one object to another.
  enum class Fate : uint8_t { kArrives, kIsLost, kLosesItsAnswer, kArrivesTwice };

  // The space of the user whose address is NAME@example.com; made when it is first named.
  SpaceHarness& Of(const std::string& name);
  static std::string IdOf(const std::string& name);
  static std::string EmailOf(const std::string& name) { return name + "@example.com"; }
  // Takes what a user has stored away: the next space of that name begins anew.
  void Forget(const std::string& name);

  // A local operation in the user's own space, as the user. What it has to be followed by waits.
  native::Answer Run(const std::string& name, const std::string& operation, Params params,
                     const std::string& body = {}, std::string_view role = "user");
  // POST /sync.
  native::Answer Post(const std::string& name, std::string_view device, const std::string& body);
  json Sync(const std::string& name, std::string_view device, json body);
  native::Answer Put(const std::string& name, const std::string& plan, const std::string& with,
                     const std::string& permission = "edit");
  native::Answer Take(const std::string& name, const std::string& plan, const std::string& from);
  // GET /{collection} in the Worker.
  native::Answer List(const std::string& name, Params params, std::string_view role = "user");

  // What carries edits and copies, in one space, step by step.
  std::unique_ptr<native::Running> BeginShare(const std::string& name);
  void Share(const std::string& name);
  native::Answer Tick(const std::string& name);
  // Alarms ring, and everything that has to follow does, until nothing is left to do.
  void Settle();

  // A pull of everything as a device of its own, by pages of `limit`: all the rows.
  std::vector<json> Pull(const std::string& name, int64_t limit = 0);
  // The user's view of others' records: "collection|owner's name|id|data", sorted.
  std::vector<std::string> Copies(const std::string& name);
  // What the owner has of a plan, in the same form.
  std::vector<std::string> Shared(const std::string& owner, const std::string& plan);

  int64_t now_ms = kNow;
  std::function<Fate(const std::string& to, const native::HostCommand& command)> fate;
  // Told before each call is run: a space's own name, and the operation.
  std::vector<std::pair<std::string, json>> published;  // to whom (a name), what

 private:
  using CallAnswer = std::variant<CallReply, Failure>;

  Request RequestOf(const std::string& name, std::string operation, Params params, bool in_space);
  // `caller` is empty for an object.
  native::Stores StoresOf(const std::string& name, const std::string& caller, bool in_space,
                          std::string_view role);
  CallAnswer Answer(const std::string& caller, const native::HostCommand& command,
                    native::Held* held, std::string_view role);
  native::Answer RunAs(const std::string& name, const std::string& caller,
                       const std::string& operation, Params params, const std::string& body,
                       std::string_view role);

  std::map<std::string, std::unique_ptr<SpaceHarness>> spaces_;  // by name
  std::map<std::string, std::string> names_;                     // by id
  std::deque<std::string> following_;                            // whose Share is to run
};

}  // namespace tidemark::testing
