// What is written to the source while its rows are copied: triggers log the keys of those rows, and
// they are read and staged again.

#include <initializer_list>
#include <utility>

#include "base/limits.h"
#include "shards/existing_sql.h"
#include "shards/move_work.h"
#include "shards/sql_move.h"

namespace tidemark::moves {
namespace {

using existing::FillSql;
using existing::QuoteName;

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

// A child that is not frozen must not come to refer to a parent that is about to go.
void AddGuards(const Layout& layout, Texts* texts) {
  size_t number = 0;
  for (const MovedTable& parent : layout.tables) {
    for (const Reference& reference : parent.references) {
      std::vector<std::string> columns;
      std::string pairs;
      for (const auto& [from, to] : reference.columns) {
        columns.push_back(QuoteName(from));
        pairs += (pairs.empty() ? "s." : " AND s.") + QuoteName(to) + " = NEW." + columns.back();
      }
      for (const Sql& text : {sql::kGuardInserts, sql::kGuardUpdates}) {
        const std::string trigger = parent.Trigger("guard_" + std::to_string(number++));
        texts->Add(FillSql(text, {{"trigger", trigger},
                                  {"child", reference.table},
                                  {"columns", existing::Join(columns)},
                                  {"gone", parent.gone},
                                  {"table", parent.source.table},
                                  {"place", parent.source.Places("s.")},
                                  {"gone_keys", parent.stage.Places("g.")},
                                  {"pairs", pairs}}));
      }
    }
  }
}

// The log as rows, whose keys are its numbers.
Shape LogOf(const MovedTable& table) {
  Shape log{.table = table.log, .places = table.stage.places, .key{sql::kLogNumber.text}};
  log.columns.assign(table.stage.columns.begin(),
                     table.stage.columns.begin() + static_cast<ptrdiff_t>(log.places));
  return log;
}

// Which of it are carried together.
std::string FirstLogged(const MovedTable& table) {
  return FillSql(sql::kFirstLogged, {{"size", SizeText(table.source)},
                                     {"table", table.source.table},
                                     {"place", table.source.Places("s.")},
                                     {"logged", LogOf(table).Places("l.")},
                                     {"log", table.log},
                                     {"rows", std::to_string(limits::kSlotMoveLogRows)},
                                     {"bytes", std::to_string(limits::kSlotMovePageBytes)}});
}

}  // namespace

void AddTriggers(const Layout& layout, Texts* texts) {
  for (const MovedTable& table : layout.tables) AddLogging(table, texts);
  AddGuards(layout, texts);
}

void AddLogReads(const MovedTable& table, Texts* texts) {
  texts->Add(FillSql(sql::kLastLogged, {{"log", table.log}}));
  texts->Add(RowsText(LogOf(table), FirstLogged(table)));
}

Result<Logged> LoggedOf(const ResultSet& last, const ResultSet& rows) {
  Result<std::vector<Row>> read = RowsOf(rows);
  if (!read.ok()) return read.status();
  Logged logged{.rows = std::move(*read)};
  if (!logged.rows.empty()) logged.last = logged.rows.back().key;
  logged.more = logged.last != last.Text(0);
  return logged;
}

void AddCarryReads(const Layout& layout, Texts* texts) {
  for (const MovedTable& table : layout.tables) {
    AddLogReads(table, texts);
    texts->Add(RowsText(table.source, FillSql(sql::kLogged, {{"place", table.source.Places("s.")},
                                                             {"keys", table.keys},
                                                             {"log", table.log},
                                                             {"first", FirstLogged(table)}})));
  }
}

Result<Carried> CarriedOf(const Mover& mover, std::span<const ResultSet> sets) {
  Carried carried;
  for (const MovedTable& table : mover.layout.tables) {
    const Result<Logged> logged = LoggedOf(sets[0], sets[1]);
    Result<std::vector<Row>> rows = RowsOf(sets[2]);
    sets = sets.subspan(3);
    if (!logged.ok()) return logged.status();
    if (!rows.ok()) return rows.status();
    if (logged->rows.empty()) continue;
    carried.more = carried.more || logged->more;
    carried.forget.Add(FillSql(sql::kForgetLogged, {{"log", table.log}}), {logged->last});
    AddUnstaging(table, table.stage.table, logged->rows, &carried.staging);
    AddStaging(table, RowsOfSlots(mover, std::move(*rows)), &carried.staging);
  }
  return carried;
}

Task<Status> Carry(Mover* mover, Carried carried) {
  const Status staged = co_await Write(mover, mover->move.to, std::move(carried.staging));
  if (!staged.ok()) co_return staged;
  co_return co_await Write(mover, mover->move.from, std::move(carried.forget));
}

Task<Result<bool>> CarryLog(Mover* mover) {
  Texts reads;
  AddCarryReads(mover->layout, &reads);
  if (reads.statements.empty()) co_return false;
  const Result<ResultSets> sets = co_await Send(mover, mover->move.from, std::move(reads));
  if (!sets.ok()) co_return sets.status();
  Result<Carried> carried = CarriedOf(*mover, *sets);
  if (!carried.ok()) co_return carried.status();
  const bool more = carried->more;
  const Status done = co_await Carry(mover, std::move(*carried));
  if (!done.ok()) co_return done;
  co_return more;
}

}  // namespace tidemark::moves
