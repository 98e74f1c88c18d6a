#include "documents/stage.h"

#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/commit.h"
#include "documents/record_operation.h"
#include "documents/sql_stage.h"
#include "engine/await.h"
#include "records/body.h"

namespace tidemark {
namespace {

using json::Fault;
using json::Kind;
using json::Scanner;

// Rows of one statement: its list is one value, and a long one is slow to unpack.
constexpr int64_t kRowsTogether = 5'000;
constexpr size_t kRowsBytes = 500'000;

struct StagedRow {
  std::string id;
  uint32_t offset = 0;
  uint32_t size = 0;
};

class DocumentReader {
 public:
  DocumentReader(SliceSource* source, Stage stage) : source_(source), stage_(stage) {}

  Task<Status> Read();

 private:
  enum class State : uint8_t { kStart, kMember, kElements, kWhole, kTail };
  // What one pass over a slice came to.
  enum class Step : uint8_t { kMore, kStored, kNoCollection };

  Step Scan(Scanner* scanner);
  bool ScanMember(Scanner* scanner);
  bool ScanElement(Scanner* scanner);
  bool TakeKey(const json::Text& key);
  bool Bounded(const json::Value& value);
  bool Fail(Status status) {
    failure_ = std::move(status);
    return false;
  }
  Param Blob() const {
    if (!slice_.in_body) return tidemark::Blob{slice_.text};
    return BodyRange{static_cast<uint32_t>(slice_.offset),
                     static_cast<uint32_t>(slice_.text.size())};
  }
  Task<bool> StoreRows();
  Task<bool> StoreValue();
  Task<bool> StoreCollection();
  Task<bool> Unstage();

  SliceSource* source_;
  Stage stage_;
  Slice slice_;
  State state_ = State::kStart;
  Status failure_;
  bool first_ = true;
  std::set<std::string, std::less<>> keys_;
  int64_t members_ = 0;  // read so far, those of equal keys too
  std::string key_;
  bool seen_ = false;        // the key came before
  size_t array_offset_ = 0;  // in the text, of the array that is being read
  bool element_first_ = true;
  int64_t elements_ = 0;  // of the array, stored before this slice
  std::vector<StagedRow> rows_;
  bool array_ends_ = false;
  json::Value value_;
  bool value_read_ = false;
  size_t consumed_ = 0;
};

bool DocumentReader::Bounded(const json::Value& value) {
  if (value.text.size() > limits::kRecordBytesMax) return Fail(ValueTooLarge());
  if (value.depth > limits::kRecordDepthMax) {
    return Fail(Status::Invalid("too_deep", "A record, or another member, has at most " +
                                                std::to_string(limits::kRecordDepthMax) +
                                                " levels"));
  }
  if (value.lone_surrogate) {
    return Fail(Status::Invalid("invalid_utf8", "A value holds half a surrogate pair"));
  }
  return true;
}

bool DocumentReader::TakeKey(const json::Text& key) {
  key_ = key.raw;
  if (key.escaped && !key.lone_surrogate) {
    key_.clear();
    json::Unescape(key.raw, &key_);
  }
  if (key.lone_surrogate || key.nul || key_.size() > limits::kCollectionBytesMax) {
    return Fail(
        Status::Invalid("invalid_document", "A member's name is at most " +
                                                std::to_string(limits::kCollectionBytesMax) +
                                                " bytes of Unicode, without NUL"));
  }
  seen_ = keys_.contains(key_);
  if (++members_ > limits::kMembersMax) {
    return Fail(TooManyMembers());
  }
  return true;
}

// A member's value, or the beginning of its array. False: the slice has no more of it.
bool DocumentReader::ScanMember(Scanner* scanner) {
  if (scanner->Take('}')) {
    state_ = State::kTail;
    return true;
  }
  if (!first_ && !scanner->Expect(',')) return false;
  json::Text key;
  if (!scanner->ReadString(&key) || !scanner->Expect(':')) return false;
  const bool array = scanner->Peek() == '[';
  if (scanner->fault() != Fault::kNone || !TakeKey(key)) return false;
  if (array) {
    array_offset_ = slice_.offset + scanner->position();
    scanner->Take('[');
    state_ = State::kElements;
    element_first_ = true;
    elements_ = 0;
    return true;
  }
  if (!scanner->ReadValue(&value_)) return false;
  value_read_ = Bounded(value_);
  return value_read_;
}

// An element of an array that may be a collection. False: the slice has no more, or it is none.
bool DocumentReader::ScanElement(Scanner* scanner) {
  if (scanner->Take(']')) {
    array_ends_ = true;
    return true;
  }
  if (!element_first_ && !scanner->Expect(',')) return false;
  json::Value value;
  if (!scanner->ReadValue(&value)) return false;
  StagedRow row;
  if (value.kind != Kind::kObject || !RecordId(value.text, &row.id)) {
    state_ = State::kWhole;
    return false;
  }
  if (!Bounded(value)) return false;
  row.offset = static_cast<uint32_t>(value.text.data() - slice_.text.data());
  row.size = static_cast<uint32_t>(value.text.size());
  rows_.push_back(std::move(row));
  element_first_ = false;
  return true;
}

// Reads on in the slice up to something that must be stored before the rest.
DocumentReader::Step DocumentReader::Scan(Scanner* scanner) {
  for (;;) {
    consumed_ = scanner->position();
    switch (state_) {
      case State::kStart:
        if (scanner->Peek() != '{') {
          // Of another kind: first it must be JSON at all.
          if (scanner->ReadValue(&value_)) {
            Fail(Status::Invalid("invalid_document", "A document is a JSON object"));
          }
          return Step::kMore;
        }
        scanner->Take('{');
        state_ = State::kMember;
        break;
      case State::kMember:
        if (!ScanMember(scanner)) return Step::kMore;
        if (value_read_) return Step::kStored;
        break;
      case State::kElements:
        if (!ScanElement(scanner)) {
          return state_ == State::kWhole ? Step::kNoCollection : Step::kMore;
        }
        if (array_ends_) return Step::kStored;
        break;
      case State::kWhole:
        if (!scanner->ReadValue(&value_)) return Step::kMore;
        value_read_ = Bounded(value_);
        return value_read_ ? Step::kStored : Step::kMore;
      case State::kTail:
        if (!scanner->AtEnd() && scanner->fault() == Fault::kNone) {
          failure_ = NotJson(slice_.offset + scanner->position());
        }
        consumed_ = slice_.text.size();
        return Step::kMore;
    }
  }
}

// The elements of the slice that were read. False: an id came twice, so it is no collection.
Task<bool> DocumentReader::StoreRows() {
  // Of equal keys the last one counts: the earlier one's records go.
  if (!rows_.empty() && seen_ && elements_ == 0) co_await Unstage();
  for (size_t i = 0; i < rows_.size();) {
    std::string rows;
    int64_t count = 0;
    for (; i < rows_.size() && count < kRowsTogether && rows.size() < kRowsBytes; ++i, ++count) {
      rows += rows.empty() ? "[[" : ",[";
      json::AppendQuoted(&rows, rows_[i].id);
      rows += ',' + std::to_string(++elements_ * limits::kPlaceStep) + ',' +
              std::to_string(rows_[i].offset) + ',' + std::to_string(rows_[i].size) + ']';
    }
    const ResultSets written = co_await Batch(
        {{sql::kStageRecords.text, {static_cast<int64_t>(stage_), key_, rows + "]", Blob()}},
         {sql::kCountChanges.text, {}}});
    if (written.back().Integer(0, 0) != count) {
      rows_.clear();
      co_return false;
    }
  }
  rows_.clear();
  co_return true;
}

Task<bool> DocumentReader::Unstage() {
  co_await Query(sql::kUnstageCollection, {static_cast<int64_t>(stage_), key_});
  co_return true;
}

Task<bool> DocumentReader::StoreValue() {
  if (seen_) co_await Unstage();
  keys_.insert(key_);
  co_await Query(sql::kStageMember, {static_cast<int64_t>(stage_), key_,
                                     static_cast<int64_t>(keys_.size()) * limits::kPlaceStep,
                                     int64_t{0}, tidemark::Blob{std::string(value_.text)}});
  co_return true;
}

Task<bool> DocumentReader::StoreCollection() {
  if (seen_ && elements_ == 0) co_await Unstage();
  keys_.insert(key_);
  co_await Query(sql::kStageMember,
                 {static_cast<int64_t>(stage_), key_,
                  static_cast<int64_t>(keys_.size()) * limits::kPlaceStep, int64_t{1}, Null()});
  co_return true;
}

Task<Status> DocumentReader::Read() {
  size_t offset = 0;
  do {
    Result<Slice> slice = co_await source_->Read(offset);
    if (!slice.ok()) co_return slice.status();
    slice_ = std::move(*slice);
    Scanner scanner(slice_.text, slice_.last);
    for (;;) {
      const bool whole = state_ == State::kWhole;
      const Step step = Scan(&scanner);
      if (!failure_.ok()) co_return failure_;
      if (step == Step::kMore) break;
      if (step == Step::kStored && value_read_) {
        co_await StoreValue();
        value_read_ = false;
      } else if (step == Step::kStored && co_await StoreRows()) {
        co_await StoreCollection();
        array_ends_ = false;
      } else {
        state_ = State::kWhole;
      }
      if (state_ == State::kWhole && !whole) {
        if (array_offset_ < slice_.offset) break;
        // It began in this slice: it is read again here, as one value.
        rows_.clear();
        array_ends_ = false;
        if (elements_ > 0) co_await Unstage();
        scanner.set_position(array_offset_ - slice_.offset);
        continue;
      }
      state_ = State::kMember;
      first_ = false;
    }
    if (scanner.fault() == Fault::kInvalid) {
      co_return NotJson(slice_.offset + scanner.position());
    }
    if (state_ != State::kWhole && !co_await StoreRows()) state_ = State::kWhole;
    if (state_ == State::kWhole && consumed_ + slice_.offset != array_offset_) {
      // No collection after all: its text is one value, from its bracket on.
      rows_.clear();
      array_ends_ = false;
      co_await Unstage();
      offset = array_offset_;
      continue;
    }
    if (consumed_ == 0 && !slice_.last) co_return ValueTooLarge();
    offset += consumed_;
  } while (offset < source_->size() || state_ != State::kTail);
  co_return Status();
}

}  // namespace

Task<Result<Slice>> BodySource::Read(size_t offset) {
  co_return co_await ReadSlice(offset, limits::kSliceBytes, size_);
}

Task<bool> ClearStage(Stage stage) {
  const auto number = static_cast<int64_t>(stage);
  co_await Batch({{sql::kClearStaged.text, {number}}, {sql::kClearStagedMembers.text, {number}}});
  co_return true;
}

Task<Status> StageDocument(SliceSource* source, Stage stage) {
  co_await ClearStage(stage);
  DocumentReader reader(source, stage);
  co_return co_await reader.Read();
}

}  // namespace tidemark
