// An object of the journal, or a seal, read by slices (documents/progress.h, changes.h, seal.h).
//
// The reader stops where its owner has something to decide: behind the object's head, behind the
// head of each entry, and at each change of it. Nothing of the text outlives its slice.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json_scanner.h"

namespace tidemark {

struct ObjectHead {
  std::string object;
  std::string epoch;
  int64_t first = 0;
  int64_t previous = 0;
};

struct EntryHeader {
  size_t offset = 0;  // of its first byte in the object
  int64_t seq = 0;
  int64_t part = 0;
  bool last = false;
  std::string object;  // of a seal, where it is not the manifest
};

// `record`, of a member `value`: where it stands in the slice; of size 0 where it is not there.
struct JournalChange {
  enum class Op : uint8_t { kUpsert, kDelete, kSet, kUnset, kPlace, kSpread, kGather };
  Op op = Op::kUpsert;
  bool member = false;
  std::string collection;  // of a member its key
  std::string id;
  int64_t place = 0;
  size_t offset = 0;
  size_t size = 0;
};

class JournalObject {
 public:
  enum class Event : uint8_t { kMore, kHead, kEntry, kChange, kEnd, kDamaged };

  // From the beginning of an object, or from an entry of one whose head is known.
  void Start() { state_ = State::kObject; }
  void StartAtEntry() {
    state_ = State::kEntries;
    first_ = true;
  }

  // Reads on up to the next event. kMore: the slice has no more; the next one begins at the
  // scanner's position.
  Event Next(std::string_view slice, size_t slice_offset, json::Scanner* scanner);

  const ObjectHead& head() const { return head_; }
  const EntryHeader& entry() const { return entry_; }
  const JournalChange& change() const { return change_; }

 private:
  enum class State : uint8_t { kObject, kEntries, kChanges, kTail };

  bool ReadHead(json::Scanner* scanner, std::string_view array);
  bool TakeField(std::string_view key, const json::Value& value);
  bool ReadEntry(size_t slice_offset, json::Scanner* scanner);
  bool ReadOne(std::string_view slice, json::Scanner* scanner);
  bool TakeChange(std::string_view slice, std::string_view text);

  State state_ = State::kObject;
  bool first_ = true;
  bool odd_ = false;  // it is JSON, and not what it should be
  ObjectHead head_;
  EntryHeader entry_;
  JournalChange change_;
};

}  // namespace tidemark
