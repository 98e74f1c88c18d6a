// A move under way: each function here is one bounded piece of it, and may be run again after a
// death at any point. What a piece has done in the shards it leaves in the move's own fields, which
// are stored after it (move_tick.cc).

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "shards/move_rows.h"
#include "shards/move_schema.h"
#include "shards/move_state.h"

namespace tidemark::moves {

struct Mover {
  int64_t now_ms = 0;
  int64_t run = 0;      // counts them
  int64_t spent = 0;    // batches of it
  int64_t written = 0;  // those that write
  Move move;
  SlotTable table;
  Routes routes;
  ShardSchema schema;  // of the source
  Layout layout;
  bool limited = false;  // the layout is of the tables alone that the group's rows are in
};

// A batch on a shard, which reads. Codes: `unavailable` (503), and what the same batch will meet
// again (409): `refused`, and `rows_referenced` where one of its own checks failed.
Task<Result<ResultSets>> Send(Mover* mover, std::string shard, Texts texts);
// One that writes. It is refused where a later one has been: nobody waits for it any more.
Task<Result<ResultSets>> Change(Mover* mover, std::string shard, Texts texts);
// The same, whose rows do not matter. Without statements it does nothing.
Task<Status> Write(Mover* mover, std::string shard, Texts texts);

// move_log.cc
// Adds the triggers of a source, and the tables that they write to.
void AddTriggers(const Layout& layout, Texts* texts);
// What was written to a table, in its order: as much as is carried together.
struct Logged {
  std::vector<Row> rows;
  std::string last;   // its number
  bool more = false;  // behind it
};

// Adds two statements, of whose sets LoggedOf is.
void AddLogReads(const MovedTable& table, Texts* texts);
Result<Logged> LoggedOf(const ResultSet& last, const ResultSet& rows);
// What is done about what was written meanwhile: it is staged in the target, and then forgotten.
struct Carried {
  Texts staging;
  Texts forget;
  bool more = false;
};
// Adds the statements, three a table, of whose sets CarriedOf is.
void AddCarryReads(const Layout& layout, Texts* texts);
Result<Carried> CarriedOf(const Mover& mover, std::span<const ResultSet> sets);
Task<Status> Carry(Mover* mover, Carried carried);
// All of that. True where there may be more of it.
Task<Result<bool>> CarryLog(Mover* mover);

// move_copy.cc
// Installs the log and staging, without any that was left from before.
Task<Status> Begin(Mover* mover);
Task<Status> CopyPage(Mover* mover);
// Compares with staging, then goes on to a group of slots.
Task<Status> CatchUp(Mover* mover);
// Drops whatever moves have left in a shard.
Task<Status> CleanShard(Mover* mover, std::string shard);

// move_compare.cc
// Keys that lie apart from the group's slots.
struct KeysApart {
  // [slot, part, epoch, weight] of each: whoever has the slots says that they are elsewhere.
  nlohmann::json all = nlohmann::json::array();
  // Parts of those that lie in the source, and stay there.
  nlohmann::json staying = nlohmann::json::array();
};

Task<Result<KeysApart>> ReadKeysApart(Mover* mover);
// Freezes the group and compares its rows with staging; those are noted as the rows that go.
Task<Status> Compare(Mover* mover);
// Fails where rows that stay refer to rows that go.
void AddStayingChecks(const Layout& layout, Texts* texts);

// move_switch.cc
Task<Status> HandOver(Mover* mover);
Task<Status> Abandon(Mover* mover);
// Lets writes of the frozen group in again; it is taken up anew later.
Task<Status> Thaw(Mover* mover);
// Whether the group's rows are seen in the target.
Task<Result<bool>> IsUnveiled(Mover* mover);
// Leaves those tables in the layout that rows of the group are noted of.
Task<Status> LimitLayout(Mover* mover);
// Adds the statements that stage rows, whose keys are their slots.
void AddStaging(const MovedTable& table, const std::vector<Row>& rows, Texts* texts);
void AddUnstaging(const MovedTable& table, const std::string& from, const std::vector<Row>& rows,
                  Texts* texts);
// Those of rows that the move takes, with their slots for keys.
std::vector<Row> RowsOfSlots(const Mover& mover, std::vector<Row> rows);
Status CopyDiffers(const std::string& table);
Status TableChanged();  // the slot table, by another
inline constexpr std::string_view kTablesChanged = "tables_changed";
Status TablesChanged(const std::string& shard);

}  // namespace tidemark::moves
