#include "records/payload.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/json_scanner.h"
#include "base/limits.h"
#include "records/body.h"
#include "shares/edits.h"

namespace tidemark {
namespace {

using json::Fault;
using json::Scanner;

constexpr size_t kEnvelopeSliceBytes = 4096;
constexpr size_t kBareIdsSliceBytes = 64 << 10;  // each id may name a record of every collection
constexpr size_t kKeysMax = 256;
constexpr size_t kQuotedIdBytesMax = limits::kRecordIdBytesMax * 6 + 2;  // all of it escapes
constexpr int kDeletedIds = -1;  // in place of a collection's index
constexpr int kUnknown = -2;

// An array of the body that waits for its turn: where the byte after its '[' is.
struct Deferred {
  int collection;
  size_t offset;
};

class PayloadReader {
 public:
  PayloadReader(PushState* state, PayloadOptions* options, size_t body_size)
      : state_(state), options_(options), body_size_(body_size) {}

  Task<Status> Read();

 private:
  // What the next member of the envelope turned out to be.
  enum class Step : uint8_t { kMember, kArray, kEnd, kMore, kFailed };

  Task<Status> ReadEnvelope();
  Step ReadNext(const Slice& slice, Scanner* scanner);
  Step ReadScalar(Scanner* scanner, const json::Text& key);
  Task<Result<size_t>> ReadArray(int collection, size_t offset);
  Task<Result<size_t>> SkipArray(size_t offset, int collection);
  Task<Result<size_t>> ReadBareIds(size_t offset);
  Task<Status> PushBatch(DeltaBatch batch);
  bool ReadyFor(int collection) const;
  int CollectionOf(const json::Text& key) const;
  Status CutOff(const Scanner& scanner, size_t offset) const {
    return NotJson(offset + scanner.position());
  }

  PushState* state_;
  PayloadOptions* options_;
  size_t body_size_;
  // Of the envelope:
  std::vector<std::string> keys_;
  bool cursor_known_ = false;
  bool open_ = false;  // past the '{'
  bool first_ = true;  // no member yet
  int array_ = kUnknown;
  std::string array_key_;
  Status failure_;
  std::vector<Deferred> deferred_;
  std::vector<int> stored_;  // collections whose array was read
};

int PayloadReader::CollectionOf(const json::Text& key) const {
  if (key.raw == "deleted_ids") return kDeletedIds;
  const auto& collections = state_->schema->collections;
  for (size_t i = 0; i < collections.size(); ++i) {
    if (collections[i].name == key.raw) return static_cast<int>(i);
  }
  return kUnknown;
}

bool PayloadReader::ReadyFor(int collection) const {
  if (!cursor_known_ || collection < 0) return false;
  const int parent = state_->schema->collections[static_cast<size_t>(collection)].parent;
  return parent < 0 || std::find(stored_.begin(), stored_.end(), parent) != stored_.end();
}

PayloadReader::Step PayloadReader::ReadScalar(Scanner* scanner, const json::Text& key) {
  json::Value value;
  if (!scanner->ReadValue(&value)) return Step::kFailed;
  const bool null = value.kind == json::Kind::kNull;
  if (key.raw == "cursor") {
    if (value.kind != json::Kind::kString && !null) {
      failure_ = Status::Invalid("invalid_cursor", "cursor must be a string that this server gave");
      return Step::kFailed;
    }
    if (!null) options_->cursor = value.text.substr(1, value.text.size() - 2);
    failure_ = ApplyCursor(options_->cursor, state_);
    cursor_known_ = true;
  } else if (key.raw == "limit" && !null) {
    if (json::ParseInteger(value.text, &options_->limit) != json::IntegerFault::kNone ||
        options_->limit < 1 || options_->limit > limits::kPageRowsMax) {
      failure_ = Status::Invalid("invalid_limit", "limit must be an integer from 1 to " +
                                                      std::to_string(limits::kPageRowsMax));
    }
  } else if (CollectionOf(key) != kUnknown && !null) {
    failure_ = Status::Invalid("invalid_payload", std::string(key.raw) + " must be an array");
  }
  return failure_.ok() ? Step::kMember : Step::kFailed;
}

// Reads one member, or as far as the '[' of an array of deltas or ids.
PayloadReader::Step PayloadReader::ReadNext(const Slice& slice, Scanner* scanner) {
  if (!open_) {
    if (scanner->Peek() != '{' && scanner->fault() == Fault::kNone) {
      json::Value value;  // of another kind: first it must be JSON at all
      if (!scanner->ReadValue(&value)) return Step::kFailed;
      failure_ = Status::Invalid("invalid_payload",
                                 "The body must be an object of deltas by "
                                 "collection");
      return Step::kFailed;
    }
    if (!scanner->Expect('{')) return Step::kFailed;
    open_ = true;
    return Step::kMember;
  }
  if (scanner->Take('}')) return Step::kEnd;
  if (!first_ && !scanner->Expect(',')) return Step::kFailed;
  json::Text key;
  if (!scanner->ReadString(&key) || !scanner->Expect(':')) return Step::kFailed;
  const bool array = scanner->Peek() == '[';
  if (scanner->fault() != Fault::kNone) return Step::kFailed;
  if (keys_.size() == kKeysMax) {
    failure_ = Status::Invalid("invalid_payload",
                               "The body has more than " + std::to_string(kKeysMax) + " keys");
    return Step::kFailed;
  }
  if (std::find(keys_.begin(), keys_.end(), key.raw) != keys_.end()) {
    failure_ = Status::Invalid("duplicate_key", "The body has two keys of one name");
    return Step::kFailed;
  }
  Step step = Step::kArray;
  if (array) {
    scanner->Expect('[');
    array_ = CollectionOf(key);
    array_key_ = key.raw.substr(0, 64);
  } else {
    step = ReadScalar(scanner, key);
  }
  if (step != Step::kFailed) {
    keys_.emplace_back(key.raw.substr(0, 64));
    first_ = false;
  }
  (void)slice;
  return step;
}

Task<Status> PayloadReader::ReadEnvelope() {
  size_t offset = 0;
  size_t size = kEnvelopeSliceBytes;
  while (true) {
    const Result<Slice> slice = co_await ReadSlice(offset, size, body_size_);
    if (!slice.ok()) co_return slice.status();
    Scanner scanner(slice->text, slice->last);
    size_t read = 0;  // what whole members took
    Step step = Step::kMember;
    while (step == Step::kMember) {
      step = ReadNext(*slice, &scanner);
      if (step != Step::kFailed) read = scanner.position();
    }
    if (!failure_.ok()) co_return failure_;
    if (step == Step::kFailed) {
      if (scanner.fault() != Fault::kTruncated) co_return CutOff(scanner, offset);
      size = read == 0 ? size * 2 : kEnvelopeSliceBytes;
      offset += read;
      continue;
    }
    if (step == Step::kEnd) {
      if (slice->last && !scanner.AtEnd()) co_return CutOff(scanner, offset);
      if (slice->last) co_return Status();
      offset += read;  // nothing but white space may follow
      break;
    }
    const int collection = array_;
    const bool ready = ReadyFor(collection);
    if (!ready && collection != kUnknown) deferred_.push_back({collection, offset + read});
    Result<size_t> end = ready ? co_await ReadArray(collection, offset + read)
                               : co_await SkipArray(offset + read, collection);
    if (!end.ok()) co_return end.status();
    offset = *end;
    size = kEnvelopeSliceBytes;
  }
  while (offset < body_size_) {
    const Result<Slice> rest = co_await ReadSlice(offset, limits::kSliceBytes, body_size_);
    if (!rest.ok()) co_return rest.status();
    const size_t other = rest->text.find_first_not_of(" \t\r\n");
    if (other != std::string::npos) co_return NotJson(offset + other);
    offset += rest->text.size();
  }
  co_return Status();
}

// Passes over an array, and refuses the elements of one that no collection has the name of.
Task<Result<size_t>> PayloadReader::SkipArray(size_t offset, int collection) {
  size_t size = limits::kSliceBytes;
  bool first = true;
  for (int64_t index = 0;;) {
    const Result<Slice> slice = co_await ReadSlice(offset, size, body_size_);
    if (!slice.ok()) co_return slice.status();
    Scanner scanner(slice->text, slice->last);
    size_t read = 0;
    while (true) {
      if (scanner.Take(']')) co_return offset + scanner.position();
      if (!first && !scanner.Expect(',')) break;
      json::Value value;
      if (!scanner.ReadValue(&value)) break;
      first = false;
      read = scanner.position();
      if (collection != kUnknown) continue;
      ++state_->deltas;
      state_->Reject(array_key_, index++, {},
                     {"unknown_collection", "No collection has this name"});
      if (Status status = state_->CheckSize(); !status.ok()) co_return status;
    }
    if (scanner.fault() != Fault::kTruncated) co_return CutOff(scanner, offset);
    size = read == 0 ? size * 2 : limits::kSliceBytes;
    offset += read;
  }
}

Task<Status> PayloadReader::PushBatch(DeltaBatch batch) {
  Status status;
  if (!batch.foreign.empty()) status = co_await KeepEdits(state_, &batch);
  if (!state_->editor.empty() && !batch.deltas.empty()) {
    batch.deltas = co_await AdmitEdits(state_, &batch, std::exchange(batch.deltas, {}));
  }
  if (!status.ok() || batch.deltas.empty()) co_return status;
  const MergeRule rule = state_->schema->collections[static_cast<size_t>(batch.collection)].merge;
  status = co_await ClampStamps(state_, &batch);
  if (status.ok()) status = co_await RequireParents(state_, &batch);
  if (!status.ok() || batch.deltas.empty()) co_return status;
  if (rule == MergeRule::kFields) co_return co_await PushFields(state_, std::move(batch));
  co_return co_await PushRecords(state_, std::move(batch));
}

// What a batch binds as one value is its slice. One that grew beyond that holds a single delta (or
// none), whose pieces are kept and the rest is let go.
void Shrink(DeltaBatch* batch) {
  Slice small{.text = {}, .decoded = {}, .offset = 0, .last = false, .in_body = false};
  for (std::vector<Delta>* deltas : {&batch->deltas, &batch->foreign}) {
    for (Delta& delta : *deltas) {
      for (Piece* piece : {&delta.id, &delta.data, &delta.parent, &delta.owner}) {
        const std::string_view bytes = batch->slice.Get(*piece);
        *piece = {static_cast<uint32_t>(small.text.size()), static_cast<uint32_t>(bytes.size())};
        small.text += bytes;
      }
    }
  }
  batch->slice = std::move(small);
}

Task<Result<size_t>> PayloadReader::ReadArray(int collection, size_t offset) {
  const Collection& declared = state_->schema->collections[static_cast<size_t>(collection)];
  size_t size = limits::kSliceBytes;
  uint32_t index = 0;
  KeyOrder order;
  stored_.push_back(collection);
  while (true) {
    Result<Slice> slice = co_await ReadSlice(offset, size, body_size_);
    if (!slice.ok()) co_return slice.status();
    DeltaBatch batch{.collection = collection, .slice = std::move(*slice)};
    Scanner scanner(batch.slice.text, batch.slice.last);
    size_t read = 0;
    bool ended = false;
    const bool grown = size > limits::kSliceBytes;
    while (!(grown && read > 0) &&
           batch.deltas.size() + batch.foreign.size() < limits::kBatchDeltasMax) {
      ended = scanner.Take(']');
      if (ended || (index > 0 && !scanner.Expect(','))) break;
      Delta delta{.index = index};
      Rejection rejection;
      if (!ReadDelta(declared, &scanner, &order, &batch.slice, &delta, &rejection)) break;
      ++index;
      read = scanner.position();
      if (rejection.code.empty()) {
        const bool own = delta.owner.size == 0 || batch.slice.Get(delta.owner) == state_->user;
        (own ? batch.deltas : batch.foreign).push_back(delta);
        continue;
      }
      state_->Reject(declared.name, delta.index, batch.slice.Get(delta.id), rejection);
      if (Status status = state_->CheckSize(); !status.ok()) co_return status;
    }
    const Fault fault = scanner.fault();
    const size_t end = scanner.position();
    state_->deltas += static_cast<int64_t>(batch.deltas.size() + batch.foreign.size());
    if (fault == Fault::kInvalid) co_return NotJson(offset + end);
    if (grown) Shrink(&batch);
    if (Status status = co_await PushBatch(std::move(batch)); !status.ok()) co_return status;
    if (ended) co_return offset + end;
    size = read == 0 ? size * 2 : limits::kSliceBytes;
    offset += read;
  }
}

Task<Result<size_t>> PayloadReader::ReadBareIds(size_t offset) {
  size_t size = kBareIdsSliceBytes;
  int64_t index = 0;
  bool first = true;
  while (true) {
    const Result<Slice> slice = co_await ReadSlice(offset, size, body_size_);
    if (!slice.ok()) co_return slice.status();
    Scanner scanner(slice->text, slice->last);
    BareIds ids;
    std::set<std::string, std::less<>> named;  // once is enough
    size_t read = 0;
    bool ended = false;
    const bool grown = size > kBareIdsSliceBytes;
    while (!ended && !(grown && read > 0)) {
      ended = scanner.Take(']');
      if (ended || (!first && !scanner.Expect(','))) break;
      json::Value value;
      if (!scanner.ReadValue(&value)) break;
      first = false;
      read = scanner.position();
      if (value.kind == json::Kind::kString && !value.lone_surrogate && !value.nul &&
          value.text.size() > 2 && value.text.size() <= kQuotedIdBytesMax) {
        if (named.emplace(value.text).second) {
          AppendComma(&ids.json);
          ids.json.append(value.text);
          ids.places.push_back(index);
        }
      } else {
        state_->Reject("deleted_ids", index, {}, {"invalid_id", "An id must be a string of text"});
        if (Status status = state_->CheckSize(); !status.ok()) co_return status;
      }
      ++index;
    }
    const Fault fault = scanner.fault();
    const size_t end = scanner.position();
    if (fault == Fault::kInvalid) co_return NotJson(offset + end);
    if (!ids.places.empty()) {
      Status status = co_await PushBareIds(state_, std::move(ids));
      if (!status.ok()) co_return status;
    }
    if (Status status = state_->CheckSize(); !status.ok()) co_return status;
    if (ended) co_return offset + end;
    size = read == 0 ? size * 2 : kBareIdsSliceBytes;
    offset += read;
  }
}

Task<Status> PayloadReader::Read() {
  if (Status status = co_await ReadEnvelope(); !status.ok()) co_return status;
  if (!cursor_known_) {
    if (Status status = ApplyCursor({}, state_); !status.ok()) co_return status;
  }
  // Collections are declared parents first; bare ids come last.
  const auto later = [](const Deferred& a, const Deferred& b) {
    return static_cast<unsigned>(a.collection) > static_cast<unsigned>(b.collection);
  };
  std::make_heap(deferred_.begin(), deferred_.end(), later);
  while (!deferred_.empty()) {
    std::pop_heap(deferred_.begin(), deferred_.end(), later);
    const Deferred array = deferred_.back();
    deferred_.pop_back();
    const Result<size_t> end = array.collection == kDeletedIds
                                   ? co_await ReadBareIds(array.offset)
                                   : co_await ReadArray(array.collection, array.offset);
    if (!end.ok()) co_return end.status();
  }
  co_return Status();
}

}  // namespace

Status ApplyCursor(const std::string& text, PushState* state) {
  state->stale = state->space.pruned_seq > 0;
  if (text.empty()) return {};
  const Result<Cursor> cursor = ParseCursor(text);
  if (!cursor.ok()) return cursor.status();
  state->stale = !StaleReason(*cursor, state->space).empty();
  state->seen_seq = state->stale ? 0 : cursor->seq;
  return {};
}

Task<Status> PushPayload(PushState* state, PayloadOptions* options, uint32_t body_size) {
  PayloadReader reader(state, options, body_size);
  co_return co_await reader.Read();
}

}  // namespace tidemark
