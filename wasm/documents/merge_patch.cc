#include "documents/merge_patch.h"

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "documents/json_members.h"

namespace tidemark::json {
namespace {

enum class Step : uint8_t { kDone, kTooCostly, kAbsent };

// A patch's members, to be found by key.
struct PatchMembers {
  std::vector<MemberSpan> spans;
  std::vector<uint32_t> order;
  std::vector<bool> done;

  bool Read(std::string_view object, PatchWork* work) {
    if (!ReadMembers(object, work, &spans)) return false;
    order = SortedByKey(spans);
    done.resize(spans.size());
    return true;
  }
  // The value for `key`, which is then done; null if the patch does not name it.
  const Value* TakeFor(std::string_view key) {
    const auto at =
        std::lower_bound(order.begin(), order.end(), key,
                         [this](uint32_t i, std::string_view k) { return spans[i].key < k; });
    if (at == order.end() || spans[*at].key != key) return nullptr;
    done[*at] = true;
    return &spans[*at].value;
  }
};

Step Merge(const Value& patch, Node* target, PatchWork* work);

// Merges into the members that are there, and takes away those that are null in the patch.
Step MergeKnown(PatchMembers* patch, Node* target, PatchWork* work) {
  std::vector<Member>& members = target->members();
  size_t kept = 0;
  bool touched = false;
  for (Member& member : members) {
    const Value* const value = patch->TakeFor(member.key);
    if (value != nullptr && value->kind == Kind::kNull) continue;
    if (value != nullptr) {
      if (const Step step = Merge(*value, &member.value, work); step != Step::kDone) return step;
      touched = touched || member.value.touched();
    }
    if (&members[kept] != &member) members[kept] = std::move(member);
    ++kept;
  }
  if (!touched && kept == members.size()) return Step::kDone;
  members.erase(members.begin() + static_cast<ptrdiff_t>(kept), members.end());
  target->Touch();
  return Step::kDone;
}

Step AddNew(const PatchMembers& patch, Node* target, PatchWork* work) {
  for (size_t i = 0; i < patch.spans.size(); ++i) {
    const MemberSpan& span = patch.spans[i];
    if (patch.done[i] || span.value.kind == Kind::kNull) continue;
    Node value;
    if (const Step step = Merge(span.value, &value, work); step != Step::kDone) return step;
    target->members().push_back({span.key, std::move(value)});
    target->Touch();
  }
  return Step::kDone;
}

// Recurses as deep as the patch is, which is bounded.
Step Merge(const Value& patch, Node* target, PatchWork* work) {
  if (patch.kind != Kind::kObject) {
    if (!work->Spend(patch.text.size() * PatchWork::kByteMade)) return Step::kTooCostly;
    *target = Node::OfPatch(patch.text, patch.depth);
    return Step::kDone;
  }
  if (target->absent()) return Step::kAbsent;
  if (!target->is_object()) *target = Node::OfPatch("{}", 1);
  PatchMembers members;
  if (!members.Read(patch.text, work)) return Step::kTooCostly;
  if (members.spans.empty()) return Step::kDone;
  if (!target->Open(work)) return Step::kTooCostly;
  if (!work->Spend(target->members().size() * PatchWork::kChildMoved)) return Step::kTooCostly;
  if (const Step step = MergeKnown(&members, target, work); step != Step::kDone) return step;
  return AddNew(members, target, work);
}

}  // namespace

Status ApplyMergePatch(std::string_view patch, Node* root, PatchWork* work) {
  if (Status status = ValidateJson(patch, limits::kRecordDepthMax); !status.ok()) return status;
  Scanner scanner(patch, /*last=*/true);
  Value value;
  Check(scanner.ReadValue(&value));
  switch (Merge(value, root, work)) {
    case Step::kDone:
      return Status();
    case Step::kTooCostly:
      return TooCostly();
    case Step::kAbsent:
      return AbsentPart();
  }
  Trap();
}

}  // namespace tidemark::json
