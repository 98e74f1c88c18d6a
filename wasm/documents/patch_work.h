// What a patch may cost, in units of a nanosecond or less: bytes scanned and copied, children made,
// moved and compared. It bounds memory too, since all that is made is counted.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/status.h"

namespace tidemark::json {

class PatchWork {
 public:
  // An operation that is read, with its pointers; a member or an item that is made (a node, its
  // key, their places in lists); a child that moves up or down in its list; a byte of text made.
  static constexpr uint64_t kOperationRead = 1'024;
  static constexpr uint64_t kMemberMade = 512;
  static constexpr uint64_t kItemMade = 256;
  static constexpr uint64_t kChildMoved = 4;
  static constexpr uint64_t kByteMade = 8;

  explicit PatchWork(uint64_t units_max = limits::kPatchWorkMax) : left_(units_max) {}
  // False, then and from then on, once the bound is reached.
  bool Spend(uint64_t units) {
    left_ = units > left_ ? 0 : left_ - units;
    return left_ != 0;
  }
  bool spent() const { return left_ == 0; }

 private:
  uint64_t left_;
};

inline Status TooCostly() {
  return Status::TooLarge("patch_too_costly",
                          "Applying the patch would take too much work; split it up.");
}

// The patch needs what an absent node stands for. That is no answer to a peer: load everything,
// build the tree anew, and apply the patch again.
inline constexpr std::string_view kAbsentCode = "absent";
inline Status AbsentPart() {
  return Status::Error(500, kAbsentCode, "A part of the document is not loaded.");
}
inline bool NeedsAbsent(const Status& status) { return status.code() == kAbsentCode; }

}  // namespace tidemark::json
