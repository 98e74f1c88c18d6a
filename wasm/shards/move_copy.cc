// Rows into staging: each table once, page by page, and whatever is written meanwhile.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/move_work.h"
#include "shards/sql_move.h"

namespace tidemark::moves {
namespace {

using existing::FillSql;
using existing::QuoteName;
using existing::TextOf;

void NextTable(Move* move) {
  ++move->table;
  move->place.clear();
}

bool LastTable(const Mover& mover) {
  return mover.move.table >= static_cast<int64_t>(mover.layout.tables.size());
}

// Slots that have no rows cost as much to hand over, and keep few waiting.
constexpr size_t kEmptiesPer = 4;

// Rows that are handed over in one batch, at most.
constexpr int64_t kSlotRowsMax = 50'000;

// Slots that are frozen together: few that have rows, and as many as have so many, but one at
// least.
Task<Status> PickGroup(Mover* mover) {
  Move& move = mover->move;
  const int64_t most_rows = move.wide ? kSlotRowsMax : limits::kSlotMoveGroupRows;
  const size_t most_slots =
      std::min(move.left.size(), move.wide ? kSlots : kEmptiesPer * limits::kSlotMoveGroupSlots);
  const Slots next(move.left.begin(), move.left.begin() + static_cast<ptrdiff_t>(most_slots));
  Texts texts;
  for (const MovedTable& table : mover->layout.tables) {
    texts.Add(FillSql(sql::kCountStage, {{"stage", table.stage.table}}), {SlotsJson(next)});
  }
  std::map<uint16_t, int64_t> rows;
  if (!texts.statements.empty()) {
    Result<ResultSets> sets = co_await Send(mover, move.to, std::move(texts));
    if (!sets.ok()) co_return sets.status();
    for (const ResultSet& set : *sets) {
      for (const std::vector<Cell>& row : set.rows) {
        rows[static_cast<uint16_t>(existing::IntegerOf(row[0]))] += existing::IntegerOf(row[1]);
      }
    }
  }
  move.group.clear();
  int64_t taken = 0;
  size_t filled = 0;
  for (const uint16_t slot : next) {
    taken += rows[slot];
    filled += rows[slot] > 0 ? 1 : 0;
    const bool full = taken > most_rows || (!move.wide && filled > limits::kSlotMoveGroupSlots);
    if (!move.group.empty() && full) break;
    move.group.push_back(slot);
  }
  const int64_t most = rows[move.group.front()];
  if (most > kSlotRowsMax) {
    co_return Status::Error(409, "slot_too_large",
                            "The slot " + std::to_string(move.group.front()) + " has " +
                                std::to_string(most) + " rows: at most 50,000 move at once");
  }
  move.state = kFenced;
  move.table = -1;
  move.place.clear();
  co_return Status();
}

// A page of the source against staging. What is in the log will be carried and compared later.
Task<Status> CheckPage(Mover* mover) {
  Move& move = mover->move;
  const MovedTable& table = mover->layout.tables[static_cast<size_t>(move.table)];
  Texts texts;
  AddLogReads(table, &texts);
  AddPage(table.source, move.place, {.key = move.key}, &texts);
  Result<ResultSets> sets = co_await Send(mover, move.from, std::move(texts));
  if (!sets.ok()) co_return sets.status();
  const Result<Logged> logged = LoggedOf((*sets)[0], (*sets)[1]);
  Result<std::vector<Row>> read = RowsOf((*sets)[2]);
  if (!logged.ok()) co_return logged.status();
  if (!read.ok()) co_return read.status();
  if (logged->more) {
    const Result<bool> carried = co_await CarryLog(mover);
    co_return carried.ok() ? Status() : carried.status();
  }
  if (read->empty()) {
    NextTable(&move);
    co_return Status();
  }
  const std::string place = read->back().Place(table.source.places);
  std::set<std::string> skipped;
  for (const Row& row : logged->rows) skipped.insert(row.Place(table.source.places));
  const std::vector<Row> rows = RowsOfSlots(*mover, std::move(*read));
  std::map<std::string, Sha256Digest> staged;
  if (!rows.empty()) {
    Texts reads;
    AddAtPlaces(table.stage, rows, &reads);
    Result<ResultSets> found = co_await Send(mover, move.to, std::move(reads));
    if (!found.ok()) co_return found.status();
    for (const ResultSet& set : *found) {
      const Result<std::vector<Row>> there = RowsOf(set);
      if (!there.ok()) co_return there.status();
      for (const Row& row : *there) staged[row.Place(table.stage.places)] = row.Digest();
    }
  }
  for (const Row& row : rows) {
    const std::string at = row.Place(table.source.places);
    const auto found = staged.find(at);
    if (skipped.contains(at) || (found != staged.end() && found->second == row.Digest())) continue;
    co_return CopyDiffers(table.name);
  }
  move.place = place;
  co_return Status();
}

}  // namespace

Task<Result<ResultSets>> Send(Mover* mover, std::string shard, Texts texts) {
  ++mover->spent;
  std::variant<ResultSets, Failure> answer =
      co_await D1(std::move(shard), std::move(texts.statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    if (failure->code == "moved") {
      co_return Status::Error(409, "rows_referenced",
                              "Rows of slots that stay refer to rows that would go");
    }
    co_return existing::StatusOf(*failure);
  }
  co_return std::move(*std::get_if<ResultSets>(&answer));
}

Task<Result<ResultSets>> Change(Mover* mover, std::string shard, Texts texts) {
  const std::vector<Statement> order = {{sql::kCreateOrder.text, {}},
                                        {sql::kKeepOrder.text, {mover->run, ++mover->written}}};
  texts.statements.insert(texts.statements.begin(), order.begin(), order.end());
  Result<ResultSets> sets = co_await Send(mover, std::move(shard), std::move(texts));
  if (sets.ok()) sets->erase(sets->begin(), sets->begin() + std::ssize(order));
  co_return sets;
}

Task<Status> Write(Mover* mover, std::string shard, Texts texts) {
  if (texts.statements.empty()) co_return Status();
  const Result<ResultSets> sets = co_await Change(mover, std::move(shard), std::move(texts));
  co_return sets.ok() ? Status() : sets.status();
}

void AddStaging(const MovedTable& table, const std::vector<Row>& rows, Texts* texts) {
  AddTuples({.sql = &sql::kPutInStage,
             .names = {{"stage", table.stage.table}, {"columns", table.stage.Columns()}},
             .cells = table.stage.columns.size(),
             .slots = true},
            rows, texts);
}

void AddUnstaging(const MovedTable& table, const std::string& from, const std::vector<Row>& rows,
                  Texts* texts) {
  AddTuples({.sql = &sql::kUnstageRows,
             .names = {{"stage", from}, {"keys", table.keys}},
             .cells = table.stage.places},
            rows, texts);
}

std::vector<Row> RowsOfSlots(const Mover& mover, std::vector<Row> rows) {
  const Slots& left = mover.move.left;
  const std::string& only = mover.move.key;
  std::erase_if(rows, [&](Row& row) {
    if (!row.routed || (!only.empty() && row.key != only)) return true;
    const Sha256Digest digest = Sha256Of(row.key);
    if (only.empty() && mover.table.IsApart(digest)) return true;
    const uint16_t slot = SlotOfDigest(digest);
    row.key = std::to_string(slot);
    return !std::binary_search(left.begin(), left.end(), slot);
  });
  return rows;
}

Status CopyDiffers(const std::string& table) {
  return Status::Error(409, "copy_differs",
                       "Rows of the table " + table + " are not the same in both shards");
}

Status TableChanged() {
  return Status::Error(503, "unavailable", "The slot table was written to meanwhile");
}

Status TablesChanged(const std::string& shard) {
  return Status::Error(409, kTablesChanged,
                       "The tables of " + shard + " were changed while rows were moved");
}

Task<Status> CleanShard(Mover* mover, std::string shard) {
  Texts list;
  list.Add(std::string(sql::kListOurs.text));
  const Result<ResultSets> found = co_await Send(mover, shard, std::move(list));
  if (!found.ok()) co_return found.status();
  Texts drops;
  for (const std::vector<Cell>& row : found->front().rows) {
    const bool trigger = TextOf(row[0]) == "trigger";
    drops.Add(FillSql(trigger ? sql::kDropTrigger : sql::kDropOurs,
                      {{"name", QuoteName(TextOf(row[1]))}}));
  }
  co_return co_await Write(mover, shard, std::move(drops));
}

// Where tables have come since, or are routed otherwise, the slot table says so.
Task<Status> NoteTables(Mover* mover) {
  SlotTable& table = mover->table;
  std::map<std::string, std::string> tables = table.tables;
  for (const auto& [name, column] : mover->layout.routes) tables[name] = column;
  if (tables == table.tables) co_return Status();
  const int64_t before = table.version++;
  table.tables = std::move(tables);
  const ResultSet written =
      co_await Query(sql::kNextSlotTable, {table.version, WriteSlotTable(table), before});
  co_return written.rows.empty() ? TableChanged() : Status();
}

Task<Status> Begin(Mover* mover) {
  Move& move = mover->move;
  const Status noted = co_await NoteTables(mover);
  if (!noted.ok()) co_return noted;
  // Some may have gone elsewhere since it was planned.
  const auto lies = [&](SlotOwner owner, const std::string& shard) {
    return mover->table.shards[owner.shard] == shard;
  };
  if (!move.key.empty()) {
    if (!lies(mover->table.OwnerOf(move.key), move.from)) move.left.clear();
  } else {
    std::erase_if(move.left, [&](uint16_t slot) {
      return !lies(mover->table.slots[slot], move.gathers ? move.to : move.from);
    });
  }
  if (move.left.empty()) {
    move.state = kCleaned;
    co_return Status();
  }
  for (const std::string& shard : {move.from, move.to}) {
    const Status cleaned = co_await CleanShard(mover, shard);
    if (!cleaned.ok()) co_return cleaned;
  }
  Result<ShardSchema> target = co_await ReadSchema(move.to);
  if (!target.ok()) co_return target.status();
  const Result<Layout> refused = co_await ReadLayout(move.to, &*target, mover->routes, true);
  if (!refused.ok()) co_return refused.status();
  Result<std::vector<std::string>> missing = TakeTables(mover->schema, &*target);
  if (!missing.ok()) co_return missing.status();
  Texts staging;
  for (std::string& text : *missing) staging.Add(std::move(text));
  Texts logging;
  for (const MovedTable& table : mover->layout.tables) {
    const std::string& stage = table.stage.table;
    staging.Add(
        FillSql(sql::kCreateStage,
                {{"stage", stage}, {"columns", table.stage.Columns()}, {"keys", table.keys}}));
    staging.Add(FillSql(sql::kIndexStage, {{"stage", stage}, {"index", stage + "_slot"}}));
  }
  AddTriggers(mover->layout, &logging);
  Status written = co_await Write(mover, move.to, std::move(staging));
  if (written.ok()) written = co_await Write(mover, move.from, std::move(logging));
  if (!written.ok()) co_return written;
  ++move.begun;
  move.state = kCopying;
  move.table = 0;
  move.place.clear();
  move.copied = 0;
  move.stayed = 0;
  move.total = -1;
  move.checked = false;
  move.schema = mover->layout.digest;
  co_return Status();
}

Task<Status> CopyPage(Mover* mover) {
  Move& move = mover->move;
  if (LastTable(*mover)) {
    move.state = kCatchingUp;
    move.table = 0;
    move.place.clear();
    move.total = move.copied;
    co_return Status();
  }
  const MovedTable& table = mover->layout.tables[static_cast<size_t>(move.table)];
  Texts page;
  AddPage(table.source, move.place, {.key = move.key}, &page);
  const Result<ResultSets> sets = co_await Send(mover, move.from, std::move(page));
  if (!sets.ok()) co_return sets.status();
  Result<std::vector<Row>> read = RowsOf(sets->front());
  if (!read.ok()) co_return read.status();
  if (read->empty()) {
    NextTable(&move);
    co_return Status();
  }
  const std::string place = read->back().Place(table.source.places);
  if (move.key.empty()) {
    move.stayed +=
        std::count_if(read->begin(), read->end(), [](const Row& row) { return !row.routed; });
  }
  const std::vector<Row> rows = RowsOfSlots(*mover, std::move(*read));
  Texts staging;
  AddStaging(table, rows, &staging);
  const Status staged = co_await Write(mover, move.to, std::move(staging));
  if (!staged.ok()) co_return staged;
  move.copied += static_cast<int64_t>(rows.size());
  move.place = place;
  co_return Status();
}

Task<Status> CatchUp(Mover* mover) {
  Move& move = mover->move;
  if (!move.checked && !LastTable(*mover)) co_return co_await CheckPage(mover);
  move.checked = true;
  const Result<bool> more = co_await CarryLog(mover);
  if (!more.ok()) co_return more.status();
  if (!*more) co_return co_await PickGroup(mover);
  co_return Status();
}

}  // namespace tidemark::moves
