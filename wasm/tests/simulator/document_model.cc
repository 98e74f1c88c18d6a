#include "tests/simulator/document_model.h"

#include <algorithm>
#include <set>

namespace tidemark::testing {

bool IsCollection(const DocumentModel::Tree& value) {
  if (!value.is_array()) return false;
  std::set<std::string> ids;
  for (const auto& record : value) {
    if (!record.is_object() || !record.contains("id") || !record.at("id").is_string()) return false;
    if (!ids.insert(record.at("id").get<std::string>()).second) return false;
  }
  return true;
}

std::map<DocumentModel::Name, std::string> DocumentModel::RecordsOf(const Tree& tree) {
  std::map<Name, std::string> records;
  for (const auto& [key, value] : tree.items()) {
    if (!IsCollection(value)) continue;
    for (const auto& record : value) {
      records[{key, record.at("id").get<std::string>()}] = record.dump();
    }
  }
  return records;
}

bool DocumentModel::Apply(const std::vector<Operation>& operations, Tree* next) const {
  // The last operation on a record counts, at the place of the first.
  std::vector<Operation> last;
  for (const Operation& operation : operations) {
    const auto same = std::find_if(last.begin(), last.end(), [&](const Operation& other) {
      return other.collection == operation.collection && other.id == operation.id;
    });
    if (same == last.end()) {
      last.push_back(operation);
    } else {
      *same = operation;
    }
  }
  *next = tree;
  for (const Operation& operation : last) {
    const bool is_there = next->contains(operation.collection);
    const bool deletes = operation.record.is_null();
    if (is_there && !IsCollection(next->at(operation.collection))) {
      if (!deletes) return false;
      continue;
    }
    if (!is_there && deletes) continue;
    Tree& records = (*next)[operation.collection];
    if (!is_there) records = Tree::array();
    const auto found = std::find_if(records.begin(), records.end(), [&](const Tree& record) {
      return record.at("id") == operation.id;
    });
    if (found == records.end()) {
      if (!deletes) records.push_back(operation.record);
    } else if (deletes) {
      records.erase(found);
    } else {
      *found = operation.record;
    }
  }
  return true;
}

DocumentModel::Verdict DocumentModel::Conflicts(const std::vector<Operation>& operations) const {
  const std::map<Name, std::string> records = RecordsOf(tree);
  Verdict verdict = Verdict::kPasses;
  for (const Operation& operation : operations) {
    const Name name{operation.collection, operation.id};
    const bool gone = operation.record.is_null() && !records.contains(name);
    if (operation.made == 0 || gone) continue;
    const auto changed = changed_.find(name);
    const auto written = written_.find(name);
    if (changed != changed_.end() && changed->second > operation.made) return Verdict::kFails;
    if (written != written_.end() && written->second > operation.made) verdict = Verdict::kEither;
  }
  return verdict;
}

std::string DocumentModel::Denied(const Tree& next, bool allow_empty, bool allow_large) const {
  const std::map<Name, std::string> before = RecordsOf(tree);
  const std::map<Name, std::string> after = RecordsOf(next);
  if ((!before.empty() && after.empty()) || (!tree.empty() && next.empty())) {
    return allow_empty ? "" : "empty_write_denied";
  }
  const auto deleted = std::count_if(before.begin(), before.end(), [&](const auto& record) {
    return !after.contains(record.first);
  });
  const bool large =
      before.size() >= 20 && deleted * 10 > static_cast<ptrdiff_t>(before.size()) * 9;
  return large && !allow_large ? "large_delete_denied" : "";
}

void DocumentModel::Commit(Tree next, int64_t at_version, bool rewrites) {
  const std::map<Name, std::string> before = RecordsOf(tree);
  const std::map<Name, std::string> after = RecordsOf(next);
  for (const auto& [name, text] : before) {
    const auto now = after.find(name);
    if (now == after.end() || now->second != text) changed_[name] = at_version;
    if (rewrites) written_[name] = at_version;
  }
  for (const auto& [name, text] : after) {
    if (!before.contains(name)) changed_[name] = at_version;
  }
  tree = std::move(next);
  version = at_version;
  history[version] = Text();
}

}  // namespace tidemark::testing
