// The fences of slots in the shards: of all at the first table, and of one that is added later.
//
// Before the first table the shards are looked through. Where a row lies elsewhere than its slot,
// or there are too many rows to know, every shard has what it has of all slots, and moves gather
// each slot's rows in the shard that owns it.

#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/await.h"
#include "shards/coordinator_state.h"
#include "shards/existing_sql.h"
#include "shards/move_work.h"
#include "shards/operations.h"
#include "shards/slot_plan.h"
#include "shards/sql_move.h"

namespace tidemark {
namespace {

using namespace moves;  // NOLINT(google-build-using-namespace)

// Whether each row of a shard lies where its slot is, as far as so many batches tell. `shard` is
// its index in the table; none of the table's owns no slot.
Task<Result<bool>> InPlace(Mover* mover, const std::string* name, const Layout* layout,
                           size_t shard) {
  Texts asks;
  for (const MovedTable& table : layout->tables) {
    asks.Add(existing::FillSql(sql::kHasRows, {{"table", table.source.table}}));
  }
  if (asks.statements.empty()) co_return true;
  const Result<ResultSets> has = co_await Send(mover, *name, std::move(asks));
  if (!has.ok()) co_return has.status();
  for (size_t i = 0; i < layout->tables.size(); ++i) {
    if ((*has)[i].Integer(0, 0) == 0) continue;
    const MovedTable& table = layout->tables[i];
    Shape places = table.source;
    places.columns.resize(places.places);
    std::string place;
    for (bool more = true; more;) {
      if (mover->spent >= limits::kSlotInstallBatches) co_return false;
      Texts page;
      AddPage(places, place, {}, &page);
      const Result<ResultSets> sets = co_await Send(mover, *name, std::move(page));
      if (!sets.ok()) co_return sets.status();
      const Result<std::vector<Row>> rows = RowsOf(sets->front());
      if (!rows.ok()) co_return rows.status();
      for (const Row& row : *rows) {
        if (row.routed && mover->table.slots[SlotOf(row.key)].shard != shard) co_return false;
      }
      more = !rows->empty();
      if (more) place = rows->back().Place(places.places);
    }
  }
  co_return true;
}

// `all`: it has something of every slot.
void AddFences(Texts* texts, const SlotTable& table, size_t shard, bool all) {
  std::string parts;
  json::Writer out(&parts);
  out.Char('[');
  for (size_t slot = 0; slot < kSlots; ++slot) {
    if (!all && table.slots[slot].shard != shard) continue;
    out.Comma();
    out.Char('[');
    out.Integer(static_cast<int64_t>(slot));
    out.Raw(",\"\",");
    out.Integer(table.slots[slot].epoch);
    out.Char(',');
    out.Integer(SlotWeight(static_cast<uint16_t>(slot)));
    out.Char(']');
  }
  out.Char(']');
  for (const Sql& text : {sql::kCreateSlots, sql::kCreateShardSum, sql::kForgetSlots}) {
    texts->Add(std::string(text.text));
  }
  texts->Add(std::string(sql::kTakeParts.text), {std::move(out).Take(), int64_t{1}});
  const auto shards = static_cast<int64_t>(table.shards.size());
  texts->Add(std::string(sql::kSumParts.text), {all ? shards : int64_t{1}});
}

// What each shard has of each other's slots.
std::vector<Statement> GatheringMoves(const SlotTable& table, int64_t now_ms) {
  std::vector<Slots> owned(table.shards.size());
  for (size_t slot = 0; slot < kSlots; ++slot) {
    owned[table.slots[slot].shard].push_back(static_cast<uint16_t>(slot));
  }
  std::vector<Statement> added;
  for (size_t from = 0; from < owned.size(); ++from) {
    for (size_t to = 0; to < owned.size(); ++to) {
      if (from == to || owned[to].empty()) continue;
      const Move move{.from = table.shards[from],
                      .to = table.shards[to],
                      .slots = static_cast<int64_t>(owned[to].size()),
                      .gathers = true,
                      .left = owned[to]};
      added.push_back(
          {sql::kAddSlotMove.text, {move.from, move.to, move.slots, now_ms, WorkOf(move)}});
    }
  }
  return added;
}

Task<Status> InstallAll(Mover* mover) {
  SlotTable& table = mover->table;
  const std::vector<std::string>& names = table.shards;
  std::vector<ShardSchema> schemas;
  bool in_place = true;
  for (size_t i = 0; i < names.size(); ++i) {
    Result<ShardSchema> schema = co_await ReadSchema(names[i]);
    if (!schema.ok()) co_return schema.status();
    const Result<Layout> layout = co_await ReadLayout(names[i], &*schema, mover->routes, true);
    if (!layout.ok()) co_return layout.status();
    schemas.push_back(std::move(*schema));
    table.tables.insert(layout->routes.begin(), layout->routes.end());
    if (!in_place) continue;
    const Result<bool> looked = co_await InPlace(mover, &names[i], &*layout, i);
    if (!looked.ok()) co_return looked.status();
    in_place = *looked;
  }
  table.gathering = !in_place;
  for (size_t i = 0; i < names.size(); ++i) {
    Texts texts;
    ShardSchema target = schemas[i];
    for (const ShardSchema& source : schemas) {
      Result<std::vector<std::string>> missing = TakeTables(source, &target);
      if (!missing.ok()) co_return missing.status();
      for (std::string& text : *missing) texts.Add(std::move(text));
    }
    AddFences(&texts, table, i, table.gathering);
    const Status written = co_await Write(mover, names[i], std::move(texts));
    if (!written.ok()) co_return written;
  }
  std::vector<Statement> writes;
  if (table.gathering) writes = GatheringMoves(table, mover->now_ms);
  writes.push_back(WriteTableStatement(table, true, ""));
  co_await Batch(std::move(writes));
  if (table.gathering) co_await SetAlarm(mover->now_ms);
  co_return Status();
}

// An empty shard, with the tables of one that is not.
Task<Status> InstallOne(Mover* mover, std::string name) {
  Result<ShardSchema> target = co_await ReadSchema(name);
  if (!target.ok()) co_return target.status();
  const Result<Layout> layout = co_await ReadLayout(name, &*target, mover->routes, true);
  if (!layout.ok()) co_return layout.status();
  const Result<bool> empty = co_await InPlace(mover, &name, &*layout, kSlots);
  if (!empty.ok()) co_return empty.status();
  if (!*empty) {
    co_return Status::Error(409, "rows_misplaced",
                            "The shard " + name + " has rows: only an empty one is added");
  }
  Result<ShardSchema> source =
      co_await ReadSchema(mover->table.shards[mover->table.slots[0].shard]);
  if (!source.ok()) co_return source.status();
  Result<std::vector<std::string>> missing = TakeTables(*source, &*target);
  if (!missing.ok()) co_return missing.status();
  Texts texts;
  for (std::string& text : *missing) texts.Add(std::move(text));
  AddFences(&texts, mover->table, kSlots, false);
  const Status written = co_await Write(mover, name, std::move(texts));
  if (!written.ok()) co_return written;
  SlotState state = SlotStateOf(co_await Query(sql::kReadSlotTable));
  Check(state.there);
  const Status added = AddShardName(&state.table, name);
  if (!added.ok()) co_return added;
  co_await Batch({WriteTableStatement(state.table, true, "")});
  co_return Status();
}

}  // namespace

Task<Reply> InstallSlots(Context context) {
  ResultSets sets = co_await Batch({{sql::kReadSlotTable.text, {}},
                                    {sql::kReadRoutes.text, {}},
                                    {sql::kNextMoveRun.text, {context.request.now_ms}}});
  SlotState state = SlotStateOf(sets[0]);
  Reply reply;
  if (!state.there) co_return reply;
  Mover mover{.now_ms = context.request.now_ms,
              .run = sets[2].Integer(0, 0),
              .table = std::move(state.table)};
  for (const std::vector<Cell>& row : sets[1].rows) {
    mover.routes.emplace_back(existing::TextOf(row[0]), existing::TextOf(row[1]));
  }
  Status status;
  if (!state.installed) {
    status = co_await InstallAll(&mover);
  } else if (!state.pending.empty()) {
    status = co_await InstallOne(&mover, state.pending);
  }
  if (!status.ok()) co_return CoordinatorError(status);
  co_return reply;
}

}  // namespace tidemark
