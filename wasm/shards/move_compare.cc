// A group of slots is frozen in the source, and each of its rows compared with staging. Writes wait
// meanwhile, so a group of few rows takes few batches.

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/json_tree.h"
#include "shards/existing_sql.h"
#include "shards/move_work.h"
#include "shards/sql_move.h"

namespace tidemark::moves {
namespace {

using existing::FillSql;
using existing::QuoteName;

// Columns of the place, with a prefix: of staging, the log and rows that go.
std::string Keys(const MovedTable& table, std::string_view prefix) {
  return table.stage.Places(prefix);
}

// Keys of the slots that are not apart from them any more are frozen too, those that stay are not.
void AddFreeze(const Mover& mover, const KeysApart& apart, Texts* texts) {
  const Move& move = mover.move;
  if (move.key.empty()) {
    texts->Add(std::string(sql::kMarkSlots.text),
               {SlotsJson(move.group), DumpTree(apart.staying), int64_t{0}});
  } else {
    const Sha256Digest digest = Sha256Of(move.key);
    texts->Add(std::string(sql::kFreezeKey.text),
               {int64_t{SlotOfDigest(digest)}, KeyPart(move),
                int64_t{mover.table.OwnerOf(digest).epoch}, KeyWeight(digest)});
  }
  for (const MovedTable& table : mover.layout.tables) {
    texts->Add(FillSql(sql::kForgetGone, {{"gone", table.gone}}));
  }
}

// Adds statements that note staged rows as those that go, and that read them as the source has
// them. The number of the first that reads.
size_t AddNotes(const MovedTable& table, const std::vector<Row>& staged, Texts* texts) {
  AddTuples({.sql = &sql::kNoteGone,
             .names = {{"gone", table.gone}, {"keys", table.keys}},
             .cells = table.stage.places},
            staged, texts);
  const size_t reads = texts->statements.size();
  AddAtPlaces(table.source, staged, texts);
  return reads;
}

// Staged rows that the source has no more: they were replaced by others, which no trigger sees.
// Code: `copy_differs`.
Result<std::vector<Row>> ReplacedOf(const MovedTable& table, const std::vector<Row>& staged,
                                    std::span<const ResultSet> found) {
  std::map<std::string, Row> there;
  for (const ResultSet& set : found) {
    Result<std::vector<Row>> read = RowsOf(set);
    if (!read.ok()) return read.status();
    for (Row& row : *read) there.emplace(row.Place(table.source.places), std::move(row));
  }
  std::vector<Row> replaced;
  for (const Row& row : staged) {
    const auto same = there.find(row.Place(table.stage.places));
    if (same == there.end()) {
      replaced.push_back(row);
    } else if (same->second.Digest() != row.Digest() || !same->second.routed ||
               std::to_string(SlotOf(same->second.key)) != row.key) {
      return CopyDiffers(table.name);
    }
  }
  return replaced;
}

// They neither go nor come.
Task<Status> DropReplaced(Mover* mover, size_t at, std::vector<Row> replaced) {
  const MovedTable& table = mover->layout.tables[at];
  Texts unnote;
  Texts unstage;
  AddUnstaging(table, table.gone, replaced, &unnote);
  AddUnstaging(table, table.stage.table, replaced, &unstage);
  const Status unnoted = co_await Write(mover, mover->move.from, std::move(unnote));
  if (!unnoted.ok()) co_return unnoted;
  co_return co_await Write(mover, mover->move.to, std::move(unstage));
}

// Before the group is handed over, when all of its rows are noted.
void AddChecks(const Layout& layout, Texts* texts) {
  AddStayingChecks(layout, texts);
  texts->Add(std::string(sql::kCountTriggers.text));
  texts->Add(std::string(sql::kReadTexts.text));
}

Status Checked(Mover* mover, const ResultSets& sets) {
  // Of a table that came, or was made anew and has no trigger, it is not known what was written.
  if (sets[sets.size() - 2].Integer(0, 0) != mover->layout.Triggers() ||
      TableTexts(sets.back()) != mover->schema.tables_text) {
    return TablesChanged(mover->move.from);
  }
  mover->move.state = kSwitched;
  return {};
}

// All staged rows of the group, by table; nothing where they are more than a page.
Result<std::vector<std::vector<Row>>> StagedOf(const Layout& layout,
                                               std::span<const ResultSet> sets) {
  std::vector<std::vector<Row>> staged;
  for (size_t i = 0; i < layout.tables.size(); ++i) {
    Result<std::vector<Row>> rows = RowsOf(sets[2 * i]);
    if (!rows.ok()) return rows.status();
    int64_t count = 0;
    for (const std::vector<Cell>& row : sets[2 * i + 1].rows) count += existing::IntegerOf(row[1]);
    if (count != static_cast<int64_t>(rows->size())) return std::vector<std::vector<Row>>();
    staged.push_back(std::move(*rows));
  }
  return staged;
}

// Freezes the group, carries what was written until then, and compares it at once where it is
// small. Where more was written than is carried together it is to be run again.
Task<Status> Freeze(Mover* mover) {
  Move& move = mover->move;
  const std::vector<MovedTable>& tables = mover->layout.tables;
  const Result<KeysApart> apart = co_await ReadKeysApart(mover);
  if (!apart.ok()) co_return apart.status();
  Texts texts;
  AddFreeze(*mover, *apart, &texts);
  const size_t reads = texts.statements.size();
  AddCarryReads(mover->layout, &texts);
  const Result<ResultSets> written = co_await Change(mover, move.from, std::move(texts));
  if (!written.ok()) co_return written.status();
  Result<Carried> carried = CarriedOf(*mover, std::span(*written).subspan(reads));
  if (!carried.ok()) co_return carried.status();
  if (carried->more) co_return co_await Carry(mover, std::move(*carried));
  const std::string group = SlotsJson(move.group);
  const size_t pages = carried->staging.statements.size();
  for (const MovedTable& table : tables) {
    AddPage(table.stage, "", {.slots = group}, &carried->staging);
    carried->staging.Add(FillSql(sql::kCountStage, {{"stage", table.stage.table}}), {group});
  }
  ResultSets there;
  if (!tables.empty()) {
    Result<ResultSets> sets = co_await Change(mover, move.to, std::move(carried->staging));
    if (!sets.ok()) co_return sets.status();
    there = std::move(*sets);
  }
  const Result<std::vector<std::vector<Row>>> staged =
      StagedOf(mover->layout, std::span<const ResultSet>(there).subspan(pages));
  if (!staged.ok()) co_return staged.status();
  if (staged->size() < tables.size()) {
    move.table = 0;
    co_return co_await Write(mover, move.from, std::move(carried->forget));
  }
  Texts notes = std::move(carried->forget);
  std::vector<size_t> firsts;
  std::vector<size_t> ends;
  for (size_t i = 0; i < tables.size(); ++i) {
    firsts.push_back(AddNotes(tables[i], (*staged)[i], &notes));
    ends.push_back(notes.statements.size());
  }
  AddChecks(mover->layout, &notes);
  const Result<ResultSets> found = co_await Change(mover, move.from, std::move(notes));
  if (!found.ok()) co_return found.status();
  for (size_t i = 0; i < tables.size(); ++i) {
    const auto sets = std::span(*found).subspan(firsts[i], ends[i] - firsts[i]);
    Result<std::vector<Row>> replaced = ReplacedOf(tables[i], (*staged)[i], sets);
    if (!replaced.ok()) co_return replaced.status();
    const Status dropped = co_await DropReplaced(mover, i, std::move(*replaced));
    if (!dropped.ok()) co_return dropped;
  }
  co_return Checked(mover, *found);
}

}  // namespace

Task<Result<KeysApart>> ReadKeysApart(Mover* mover) {
  const Move& move = mover->move;
  const std::vector<SlotException>& apart = mover->table.exceptions;
  const bool any = std::any_of(apart.begin(), apart.end(), [&](const SlotException& key) {
    return std::binary_search(move.group.begin(), move.group.end(), SlotOfDigest(key.key));
  });
  KeysApart keys;
  if (!any) co_return keys;
  Texts reads;
  reads.Add(std::string(sql::kReadKeyParts.text), {SlotsJson(move.group)});
  const Result<ResultSets> sets = co_await Send(mover, move.from, std::move(reads));
  if (!sets.ok()) co_return sets.status();
  for (const std::vector<Cell>& row : sets->front().rows) {
    const std::string part = existing::TextOf(row[1]);
    const Sha256Digest digest = Sha256Of(std::string_view(part).substr(1));
    if (!mover->table.IsApart(digest)) continue;
    const SlotOwner owner = mover->table.OwnerOf(digest);
    keys.all.push_back({existing::IntegerOf(row[0]), part, owner.epoch, KeyWeight(digest)});
    if (mover->table.shards[owner.shard] == move.from) keys.staying.push_back(part);
  }
  co_return keys;
}

void AddStayingChecks(const Layout& layout, Texts* texts) {
  for (const MovedTable& parent : layout.tables) {
    for (const Reference& reference : parent.references) {
      std::string pairs;
      for (const auto& [from, to] : reference.columns) {
        if (!pairs.empty()) pairs += " AND ";
        // In this order: the parent's column says how they compare.
        pairs += "s." + QuoteName(to) + " = c." + QuoteName(from);
      }
      existing::Names names = {{"gone", parent.gone},
                               {"table", parent.source.table},
                               {"child", reference.table},
                               {"place", parent.source.Places("s.")},
                               {"gone_keys", Keys(parent, "g.")},
                               {"pairs", std::move(pairs)}};
      if (reference.stays) {
        texts->Add(FillSql(sql::kCheckOthers, names));
        continue;
      }
      const MovedTable& child = layout.tables[reference.child];
      names.emplace_back("child_gone", child.gone);
      names.emplace_back("child_keys", Keys(child, "x."));
      names.emplace_back("child_place", child.source.Places("+c."));
      texts->Add(FillSql(sql::kCheckStaying, names));
    }
  }
}

Task<Status> Compare(Mover* mover) {
  Move& move = mover->move;
  if (move.table < 0) co_return co_await Freeze(mover);
  if (move.table >= static_cast<int64_t>(mover->layout.tables.size())) {
    Texts checks;
    AddChecks(mover->layout, &checks);
    const Result<ResultSets> checked = co_await Send(mover, move.from, std::move(checks));
    co_return checked.ok() ? Checked(mover, *checked) : checked.status();
  }
  const auto at = static_cast<size_t>(move.table);
  const MovedTable& table = mover->layout.tables[at];
  Texts page;
  AddPage(table.stage, move.place, {.slots = SlotsJson(move.group)}, &page);
  const Result<ResultSets> sets = co_await Send(mover, move.to, std::move(page));
  if (!sets.ok()) co_return sets.status();
  const Result<std::vector<Row>> staged = RowsOf(sets->front());
  if (!staged.ok()) co_return staged.status();
  if (staged->empty()) {
    ++move.table;
    move.place.clear();
    co_return Status();
  }
  Texts notes;
  const size_t reads = AddNotes(table, *staged, &notes);
  const Result<ResultSets> found = co_await Change(mover, move.from, std::move(notes));
  if (!found.ok()) co_return found.status();
  Result<std::vector<Row>> replaced = ReplacedOf(table, *staged, std::span(*found).subspan(reads));
  if (!replaced.ok()) co_return replaced.status();
  const Status dropped = co_await DropReplaced(mover, at, std::move(*replaced));
  if (!dropped.ok()) co_return dropped;
  move.place = staged->back().Place(table.stage.places);
  co_return Status();
}

}  // namespace tidemark::moves
