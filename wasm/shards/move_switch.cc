// A group of slots from the source to the target: frozen, compared row by row, and handed over.

#include <algorithm>
#include <map>
#include <utility>

#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/move_work.h"
#include "shards/sql_existing.h"
#include "shards/sql_move.h"

namespace tidemark::moves {
namespace {

using existing::FillSql;
using existing::Join;
using existing::QuoteName;

// Columns of the place, with a prefix: of staging, the log and rows that go.
std::string Keys(const MovedTable& table, std::string_view prefix) {
  return table.stage.Places(prefix);
}

Task<Status> Freeze(Mover* mover) {
  Move& move = mover->move;
  Texts texts;
  texts.Add(std::string(sql::kMarkSlots.text), {SlotsJson(move.group), int64_t{0}});
  for (const MovedTable& table : mover->layout.tables) {
    texts.Add(FillSql(sql::kForgetGone, {{"gone", table.gone}}));
  }
  const Status frozen = co_await Write(mover, move.from, std::move(texts));
  if (!frozen.ok()) co_return frozen;
  const Result<bool> more = co_await CarryLog(mover);
  if (!more.ok()) co_return more.status();
  if (!*more) move.table = 0;
  co_return Status();
}

Task<Result<int64_t>> CountSlots(Mover* mover, std::string shard) {
  Texts texts;
  texts.Add(std::string(sql::kCountSlots.text), {SlotsJson(mover->move.group)});
  const Result<ResultSets> sets = co_await Send(mover, std::move(shard), std::move(texts));
  if (!sets.ok()) co_return sets.status();
  co_return sets->front().Integer(0, 0);
}

// Both shards have the rows, and neither takes writes: nobody is led to the target yet.
Task<Status> Unveil(Mover* mover) {
  const Move& move = mover->move;
  const Result<int64_t> there = co_await CountSlots(mover, move.to);
  if (!there.ok()) co_return there.status();
  if (*there == static_cast<int64_t>(move.group.size())) co_return Status();
  std::string taken;
  for (const uint16_t slot : move.group) {
    taken += (taken.empty() ? "[[" : ",[") + std::to_string(slot) + "," +
             std::to_string(mover->table.slots[slot].epoch + 1) + "]";
  }
  Texts texts;
  texts.Add(std::string(sql::kDeferKeys.text));
  texts.Add(std::string(sql::kTakeSlots.text), {taken + "]", int64_t{0}});
  texts.Add(std::string(sql::kSumSlots.text));
  for (const MovedTable& table : mover->layout.tables) {
    const auto begin = static_cast<ptrdiff_t>(table.stage.places);
    const std::vector<std::string> columns(table.source.columns.begin() + begin,
                                           table.source.columns.end());
    const std::vector<std::string> cells(table.stage.columns.begin() + begin,
                                         table.stage.columns.end());
    texts.Add(FillSql(sql::kUnveilRows, {{"table", table.source.table},
                                         {"columns", Join(columns)},
                                         {"cells", Join(cells)},
                                         {"stage", table.stage.table}}),
              {SlotsJson(move.group)});
  }
  co_return co_await Write(mover, move.to, std::move(texts));
}

Task<Status> Remove(Mover* mover) {
  const Move& move = mover->move;
  const Result<int64_t> there = co_await CountSlots(mover, move.from);
  if (!there.ok()) co_return there.status();
  if (*there == 0) co_return Status();
  const std::vector<MovedTable>& tables = mover->layout.tables;
  Texts texts;
  // One that arrives late must not meet what a later group has noted.
  texts.Add(std::string(sql::kCheckFrozen.text), {SlotsJson(move.group)});
  texts.Add(std::string(sql::kDeferKeys.text));
  AddStayingChecks(mover->layout, &texts);
  for (size_t i = tables.size(); i-- > 0;) {
    texts.Add(FillSql(sql::kDeleteGone, {{"table", tables[i].source.table},
                                         {"place", tables[i].source.Places("s.")},
                                         {"keys", tables[i].keys},
                                         {"gone", tables[i].gone}}));
  }
  for (const MovedTable& table : tables) {
    texts.Add(FillSql(sql::kForgetGoneLog,
                      {{"log", table.log}, {"keys", table.keys}, {"gone", table.gone}}));
  }
  texts.Add(std::string(sql::kDropSlots.text), {SlotsJson(move.group)});
  texts.Add(std::string(sql::kSumSlots.text));
  co_return co_await Write(mover, move.from, std::move(texts));
}

// In the table of the coordinator, whoever changed it meanwhile.
Task<Status> Record(Mover* mover) {
  const Move& move = mover->move;
  SlotState state = SlotStateOf(co_await Query(sql::kReadSlotTable));
  Check(state.there);
  const int64_t before = state.table.version;
  const auto at = [&](const std::string& name) {
    const auto& names = state.table.shards;
    return static_cast<uint16_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  const uint16_t from = at(move.from);
  const uint16_t to = at(move.to);
  for (const uint16_t slot : move.group) {
    if (state.table.slots[slot].shard == from) {
      ApplyMove(&state.table, {.slot = slot, .from = from, .to = to});
    }
  }
  const ResultSet written = co_await Query(
      sql::kNextSlotTable, {state.table.version, WriteSlotTable(state.table), before});
  if (written.rows.empty()) {
    co_return Status::Error(503, "unavailable", "The slot table was written to meanwhile");
  }
  mover->table = std::move(state.table);
  co_return Status();
}

}  // namespace

void AddStayingChecks(const Layout& layout, Texts* texts) {
  for (const MovedTable& parent : layout.tables) {
    for (const Reference& reference : parent.references) {
      const MovedTable& child = layout.tables[reference.child];
      std::string pairs;
      for (const auto& [from, to] : reference.columns) {
        if (!pairs.empty()) pairs += " AND ";
        // In this order: the parent's column says how they compare.
        pairs += "s." + QuoteName(to) + " = c." + QuoteName(from);
      }
      texts->Add(FillSql(sql::kCheckStaying, {{"gone", parent.gone},
                                              {"table", parent.source.table},
                                              {"child", child.source.table},
                                              {"place", parent.source.Places("s.")},
                                              {"gone_keys", Keys(parent, "g.")},
                                              {"pairs", pairs},
                                              {"child_gone", child.gone},
                                              {"child_keys", Keys(child, "x.")},
                                              {"child_place", child.source.Places("+c.")}}));
    }
  }
}

Task<Status> Compare(Mover* mover) {
  Move& move = mover->move;
  if (move.table < 0) co_return co_await Freeze(mover);
  if (move.table >= static_cast<int64_t>(mover->layout.tables.size())) {
    Texts checks;
    AddStayingChecks(mover->layout, &checks);
    const Status free = co_await Write(mover, move.from, std::move(checks));
    if (!free.ok()) co_return free;
    move.state = kSwitched;
    co_return Status();
  }
  const MovedTable& table = mover->layout.tables[static_cast<size_t>(move.table)];
  const std::string group = SlotsJson(move.group);
  Texts page;
  AddPage(table.stage, move.place, &group, &page);
  const Result<ResultSets> staged = co_await Send(mover, move.to, std::move(page));
  if (!staged.ok()) co_return staged.status();
  const Result<std::vector<Row>> rows = RowsOf(staged->front());
  if (!rows.ok()) co_return rows.status();
  if (rows->empty()) {
    ++move.table;
    move.place.clear();
    co_return Status();
  }
  Texts notes;
  AddTuples({.sql = &sql::kNoteGone,
             .names = {{"gone", table.gone}, {"keys", table.keys}},
             .cells = table.stage.places},
            *rows, &notes);
  const size_t reads = notes.statements.size();
  AddAtPlaces(table.source, *rows, &notes);
  const Result<ResultSets> found = co_await Send(mover, move.from, std::move(notes));
  if (!found.ok()) co_return found.status();
  std::map<std::string, Row> there;
  for (size_t i = reads; i < found->size(); ++i) {
    Result<std::vector<Row>> read = RowsOf((*found)[i]);
    if (!read.ok()) co_return read.status();
    for (Row& row : *read) there.emplace(row.Place(table.source.places), std::move(row));
  }
  std::vector<Row> gone;  // replaced by others, which no trigger sees
  for (const Row& row : *rows) {
    const auto same = there.find(row.Place(table.stage.places));
    if (same == there.end()) {
      gone.push_back(row);
    } else if (same->second.Digest() != row.Digest() || !same->second.routed ||
               std::to_string(SlotOf(same->second.key)) != row.key) {
      co_return CopyDiffers(table.name);
    }
  }
  Texts unnote;
  Texts unstage;
  AddUnstaging(table, table.gone, gone, &unnote);
  AddUnstaging(table, table.stage.table, gone, &unstage);
  Status taken = co_await Write(mover, move.from, std::move(unnote));
  if (taken.ok()) taken = co_await Write(mover, move.to, std::move(unstage));
  if (!taken.ok()) co_return taken;
  move.place = rows->back().Place(table.stage.places);
  co_return Status();
}

Task<Status> HandOver(Mover* mover) {
  Move& move = mover->move;
  if (move.group.empty()) {
    for (const std::string& shard : {move.from, move.to}) {
      const Status cleaned = co_await CleanShard(mover, shard);
      if (!cleaned.ok()) co_return cleaned;
    }
    move.state = kCleaned;
    co_return Status();
  }
  Status unveiled = co_await Unveil(mover);
  if (!unveiled.ok() && unveiled.http_status() < 500) {
    // It may be refused because an earlier one, whose answer was lost, has done it meanwhile.
    const Result<int64_t> there = co_await CountSlots(mover, move.to);
    if (!there.ok()) co_return there.status();
    if (*there == static_cast<int64_t>(move.group.size())) unveiled = Status();
    move.failing = !unveiled.ok();
  }
  if (!unveiled.ok()) co_return unveiled;
  const Status removed = co_await Remove(mover);
  if (!removed.ok()) co_return removed;
  Texts texts;
  texts.Add(std::string(sql::kMarkSlots.text), {SlotsJson(move.group), int64_t{1}});
  for (const MovedTable& table : mover->layout.tables) {
    texts.Add(FillSql(sql::kUnstageSlots, {{"stage", table.stage.table}}), {SlotsJson(move.group)});
  }
  const Status open = co_await Write(mover, move.to, std::move(texts));
  if (!open.ok()) co_return open;
  const Status recorded = co_await Record(mover);
  if (!recorded.ok()) co_return recorded;
  std::erase_if(move.left, [&](uint16_t slot) {
    return std::binary_search(move.group.begin(), move.group.end(), slot);
  });
  move.group.clear();
  if (!move.left.empty()) move.state = kCatchingUp;
  co_return Status();
}

Task<Status> Thaw(Mover* mover) {
  Move& move = mover->move;
  if (move.group.empty()) co_return Status();
  Texts texts;
  texts.Add(std::string(sql::kMarkSlots.text), {SlotsJson(move.group), int64_t{1}});
  const Status thawed = co_await Write(mover, move.from, std::move(texts));
  if (!thawed.ok()) co_return thawed;
  move.group.clear();
  move.state = kCatchingUp;
  co_return Status();
}

Task<Status> Abandon(Mover* mover) {
  Move& move = mover->move;
  const Status thawed = co_await Thaw(mover);
  if (!thawed.ok()) co_return thawed;
  for (const std::string& shard : {move.from, move.to}) {
    const Status cleaned = co_await CleanShard(mover, shard);
    if (!cleaned.ok()) co_return cleaned;
  }
  move.failing = false;
  move.state = kFailed;
  co_return Status();
}

}  // namespace tidemark::moves
