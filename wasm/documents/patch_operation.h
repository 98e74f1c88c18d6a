// The operations of a JSON patch (RFC 6902, section 4), read one after the other from its text.

#pragma once

#include <string>
#include <string_view>

#include "base/json_scanner.h"
#include "base/status.h"

namespace tidemark::json {

enum class Verb : uint8_t { kAdd, kRemove, kReplace, kMove, kCopy, kTest };

struct PatchOperation {
  Verb verb = Verb::kTest;
  std::string path;
  std::string from;  // of kMove and kCopy
  Value value;       // of kAdd, kReplace and kTest; within the patch
  size_t index = 0;  // among the operations
};

class PatchReader {
 public:
  // `patch` outlives the reader.
  explicit PatchReader(std::string_view patch) : scanner_(patch, /*last=*/true) {}

  // Proves the text, whatever it holds; comes first. Errors as ValidateJson, and 400 invalid_patch.
  static Status Validate(std::string_view patch);
  // Reads the next operation, or says that there is none. Errors: 400 invalid_patch.
  Status Next(PatchOperation* operation, bool* ended);

 private:
  Scanner scanner_;
  size_t count_ = 0;
};

// An error of an operation: names it and its pointer, of which 100 bytes at most.
Status OperationError(int http_status, std::string_view code, const PatchOperation& operation,
                      std::string_view pointer, std::string_view what);

}  // namespace tidemark::json
