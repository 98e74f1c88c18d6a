#include "replica/fields.h"

#include <utility>

#include "base/json_tree.h"

namespace tidemark {
namespace {

using Tree = nlohmann::json;

// What is stored here was proved to be an object before; anything else counts as an empty one.
Tree ObjectOf(std::string_view text) {
  Tree tree = Tree::parse(text, nullptr, /*allow_exceptions=*/false);
  return tree.is_object() ? tree : Tree::object();
}

}  // namespace

std::string OverlayFields(std::string_view record, std::string_view patch) {
  Tree fields = ObjectOf(record);
  const Tree changes = ObjectOf(patch);
  for (const auto& [key, value] : changes.items()) {
    if (value.is_null()) {
      fields.erase(key);
    } else {
      fields[key] = value;
    }
  }
  return DumpTree(fields);
}

std::string JoinFields(std::string_view earlier, std::string_view later) {
  Tree fields = ObjectOf(earlier);
  const Tree changes = ObjectOf(later);
  for (const auto& [key, value] : changes.items()) fields[key] = value;
  return DumpTree(fields);
}

std::string ReplaceFields(std::string_view record, std::string_view fields) {
  Tree patch = ObjectOf(record);
  for (auto field = patch.begin(); field != patch.end(); ++field) *field = nullptr;
  const Tree kept = ObjectOf(fields);
  for (const auto& [key, value] : kept.items()) patch[key] = value;
  return DumpTree(patch);
}

}  // namespace tidemark
