#include "documents/record_operation.h"

#include <string>
#include <utility>

#include "base/limits.h"
#include "records/body.h"

namespace tidemark {
namespace {

using json::Fault;
using json::Kind;
using json::Scanner;

std::string_view Contents(const json::Value& string) {
  return string.text.substr(1, string.text.size() - 2);
}

json::Text TextOf(const json::Value& string) {
  return {.raw = Contents(string),
          .escaped = string.escaped,
          .lone_surrogate = string.lone_surrogate,
          .nul = string.nul};
}

}  // namespace

bool IsName(const json::Text& text, size_t bytes_max) {
  if (text.raw.empty() || text.lone_surrogate || text.nul) return false;
  if (!text.escaped) return text.raw.size() <= bytes_max;
  std::string decoded;
  return json::Unescape(text.raw, &decoded) && decoded.size() <= bytes_max;
}

bool RecordId(std::string_view record, std::string* id) {
  Scanner scanner(record, true);
  if (!scanner.Take('{')) return false;
  bool found = false;
  while (!scanner.Take('}') && scanner.fault() == Fault::kNone) {
    json::Text key;
    json::Value value;
    scanner.Take(',');
    if (!scanner.ReadString(&key) || !scanner.Expect(':') || !scanner.ReadValue(&value)) break;
    std::string unescaped;
    if (key.escaped) json::Unescape(key.raw, &unescaped);
    if ((key.escaped ? std::string_view(unescaped) : key.raw) != "id") continue;
    found = value.kind == Kind::kString && IsName(TextOf(value), limits::kRecordIdBytesMax);
    if (!found) continue;
    id->clear();
    if (!value.escaped) *id = Contents(value);
    if (value.escaped) json::Unescape(Contents(value), id);
  }
  return found && scanner.fault() == Fault::kNone;
}

bool OperationReader::Fail(std::string_view code, std::string message, int http_status) {
  failure_ = Status::Error(http_status, code,
                           "Operation " + std::to_string(count_) + ": " + std::move(message));
  return false;
}

// The record of an upsert: within its bounds, and with the id that the operation names.
bool OperationReader::Check(const Slice& slice, const json::Value& record,
                            RecordOperation* operation) {
  if (record.kind != Kind::kObject) {
    return Fail("invalid_operation", "an upsert has a record, which is an object");
  }
  if (record.text.size() > limits::kRecordBytesMax) {
    return Fail("value_too_large",
                "a record has at most " + std::to_string(limits::kRecordBytesMax) + " bytes", 413);
  }
  if (record.depth > limits::kRecordDepthMax) {
    return Fail("too_deep",
                "a record has at most " + std::to_string(limits::kRecordDepthMax) + " levels");
  }
  if (record.lone_surrogate) {
    return Fail("invalid_utf8", "the record holds half a surrogate pair");
  }
  std::string id;
  if (!RecordId(record.text, &id) || id != slice.Get(operation->id)) {
    return Fail("invalid_operation", "the record's id is not the operation's");
  }
  operation->record = {static_cast<uint32_t>(record.text.data() - slice.text.data()),
                       static_cast<uint32_t>(record.text.size())};
  return true;
}

bool OperationReader::ReadOne(Slice* slice, Scanner* scanner, RecordOperation* operation) {
  if (scanner->Peek() != '{' && scanner->fault() == Fault::kNone) {
    json::Value value;  // of another kind: first it must be JSON at all
    if (!scanner->ReadValue(&value)) return false;
    return Fail("invalid_operation", "it is not an object");
  }
  if (!scanner->Expect('{')) return false;
  operation->text.offset = static_cast<uint32_t>(scanner->position() - 1);
  json::Value op;
  json::Value collection;
  json::Value id;
  json::Value record;
  json::Value version;
  bool first = true;
  while (!scanner->Take('}')) {
    json::Text key;
    json::Value value;
    if (!first && !scanner->Expect(',')) return false;
    if (!scanner->ReadString(&key) || !scanner->Expect(':') || !scanner->ReadValue(&value)) {
      return false;
    }
    first = false;
    if (key.raw == "op") op = value;
    if (key.raw == "collection") collection = value;
    if (key.raw == "id") id = value;
    if (key.raw == "record") record = value;
    if (key.raw == "version") version = value;
  }
  operation->text.size = static_cast<uint32_t>(scanner->position()) - operation->text.offset;
  operation->deletes = op.text == "\"delete\"";
  if (!operation->deletes && op.text != "\"upsert\"") {
    return Fail("invalid_operation", "op must be upsert or delete");
  }
  if (collection.kind != Kind::kString ||
      !IsName(TextOf(collection), limits::kCollectionBytesMax)) {
    return Fail("invalid_operation", "collection must be a text of 1 to " +
                                         std::to_string(limits::kCollectionBytesMax) + " bytes");
  }
  if (id.kind != Kind::kString || !IsName(TextOf(id), limits::kRecordIdBytesMax)) {
    return Fail("invalid_operation", "id must be a text of 1 to " +
                                         std::to_string(limits::kRecordIdBytesMax) + " bytes");
  }
  operation->collection = slice->Keep(TextOf(collection));
  operation->id = slice->Keep(TextOf(id));
  if (!version.text.empty() && version.kind != Kind::kNull) {
    operation->made =
        version.kind == Kind::kString ? ParseVersion(Contents(version)) : std::nullopt;
    if (!operation->made) {
      return Fail("invalid_operation", "version must be one that this server gave");
    }
  }
  return operation->deletes || Check(*slice, record, operation);
}

bool OperationReader::Read(Slice* slice, std::vector<RecordOperation>* operations,
                           size_t* consumed) {
  Scanner scanner(slice->text, slice->last);
  *consumed = 0;
  const size_t before = operations->size();
  while (state_ != State::kTail) {
    if (state_ == State::kStart) {
      const bool list = scanner.Take('[');
      if (scanner.fault() != Fault::kNone) break;
      state_ = list ? State::kFirst : State::kOnly;
    } else if (state_ != State::kOnly && scanner.Take(']')) {
      state_ = State::kTail;
    } else {
      if (state_ == State::kNext && !scanner.Expect(',')) break;
      const size_t decoded = slice->decoded.size();
      RecordOperation operation;
      if (!ReadOne(slice, &scanner, &operation)) {
        slice->decoded.resize(decoded);
        break;
      }
      operations->push_back(operation);
      ++count_;
      state_ = state_ == State::kOnly ? State::kTail : State::kNext;
    }
    *consumed = scanner.position();
    if (operations->size() - before == limits::kBatchDeltasMax) return true;
  }
  if (!failure_.ok()) return false;
  if (scanner.fault() == Fault::kTruncated) return true;
  if (scanner.fault() != Fault::kNone || !scanner.AtEnd()) {
    failure_ = NotJson(slice->offset + scanner.position());
    return false;
  }
  *consumed = slice->text.size();
  return true;
}

}  // namespace tidemark
