// JSON Merge Patch (RFC 7396, section 2) on a lazy tree.
//
// Errors: 400 invalid_utf8, invalid_json, too_deep as ValidateJson; 413 patch_too_costly; and one
// that NeedsAbsent (patch_work.h) knows.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "documents/json_node.h"

namespace tidemark::json {

// After an error the tree is in between: drop it. What the patch leaves as it is stays untouched.
Status ApplyMergePatch(std::string_view patch, Node* root, PatchWork* work);

// The keys of the patch, UTF-8, each once; none if it is no object, and so replaces everything.
Result<std::vector<std::string>> TouchedByMergePatch(std::string_view patch);

}  // namespace tidemark::json
