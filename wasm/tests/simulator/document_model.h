// A document as a simple model has it: a tree that each acknowledged write changes in full view,
// and what a write on a copy of some age must come to.

#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace tidemark::testing {

class DocumentModel {
 public:
  using Tree = nlohmann::ordered_json;

  struct Operation {
    std::string collection;
    std::string id;
    Tree record;       // null: a deletion
    int64_t made = 0;  // the version that it was made on; 0: it names none
  };
  enum class Verdict : uint8_t { kPasses, kFails, kEither };

  bool exists() const { return version > 0; }
  std::string Text() const { return exists() ? tree.dump() : std::string(); }

  // What record operations leave of the document. False: one adds to what is no collection.
  bool Apply(const std::vector<Operation>& operations, Tree* next) const;
  // Whether some operation was made on a copy that is too old.
  Verdict Conflicts(const std::vector<Operation>& operations) const;
  // The code by which the write that leaves `next` is denied; empty for none.
  std::string Denied(const Tree& next, bool allow_empty, bool allow_large) const;

  // The write has happened. `rewrites`: records may have been written again as they were.
  void Commit(Tree next, int64_t at_version, bool rewrites);

  Tree tree = Tree::object();
  int64_t version = 0;
  std::map<int64_t, std::string> history;  // the text of each version

 private:
  using Name = std::pair<std::string, std::string>;

  static std::map<Name, std::string> RecordsOf(const Tree& tree);

  std::map<Name, int64_t> changed_;  // when each record last changed, or went
  std::map<Name, int64_t> written_;  // when each may last have been written
};

// Whether a value is a collection.
bool IsCollection(const DocumentModel::Tree& value);

}  // namespace tidemark::testing
