#include "shares/roots.h"

#include "base/json_scanner.h"
#include "records/push.h"

namespace tidemark {
namespace {

template <typename Chosen>
std::string NamesJson(const Schema& schema, Chosen chosen) {
  std::string names = "[";
  for (const Collection& collection : schema.collections) {
    if (!chosen(collection)) continue;
    AppendComma(&names);
    json::AppendQuoted(&names, collection.name);
  }
  return names + "]";
}

bool IsRoot(const Collection& collection) {
  return collection.parent < 0 && collection.has_children;
}

}  // namespace

const Collection* ShareRootOf(const Schema& schema, const Collection& collection) {
  const Collection* root = collection.parent < 0
                               ? &collection
                               : &schema.collections[static_cast<size_t>(collection.parent)];
  return IsRoot(*root) ? root : nullptr;
}

std::string ShareRootsJson(const Schema& schema) { return NamesJson(schema, IsRoot); }

std::string ChildrenJson(const Schema& schema, std::string_view root) {
  return NamesJson(schema, [&](const Collection& collection) {
    return collection.parent >= 0 &&
           schema.collections[static_cast<size_t>(collection.parent)].name == root;
  });
}

}  // namespace tidemark
