// JSON patch by the letter of RFC 6902, on trees of nlohmann/json, without a thought for cost. It
// says whether a patch applies and what comes of it.

#pragma once

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "documents/json_pointer.h"

namespace tidemark::json {

// The library's trees hold doubles: exact where no run of digits is long and no exponent large.
inline bool HasPlainNumbers(std::string_view text) {
  size_t run = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    run = digit ? run + 1 : 0;
    if (run > 7) return false;
    // After what may be an exponent's sign, two digits.
    if (digit && run == 3 && i >= 3) {
      const char before = text[i - 3];
      if (before == 'e' || before == 'E' || before == '+' || before == '-') return false;
    }
  }
  return true;
}

class PatchOracle {
 public:
  using Tree = nlohmann::json;

  explicit PatchOracle(Tree* document) : document_(document) {}

  bool Apply(const Tree& patch) {
    if (!patch.is_array()) return false;
    return std::all_of(patch.begin(), patch.end(),
                       [this](const Tree& operation) { return ApplyOne(operation); });
  }

 private:
  static bool StringIn(const Tree& object, const char* key, std::string* out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return false;
    *out = *found->get_ptr<const std::string*>();
    return true;
  }
  static bool PointerIn(const Tree& object, const char* key, std::string* out) {
    return StringIn(object, key, out) && IsPointer(*out);
  }

  Tree* Find(std::string_view pointer) const {
    Tree* tree = document_;
    std::string segment;
    while (TakeSegment(&pointer, &segment)) {
      if (tree->is_object()) {
        const auto found = tree->find(segment);
        if (found == tree->end()) return nullptr;
        tree = &*found;
      } else if (tree->is_array()) {
        const auto index = ParseIndex(segment);
        if (!index || *index >= tree->size()) return nullptr;
        tree = &(*tree)[*index];
      } else {
        return nullptr;
      }
    }
    return tree;
  }

  bool Add(std::string_view pointer, Tree value) const {
    if (pointer.empty()) {
      *document_ = std::move(value);
      return true;
    }
    const std::string segment = TakeLastSegment(&pointer);
    Tree* const parent = Find(pointer);
    if (parent == nullptr) return false;
    if (parent->is_object()) {
      (*parent)[segment] = std::move(value);
      return true;
    }
    if (!parent->is_array()) return false;
    const auto index = segment == "-" ? parent->size() : ParseIndex(segment);
    if (!index || *index > parent->size()) return false;
    parent->insert(parent->begin() + static_cast<ptrdiff_t>(*index), std::move(value));
    return true;
  }

  bool Remove(std::string_view pointer) const {
    if (Find(pointer) == nullptr) return false;
    if (pointer.empty()) {
      *document_ = nullptr;
      return true;
    }
    const std::string segment = TakeLastSegment(&pointer);
    Tree* const parent = Find(pointer);
    if (parent->is_object()) {
      parent->erase(segment);
    } else {
      parent->erase(*ParseIndex(segment));
    }
    return true;
  }

  bool ApplyOne(const Tree& operation) const {
    std::string op;
    std::string path;
    std::string from;
    if (!StringIn(operation, "op", &op) || !PointerIn(operation, "path", &path)) return false;
    if (op == "remove") return Remove(path);
    if (op == "move" || op == "copy") {
      if (!PointerIn(operation, "from", &from)) return false;
      if (op == "move" && LeadsWithin(from, path)) return false;
      const Tree* const source = Find(from);
      if (source == nullptr) return false;
      Tree value = *source;
      return (op == "copy" || from == path || Remove(from)) &&
             (op == "move" && from == path ? true : Add(path, std::move(value)));
    }
    const auto value = operation.find("value");
    if (value == operation.end()) return false;
    if (op == "add") return Add(path, *value);
    Tree* const there = Find(path);
    if (there == nullptr) return false;
    if (op == "test") return *there == *value;
    if (op != "replace") return false;
    *there = *value;
    return true;
  }

  Tree* document_;
};

}  // namespace tidemark::json
