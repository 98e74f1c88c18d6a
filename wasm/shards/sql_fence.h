// Statements that a shard runs only where it has their key. What a shard has stands in its own
// tables (sql_move.h): tidemark_slots, a row a slot and a row a key that lies apart from its slot,
// and tidemark_shard, one row about all of them. A key's own row counts before its slot's.
//
// A read tells beside its rows under which epoch the shard answered, so that rows of a key that has
// moved meanwhile are known as such without a second question.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark::sqltext {

// The column that is added, and what it reads: null where the shard does not have the key. Its
// parameters are the slot and the key's part.
inline constexpr std::string_view kEpochColumn = "__tidemark_epoch";
inline constexpr std::string_view kEpochOfKey =
    "(SELECT CASE WHEN writable < 0 THEN NULL ELSE epoch END FROM tidemark_slots WHERE slot = ?";
inline constexpr std::string_view kKeyBeforeSlot = ") ORDER BY part DESC LIMIT 1)";

// Before a write, in one batch with it: fails, and the batch with it, where the key, of the slot ?1
// and the part ?2, is not written here. Its error has kMoved in it, which no statement of an app's
// says by accident.
inline constexpr std::string_view kWriteFence =
    "SELECT CASE WHEN (SELECT writable FROM tidemark_slots WHERE slot = ?1 AND part IN ('', ?2) "
    "ORDER BY part DESC LIMIT 1) = 1 THEN 1 ELSE json_extract('{}', 'tidemark: moved') END";
inline constexpr std::string_view kMoved = "tidemark: moved";

// Before a write to all shards: fails where a slot is about to go from here, or has just come.
inline constexpr std::string_view kWriteAllFence =
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM tidemark_slots WHERE writable = 0) "
    "THEN json_extract('{}', 'tidemark: moved') ELSE 1 END";

// Behind a write: what it changed itself. What triggers change beside, those too that log writes
// while slots move, a database counts as well.
inline constexpr std::string_view kAfterWrite = "SELECT changes() AS changes";

// Before a read, in one batch with it, where the read cannot tell: no row where the key, of the
// slot ?1 and the part ?2, is not read here.
inline constexpr std::string_view kReadFence =
    "SELECT epoch FROM (SELECT epoch, writable FROM tidemark_slots WHERE slot = ?1 "
    "AND part IN ('', ?2) ORDER BY part DESC LIMIT 1) WHERE writable >= 0";

// Before a read of all shards, in one batch with it. Over all of them the sums are those of all
// slots, as often as `parts` says, unless one went from one to the other in between.
inline constexpr std::string_view kShareFence = "SELECT slots, weight, parts FROM tidemark_shard";

// The part of a key that lies apart is this and the key.
inline constexpr std::string_view kKeyPrefix = "k";

struct Fenced {
  std::string sql;
  int parameter = 0;  // the slot's, from 1; the part's is the next
};

// Where rows of the key ?2, of the slot ?1, lie while any shard may have them: whether the shard
// has anything of the slot, whether it has such a row in `table`, and in any of the tables, each
// with the column that its rows are routed by.
std::string LocateSql(const std::map<std::string, std::string>& tables, std::string_view table);

// None for what is no plain SELECT: a compound one would have to be equal in that column too. Each
// parameter is written with its number, so that those of the statement stay what they are. Codes:
// those of reading a statement.
Result<std::optional<Fenced>> FenceRead(std::string_view sql);

}  // namespace tidemark::sqltext
