#include "documents/patch_operation.h"

#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "documents/json_pointer.h"

namespace tidemark::json {
namespace {

constexpr size_t kPointerShownMax = 100;

// The members that mean something; others are ignored (RFC 6902, section 4).
struct Fields {
  Value op;
  Value path;
  Value from;
  Value value;

  Value* Named(std::string_view name) {
    if (name == "op") return &op;
    if (name == "path") return &path;
    if (name == "from") return &from;
    return name == "value" ? &value : nullptr;
  }
};

Status Invalid(size_t index, std::string_view what) {
  return Status::Invalid("invalid_patch",
                         "Operation " + std::to_string(index) + " " + std::string(what));
}

// False if one is there twice: which was meant, nobody knows (RFC 6902, appendix A.13).
bool ReadFields(std::string_view object, Fields* fields) {
  Scanner scanner(object, /*last=*/true);
  scanner.Take('{');
  while (!scanner.Take('}')) {
    Text key;
    Value value;
    std::string name;
    scanner.ReadString(&key);
    Unescape(key.raw, &name);
    scanner.Take(':');
    Check(scanner.ReadValue(&value));
    Value* const field = fields->Named(name);
    if (field != nullptr && !field->text.empty()) return false;
    if (field != nullptr) *field = value;
    scanner.Take(',');
  }
  return true;
}

// False unless the field is there and a string.
bool ReadStringField(const Value& field, std::string* out) {
  if (field.kind != Kind::kString) return false;
  return Unescape(field.text.substr(1, field.text.size() - 2), out);
}

bool ReadPointerField(const Value& field, std::string* out) {
  return ReadStringField(field, out) && IsPointer(*out);
}

bool VerbNamed(std::string_view name, Verb* verb) {
  constexpr std::string_view kNames[] = {"add", "remove", "replace", "move", "copy", "test"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name != kNames[i]) continue;
    *verb = static_cast<Verb>(i);
    return true;
  }
  return false;
}

}  // namespace

Status PatchReader::Validate(std::string_view patch) {
  if (Status status = ValidateJson(patch, limits::kRecordDepthMax); !status.ok()) return status;
  if (Scanner(patch, /*last=*/true).Peek() == '[') return Status();
  return Status::Invalid("invalid_patch", "A JSON patch is an array of operations.");
}

Status PatchReader::Next(PatchOperation* operation, bool* ended) {
  scanner_.Take(count_ == 0 ? '[' : ',');
  *ended = scanner_.Take(']');
  if (*ended) return Status();
  Value object;
  Check(scanner_.ReadValue(&object));
  const size_t index = count_++;
  if (object.kind != Kind::kObject) return Invalid(index, "is not an object.");
  Fields fields;
  if (!ReadFields(object.text, &fields)) return Invalid(index, "has a member twice.");
  std::string name;
  if (!ReadStringField(fields.op, &name) || !VerbNamed(name, &operation->verb)) {
    return Invalid(index, "needs `op`: add, remove, replace, move, copy or test.");
  }
  if (!ReadPointerField(fields.path, &operation->path)) {
    return Invalid(index, "needs `path`, a JSON pointer: empty, or beginning with a slash.");
  }
  const Verb verb = operation->verb;
  if ((verb == Verb::kMove || verb == Verb::kCopy) &&
      !ReadPointerField(fields.from, &operation->from)) {
    return Invalid(index, "needs `from`, a JSON pointer: empty, or beginning with a slash.");
  }
  if ((verb == Verb::kAdd || verb == Verb::kReplace || verb == Verb::kTest) &&
      fields.value.text.empty()) {
    return Invalid(index, "needs `value`.");
  }
  operation->value = fields.value;
  operation->index = index;
  if (verb == Verb::kMove && LeadsWithin(operation->from, operation->path)) {
    return OperationError(400, "invalid_patch", *operation, operation->path,
                          "is within what is to be moved there.");
  }
  return Status();
}

Status OperationError(int http_status, std::string_view code, const PatchOperation& operation,
                      std::string_view pointer, std::string_view what) {
  std::string message = "Operation " + std::to_string(operation.index) + ": \"";
  std::string_view shown = pointer.substr(0, kPointerShownMax);
  message += shown.substr(0, ValidUtf8Prefix(shown));
  if (shown.size() < pointer.size()) message += "...";
  message += "\" ";
  message += what;
  return Status::Error(http_status, code, std::move(message));
}

}  // namespace tidemark::json
