// Push: the deltas of one request into a space.
//
// The body is read in slices of about 1 MB, cut between deltas; each slice is one batch: read what
// is stored, decide, write. A batch decides in order, as if its deltas came one by one.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/operation.h"
#include "records/cursor.h"
#include "records/delta.h"
#include "records/schema.h"

namespace tidemark {

// What the deltas of a request share, and what is to be told of them. Owned by the operation.
struct PushState {
  const Schema* schema = nullptr;
  Space space;
  std::string device;
  std::string user;    // whose space it is
  std::string editor;  // who edits what is shared with them; empty: its user does
  int64_t now_ms = 0;
  int64_t head = 0;    // the space's last seq, as this request moves it
  bool stale = false;  // the device may have missed deletions that are pruned by now
  int64_t seen_seq = 0;

  int64_t deltas = 0;
  int64_t written = 0;
  int64_t losers = 0;
  int64_t edits = 0;      // of others' records, kept to be carried to them
  std::string rejected;   // JSON members, joined by commas
  std::string conflicts;  // the same
  // [collection, id] of what is stored in another form than it was sent; one may stand twice.
  std::string corrections;

  void Reject(std::string_view collection, int64_t index, std::string_view id,
              const Rejection& rejection);
  void Conflict(std::string_view collection, int64_t index, std::string_view id,
                std::string_view code, std::string_view message);
  void Correct(std::string_view collection, std::string_view id);
  // `answer_too_large` where more is to be told than an answer holds.
  Status CheckSize() const;
};

// Appends `value` with a comma before it, unless it is the first after '['.
void AppendComma(std::string* out);
// Reads a JSON array of integers that SQL made.
std::vector<int64_t> ReadIntegers(const std::string& text);

// The deltas of one slice for one collection, valid each by itself.
struct DeltaBatch {
  int collection = 0;
  Slice slice;
  std::vector<Delta> deltas;
  std::vector<Delta> foreign;  // of records that others share

  // The slice as a blob; one of the body need not cross the boundary for it.
  Param SliceBlob() const {
    if (!slice.in_body) return Blob{slice.text};
    return BodyRange{static_cast<uint32_t>(slice.offset), static_cast<uint32_t>(slice.text.size())};
  }
};

// Stores a batch of a collection that merges whole records. The state outlives the task.
Task<Status> PushRecords(PushState* state, DeltaBatch batch);
// The same for one that merges by field (push_fields.cc).
Task<Status> PushFields(PushState* state, DeltaBatch batch);

// Pulls back the stamps that are too far ahead, and finds the ones given to them before.
Task<Status> ClampStamps(PushState* state, DeltaBatch* batch);
// Rejects and removes the deltas whose parent the space has never seen.
Task<Status> RequireParents(PushState* state, DeltaBatch* batch);

// Ids without their collections, and the place of each in `deleted_ids`.
struct BareIds {
  std::string json = "[";  // an array, not closed yet
  std::vector<int64_t> places;
};

// Adds the statement that notes which records leave a shared plan by being written: before they
// are. `winners` as kWriteWinners has them.
void NoteDepartures(const PushState& state, const Collection& collection,
                    const std::string& winners, std::vector<Statement>* writes);

// Deletes what a device had seen, by bare ids.
Task<Status> PushBareIds(PushState* state, BareIds ids);

}  // namespace tidemark
