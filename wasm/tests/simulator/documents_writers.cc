// What the simulated writers of a document do with their copies.

#include <algorithm>
#include <utility>

#include "tests/simulator/documents_world.h"

namespace tidemark::testing {
namespace {

constexpr const char* kCollections[] = {"users", "posts", "été"};
constexpr const char* kRecords = "application/json";
constexpr const char* kMergePatch = "application/merge-patch+json";
constexpr const char* kJsonPatch = "application/json-patch+json";

}  // namespace

DocumentModel::Tree DocumentsWorld::SomeRecord(const std::string& id) {
  Tree record = {{"id", id}, {"n", ++edits_}};
  if (random_.Below(4) == 0) record["t"] = "é \"\\\n";
  if (random_.Below(20) == 0) record["long"] = std::string(20'000, 'x');
  return record;
}

DocumentModel::Tree DocumentsWorld::CopyOf(const Client& client) const {
  const auto known = model_.history.find(client.copy);
  return known == model_.history.end() ? Tree::object()
                                       : Tree::parse(known->second, nullptr, false);
}

DocumentModel::Operation DocumentsWorld::SomeOperation(const Client& client) {
  DocumentModel::Operation operation{.collection = kCollections[random_.Below(3)],
                                     .id = "r" + std::to_string(random_.Below(9)),
                                     .record = nullptr,
                                     .made = random_.Below(3) == 0 ? 0 : client.copy};
  if (random_.Below(4) > 0) operation.record = SomeRecord(operation.id);
  return operation;
}

void DocumentsWorld::WriteRecords(Client* client) {
  std::vector<DocumentModel::Operation> operations;
  Tree body = Tree::array();
  const std::string tag = documents_.Tag();
  const std::string epoch = tag.size() < 17 ? "" : tag.substr(tag.size() - 17, 16);
  for (uint64_t left = 1 + random_.Below(4); left > 0; --left) {
    operations.push_back(SomeOperation(*client));
    DocumentModel::Operation& operation = operations.back();
    if (epoch.empty()) operation.made = 0;
    Tree sent = {{"op", operation.record.is_null() ? "delete" : "upsert"},
                 {"collection", operation.collection},
                 {"id", operation.id}};
    if (!operation.record.is_null()) sent["record"] = operation.record;
    if (operation.made > 0) sent["version"] = std::to_string(operation.made) + "-" + epoch;
    body.push_back(std::move(sent));
  }
  Attempt attempt{.operation = "patch_document", .type = kRecords, .body = body.dump()};
  attempt.rewrites = false;
  const DocumentModel::Verdict verdict = model_.Conflicts(operations);
  if (!model_.Apply(operations, &attempt.next)) attempt.code = "not_a_collection";
  const bool fails = verdict == DocumentModel::Verdict::kFails;
  if (attempt.code.empty() && fails) attempt.code = "precondition_failed";
  attempt.either = verdict == DocumentModel::Verdict::kEither;
  if (random_.Below(8) == 0 && model_.exists()) {
    attempt.params["if_match"] = '"' + std::to_string(client->copy) + "-" + epoch + '"';
    if (client->copy != model_.version) attempt.code = "precondition_failed";
  }
  Write(client, std::move(attempt));
}

// A precondition of the copy that the writer has; what it finds is another matter.
void DocumentsWorld::Put(Client* client) {
  Attempt attempt{.operation = "put_document", .type = kRecords};
  attempt.next = CopyOf(*client);
  for (uint64_t left = random_.Below(4); left > 0; --left) Mutate(&attempt.next);
  attempt.body = attempt.next.dump();
  if (client->copy == 0) {
    attempt.params["if_none_match"] = "*";
  } else {
    const std::string tag = documents_.Tag();
    attempt.params["if_match"] = '"' + std::to_string(client->copy) + tag.substr(tag.size() - 18);
  }
  if (client->copy != model_.version) attempt.code = "precondition_failed";
  Write(client, std::move(attempt));
}

// What somebody does to a whole document.
void DocumentsWorld::Mutate(Tree* tree) {
  const std::string collection = kCollections[random_.Below(3)];
  const std::string value = "v" + std::to_string(random_.Below(4));
  const std::string id = "r" + std::to_string(random_.Below(9));
  const uint64_t choice = random_.Below(10);
  if (choice < 2) {
    (*tree)[value] = Tree({{"n", ++edits_}});
  } else if (choice == 2) {
    tree->erase(value);
  } else if (choice == 3) {
    if (random_.Below(4) == 0) (*tree)[collection] = ++edits_;
    if (random_.Below(4) == 0) tree->erase(collection);
  } else if (choice == 4) {
    Tree reversed = Tree::object();
    for (auto member = tree->rbegin(); member != tree->rend(); ++member) {
      reversed[member.key()] = *member;
    }
    *tree = std::move(reversed);
  } else {
    Tree& records = (*tree)[collection];
    if (!IsCollection(records)) records = Tree::array();
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const Tree& record) { return record.at("id") == id; });
    Tree record = SomeRecord(id);
    if (found != records.end() && random_.Below(2) == 0) record = *found;
    if (found != records.end()) records.erase(found);
    if (choice < 9) {
      const auto at = static_cast<ptrdiff_t>(random_.Below(records.size() + 1));
      records.insert(records.begin() + at, std::move(record));
    }
  }
}

// An operation that applies to the tree, which is then what it leaves; or one that fails.
DocumentModel::Tree DocumentsWorld::PatchOf(Tree* tree, bool* fails) {
  const std::string collection = kCollections[random_.Below(3)];
  const std::string path = "/" + collection;
  const size_t count = tree->contains(collection) && tree->at(collection).is_array()
                           ? tree->at(collection).size()
                           : 0;
  const std::string record = path + "/" + std::to_string(random_.Below(count + 1));
  const uint64_t choice = random_.Below(12);
  if (choice == 0) {
    *fails = true;
    return {{"op", "test"}, {"path", ""}, {"value", "nothing of the kind"}};
  }
  if (choice < 3 || count == 0) {
    const std::string value = "/v" + std::to_string(random_.Below(4));
    return {{"op", "add"}, {"path", value}, {"value", ++edits_}};
  }
  if (choice < 5) {
    return {{"op", "add"},
            {"path", record},
            {"value", SomeRecord("r" + std::to_string(random_.Below(9)))}};
  }
  const std::string index = path + "/" + std::to_string(random_.Below(count));
  const std::string other = path + "/" + std::to_string(random_.Below(count));
  if (choice < 8) {
    Tree& item = tree->at(nlohmann::ordered_json::json_pointer(index));
    if (item.is_object()) return {{"op", "add"}, {"path", index + "/n"}, {"value", ++edits_}};
  }
  if (choice < 9) return {{"op", "remove"}, {"path", index}};
  if (choice < 11) return {{"op", "move"}, {"from", index}, {"path", other}};
  // Onto itself it is nothing to one, and a move to the end to the other.
  const std::string to = "/" + std::string(kCollections[random_.Below(3)]);
  if (to == path) return {{"op", "remove"}, {"path", path}};
  return {{"op", "move"}, {"from", path}, {"path", to}};
}

void DocumentsWorld::WriteTree(Client* client) {
  const bool merges = random_.Below(3) == 0;
  Attempt attempt{.operation = "patch_document", .type = merges ? kMergePatch : kJsonPatch};
  attempt.next = CopyOf(*client);
  if (merges) {
    Tree patch = Tree::object();
    for (uint64_t left = random_.Below(3); left > 0; --left) {
      const std::string key = random_.Below(4) == 0 ? kCollections[random_.Below(3)]
                                                    : "v" + std::to_string(random_.Below(4));
      patch[key] = random_.Below(4) == 0 ? Tree(nullptr) : Tree({{"n", ++edits_}});
    }
    attempt.next.merge_patch(patch);
    attempt.body = patch.dump();
  } else {
    Tree patch = Tree::array();
    bool fails = false;
    for (uint64_t left = 1 + random_.Below(3); left > 0 && !fails; --left) {
      patch.push_back(PatchOf(&attempt.next, &fails));
      if (!fails) attempt.next.patch_inplace(Tree::array({patch.back()}));
    }
    if (fails) attempt.code = "test_failed";
    attempt.body = patch.dump();
  }
  const std::string tag = documents_.Tag();
  if (client->copy == 0) attempt.params["if_none_match"] = "*";
  if (client->copy > 0) {
    attempt.params["if_match"] = '"' + std::to_string(client->copy) + tag.substr(tag.size() - 18);
  }
  if (client->copy != model_.version) attempt.code = "precondition_failed";
  Write(client, std::move(attempt));
}

}  // namespace tidemark::testing
