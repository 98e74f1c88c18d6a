// A group of slots, compared before, is handed over from the source to the target.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/json_tree.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/move_work.h"
#include "shards/sql_existing.h"
#include "shards/sql_move.h"

namespace tidemark::moves {
namespace {

using existing::FillSql;
using existing::Join;

// A migration changes a table or two; what changes them all the time is not outwaited.
constexpr int64_t kBeginningsMax = 10;

// How many of the group's parts a shard has.
Task<Result<int64_t>> CountParts(Mover* mover, std::string shard, std::string parts) {
  Texts texts;
  texts.Add(std::string(sql::kCountHeldParts.text), {std::move(parts)});
  const Result<ResultSets> sets = co_await Send(mover, std::move(shard), std::move(texts));
  if (!sets.ok()) co_return sets.status();
  co_return sets->front().Integer(0, 0);
}

// Both shards have the rows, and neither takes writes: nobody is led to the target yet. Refused
// where it was done before.
Task<Status> Unveil(Mover* mover) {
  const Move& move = mover->move;
  Texts texts;
  texts.Add(std::string(sql::kDeferKeys.text));
  if (!move.key.empty()) {
    texts.Add(std::string(sql::kForgetKeyApart.text), {int64_t{SlotOf(move.key)}, KeyPart(move)});
  }
  texts.Add(std::string(sql::kTakeParts.text), {TakenParts(move, mover->table), int64_t{0}});
  if (move.key.empty()) {
    const Result<KeysApart> apart = co_await ReadKeysApart(mover);
    if (!apart.ok()) co_return apart.status();
    if (!apart->all.empty()) {
      texts.Add(std::string(sql::kNoteKeysApart.text), {DumpTree(apart->all)});
    }
  }
  texts.Add(std::string(sql::kSumParts.text), {int64_t{0}});
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

// Refused where it was done before.
Task<Status> Remove(Mover* mover) {
  const Move& move = mover->move;
  const std::vector<MovedTable>& tables = mover->layout.tables;
  Texts texts;
  // One that arrives late must not meet what a later group has noted.
  texts.Add(std::string(sql::kCheckFrozen.text), {SourceParts(move)});
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
  for (const MovedTable& table : tables) {
    texts.Add(FillSql(sql::kForgetGone, {{"gone", table.gone}}));
  }
  if (move.key.empty()) {
    const Result<KeysApart> apart = co_await ReadKeysApart(mover);
    if (!apart.ok()) co_return apart.status();
    texts.Add(std::string(sql::kDropSlots.text), {SlotsJson(move.group), DumpTree(apart->staying)});
  } else {
    for (const Sql& text : {sql::kNoteKeyGone, sql::kDropKey}) {
      texts.Add(std::string(text.text), {int64_t{SlotOf(move.key)}, KeyPart(move)});
    }
  }
  texts.Add(std::string(sql::kSumParts.text), {int64_t{0}});
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
  if (!move.key.empty()) {
    const Sha256Digest digest = Sha256Of(move.key);
    const bool there = state.table.OwnerOf(digest).shard == to;
    const Status moved = there ? Status() : ApplyKeyMove(&state.table, digest, to);
    if (!moved.ok()) co_return moved;
  } else {
    for (const uint16_t slot : move.group) {
      if (state.table.slots[slot].shard == from) {
        ApplyMove(&state.table, {.slot = slot, .from = from, .to = to});
      }
    }
  }
  const ResultSet written = co_await Query(
      sql::kNextSlotTable, {state.table.version, WriteSlotTable(state.table), before});
  if (written.rows.empty()) co_return TableChanged();
  mover->table = std::move(state.table);
  co_return Status();
}

}  // namespace

Task<Result<bool>> IsUnveiled(Mover* mover) {
  const Move& move = mover->move;
  const Result<int64_t> parts =
      co_await CountParts(mover, move.to, TargetParts(move, mover->table));
  if (!parts.ok()) co_return parts.status();
  co_return *parts == static_cast<int64_t>(move.group.size());
}

Task<Status> LimitLayout(Mover* mover) {
  Texts list;
  list.Add(std::string(sql::kListOurs.text));
  const Result<ResultSets> found = co_await Send(mover, mover->move.from, std::move(list));
  if (!found.ok()) co_return found.status();
  std::set<std::string> ours;
  for (const std::vector<Cell>& row : found->front().rows) ours.insert(existing::TextOf(row[1]));
  std::vector<MovedTable>& tables = mover->layout.tables;
  std::erase_if(tables, [&](const MovedTable& table) { return !ours.contains(table.gone); });
  for (MovedTable& table : tables) table.references.clear();
  mover->limited = true;
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
    const Result<bool> before = co_await IsUnveiled(mover);
    if (!before.ok()) co_return before.status();
    if (*before) unveiled = Status();
    move.failing = !*before;
  }
  if (!unveiled.ok()) co_return unveiled;
  Status removed = co_await Remove(mover);
  if (!removed.ok() && removed.http_status() < 500) {
    const Result<int64_t> there = co_await CountParts(mover, move.from, SourceParts(move));
    if (!there.ok()) co_return there.status();
    if (*there == 0) removed = Status();
  }
  if (!removed.ok()) co_return removed;
  Texts texts;
  texts.Add(std::string(sql::kMarkParts.text), {TargetParts(move, mover->table), int64_t{1}});
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
  if (move.key.empty()) {
    texts.Add(std::string(sql::kMarkSlots.text), {SlotsJson(move.group), "[]", int64_t{1}});
  } else {
    texts.Add(std::string(sql::kMarkParts.text), {SourceParts(move), int64_t{1}});
  }
  // Whatever tables there are now.
  Texts list;
  list.Add(std::string(sql::kListOurs.text));
  const Result<ResultSets> ours = co_await Send(mover, move.from, std::move(list));
  if (!ours.ok()) co_return ours.status();
  for (const std::vector<Cell>& row : ours->front().rows) {
    const std::string name = existing::TextOf(row[1]);
    if (name.starts_with("tidemark_gone_")) {
      texts.Add(FillSql(sql::kForgetGone, {{"gone", name}}));
    }
  }
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
  const bool anew = move.error.starts_with(kTablesChanged) && move.begun < kBeginningsMax;
  move.state = anew ? kQueued : kFailed;
  co_return Status();
}

}  // namespace tidemark::moves
