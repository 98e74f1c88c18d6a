// PATCH by a merge patch or a JSON patch: the part of the document that it needs is loaded as a
// tree, patched, and compared with what it was.

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/limits.h"
#include "documents/change_log.h"
#include "documents/commit.h"
#include "documents/merge_patch.h"
#include "documents/operations.h"
#include "documents/places.h"
#include "documents/record_operation.h"
#include "documents/tree.h"
#include "engine/await.h"

namespace tidemark {
namespace {

using json::Node;

Status LoadMore() { return Status::Error(500, "load_more", {}); }

int64_t ValueBytes(const TreeMember* was) {
  return was == nullptr || was->collection ? 0 : was->bytes;
}

class TreePatch {
 public:
  TreePatch(Context context, Document before, bool merge)
      : context_(std::move(context)), before_(std::move(before)), merge_(merge) {}

  Task<Reply> Run();

 private:
  Task<Status> Try(Needs needs);
  Result<std::vector<json::Touched>> Touched() const;
  Task<Status> Compare();
  Task<Status> CompareMember(size_t at, int64_t place);
  Task<Status> Remove(TreeMember* was);
  Task<Status> SetValue(std::string key, TreeMember* was, int64_t place);
  Task<Status> SetCollection(std::string key, TreeMember* was, int64_t place);
  Status SetLoaded(const TreeMember& was);
  Status SetRecord(const std::string& collection, const TreeRecord* was, std::string id,
                   int64_t place);
  TreeMember* Was(const json::Member& member);
  bool IsCollection(Node* value, std::vector<std::string>* ids);

  Context context_;
  Document before_;
  bool merge_;
  std::string patch_;
  int64_t loaded_ = 0;  // records whose names were read
  Tree tree_;
  Node* value_ = nullptr;  // what is being compared
  std::unique_ptr<ChangeLog> log_;
};

Result<std::vector<json::Touched>> TreePatch::Touched() const {
  if (!merge_) return json::TouchedByJsonPatch(patch_);
  Result<std::vector<std::string>> keys = json::TouchedByMergePatch(patch_);
  if (!keys.ok()) return keys.status();
  std::vector<json::Touched> touched;
  for (std::string& key : *keys) touched.push_back({.member = std::move(key), .reads = true});
  return touched;
}

// The member that this one was, if it is still under its key.
TreeMember* TreePatch::Was(const json::Member& member) {
  const uint32_t origin = member.value.origin();
  if (origin < tree_.members.size() && tree_.members[origin].key == member.key) {
    return &tree_.members[origin];
  }
  const auto same = std::find_if(tree_.members.begin(), tree_.members.end(),
                                 [&](const TreeMember& was) { return was.key == member.key; });
  return same == tree_.members.end() ? nullptr : &*same;
}

// Whether a value is an array of records; then their ids.
bool TreePatch::IsCollection(Node* value, std::vector<std::string>* ids) {
  if (!value->is_array()) return false;
  value->Open();
  std::set<std::string_view> seen;
  ids->reserve(value->items().size());
  for (const Node& item : value->items()) {
    std::string id;
    if (item.absent() || !item.is_object() || !RecordId(item.Text(), &id)) return false;
    ids->push_back(std::move(id));
    if (!seen.insert(ids->back()).second) return false;
  }
  return true;
}

Status TreePatch::SetRecord(const std::string& collection, const TreeRecord* was, std::string id,
                            int64_t place) {
  RecordChange change{.collection = collection,
                      .id = std::move(id),
                      .place = place,
                      .before = was != nullptr ? was->version : 0};
  const bool moves = was != nullptr && was->place != place;
  return log_->Upsert(std::move(change), value_->Text(), was != nullptr ? was->bytes : -1, moves);
}

Task<Status> TreePatch::Remove(TreeMember* was) {
  if (!was->collection) co_return Status();
  if (!was->whole) {
    if (Status status = co_await LoadRecords(was, &loaded_); !status.ok()) co_return status;
  }
  for (const TreeRecord& record : was->records) {
    if (record.id.empty()) continue;
    log_->Delete(was->key, record.id, record.version, record.bytes);
  }
  co_return Status();
}

Task<Status> TreePatch::SetValue(std::string key, TreeMember* was, int64_t place) {
  if (was != nullptr) {
    if (Status status = co_await Remove(was); !status.ok()) co_return status;
  }
  co_return log_->Set({.key = key, .place = place}, value_->Text(), ValueBytes(was));
}

// A collection of which only some records were loaded: each of them is what it was, changed.
Status TreePatch::SetLoaded(const TreeMember& was) {
  Node* const collection = value_;
  if (collection->items().size() != was.records.size()) return LoadMore();
  for (size_t i = 0; i < was.records.size(); ++i) {
    Node& item = collection->items()[i];
    const TreeRecord& record = was.records[i];
    if (item.absent() || !item.touched()) continue;
    std::string id;
    if (!item.is_object() || !RecordId(item.Text(), &id) || id != record.id) return LoadMore();
    value_ = &item;
    if (Status status = SetRecord(was.key, &record, std::move(id), record.place); !status.ok()) {
      return status;
    }
  }
  return {};
}

Task<Status> TreePatch::SetCollection(std::string key, TreeMember* was, int64_t place) {
  std::vector<std::string> ids;
  if (!IsCollection(value_, &ids)) co_return co_await SetValue(key, was, place);
  std::map<std::string_view, const TreeRecord*> had;
  if (was != nullptr && was->collection) {
    if (!was->whole) {
      if (Status status = co_await LoadRecords(was, &loaded_); !status.ok()) co_return status;
    }
    for (const TreeRecord& record : was->records) had.emplace(record.id, &record);
  }
  std::vector<const TreeRecord*> records;
  std::vector<int64_t> places;
  for (const std::string& id : ids) {
    const auto found = had.find(id);
    records.push_back(found == had.end() ? nullptr : found->second);
    places.push_back(records.back() != nullptr ? records.back()->place : 0);
    if (found != had.end()) had.erase(found);
  }
  AssignPlaces(&places);
  for (const auto& [id, record] : had) {
    log_->Delete(key, record->id, record->version, record->bytes);
  }
  if (was == nullptr || !was->collection || was->place != place) {
    if (Status status =
            log_->Set({.key = key, .place = place, .collection = true}, {}, ValueBytes(was));
        !status.ok()) {
      co_return status;
    }
  }
  Node* const collection = value_;
  for (size_t i = 0; i < ids.size(); ++i) {
    value_ = &collection->items()[i];
    const bool same = records[i] != nullptr && !value_->touched() && records[i]->place == places[i];
    if (same) continue;
    if (Status status = SetRecord(key, records[i], ids[i], places[i]); !status.ok()) {
      co_return status;
    }
  }
  co_return Status();
}

Task<Status> TreePatch::CompareMember(size_t at, int64_t place) {
  const std::string key = tree_.root.members()[at].key;
  TreeMember* const was = Was(tree_.root.members()[at]);
  value_ = &tree_.root.members()[at].value;
  const bool own = was != nullptr && value_->origin() < tree_.members.size() &&
                   &tree_.members[value_->origin()] == was;
  if (own && !value_->touched() && was->place == place) co_return Status();
  if (value_->absent()) co_return LoadMore();
  if (was == nullptr) {
    if (Status status = CheckName(key); !status.ok()) co_return status;
  }
  const bool partly = own && was->collection && !was->whole && value_->is_array();
  if (partly) {
    if (was->place != place) co_return LoadMore();
    co_return SetLoaded(*was);
  }
  if (!value_->TextBytes()) co_return LoadMore();
  co_return co_await SetCollection(key, was, place);
}

Task<Status> TreePatch::Compare() {
  if (!tree_.root.is_object()) {
    co_return Status::Error(409, "invalid_document", "A document is an object and stays one");
  }
  tree_.root.Open();
  const size_t count = tree_.root.members().size();
  if (count > static_cast<size_t>(limits::kMembersMax)) {
    co_return TooManyMembers();
  }
  std::vector<int64_t> places;
  std::set<const TreeMember*> left;
  for (const json::Member& member : tree_.root.members()) {
    const TreeMember* const was = Was(member);
    places.push_back(was != nullptr ? was->place : 0);
    left.insert(was);
  }
  for (TreeMember& was : tree_.members) {
    if (left.contains(&was)) continue;
    if (Status status = co_await Remove(&was); !status.ok()) co_return status;
    log_->Unset(was.key, ValueBytes(&was));
  }
  AssignPlaces(&places);
  for (size_t i = 0; i < count; ++i) {
    if (Status status = co_await CompareMember(i, places[i]); !status.ok()) co_return status;
  }
  co_return Status();
}

Task<Status> TreePatch::Try(Needs needs) {
  Result<Tree> tree = co_await LoadTree(std::move(needs));
  if (!tree.ok()) co_return tree.status();
  tree_ = std::move(*tree);
  log_ =
      std::make_unique<ChangeLog>(context_.request, before_, merge_ ? "merge_patch" : "json_patch");
  json::PatchWork work;
  Status status = merge_ ? json::ApplyMergePatch(patch_, &tree_.root, &work)
                         : json::ApplyJsonPatch(patch_, &tree_.root, &work);
  if (!status.ok()) co_return json::NeedsAbsent(status) ? LoadMore() : status;
  co_return co_await Compare();
}

Task<Reply> TreePatch::Run() {
  const Request& request = context_.request;
  patch_ = co_await BodySlice(0, request.body_size);
  const Result<std::vector<json::Touched>> touched = Touched();
  if (!touched.ok()) co_return Reply::Error(touched.status());
  // First with as little as may do, then with all that is named, then with everything.
  const bool replaces = merge_ && touched->empty();
  Status status = LoadMore();
  for (int attempt = 0; attempt < 3 && status.code() == "load_more"; ++attempt) {
    status = co_await Try(
        {.touched = *touched, .partly = attempt == 0, .everything = attempt == 2 && !replaces});
  }
  if (!status.ok()) co_return Reply::Error(status);
  if (status = log_->CheckShard(request); !status.ok()) co_return Reply::Error(status);
  const Extent had{.records = before_.records,
                   .members = static_cast<int64_t>(tree_.members.size())};
  const Extent has{.records = log_->after().records,
                   .members = static_cast<int64_t>(tree_.root.members().size())};
  if (status = CheckClearing(request, had, has, log_->deleted()); !status.ok()) {
    co_return Reply::Error(status);
  }
  if (log_->after().bytes > limits::kDocumentBytesMax) co_return Reply::Error(DocumentTooLarge());
  const bool changed = co_await log_->Finish(request);
  Reply reply = Written(before_, changed ? log_->after() : before_);
  if (!request.Param("shard").empty()) {
    reply.headers.clear();
    reply.headers.emplace_back("content-type", "application/json");
    const auto etag = EtagFor(request, changed ? log_->after() : before_);
    reply.headers.emplace_back("etag", etag.value_or(""));
  }
  co_return reply;
}

}  // namespace

Task<Reply> PatchTree(Context context, bool merge) {
  if (Status status = CheckBody(context.request, limits::kTreePatchBytesMax); !status.ok()) {
    co_return Reply::Error(status);
  }
  const Document before = co_await ReadDocument();
  if (auto busy = NotNow(context.request, before)) co_return std::move(*busy);
  if (auto refusal = Refusal(context.request, EtagFor(context.request, before), false, true)) {
    co_return std::move(*refusal);
  }
  TreePatch patch(std::move(context), before, merge);
  co_return co_await patch.Run();
}

}  // namespace tidemark
