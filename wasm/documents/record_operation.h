// Record operations: the body of a PATCH with the type application/json.
//
// operations := operation | [operation...]
// operation  := {"op": "upsert" | "delete", "collection": text, "id": text, "record"?: object,
//                "version"?: text}
//
// Other keys are ignored. Pieces are offsets into the slice (records/delta.h).

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/json_scanner.h"
#include "documents/preconditions.h"
#include "records/delta.h"

namespace tidemark {

struct RecordOperation {
  bool deletes = false;
  Piece collection;
  Piece id;
  Piece record;                     // empty for a deletion
  Piece text;                       // all of the operation
  std::optional<DocumentTag> made;  // the version that it was made on
};

// Reads the operations of a body, a slice at a time.
class OperationReader {
 public:
  // Reads on in a slice: as many whole operations as it has. False at a mistake: `failure` says
  // which. `consumed`: the bytes of the slice that need not be read again.
  bool Read(Slice* slice, std::vector<RecordOperation>* operations, size_t* consumed);

  // Nothing but space may follow.
  bool done() const { return state_ == State::kTail; }
  const Status& failure() const { return failure_; }

 private:
  enum class State : uint8_t { kStart, kOnly, kFirst, kNext, kTail };

  bool ReadOne(Slice* slice, json::Scanner* scanner, RecordOperation* operation);
  bool Check(const Slice& slice, const json::Value& record, RecordOperation* operation);
  bool Fail(std::string_view code, std::string message, int http_status = 400);

  State state_ = State::kStart;
  size_t count_ = 0;  // operations that were read
  Status failure_;
};

// Whether a key or an id is one that is kept: 1 to `bytes_max` bytes of Unicode without NUL.
bool IsName(const json::Text& text, size_t bytes_max);

// The id of a record: its member `id`, the last of that name, decoded. False where the value is no
// object, or has no such id.
bool RecordId(std::string_view record, std::string* id);

}  // namespace tidemark
