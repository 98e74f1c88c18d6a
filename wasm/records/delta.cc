#include "records/delta.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "records/column.h"

namespace tidemark {
namespace {

using json::Kind;
using json::Scanner;
using json::Text;
using json::Value;

// A string value's contents.
Text StringOf(const Value& value) {
  return {.raw = value.text.substr(1, value.text.size() - 2),
          .escaped = value.escaped,
          .lone_surrogate = value.lone_surrogate,
          .nul = value.nul};
}

bool KeyIs(const Text& key, std::string_view name) {
  if (!key.escaped) return key.raw == name;
  std::string decoded;
  return json::Unescape(key.raw, &decoded) && decoded == name;
}

// What is gathered of a delta while its keys are read in whatever order they come.
struct Draft {
  bool has_action = false, has_id = false, has_updated_at = false, has_data = false;
  bool has_data_updated_at = false;
  int64_t data_updated_at = 0;
  uint64_t columns_seen = 0;
  Rejection data_problem;  // counts unless the delta is a deletion, which needs no data
  Rejection problem;

  void Refuse(std::string_view code, std::string message) {
    if (problem.code.empty()) problem = {code, std::move(message)};
  }
  void RefuseData(Rejection rejection) {
    if (data_problem.code.empty()) data_problem = std::move(rejection);
  }
};

class DeltaReader {
 public:
  DeltaReader(const Collection& collection, Scanner* scanner, KeyOrder* order, Slice* slice,
              Delta* delta)
      : collection_(collection), scanner_(scanner), order_(order), slice_(slice), delta_(delta) {}

  bool Read() {
    if (scanner_->Peek() != '{') {
      Value value;
      draft_.Refuse("invalid_delta", "A delta must be an object with action, id and updated_at");
      return scanner_->ReadValue(&value);
    }
    scanner_->Expect('{');
    if (scanner_->Take('}')) return true;
    do {
      if (!ReadMember()) return false;
    } while (scanner_->Take(','));
    return scanner_->Expect('}');
  }

  Rejection Finish();

 private:
  enum Member : uint8_t { kAction, kId, kData, kUpdatedAt, kCounter, kOwner, kOther, kFault };
  static constexpr std::string_view kMembers[] = {
      "\"action\":", "\"id\":", "\"data\":", "\"updated_at\":", "\"counter\":", "\"owner\":"};
  static constexpr size_t kNoColumn = SIZE_MAX;
  static constexpr size_t kFaultyKey = SIZE_MAX - 1;

  Member ReadKey();
  bool ReadMember();
  bool ReadData();
  size_t ReadDataKey(bool* lone_surrogate, bool* is_updated_at);
  bool ReadDataMember(uint32_t* depth, bool* lone_surrogate);
  void TakeColumn(size_t at, const Value& value);
  void TakeAction(const Value& value);
  void TakeId(const Value& value);
  void TakeOwner(const Value& value);
  void TakeNumber(std::string_view name, int64_t max, const Value& value, int64_t* out);
  void Once(bool* seen, std::string_view key) {
    if (std::exchange(*seen, true)) {
      draft_.Refuse("duplicate_key", "The delta has two keys named " + std::string(key));
    }
  }
  void CheckRequired();

  const Collection& collection_;
  Scanner* scanner_;
  KeyOrder* order_;
  Slice* slice_;
  Delta* delta_;
  Draft draft_;
  uint8_t last_member_ = kOther;
  size_t last_column_ = 0;  // the last one's index and 1; 0 before the first
};

void DeltaReader::TakeAction(const Value& value) {
  Once(&draft_.has_action, "action");
  const std::string_view action = value.text;
  delta_->deletes = action == "\"delete\"";
  if (delta_->deletes || action == "\"create\"" || action == "\"update\"") return;
  draft_.Refuse("invalid_action", "action must be create, update or delete");
}

void DeltaReader::TakeId(const Value& value) {
  Once(&draft_.has_id, "id");
  if (value.kind != Kind::kString || value.lone_surrogate) {
    return draft_.Refuse("invalid_id", "id must be a string of Unicode text");
  }
  delta_->id = slice_->Keep(StringOf(value));
  Rejection problem = CheckRecordId(slice_->Get(delta_->id), value.nul);
  if (!problem.code.empty()) draft_.Refuse(problem.code, problem.message);
}

void DeltaReader::TakeOwner(const Value& value) {
  if (value.kind == Kind::kNull) return;
  if (value.kind != Kind::kString || value.lone_surrogate) {
    return draft_.Refuse("invalid_owner", "owner must be the id of a user");
  }
  const size_t size = value.text.size() - 2;  // without the quotes
  if (size == 0 || size > limits::kUserIdBytesMax) {
    return draft_.Refuse("invalid_owner", "owner must be the id of a user");
  }
  if (delta_->owner.size > 0) draft_.Refuse("duplicate_key", "The delta has two keys named owner");
  delta_->owner = slice_->Keep(StringOf(value));
}

void DeltaReader::TakeNumber(std::string_view name, int64_t max, const Value& value, int64_t* out) {
  const bool number = value.kind == Kind::kNumber;
  const json::IntegerFault fault =
      number ? json::ParseInteger(value.text, out) : json::IntegerFault::kNotInteger;
  if (fault == json::IntegerFault::kNone && *out >= 0 && *out <= max) return;
  draft_.Refuse(name == "counter" ? "invalid_counter" : "invalid_updated_at",
                std::string(name) + " must be an integer from 0 to " + std::to_string(max));
}

DeltaReader::Member DeltaReader::ReadKey() {
  const uint8_t guess = order_->members[last_member_];
  if (scanner_->TakeExactly(kMembers[guess])) return static_cast<Member>(last_member_ = guess);
  Text key;
  if (!scanner_->ReadString(&key) || !scanner_->Expect(':')) return kFault;
  for (uint8_t member = 0; member < kOther; ++member) {
    const std::string_view name = kMembers[member];
    if (!KeyIs(key, name.substr(1, name.size() - 3))) continue;
    order_->members[last_member_] = member;
    return static_cast<Member>(last_member_ = member);
  }
  return kOther;
}

bool DeltaReader::ReadMember() {
  const Member member = ReadKey();
  if (member == kFault) return false;
  if (member == kData) return ReadData();
  Value value;
  if (!scanner_->ReadValue(&value)) return false;
  if (member == kAction) {
    TakeAction(value);
  } else if (member == kId) {
    TakeId(value);
  } else if (member == kUpdatedAt) {
    Once(&draft_.has_updated_at, "updated_at");
    TakeNumber("updated_at", limits::kIntegerMax, value, &delta_->ms);
  } else if (member == kCounter) {
    Once(&delta_->counter_given, "counter");
    TakeNumber("counter", limits::kCounterMax, value, &delta_->counter);
  } else if (member == kOwner) {
    TakeOwner(value);
  }
  return true;
}

// The column that a key of the data names, or kNoColumn.
size_t DeltaReader::ReadDataKey(bool* lone_surrogate, bool* is_updated_at) {
  const auto& columns = collection_.columns;
  const uint8_t guess = order_->columns[last_column_];
  if (guess < columns.size() && scanner_->TakeExactly(columns[guess].key)) return guess;
  Text key;
  if (!scanner_->ReadString(&key) || !scanner_->Expect(':')) return kFaultyKey;
  *lone_surrogate |= key.lone_surrogate;
  *is_updated_at = KeyIs(key, "updated_at");
  for (size_t at = 0; at < columns.size(); ++at) {
    if (!KeyIs(key, columns[at].name)) continue;
    order_->columns[last_column_] = static_cast<uint8_t>(at);
    return at;
  }
  return kNoColumn;
}

bool DeltaReader::ReadDataMember(uint32_t* depth, bool* lone_surrogate) {
  bool is_updated_at = false;
  const size_t at = ReadDataKey(lone_surrogate, &is_updated_at);
  Value value;
  if (at == kFaultyKey || !scanner_->ReadValue(&value)) return false;
  *depth = std::max(*depth, value.depth + 1);
  *lone_surrogate |= value.lone_surrogate;
  if (at != kNoColumn) {
    last_column_ = at + 1;
    is_updated_at = collection_.columns[at].name == "updated_at";
    TakeColumn(at, value);
  }
  if (is_updated_at && value.kind == Kind::kNumber) {
    draft_.has_data_updated_at =
        json::ParseInteger(value.text, &draft_.data_updated_at) == json::IntegerFault::kNone;
  }
  return true;
}

void DeltaReader::TakeColumn(size_t at, const Value& value) {
  const Column& column = collection_.columns[at];
  const uint64_t bit = uint64_t{1} << at;
  if ((draft_.columns_seen & bit) != 0) {
    return draft_.RefuseData({"duplicate_key", NameOf(collection_, column, "stands twice")});
  }
  if (!FitsColumn(column, value)) {
    Rejection problem = CheckColumn(collection_, column, value);
    if (!problem.code.empty()) draft_.RefuseData(std::move(problem));
    if (value.kind == Kind::kNull) {
      delta_->orphaned |= static_cast<int>(at) == collection_.parent_column;
      return;
    }
  }
  draft_.columns_seen |= bit;
  if (static_cast<int>(at) != collection_.parent_column || value.kind != Kind::kString ||
      value.lone_surrogate) {
    return;
  }
  delta_->parent = slice_->Keep(StringOf(value));
  if (!CheckRecordId(slice_->Get(delta_->parent), value.nul).code.empty()) {
    draft_.RefuseData({"invalid_column", NameOf(collection_, column, "is not an id")});
  }
}

bool DeltaReader::ReadData() {
  Once(&draft_.has_data, "data");
  if (scanner_->Peek() != '{') {
    Value value;
    draft_.RefuseData({"invalid_data", "data must be an object"});
    return scanner_->ReadValue(&value);
  }
  const size_t begin = scanner_->position();
  scanner_->Expect('{');
  uint32_t depth = 1;
  bool lone_surrogate = false;
  if (!scanner_->Take('}')) {
    do {
      if (!ReadDataMember(&depth, &lone_surrogate)) return false;
    } while (scanner_->Take(','));
    if (!scanner_->Expect('}')) return false;
  }
  const size_t size = scanner_->position() - begin;
  delta_->data = {static_cast<uint32_t>(begin), static_cast<uint32_t>(size)};
  if (size > limits::kRecordBytesMax) {
    draft_.RefuseData({"record_too_large", "data is " + std::to_string(size) + " bytes; at most " +
                                               std::to_string(limits::kRecordBytesMax) +
                                               " are stored"});
  }
  if (depth > limits::kRecordDepthMax) {
    draft_.RefuseData({"too_deep", "data nests " + std::to_string(depth) + " levels; at most " +
                                       std::to_string(limits::kRecordDepthMax) + " are stored"});
  }
  if (lone_surrogate) {
    draft_.RefuseData({"invalid_unicode", "data holds half of a surrogate pair"});
  }
  return true;
}

void DeltaReader::CheckRequired() {
  if (collection_.merge == MergeRule::kFields) return;  // the merged record is checked, not a part
  for (size_t i = 0; i < collection_.columns.size(); ++i) {
    if (!collection_.columns[i].required || (draft_.columns_seen >> i & 1) != 0) continue;
    return draft_.RefuseData(
        {"missing_column", NameOf(collection_, collection_.columns[i], "is required")});
  }
}

Rejection DeltaReader::Finish() {
  if (!draft_.problem.code.empty()) return std::move(draft_.problem);
  if (!draft_.has_action) return {"invalid_action", "action is missing"};
  if (!draft_.has_id) return {"invalid_id", "id is missing"};
  if (delta_->deletes) {
    delta_->data = {};
    delta_->parent = {};
  } else {
    if (!draft_.has_data) return {"missing_data", "data is missing; only a delete has none"};
    CheckRequired();
    if (!draft_.data_problem.code.empty()) return std::move(draft_.data_problem);
  }
  if (!draft_.has_updated_at) {
    if (!draft_.has_data_updated_at || draft_.data_updated_at < 0) {
      return {"missing_updated_at",
              "updated_at is missing: the time of the change, in "
              "milliseconds or seconds"};
    }
    delta_->ms = draft_.data_updated_at;
  }
  if (delta_->ms < limits::kSecondsBelow) delta_->ms *= 1000;
  if (!delta_->counter_given) delta_->counter = delta_->index;
  return {};
}

}  // namespace

Piece Slice::Keep(const json::Text& string) {
  const auto size = static_cast<uint32_t>(string.raw.size());
  if (!string.escaped) return {static_cast<uint32_t>(string.raw.data() - text.data()), size};
  const size_t begin = decoded.size();
  std::string contents;
  if (json::Unescape(string.raw, &contents)) decoded += contents;
  return {static_cast<uint32_t>(text.size() + begin),
          static_cast<uint32_t>(decoded.size() - begin)};
}

bool ReadDelta(const Collection& collection, json::Scanner* scanner, KeyOrder* order, Slice* slice,
               Delta* delta, Rejection* rejection) {
  const size_t decoded = slice->decoded.size();
  DeltaReader reader(collection, scanner, order, slice, delta);
  if (!reader.Read()) {
    slice->decoded.resize(decoded);
    return false;
  }
  *rejection = reader.Finish();
  return true;
}

Rejection CheckRecordId(std::string_view id, bool nul) {
  if (id.empty()) return {"invalid_id", "id is empty"};
  if (id.size() > limits::kRecordIdBytesMax) {
    return {"invalid_id",
            "id is longer than " + std::to_string(limits::kRecordIdBytesMax) + " bytes"};
  }
  if (nul) return {"invalid_id", "id holds a NUL"};
  return {};
}

}  // namespace tidemark
