// The fences of slots in the shards: of all at the first table, and of one that is added later.
//
// Before the first table each shard is looked through: a row whose slot another shard will own
// would be found by nobody.

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
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

// How far it has come: the shard, the table, and the place in it. As text: [shard, table, place].
struct Looked {
  size_t shard = 0;
  size_t table = 0;
  std::string place;
};

Looked LookedIn(const std::string& text) {
  Looked looked;
  const Result<nlohmann::json> tree = ParseTree(text, 1);
  if (!tree.ok() || !tree->is_array() || tree->size() != 3) return looked;
  const auto* shard = (*tree)[0].get_ptr<const uint64_t*>();
  const auto* table = (*tree)[1].get_ptr<const uint64_t*>();
  const auto* place = (*tree)[2].get_ptr<const std::string*>();
  if (shard == nullptr || table == nullptr || place == nullptr) return looked;
  return {static_cast<size_t>(*shard), static_cast<size_t>(*table), *place};
}

std::string TextOf(const Looked& looked) {
  return DumpTree(nlohmann::json::array({looked.shard, looked.table, looked.place}));
}

// The first row of a shard that is not its own. `shard` is its index, or none of the table's.
Task<Status> LookThrough(Mover* mover, std::string name, Looked* looked) {
  Result<ShardSchema> schema = co_await ReadSchema(name);
  if (!schema.ok()) co_return schema.status();
  Result<Layout> layout = co_await ReadLayout(name, &*schema, mover->routes);
  if (!layout.ok()) co_return layout.status();
  mover->spent += 2;
  while (looked->table < layout->tables.size()) {
    if (mover->spent >= limits::kSlotInstallBatches) {
      co_return Status::Error(503, "unavailable", "The rows are still looked through: ask again");
    }
    const MovedTable& table = layout->tables[looked->table];
    Shape places = table.source;
    places.columns.resize(places.places);
    Texts page;
    AddPage(places, looked->place, nullptr, &page);
    const Result<ResultSets> sets = co_await Send(mover, name, std::move(page));
    if (!sets.ok()) co_return sets.status();
    const Result<std::vector<Row>> rows = RowsOf(sets->front());
    if (!rows.ok()) co_return rows.status();
    for (const Row& row : *rows) {
      if (!row.routed || mover->table.slots[SlotOf(row.key)].shard == looked->shard) continue;
      co_return Status::Error(409, "rows_misplaced",
                              "The table " + table.name + " of " + name +
                                  " has the row of the key " + row.key + ", which belongs to " +
                                  mover->table.shards[mover->table.slots[SlotOf(row.key)].shard]);
    }
    looked->place = rows->empty() ? "" : rows->back().Place(places.places);
    if (rows->empty()) ++looked->table;
  }
  co_return Status();
}

void AddFences(Texts* texts, const SlotTable& table, size_t shard) {
  std::string slots = "[";
  for (size_t slot = 0; slot < kSlots; ++slot) {
    if (table.slots[slot].shard != shard) continue;
    slots += (slots.size() == 1 ? "[" : ",[") + std::to_string(slot) + "," +
             std::to_string(table.slots[slot].epoch) + "]";
  }
  for (const Sql& text : {sql::kCreateSlots, sql::kCreateShardSum, sql::kForgetSlots}) {
    texts->Add(std::string(text.text));
  }
  texts->Add(std::string(sql::kTakeSlots.text), {slots + "]", int64_t{1}});
  texts->Add(std::string(sql::kSumSlots.text));
}

Task<Status> InstallAll(Mover* mover, std::string pending) {
  const std::vector<std::string>& names = mover->table.shards;
  Looked looked = LookedIn(pending);
  for (; looked.shard < names.size(); looked = {looked.shard + 1, 0, ""}) {
    const Status status = co_await LookThrough(mover, names[looked.shard], &looked);
    if (status.ok()) continue;
    // Of a row that is in the way nothing is kept: it is looked for anew.
    const bool later = status.http_status() == 503;
    co_await Batch({WriteTableStatement(mover->table, false, later ? TextOf(looked) : "")});
    co_return status;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    Texts fences;
    AddFences(&fences, mover->table, i);
    const Status written = co_await Write(mover, names[i], std::move(fences));
    if (!written.ok()) co_return written;
  }
  co_await Batch({WriteTableStatement(mover->table, true, "")});
  co_return Status();
}

// An empty shard, with the tables of one that is not.
Task<Status> InstallOne(Mover* mover, std::string name) {
  Looked looked{.shard = kSlots, .table = 0, .place = {}};
  const Status empty = co_await LookThrough(mover, name, &looked);
  if (!empty.ok()) co_return empty;
  Result<ShardSchema> source =
      co_await ReadSchema(mover->table.shards[mover->table.slots[0].shard]);
  if (!source.ok()) co_return source.status();
  Result<ShardSchema> target = co_await ReadSchema(name);
  if (!target.ok()) co_return target.status();
  Result<std::vector<std::string>> missing = MissingTables(*source, *target);
  if (!missing.ok()) co_return missing.status();
  Texts texts;
  for (std::string& text : *missing) texts.Add(std::move(text));
  AddFences(&texts, mover->table, kSlots);
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
  ResultSets sets = co_await Batch({{sql::kReadSlotTable.text, {}}, {sql::kReadRoutes.text, {}}});
  SlotState state = SlotStateOf(sets[0]);
  Reply reply;
  if (!state.there) co_return reply;
  Mover mover{.now_ms = context.request.now_ms, .table = std::move(state.table)};
  for (const std::vector<Cell>& row : sets[1].rows) {
    mover.routes.emplace_back(existing::TextOf(row[0]), existing::TextOf(row[1]));
  }
  Status status;
  if (!state.installed) {
    status = co_await InstallAll(&mover, state.pending);
  } else if (!state.pending.empty()) {
    status = co_await InstallOne(&mover, state.pending);
  }
  if (!status.ok()) co_return CoordinatorError(status);
  co_return reply;
}

}  // namespace tidemark
