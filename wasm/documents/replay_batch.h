// Changes of a slice of the journal, on their way into a stage: of those of one row the last
// counts. What a seal gives places to comes from the stage that its copy was read into.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "documents/journal_object.h"
#include "documents/stage.h"

namespace tidemark {

class ReplayBatch {
 public:
  explicit ReplayBatch(Stage copy) : copy_(static_cast<int64_t>(copy)) {}

  void Add(const JournalChange& change);
  // Into a stage. `text` is what the changes' offsets count in.
  Task<bool> Flush(int64_t stage, std::string text);

 private:
  struct Row {
    JournalChange::Op op = JournalChange::Op::kUpsert;
    int64_t place = 0;
    size_t offset = 0;
    size_t size = 0;
  };
  using Name = std::pair<std::string, std::string>;  // collection and id; of a member its key

  std::string RowsJson(JournalChange::Op op, bool members) const;

  int64_t copy_;
  bool spread_ = false;  // what was there before goes first
  std::map<Name, Row> records_;
  std::map<Name, Row> members_;
};

}  // namespace tidemark
