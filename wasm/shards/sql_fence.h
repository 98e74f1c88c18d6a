// A read that also tells under which epoch of its slot the shard answered, so that rows of a slot
// that has moved meanwhile are known as such without a second question.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark::sqltext {

// The column that is added, and what it reads: null where the shard does not have the slot. The
// parameter behind it is the slot.
inline constexpr std::string_view kEpochColumn = "__tidemark_epoch";
inline constexpr std::string_view kEpochOfSlot = "(SELECT epoch FROM tidemark_slots WHERE slot = ?";

struct Fenced {
  std::string sql;
  int parameter = 0;  // the slot's, from 1
};

// None for what is no plain SELECT: a compound one would have to be equal in that column too. Each
// parameter is written with its number, so that those of the statement stay what they are. Codes:
// those of reading a statement.
Result<std::optional<Fenced>> FenceRead(std::string_view sql);

}  // namespace tidemark::sqltext
