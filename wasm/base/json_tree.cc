#include "base/json_tree.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/json_scanner.h"
#include "base/utf8.h"

namespace tidemark {
namespace {

using Tree = nlohmann::json;

constexpr int64_t kSafeIntegerMax = (int64_t{1} << 53) - 1;

std::string At(size_t position) { return " at byte " + std::to_string(position) + "."; }

template <typename Integer>
bool BuildInteger(std::string_view text, Tree* out) {
  Integer integer = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  *out = integer;
  return true;
}

// False when the number is beyond a double. An integer beyond 64 bits becomes a double.
bool BuildNumber(std::string_view text, Tree* out) {
  if (text.front() == '-' ? BuildInteger<int64_t>(text, out) : BuildInteger<uint64_t>(text, out)) {
    return true;
  }
  const double value = std::strtod(std::string(text).c_str(), nullptr);
  *out = value;
  return std::isfinite(value);
}

bool BuildScalar(const json::Value& value, Tree* out) {
  switch (value.kind) {
    case json::Kind::kString: {
      std::string string;
      json::Unescape(value.text.substr(1, value.text.size() - 2), &string);
      *out = std::move(string);
      return true;
    }
    case json::Kind::kNumber:
      return BuildNumber(value.text, out);
    case json::Kind::kNull:
      return true;
    default:
      *out = value.kind == json::Kind::kTrue;
      return true;
  }
}

// The value that comes next in a proven text, into a tree that is null. The library's own parser
// would be half of what it adds to the module. False when a number is beyond a double.
bool Build(json::Scanner* scanner, Tree* out) {
  const char open = scanner->Peek();
  if (open != '{' && open != '[') {
    json::Value value;
    scanner->ReadValue(&value);
    return BuildScalar(value, out);
  }
  const bool object = open == '{';
  const char close = object ? '}' : ']';
  *out = object ? Tree::value_t::object : Tree::value_t::array;
  scanner->Take(open);
  while (!scanner->Take(close)) {
    Tree item;
    json::Text key;
    if (object) {
      scanner->ReadString(&key);
      scanner->Take(':');
    }
    if (!Build(scanner, &item)) return false;
    if (object) {
      std::string name;
      json::Unescape(key.raw, &name);
      (*out->get_ptr<Tree::object_t*>())[std::move(name)] = std::move(item);
    } else {
      out->get_ptr<Tree::array_t*>()->push_back(std::move(item));
    }
    scanner->Take(',');
  }
  return true;
}

const Tree* FieldOf(const Tree& object, std::string_view key, Tree::value_t type) {
  const Tree* field = Field(object, key);
  return field != nullptr && field->type() == type ? field : nullptr;
}

void DumpString(std::string_view string, std::string* out) {
  std::string valid;
  for (size_t size = ValidUtf8Prefix(string); size < string.size();
       size = ValidUtf8Prefix(string)) {
    valid.append(string.substr(0, size)).append("\uFFFD");
    string.remove_prefix(size + 1);
  }
  json::AppendQuoted(out, valid.empty() ? string : valid.append(string));
}

void DumpDouble(double value, std::string* out) {
  if (!std::isfinite(value)) return void(out->append("null"));
  char buffer[64];
  out->append(buffer, nlohmann::detail::to_chars(buffer, buffer + sizeof(buffer), value));
}

// The library's own dump does the same and more, and takes printf into the module with it. A tree
// is no deeper than ParseTree allowed.
void Dump(const Tree& tree, std::string* out) {
  if (tree.is_object() || tree.is_array()) {
    const bool object = tree.is_object();
    char separator = object ? '{' : '[';
    if (tree.empty()) *out += separator;
    for (auto item = tree.begin(); item != tree.end(); ++item) {
      *out += std::exchange(separator, ',');
      if (object) {
        DumpString(item.key(), out);
        *out += ':';
      }
      Dump(*item, out);
    }
    *out += object ? '}' : ']';
    return;
  }
  if (const auto* string = tree.get_ptr<const std::string*>()) return DumpString(*string, out);
  if (const auto* boolean = tree.get_ptr<const bool*>()) {
    out->append(*boolean ? "true" : "false");
  } else if (const auto* natural = tree.get_ptr<const Tree::number_unsigned_t*>()) {
    out->append(std::to_string(*natural));
  } else if (const auto* integer = tree.get_ptr<const Tree::number_integer_t*>()) {
    out->append(std::to_string(*integer));
  } else if (const auto* real = tree.get_ptr<const Tree::number_float_t*>()) {
    DumpDouble(*real, out);
  } else {
    out->append("null");
  }
}

}  // namespace

Status ValidateJson(std::string_view text, uint32_t depth_max) {
  const size_t valid = ValidUtf8Prefix(text);
  if (valid != text.size()) {
    return Status::Invalid("invalid_utf8", "The text is not UTF-8" + At(valid));
  }
  json::Scanner scanner(text, /*last=*/true);
  json::Value value;
  if (!scanner.ReadValue(&value) || !scanner.AtEnd()) {
    return Status::Invalid("invalid_json", "The text is not JSON" + At(scanner.position()));
  }
  if (value.lone_surrogate) {
    return Status::Invalid("invalid_utf8", "A string holds half a surrogate pair.");
  }
  if (value.depth > depth_max) {
    return Status::Invalid("too_deep", "The JSON nests " + std::to_string(value.depth) +
                                           " levels; at most " + std::to_string(depth_max) +
                                           " are allowed.");
  }
  return Status();
}

Result<Tree> ParseTree(std::string_view text, uint32_t depth_max) {
  // Proven first, the builder meets no surprise and its tree's depth is bounded.
  if (Status status = ValidateJson(text, depth_max); !status.ok()) return status;
  json::Scanner scanner(text, /*last=*/true);
  Tree tree;
  if (!Build(&scanner, &tree)) {
    return Status::Invalid("invalid_json", "A number is too large for a double.");
  }
  return tree;
}

std::string DumpTree(const Tree& tree) {
  std::string text;
  Dump(tree, &text);
  return text;
}

const Tree* Field(const Tree& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

const std::string* StringField(const Tree& object, std::string_view key) {
  const Tree* field = Field(object, key);
  return field == nullptr ? nullptr : field->get_ptr<const std::string*>();
}

const Tree* ObjectField(const Tree& object, std::string_view key) {
  return FieldOf(object, key, Tree::value_t::object);
}

const Tree* ArrayField(const Tree& object, std::string_view key) {
  return FieldOf(object, key, Tree::value_t::array);
}

std::optional<bool> BoolField(const Tree& object, std::string_view key) {
  const Tree* field = FieldOf(object, key, Tree::value_t::boolean);
  return field == nullptr ? std::nullopt : std::optional(*field->get_ptr<const bool*>());
}

std::optional<double> NumberField(const Tree& object, std::string_view key) {
  const Tree* field = Field(object, key);
  if (field == nullptr || !field->is_number()) return std::nullopt;
  return field->get<double>();
}

std::optional<int64_t> IntegerField(const Tree& object, std::string_view key) {
  const Tree* field = Field(object, key);
  if (field == nullptr) return std::nullopt;
  if (const auto* whole = field->get_ptr<const uint64_t*>(); whole != nullptr) {
    if (*whole > static_cast<uint64_t>(kSafeIntegerMax)) return std::nullopt;
    return static_cast<int64_t>(*whole);
  }
  const auto* whole = field->get_ptr<const int64_t*>();
  if (whole == nullptr || *whole < -kSafeIntegerMax || *whole > kSafeIntegerMax) {
    return std::nullopt;
  }
  return *whole;
}

}  // namespace tidemark
