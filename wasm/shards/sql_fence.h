// Statements that a shard runs only where it has their slot. What a shard has stands in its own
// tables: tidemark_slots, a row a slot (`writable` 0 while the slot is about to go), and
// tidemark_shard, one row about all of them.
//
// A read tells beside its rows under which epoch of its slot the shard answered, so that rows of a
// slot that has moved meanwhile are known as such without a second question.

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

// Before a write, in one batch with it: fails, and the batch with it, where the slot, ?1, is not
// written here. Its error has kMoved in it, which no statement of an app's says by accident.
inline constexpr std::string_view kWriteFence =
    "SELECT CASE WHEN (SELECT writable FROM tidemark_slots WHERE slot = ?1) = 1 THEN 1 "
    "ELSE json_extract('{}', 'tidemark: moved') END";
inline constexpr std::string_view kMoved = "tidemark: moved";

// Before a write to all shards: fails where a slot is about to go from here, or has just come.
inline constexpr std::string_view kWriteAllFence =
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM tidemark_slots WHERE writable = 0) "
    "THEN json_extract('{}', 'tidemark: moved') ELSE 1 END";

// Behind a write: what it changed itself. What triggers change beside, those too that log writes
// while slots move, a database counts as well.
inline constexpr std::string_view kAfterWrite = "SELECT changes() AS changes";

// Before a read, in one batch with it, where the read cannot tell: no row where the slot, ?1, is
// not read here.
inline constexpr std::string_view kReadFence = "SELECT epoch FROM tidemark_slots WHERE slot = ?1";

// Before a read of all shards, in one batch with it. Over all of them the sums are those of all
// slots, unless one went from one to the other in between.
inline constexpr std::string_view kShareFence = "SELECT slots, weight FROM tidemark_shard";

struct Fenced {
  std::string sql;
  int parameter = 0;  // the slot's, from 1
};

// None for what is no plain SELECT: a compound one would have to be equal in that column too. Each
// parameter is written with its number, so that those of the statement stay what they are. Codes:
// those of reading a statement.
Result<std::optional<Fenced>> FenceRead(std::string_view sql);

}  // namespace tidemark::sqltext
