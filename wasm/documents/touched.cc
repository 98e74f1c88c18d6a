// Which parts of a document a patch names.

#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "documents/json_members.h"
#include "documents/json_patch.h"
#include "documents/json_pointer.h"
#include "documents/merge_patch.h"
#include "documents/patch_operation.h"

namespace tidemark::json {
namespace {

enum class Use : uint8_t { kReads, kReplaces, kInserts, kErases, kTakes };

Touched PointerUsed(std::string_view pointer, Use use) {
  Touched touched;
  touched.whole_root = !TakeSegment(&pointer, &touched.member);
  std::string element;
  if (TakeSegment(&pointer, &element)) touched.element = std::move(element);
  touched.deeper = !pointer.empty();
  touched.reads = touched.deeper || use == Use::kReads || use == Use::kTakes;
  touched.restructures = !touched.whole_root && !touched.deeper &&
                         (use == Use::kInserts || use == Use::kErases || use == Use::kTakes);
  return touched;
}

void AddUsed(std::string_view pointer, Use use, std::vector<Touched>* all) {
  Touched touched = PointerUsed(pointer, use);
  if (all->empty() || !(all->back() == touched)) all->push_back(std::move(touched));
}

void AddOperation(const PatchOperation& operation, std::vector<Touched>* all) {
  switch (operation.verb) {
    case Verb::kAdd:
      return AddUsed(operation.path, Use::kInserts, all);
    case Verb::kRemove:
      return AddUsed(operation.path, Use::kErases, all);
    case Verb::kReplace:
      return AddUsed(operation.path, Use::kReplaces, all);
    case Verb::kMove:
      AddUsed(operation.from, Use::kTakes, all);
      return AddUsed(operation.path, Use::kInserts, all);
    case Verb::kCopy:
      AddUsed(operation.from, Use::kReads, all);
      return AddUsed(operation.path, Use::kInserts, all);
    case Verb::kTest:
      return AddUsed(operation.path, Use::kReads, all);
  }
}

}  // namespace

Result<std::vector<Touched>> TouchedByJsonPatch(std::string_view patch) {
  if (Status status = PatchReader::Validate(patch); !status.ok()) return status;
  PatchReader reader(patch);
  PatchWork work;
  std::vector<Touched> all;
  while (true) {
    PatchOperation operation;
    bool ended = false;
    if (Status status = reader.Next(&operation, &ended); !status.ok()) return status;
    if (ended) return all;
    if (!work.Spend(PatchWork::kOperationRead)) return TooCostly();
    AddOperation(operation, &all);
  }
}

Result<std::vector<std::string>> TouchedByMergePatch(std::string_view patch) {
  if (Status status = ValidateJson(patch, limits::kRecordDepthMax); !status.ok()) return status;
  std::vector<std::string> keys;
  if (Scanner(patch, /*last=*/true).Peek() != '{') return keys;
  PatchWork work;
  std::vector<MemberSpan> members;
  if (!ReadMembers(patch, &work, &members)) return TooCostly();
  keys.reserve(members.size());
  for (MemberSpan& member : members) keys.push_back(std::move(member.key));
  return keys;
}

}  // namespace tidemark::json
