#include "documents/json_members.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace tidemark::json {
namespace {

// Lets the last of equal keys win.
void DropRepeated(std::vector<MemberSpan>* members) {
  const std::vector<uint32_t> order = SortedByKey(*members);
  bool repeated = false;
  for (size_t first = 0, i = 1; i < order.size(); ++i) {
    if ((*members)[order[first]].key != (*members)[order[i]].key) {
      first = i;
      continue;
    }
    // Equal keys are in the order of their places, so that the last one is met last.
    (*members)[order[first]].value = std::exchange((*members)[order[i]].value, {});
    repeated = true;
  }
  if (!repeated) return;
  std::erase_if(*members, [](const MemberSpan& member) { return member.value.text.empty(); });
}

}  // namespace

bool ReadMembers(std::string_view object, PatchWork* work, std::vector<MemberSpan>* members) {
  if (work != nullptr && !work->Spend(object.size())) return false;
  members->clear();
  Scanner scanner(object, /*last=*/true);
  scanner.Take('{');
  while (!scanner.Take('}')) {
    if (work != nullptr && !work->Spend(PatchWork::kMemberMade)) return false;
    Text key;
    MemberSpan& member = members->emplace_back();
    scanner.ReadString(&key);
    Unescape(key.raw, &member.key);
    scanner.Take(':');
    Check(scanner.ReadValue(&member.value));
    scanner.Take(',');
  }
  DropRepeated(members);
  return true;
}

std::vector<uint32_t> SortedByKey(const std::vector<MemberSpan>& members) {
  std::vector<uint32_t> order(members.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
  const auto before = [&members](uint32_t a, uint32_t b) {
    const int compared = members[a].key.compare(members[b].key);
    return compared != 0 ? compared < 0 : a < b;
  };
  // A heap, since std::sort would be a tenth of all the code for patches.
  std::make_heap(order.begin(), order.end(), before);
  std::sort_heap(order.begin(), order.end(), before);
  return order;
}

}  // namespace tidemark::json
