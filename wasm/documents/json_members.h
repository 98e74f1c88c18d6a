// The members of a JSON object's text: spans within it, so that nothing is copied but keys.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scanner.h"
#include "documents/patch_work.h"

namespace tidemark::json {

struct MemberSpan {
  std::string key;  // UTF-8, without escapes
  Value value;      // within the object's text
};

// `object` is proven. Of equal keys the last one's value counts, at the first one's place. False if
// it is more than `work` allows; without `work` it never is.
bool ReadMembers(std::string_view object, PatchWork* work, std::vector<MemberSpan>* members);

// Indices into `members` in the order of their keys' bytes.
std::vector<uint32_t> SortedByKey(const std::vector<MemberSpan>& members);

}  // namespace tidemark::json
