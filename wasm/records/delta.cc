#include "records/delta.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace tidemark {
namespace {

using json::Kind;
using json::Scanner;
using json::Text;
using json::Value;

// A string value's contents; `value` was read by a Scanner.
Text StringOf(const Value& value) {
  const std::string_view raw = value.text.substr(1, value.text.size() - 2);
  return {.raw = raw,
          .escaped = raw.find('\\') != std::string_view::npos,
          .lone_surrogate = value.lone_surrogate,
          .nul = value.nul};
}

bool KeyIs(const Text& key, std::string_view name) {
  if (!key.escaped) return key.raw == name;
  std::string decoded;
  return json::Unescape(key.raw, &decoded) && decoded == name;
}

std::string Named(const Collection& collection, const Column& column, std::string_view what) {
  return "data." + std::string(column.name) + " of " + std::string(collection.name) + " " +
         std::string(what);
}

Rejection OutOfRange(std::string_view name) {
  return {"number_out_of_range",
          std::string(name) + " is beyond 2^53 - 1, which JavaScript and SQL do not keep exact"};
}

// A real that a double surely holds: no integer beyond 2^53, at most 200 digits before the point
// and two in the exponent.
bool FitsDouble(std::string_view number) {
  int64_t integer = 0;
  if (json::ParseInteger(number, &integer) == json::IntegerFault::kOutOfRange) return false;
  if (std::min(number.find_first_of(".eE"), number.size()) > 200) return false;
  const size_t exponent = number.find_first_of("eE");
  if (exponent == std::string_view::npos) return true;
  std::string_view digits = number.substr(exponent + 1);
  if (digits.front() == '+' || digits.front() == '-') digits.remove_prefix(1);
  return digits.size() <= 2;
}

Rejection CheckInteger(const Collection& collection, const Column& column, const Value& value) {
  int64_t integer = 0;
  if (value.kind == Kind::kNumber) {
    switch (json::ParseInteger(value.text, &integer)) {
      case json::IntegerFault::kOutOfRange:
        return OutOfRange(Named(collection, column, ""));
      case json::IntegerFault::kNone:
        if (column.type != ColumnType::kTime || integer >= 0) return {};
        return {"invalid_column", Named(collection, column, "is a time and cannot be negative")};
      case json::IntegerFault::kNotInteger:
        break;
    }
  }
  return {"invalid_column", Named(collection, column, "must be an integer")};
}

Rejection CheckText(const Collection& collection, const Column& column, const Value& value) {
  if (value.kind != Kind::kString) {
    return {"invalid_column", Named(collection, column, "must be a string")};
  }
  if (value.nul) return {"invalid_column", Named(collection, column, "must not hold \\u0000")};
  if (column.values.empty()) return {};
  std::string decoded;
  if (json::Unescape(StringOf(value).raw, &decoded) &&
      std::find(column.values.begin(), column.values.end(), decoded) != column.values.end()) {
    return {};
  }
  std::string message = Named(collection, column, "must be one of:");
  for (const std::string_view allowed : column.values) message += " " + std::string(allowed);
  return {"invalid_column", message};
}

// Whether a value surely fits its column: the usual case, before anything is said about it.
bool Fits(const Column& column, const Value& value) {
  int64_t integer = 0;
  switch (column.type) {
    case ColumnType::kText:
      return value.kind == Kind::kString && !value.nul && column.values.empty();
    case ColumnType::kJson:
      return true;
    case ColumnType::kInteger:
    case ColumnType::kTime:
    case ColumnType::kReal:
      return value.kind == Kind::kNumber &&
             json::ParseInteger(value.text, &integer) == json::IntegerFault::kNone && integer >= 0;
    case ColumnType::kBoolean:
      return value.kind == Kind::kTrue || value.kind == Kind::kFalse;
  }
  return false;
}

// null is the same as no value at all.
Rejection CheckColumn(const Collection& collection, const Column& column, const Value& value) {
  if (value.kind == Kind::kNull || column.from_stamp) return {};
  switch (column.type) {
    case ColumnType::kText:
      return CheckText(collection, column, value);
    case ColumnType::kInteger:
    case ColumnType::kTime:
      return CheckInteger(collection, column, value);
    case ColumnType::kReal:
      if (value.kind != Kind::kNumber) {
        return {"invalid_column", Named(collection, column, "must be a number")};
      }
      return FitsDouble(value.text) ? Rejection() : OutOfRange(Named(collection, column, ""));
    case ColumnType::kBoolean:
      if (value.kind == Kind::kTrue || value.kind == Kind::kFalse) return {};
      return {"invalid_column", Named(collection, column, "must be true or false")};
    case ColumnType::kJson:
      return {};
  }
  return {};
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
  DeltaReader(const Collection& collection, Scanner* scanner, Slice* slice, Delta* delta)
      : collection_(collection), scanner_(scanner), slice_(slice), delta_(delta) {}

  bool Read() {
    if (scanner_->Peek() != '{') {
      Value value;
      draft_.Refuse("invalid_delta", "A delta must be an object with action, id and updated_at");
      return scanner_->ReadValue(&value);
    }
    scanner_->Expect('{');
    if (scanner_->Take('}')) return true;
    do {
      Text key;
      if (!scanner_->ReadString(&key) || !scanner_->Expect(':')) return false;
      if (!ReadMember(key)) return false;
    } while (scanner_->Take(','));
    return scanner_->Expect('}');
  }

  Rejection Finish();

 private:
  bool ReadMember(const Text& key);
  bool ReadData();
  bool ReadDataMember(uint32_t* depth, bool* lone_surrogate);
  void ReadColumn(const Text& key, const Value& value);
  void TakeAction(const Value& value);
  void TakeId(const Value& value);
  void TakeNumber(std::string_view name, int64_t max, const Value& value, int64_t* out);
  void Once(bool* seen, std::string_view key) {
    if (std::exchange(*seen, true)) {
      draft_.Refuse("duplicate_key", "The delta has two keys named " + std::string(key));
    }
  }
  void CheckRequired();

  const Collection& collection_;
  Scanner* scanner_;
  Slice* slice_;
  Delta* delta_;
  Draft draft_;
  size_t next_column_ = 0;  // where the next key is looked for first: keys tend to keep their order
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
  Rejection problem = CheckRecordId(slice_->Get(delta_->id));
  if (!problem.code.empty()) draft_.Refuse(problem.code, problem.message);
}

void DeltaReader::TakeNumber(std::string_view name, int64_t max, const Value& value, int64_t* out) {
  const bool number = value.kind == Kind::kNumber;
  const json::IntegerFault fault =
      number ? json::ParseInteger(value.text, out) : json::IntegerFault::kNotInteger;
  if (fault == json::IntegerFault::kNone && *out >= 0 && *out <= max) return;
  draft_.Refuse(name == "counter" ? "invalid_counter" : "invalid_updated_at",
                std::string(name) + " must be an integer from 0 to " + std::to_string(max));
}

bool DeltaReader::ReadMember(const Text& key) {
  if (KeyIs(key, "data")) return ReadData();
  Value value;
  if (!scanner_->ReadValue(&value)) return false;
  if (KeyIs(key, "action")) {
    TakeAction(value);
  } else if (KeyIs(key, "id")) {
    TakeId(value);
  } else if (KeyIs(key, "updated_at")) {
    Once(&draft_.has_updated_at, "updated_at");
    TakeNumber("updated_at", limits::kIntegerMax, value, &delta_->ms);
  } else if (KeyIs(key, "counter")) {
    Once(&delta_->counter_given, "counter");
    TakeNumber("counter", limits::kCounterMax, value, &delta_->counter);
  }
  return true;
}

void DeltaReader::ReadColumn(const Text& key, const Value& value) {
  const auto& columns = collection_.columns;
  size_t at = next_column_;
  for (size_t tried = 0; tried < columns.size(); ++tried, ++at) {
    if (at >= columns.size()) at = 0;
    if (!KeyIs(key, columns[at].name)) continue;
    next_column_ = at + 1;
    const uint64_t bit = uint64_t{1} << at;
    if ((draft_.columns_seen & bit) != 0) {
      return draft_.RefuseData({"duplicate_key", Named(collection_, columns[at], "stands twice")});
    }
    Rejection problem = CheckColumn(collection_, columns[at], value);
    if (!problem.code.empty()) draft_.RefuseData(std::move(problem));
    if (value.kind == Kind::kNull) return;
    draft_.columns_seen |= bit;
    if (static_cast<int>(at) == collection_.parent_column && value.kind == Kind::kString &&
        !value.lone_surrogate) {
      delta_->parent = slice_->Keep(StringOf(value));
      Rejection bad_id = CheckRecordId(slice_->Get(delta_->parent));
      if (!bad_id.code.empty()) {
        draft_.RefuseData({"invalid_column", Named(collection_, columns[at], "is not an id")});
      }
    }
    return;
  }
}

bool DeltaReader::ReadDataMember(uint32_t* depth, bool* lone_surrogate) {
  Text key;
  Value value;
  if (!scanner_->ReadString(&key) || !scanner_->Expect(':')) return false;
  if (!scanner_->ReadValue(&value)) return false;
  *depth = std::max(*depth, value.depth + 1);
  *lone_surrogate |= value.lone_surrogate || key.lone_surrogate;
  if (KeyIs(key, "updated_at") && value.kind == Kind::kNumber) {
    draft_.has_data_updated_at =
        json::ParseInteger(value.text, &draft_.data_updated_at) == json::IntegerFault::kNone;
  }
  ReadColumn(key, value);
  return true;
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
        {"missing_column", Named(collection_, collection_.columns[i], "is required")});
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

bool ReadDelta(const Collection& collection, json::Scanner* scanner, Slice* slice, Delta* delta,
               Rejection* rejection) {
  const size_t decoded = slice->decoded.size();
  DeltaReader reader(collection, scanner, slice, delta);
  if (!reader.Read()) {
    slice->decoded.resize(decoded);
    return false;
  }
  *rejection = reader.Finish();
  return true;
}

Rejection CheckRecordId(std::string_view id) {
  if (id.empty()) return {"invalid_id", "id is empty"};
  if (id.size() > limits::kRecordIdBytesMax) {
    return {"invalid_id",
            "id is longer than " + std::to_string(limits::kRecordIdBytesMax) + " bytes"};
  }
  if (id.find('\0') != std::string_view::npos) return {"invalid_id", "id holds a NUL"};
  return {};
}

}  // namespace tidemark
