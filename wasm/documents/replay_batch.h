// Changes of a slice of the journal, on their way into a stage: of those of one row the last
// counts.

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
  explicit ReplayBatch(Stage stage) : stage_(static_cast<int64_t>(stage)) {}

  void Add(const JournalChange& change);
  // `text` is what the changes' offsets count in.
  Task<bool> Flush(std::string text);

 private:
  struct Row {
    JournalChange::Op op = JournalChange::Op::kUpsert;
    int64_t place = 0;
    size_t offset = 0;
    size_t size = 0;
  };
  using Name = std::pair<std::string, std::string>;  // collection and id; of a member its key

  std::string RowsJson(JournalChange::Op op, bool members) const;

  int64_t stage_;
  bool spread_ = false;  // what was there before goes first
  std::map<Name, Row> records_;
  std::map<Name, Row> members_;
};

}  // namespace tidemark
