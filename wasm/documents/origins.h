// What a document was, by the objects that its rows lay in: each one's part is staged by itself, as
// its own journal says, and all are put together at the end.
//
// What a moment is made of:
// - of a document in one object, what that object had;
// - of a sharded one the collections of its manifest, the values of `_root`, and the records of its
//   shards, in the order of their names. A shard counts if it was of the same life (its epoch), and
//   wrote since the manifest last had all rows back.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "documents/journal_object.h"
#include "documents/replay_batch.h"
#include "documents/snapshots.h"

namespace tidemark {

// How far the entries of an object have been read.
struct Covered {
  int64_t seq = 0;
  int64_t part = 0;

  bool Holds(const EntryHeader& entry) const {
    return entry.seq < seq || (entry.seq == seq && entry.part <= part);
  }
};

// Where to read on: an object among those that are listed, and a byte of it.
struct JournalAt {
  size_t object = 0;
  size_t offset = 0;
};

// A write of several parts, until the last of them is met: only then does it count.
struct PendingWrite {
  int64_t seq = 0;  // 0: there is none
  JournalAt at;
  Covered covered;
};

struct Origin {
  int64_t stage = 0;  // where its rows are
  std::string epoch;  // of the entries that are read
  Covered covered;
  PendingWrite pending;
  int64_t whole = 0;    // the write of several parts that is known to be whole
  bool begins = false;  // the next entry is the first of another life: what is staged goes first
  bool done = false;    // there are entries of later than the moment
  // Of what is staged.
  std::string life;    // its epoch; empty: nothing is
  int64_t last = 0;    // the version of its last entry
  int64_t broken = 0;  // the write that it has no end of
};

class Origins {
 public:
  // Into `stage`; shards have stages of their own until the end.
  Origins(std::string app, Stage stage);

  // Empties all stages.
  Task<bool> Clear();
  // Begins with a sealed copy. Codes: `unavailable`, `backup_damaged`.
  Task<Status> Load(Snapshot snapshot);
  // By an object's name; none where it is of another app.
  Origin* Of(const std::string& object);
  const Origin& manifest() const { return *manifest_; }
  std::map<std::string, Origin, std::less<>>& all() { return origins_; }

  // Ahead of the first change of an entry of that object.
  Task<bool> BeginEntry(Origin* origin, int64_t seq);
  void Add(const Origin& origin, const JournalChange& change);
  Task<bool> Flush(Origin* origin, std::string text);

  // The manifest has all rows itself.
  bool own() const { return own_; }
  // All parts put together. Code: `backup_damaged`.
  Task<Status> Join();
  // The shards that it was told of.
  std::vector<std::string> Shards() const;

 private:
  Task<Status> ReadSeal(std::string key);
  Task<bool> JoinShard(std::string name, Origin* origin, int64_t number);

  std::string app_;
  int64_t stage_;
  int64_t base_ = 0;  // the version of the copy
  std::map<std::string, Origin, std::less<>> origins_;
  Origin* manifest_;
  ReplayBatch batch_;
  bool own_ = false;
  int64_t entry_ = 0;     // whose changes come
  int64_t gathered_ = 0;  // when the manifest last had all rows back
};

}  // namespace tidemark
