// JSON Patch (RFC 6902) on a lazy tree.
//
// Errors of both functions, of the whole patch:
//   400 invalid_utf8, invalid_json, too_deep   as ValidateJson
//   400 invalid_patch      not an array of operations as RFC 6902 has them, a pointer that is none
//                          (RFC 6901), or a value to be moved into itself
//   413 patch_too_costly   it would take more than limits::kPatchWorkMax
// and of applying it:
//   409 path_missing       a pointer leads nowhere, or a place cannot be added there
//   409 test_failed
//   400 too_deep           a value would lie deeper than limits::kRecordDepthMax in the document
//   one that NeedsAbsent (patch_work.h) knows
// Messages name the operation's index and its pointer.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "documents/json_node.h"

namespace tidemark::json {

// Applies all operations in turn. After an error the tree is in between: drop it.
Status ApplyJsonPatch(std::string_view patch, Node* root, PatchWork* work);

// One pointer of a patch, by its first two segments, unescaped.
struct Touched {
  bool whole_root = false;             // the pointer is "": nothing else is set but `reads`
  std::string member;                  // the first segment
  std::optional<std::string> element;  // the second, if there is one
  bool deeper = false;                 // there are more
  // Adds or removes something at this place of one or two segments, so that indices after it
  // shift. A `replace` does not.
  bool restructures = false;
  // Needs what is there now: it tests, copies or moves it, or goes within.
  bool reads = false;

  bool operator==(const Touched&) const = default;
};

// The pointers of a patch, `from` as well, in order; equal ones in a row once. It is as valid as
// ApplyJsonPatch wants it; whether its pointers lead anywhere is not asked.
Result<std::vector<Touched>> TouchedByJsonPatch(std::string_view patch);

}  // namespace tidemark::json
