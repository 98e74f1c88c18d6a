// A move under way: each function here is one bounded piece of it, and may be run again after a
// death at any point. What a piece has done in the shards it leaves in the move's own fields, which
// are stored after it (move_tick.cc).

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shards/move_rows.h"
#include "shards/move_schema.h"
#include "shards/move_state.h"

namespace tidemark::moves {

struct Mover {
  int64_t now_ms = 0;
  int64_t spent = 0;  // batches
  Move move;
  SlotTable table;
  Routes routes;
  ShardSchema schema;  // of the source
  Layout layout;
};

// A batch on a shard. Codes: `unavailable` (503), and what the same batch will meet again (409):
// `refused`, and `rows_referenced` where one of its own checks failed.
Task<Result<ResultSets>> Send(Mover* mover, std::string shard, Texts texts);
// The same, whose rows do not matter. Without statements it does nothing.
Task<Status> Write(Mover* mover, std::string shard, Texts texts);

// move_copy.cc
// Installs the log and staging, without any that was left from before.
Task<Status> Begin(Mover* mover);
Task<Status> CopyPage(Mover* mover);
// What was written meanwhile. True where there may be more of it.
Task<Result<bool>> CarryLog(Mover* mover);
// Compares with staging, then goes on to a group of slots.
Task<Status> CatchUp(Mover* mover);
// Drops whatever moves have left in a shard.
Task<Status> CleanShard(Mover* mover, std::string shard);

// move_switch.cc
Task<Status> Compare(Mover* mover);
Task<Status> HandOver(Mover* mover);
Task<Status> Abandon(Mover* mover);
// Lets writes of the frozen group in again; it is taken up anew later.
Task<Status> Thaw(Mover* mover);
// Fails where rows that stay refer to rows that go.
void AddStayingChecks(const Layout& layout, Texts* texts);

// Adds the statements that stage rows, whose keys are their slots.
void AddStaging(const MovedTable& table, const std::vector<Row>& rows, Texts* texts);
void AddUnstaging(const MovedTable& table, const std::string& from, const std::vector<Row>& rows,
                  Texts* texts);
// Those of rows that the move takes, with their slots for keys.
std::vector<Row> RowsOfSlots(const Mover& mover, std::vector<Row> rows);
Status CopyDiffers(const std::string& table);

}  // namespace tidemark::moves
