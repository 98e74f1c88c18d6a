// Rows into staging: each table once, page by page, and whatever is written meanwhile.

#include <algorithm>
#include <array>
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

// The place's columns of a row that a trigger sees.
std::string Seen(const MovedTable& table, std::string_view as) { return table.source.Places(as); }

void AddLogging(const MovedTable& table, Texts* texts) {
  texts->Add(FillSql(sql::kCreateLog, {{"log", table.log}, {"keys", table.keys}}));
  texts->Add(FillSql(sql::kCreateGone, {{"gone", table.gone}, {"keys", table.keys}}));
  const auto add = [&](const Sql& text, std::string_view what) {
    texts->Add(FillSql(text, {{"trigger", table.Trigger(what)},
                              {"table", table.source.table},
                              {"log", table.log},
                              {"keys", table.keys},
                              {"new", Seen(table, "NEW.")},
                              {"old", Seen(table, "OLD.")}}));
  };
  add(sql::kLogInserts, "insert");
  add(sql::kLogUpdates, "update");
  add(sql::kLogDeletes, "delete");
}

// The log of a table, its number for a key.
std::string LogText(const MovedTable& table) {
  Shape shape{.table = table.log, .columns = {}, .places = table.stage.places, .key = {}};
  for (size_t i = 0; i < shape.places; ++i) shape.columns.push_back(table.stage.columns[i]);
  shape.key = sql::kLogNumber.text;
  return RowsText(shape,
                  FillSql(sql::kFirstLogged, {{"rows", std::to_string(limits::kSlotMoveLogRows)}}));
}

void NextTable(Move* move) {
  ++move->table;
  move->place.clear();
}

bool LastTable(const Mover& mover) {
  return mover.move.table >= static_cast<int64_t>(mover.layout.tables.size());
}

// Rows that are handed over in one batch, at most.
constexpr int64_t kSlotRowsMax = 50'000;

// A group of slots that are frozen together: as many as have so many rows, but one at least.
Task<Status> PickGroup(Mover* mover) {
  Texts texts;
  for (const MovedTable& table : mover->layout.tables) {
    texts.Add(FillSql(sql::kCountStage, {{"stage", table.stage.table}}));
  }
  std::array<int64_t, kSlots> rows = {};
  int64_t total = 0;
  if (!texts.statements.empty()) {
    Result<ResultSets> sets = co_await Send(mover, mover->move.to, std::move(texts));
    if (!sets.ok()) co_return sets.status();
    for (const ResultSet& set : *sets) {
      for (const std::vector<Cell>& row : set.rows) {
        const int64_t count = existing::IntegerOf(row[1]);
        rows[static_cast<size_t>(existing::IntegerOf(row[0])) % kSlots] += count;
        total += count;
      }
    }
  }
  Move& move = mover->move;
  if (move.total < 0) move.total = total;
  move.group.clear();
  int64_t taken = 0;
  for (const uint16_t slot : move.left) {
    taken += rows[slot];
    if (!move.group.empty() && taken > limits::kSlotMoveGroupRows) break;
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
  texts.Add(LogText(table));
  AddPage(table.source, move.place, nullptr, &texts);
  Result<ResultSets> sets = co_await Send(mover, move.from, std::move(texts));
  if (!sets.ok()) co_return sets.status();
  const Result<std::vector<Row>> logged = RowsOf((*sets)[0]);
  Result<std::vector<Row>> read = RowsOf((*sets)[1]);
  if (!logged.ok()) co_return logged.status();
  if (!read.ok()) co_return read.status();
  if (static_cast<int64_t>(logged->size()) == limits::kSlotMoveLogRows) {
    const Result<bool> carried = co_await CarryLog(mover);
    co_return carried.ok() ? Status() : carried.status();
  }
  if (read->empty()) {
    NextTable(&move);
    co_return Status();
  }
  const std::string place = read->back().Place(table.source.places);
  std::set<std::string> skipped;
  for (const Row& row : *logged) skipped.insert(row.Place(table.source.places));
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

Task<Status> Write(Mover* mover, std::string shard, Texts texts) {
  if (texts.statements.empty()) co_return Status();
  const Result<ResultSets> sets = co_await Send(mover, std::move(shard), std::move(texts));
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
  std::erase_if(rows, [&](Row& row) {
    if (!row.routed) return true;
    const uint16_t slot = SlotOf(row.key);
    row.key = std::to_string(slot);
    return !std::binary_search(left.begin(), left.end(), slot);
  });
  return rows;
}

Status CopyDiffers(const std::string& table) {
  return Status::Error(409, "copy_differs",
                       "Rows of the table " + table + " are not the same in both shards");
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

Task<Status> Begin(Mover* mover) {
  Move& move = mover->move;
  // Some may have gone elsewhere since it was planned.
  std::erase_if(move.left, [&](uint16_t slot) {
    return mover->table.shards[mover->table.slots[slot].shard] != move.from;
  });
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
  const Result<Layout> refused = co_await ReadLayout(move.to, &*target, mover->routes);
  if (!refused.ok()) co_return refused.status();
  Result<std::vector<std::string>> missing = MissingTables(mover->schema, *target);
  if (!missing.ok()) co_return missing.status();
  Texts staging;
  for (const Sql& text : {sql::kCreateSlots, sql::kCreateShardSum, sql::kSumSlots}) {
    staging.Add(std::string(text.text));
  }
  for (std::string& text : *missing) staging.Add(std::move(text));
  Texts logging;
  for (const MovedTable& table : mover->layout.tables) {
    const std::string& stage = table.stage.table;
    staging.Add(
        FillSql(sql::kCreateStage,
                {{"stage", stage}, {"columns", table.stage.Columns()}, {"keys", table.keys}}));
    staging.Add(FillSql(sql::kIndexStage, {{"stage", stage}, {"index", stage + "_slot"}}));
    AddLogging(table, &logging);
  }
  Status written = co_await Write(mover, move.to, std::move(staging));
  if (written.ok()) written = co_await Write(mover, move.from, std::move(logging));
  if (!written.ok()) co_return written;
  move.state = kCopying;
  move.table = 0;
  move.place.clear();
  move.copied = 0;
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
    co_return Status();
  }
  const MovedTable& table = mover->layout.tables[static_cast<size_t>(move.table)];
  Texts page;
  AddPage(table.source, move.place, nullptr, &page);
  const Result<ResultSets> sets = co_await Send(mover, move.from, std::move(page));
  if (!sets.ok()) co_return sets.status();
  Result<std::vector<Row>> read = RowsOf(sets->front());
  if (!read.ok()) co_return read.status();
  if (read->empty()) {
    NextTable(&move);
    co_return Status();
  }
  const std::string place = read->back().Place(table.source.places);
  const std::vector<Row> rows = RowsOfSlots(*mover, std::move(*read));
  Texts staging;
  AddStaging(table, rows, &staging);
  const Status staged = co_await Write(mover, move.to, std::move(staging));
  if (!staged.ok()) co_return staged;
  move.copied += static_cast<int64_t>(rows.size());
  move.place = place;
  co_return Status();
}

Task<Result<bool>> CarryLog(Mover* mover) {
  const std::vector<MovedTable>& tables = mover->layout.tables;
  Texts heads;
  for (const MovedTable& table : tables) heads.Add(LogText(table));
  if (heads.statements.empty()) co_return false;
  const Result<ResultSets> logs = co_await Send(mover, mover->move.from, std::move(heads));
  if (!logs.ok()) co_return logs.status();
  bool more = false;
  std::vector<size_t> written;
  Texts reads;
  Texts staging;
  Texts forget;
  for (size_t i = 0; i < tables.size(); ++i) {
    const Result<std::vector<Row>> logged = RowsOf((*logs)[i]);
    if (!logged.ok()) co_return logged.status();
    if (logged->empty()) continue;
    more = more || static_cast<int64_t>(logged->size()) == limits::kSlotMoveLogRows;
    written.push_back(i);
    const MovedTable& table = tables[i];
    const std::string& last = logged->back().key;
    const std::string which =
        FillSql(sql::kLogged,
                {{"place", table.source.Places("s.")}, {"keys", table.keys}, {"log", table.log}});
    reads.Add(RowsText(table.source, which), {last});
    forget.Add(FillSql(sql::kForgetLogged, {{"log", table.log}}), {last});
    AddUnstaging(table, table.stage.table, *logged, &staging);
  }
  if (written.empty()) co_return false;
  const Result<ResultSets> found = co_await Send(mover, mover->move.from, std::move(reads));
  if (!found.ok()) co_return found.status();
  for (size_t i = 0; i < written.size(); ++i) {
    Result<std::vector<Row>> rows = RowsOf((*found)[i]);
    if (!rows.ok()) co_return rows.status();
    AddStaging(tables[written[i]], RowsOfSlots(*mover, std::move(*rows)), &staging);
  }
  Status written_there = co_await Write(mover, mover->move.to, std::move(staging));
  if (written_there.ok()) {
    written_there = co_await Write(mover, mover->move.from, std::move(forget));
  }
  if (!written_there.ok()) co_return written_there;
  co_return more;
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
