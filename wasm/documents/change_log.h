// The changes of one write, gathered with their texts, and written at the end.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "documents/changes.h"
#include "documents/document.h"

namespace tidemark {

class ChangeLog {
 public:
  // `op`: the word for it in the journal.
  ChangeLog(const Request& request, const Document& before, std::string op);

  // `had`: the bytes of the record that was there, -1 for none. Code: `value_too_large`.
  Status Upsert(RecordChange change, std::string_view record, int64_t had, bool moves);
  void Delete(const std::string& collection, const std::string& id, int64_t version, int64_t had);
  // Of a collection `value` is empty. `had`: the bytes of the value that was there. The same code.
  Status Set(MemberChange change, std::string_view value, int64_t had = 0);
  void Unset(const std::string& key, int64_t had);

  // Whether the changes stay within the shard that the request is for, if it is for one: in no
  // other could readers find them. Code: `spans_shards`.
  Status CheckShard(const Request& request) const;

  // Writes what differs from what is stored, with its entry and activity. Whether anything did.
  Task<bool> Finish(Request request);

  // The document as these changes leave it.
  const Document& after() const { return after_; }
  int64_t deleted() const { return deleted_; }

 private:
  // So much that its text, and the entry of it, are each one value for SQL.
  struct Chunk {
    Changes changes;
    std::string text;
    size_t names = 0;  // bytes of names, as JSON has them at the longest
  };

  Chunk& Room(size_t names, size_t bytes);
  static Task<bool> DropSame(Chunk* chunk);

  Document before_;
  Document after_;
  std::string op_;
  std::vector<Chunk> chunks_;
  int64_t deleted_ = 0;
};

}  // namespace tidemark
