// What can be shared: records of a collection that has children and no parent.

#pragma once

#include <string>

#include "records/schema.h"

namespace tidemark {

// The collection whose records carry the shares of this one's; null where it has none.
const Collection* ShareRootOf(const Schema& schema, const Collection& collection);

// Names as a JSON array: of the collections that can be shared, and of one's children.
std::string ShareRootsJson(const Schema& schema);
std::string ChildrenJson(const Schema& schema, std::string_view root);

}  // namespace tidemark
