#include "base/json_tree.h"

#include <utility>

#include "base/json_scanner.h"
#include "base/utf8.h"

namespace tidemark {
namespace {

using Tree = nlohmann::json;

constexpr int64_t kSafeIntegerMax = (int64_t{1} << 53) - 1;

std::string At(size_t position) { return " at byte " + std::to_string(position) + "."; }

// Proves the text, so that the parser meets no surprise and its tree's depth is bounded.
Status ValidateText(std::string_view text, uint32_t depth_max) {
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

const Tree* FieldOf(const Tree& object, std::string_view key, Tree::value_t type) {
  const Tree* field = Field(object, key);
  return field != nullptr && field->type() == type ? field : nullptr;
}

}  // namespace

Result<Tree> ParseTree(std::string_view text, uint32_t depth_max) {
  if (Status status = ValidateText(text, depth_max); !status.ok()) return status;
  Tree tree = Tree::parse(text, nullptr, /*allow_exceptions=*/false);
  if (tree.is_discarded()) {
    return Status::Invalid("invalid_json", "A number is too large for a double.");
  }
  return tree;
}

std::string DumpTree(const Tree& tree) {
  return tree.dump(-1, ' ', /*ensure_ascii=*/false, Tree::error_handler_t::replace);
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
