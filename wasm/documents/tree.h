// A document as a tree, for patches: as much of it as the patch needs, and what it had been.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "documents/json_node.h"
#include "documents/json_patch.h"
#include "engine/operation.h"

namespace tidemark {

// A record as it was, at the index that is its node's origin.
struct TreeRecord {
  std::string id;  // empty: it was not loaded
  int64_t place = 0;
  int64_t version = 0;
  int64_t bytes = 0;
};

// A member as it was, at the index that is its node's origin.
struct TreeMember {
  std::string key;
  int64_t place = 0;
  bool collection = false;
  int64_t bytes = 0;   // of a value
  bool whole = false;  // all that is in it was loaded
  std::vector<TreeRecord> records;
};

struct Tree {
  std::vector<TreeMember> members;
  json::Node root;
};

// What of the document a patch names.
struct Needs {
  std::vector<json::Touched> touched;
  bool partly = true;  // of collections, single records where that will do
  bool everything = false;
};

// Code: `patch_too_costly`.
Task<Result<Tree>> LoadTree(Needs needs);

// The records of a collection that was not loaded whole, without what is in them. `loaded`: how
// many were before, and are then. The same code.
Task<Status> LoadRecords(TreeMember* member, int64_t* loaded);

}  // namespace tidemark
