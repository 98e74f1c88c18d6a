// What a write changes, as rows of the tables and as an entry of the journal.
//
// Entry  := {"seq", "at", "user", "op", "part", "last", "changes": [Change...]}
// Change := {"op": "upsert", "collection", "id", "place", "before", "record"}   the whole record
//         | {"op": "delete", "collection", "id", "before"}
//         | {"op": "set", "member", "place", "value"}       a value
//         | {"op": "set", "member", "place"}                a collection
//         | {"op": "unset", "member"}
//         | {"op": "spread"}   the object has nothing from here on: its rows lie in other objects
//         | {"op": "gather"}   no change of its own: they are all here again
//
// `seq` is the document's version after the write, `at` its time in ms, `op` what was asked:
// `patch`, `json_patch`, `merge_patch`, `put`, `restore`. `before` is the version that the record
// had, or null. A large write has several parts of the same seq, in order; it counts once the one
// with "last": true is there. Whoever applies all entries in order of (seq, part) to an empty
// document has the document of that moment, to the byte. Of a sharded document each object's
// entries apply to what that object has: its manifest says the collections, `_root` the values, and
// each shard its records.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "documents/document.h"
#include "engine/command.h"

namespace tidemark {

struct RecordChange {
  std::string collection;
  std::string id;
  int64_t place = 0;
  int64_t before = 0;  // 0: it was not there
  uint32_t offset = 0;
  uint32_t size = 0;  // 0: it is deleted
};

struct MemberChange {
  std::string key;
  int64_t place = 0;
  bool collection = false;
  bool removed = false;
  uint32_t offset = 0;
  uint32_t size = 0;
};

struct Changes {
  std::vector<RecordChange> records;
  std::vector<MemberChange> members;
  bool moved = false;  // some record takes a place that it did not have

  bool empty() const { return records.empty() && members.empty(); }

  // The statements that make them. `blob` is what the offsets count in.
  std::vector<Statement> Statements(const Document& document, int64_t version,
                                    const Param& blob) const;

  // Its rows, as kWriteRecords and kWriteMembers take them.
  std::string RecordsJson() const;
  std::string MembersJson() const;  // of those that are set
};

// One part of a write's entry.
struct Entry {
  int64_t seq = 0;
  int64_t at = 0;
  std::string user;
  std::string op;
  int64_t part = 0;
  bool last = true;
};

// The text up to its changes, and of all of it. `text` is what the offsets count in.
std::string EntryHead(const Entry& entry);
std::string EntryText(const Entry& entry, const Changes& changes, std::string_view text);

// The row of an entry. `activity` is empty in all parts but the last.
Statement AppendEntry(const Entry& entry, const Document& after, Param text, std::string activity);

}  // namespace tidemark
