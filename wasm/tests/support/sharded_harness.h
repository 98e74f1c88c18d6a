// A sharded app's document, natively: its manifest, its shards and the Worker's part, all of which
// call each other. Operations run to their end, or step by step, and every call may be lost.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/document_harness.h"

namespace tidemark::testing {

class ShardedHarness {
 public:
  // What becomes of a call: a lost one is not made, of a mute one the answer is lost, a late one is
  // lost now and made when DeliverLate says.
  enum class Fate : uint8_t { kMade, kLost, kMute, kLate };

  explicit ShardedHarness(std::string sharding, std::string app = "default");

  // Of backups: a restore by `day` or `at`, and the crons' work. EndRestore: with what follows it.
  native::Answer Restore(Params params);
  native::Answer EndRestore(native::Running* running, Params params);
  native::Answer Snapshot();
  native::Answer Compact(const std::string& days = {});

  // As the Worker routes them. `layout` is the one that it is configured with.
  native::Answer Patch(const json& operations, Params more = {});
  native::Answer PatchText(std::string body, Params more = {});
  native::Answer TreePatch(std::string_view type, std::string patch, Params more);
  // With the precondition that there is, unless `more` has one.
  native::Answer Put(std::string text, Params more = {});
  native::Answer View(Params more = {});
  native::Answer Shard(const std::string& shard, Params more = {});
  std::string Text();
  std::string Tag();

  // An operation that a test steps through; it has the manifest's turn until Forget.
  std::unique_ptr<native::Running> BeginPut(std::string text, Params more = {});
  std::unique_ptr<native::Running> BeginView();
  std::unique_ptr<native::Running> BeginRelayout();
  std::unique_ptr<native::Running> BeginTick(const std::string& object);
  std::unique_ptr<native::Running> BeginRestore(Params params);
  std::unique_ptr<native::Running> BeginSnapshot(int64_t at);
  std::unique_ptr<native::Running> BeginCompact(const std::string& days = {});
  // In the Worker: it takes nobody's turn.
  std::unique_ptr<native::Running> BeginPatch(const json& operations, Params more = {});

  native::Answer RunIn(const std::string& object, std::string operation, Params params,
                       std::string body, std::string_view role);
  native::Answer Relayout();
  void DeliverLate();
  // Alarms ring as they are set, until none is. False: they never come to rest.
  bool RunUntilIdle();

  // What each object's journal in R2 says, put together (documents/changes.h).
  std::string Replayed();

  std::string manifest() const { return documents.main_name(); }
  std::string ObjectOf(const std::string& shard) const;
  native::SqliteStore& StoreOf(const std::string& shard);
  // Objects that hold a lock.
  std::vector<std::string> Locked();
  std::vector<std::string> Shards();
  // Called when what was begun is dropped: the manifest is free.
  void Forget() { turn_ = nullptr; }

  DocumentHarness documents;
  std::string layout;
  std::function<Fate(const std::string& object, const std::string& operation)> fate;
  std::map<std::string, int> calls;  // of operations, by object and name

 private:
  Params Asked(Params more, std::string_view method) const;
  native::Stores StoresOf(const std::string& object);
  std::unique_ptr<native::Running> Begin(const std::string& object, std::string operation,
                                         Params params, std::string body, std::string_view role,
                                         bool local);
  native::Answer Serve(const std::string& object, const std::string& operation, Params params,
                       std::string body, std::string_view role);
  std::unique_ptr<native::Running> Take(const std::string& object, std::string operation,
                                        Params params, std::string body, std::string_view role);
  void EndTurn();

  struct Late {
    std::string object;
    std::string operation;
    Params params;
    std::string body;
    std::string role;
  };
  std::deque<Late> late_;
  native::Running* turn_ = nullptr;  // what is under way in the manifest
  std::vector<std::string> names_;   // of all objects that there ever were
};

}  // namespace tidemark::testing
