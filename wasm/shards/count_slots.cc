// Two rounds, each of all shards at once: which tables a shard has, and then how many keys.

#include "shards/count_slots.h"

#include <utility>

#include "base/limits.h"
#include "engine/await.h"
#include "shards/coordinator_sql.h"
#include "shards/coordinator_state.h"
#include "shards/existing_sql.h"
#include "shards/move_schema.h"
#include "shards/move_state.h"
#include "shards/operations.h"
#include "shards/sql_existing.h"
#include "shards/sql_move.h"

namespace tidemark {

using existing::FillSql;
using existing::QuoteName;
using existing::TextOf;
using moves::Routes;

namespace {

constexpr int64_t kCountEveryMs = 10 * limits::kMinuteMs;  // a shard, also one that failed
constexpr int64_t kRestMs = limits::kMinuteMs;             // behind any that was asked
constexpr int64_t kTogether = 100;                         // two subrequests each
constexpr size_t kTermsMax = 5;                            // of a compound, in D1

struct Counting {
  std::string shard;
  std::string text;   // of the statement
  int64_t keys = -1;  // below 0: it did not tell
};

// Each of as many terms as there may be.
std::vector<std::string> Compounds(const std::vector<std::string>& terms) {
  std::vector<std::string> compounds;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (i % kTermsMax == 0) {
      compounds.push_back(terms[i]);
    } else {
      compounds.back().append(sql::kAndKeys.text).append(terms[i]);
    }
  }
  return compounds;
}

// There is a table at least.
std::string CountText(const Routes& routes) {
  std::vector<std::string> terms;
  terms.reserve(routes.size());
  for (const auto& [table, column] : routes) {
    terms.push_back(
        FillSql(sql::kKeysOfTable, {{"column", QuoteName(column)}, {"table", QuoteName(table)}}));
  }
  terms = Compounds(terms);
  while (terms.size() > 1) {
    for (std::string& term : terms) term = FillSql(sql::kKeysOfTables, {{"keys", term}});
    terms = Compounds(terms);
  }
  const std::string text = FillSql(sql::kKeyText, {{"key", "s.key"}});
  return FillSql(sql::kCountKeyTexts, {{"text", text}, {"keys", terms.front()}});
}

// What is said of tables wherever they are: by the slot table, which is what whoever writes rows
// goes by, and then by whoever declared it.
Routes Declared(const SlotTable& table, const ResultSet& routes) {
  Routes declared(table.tables.begin(), table.tables.end());
  for (const std::vector<Cell>& row : routes.rows) {
    declared.emplace_back(TextOf(row[0]), TextOf(row[1]));
  }
  return declared;
}

// Each shard's statement. One that has no such table has no keys.
Task<std::vector<Counting>> ReadTables(std::vector<Counting> shards, Routes declared) {
  std::vector<Command> commands;
  commands.reserve(shards.size());
  for (const Counting& each : shards) {
    commands.emplace_back(SqlCommand{each.shard, moves::TableReads()});
  }
  std::vector<CommandResult> results = co_await Commands(std::move(commands));
  for (size_t i = 0; i < shards.size(); ++i) {
    auto* sets = std::get_if<ResultSets>(&results[i]);
    if (sets == nullptr) continue;
    const Routes routes = moves::RoutesOf(moves::TakeTableReads(sets), declared);
    if (routes.empty()) shards[i].keys = 0;
    if (!routes.empty()) shards[i].text = CountText(routes);
  }
  co_return shards;
}

Task<std::vector<Counting>> Count(std::vector<Counting> shards) {
  std::vector<Command> commands;
  std::vector<Counting*> asked;
  for (Counting& each : shards) {
    if (each.text.empty() || each.text.size() > limits::kSqlTextBytesMax) continue;
    commands.emplace_back(SqlCommand{each.shard, {{each.text, {}}}});
    asked.push_back(&each);
  }
  if (asked.empty()) co_return shards;
  const std::vector<CommandResult> results = co_await Commands(std::move(commands));
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto* sets = std::get_if<ResultSets>(&results[i]);
    if (sets != nullptr) asked[i]->keys = sets->front().Integer(0, -1);
  }
  co_return shards;
}

}  // namespace

Statement ReadCountsDue(int64_t now_ms) {
  return {sql::kReadCountsDue.text, {now_ms - kCountEveryMs, now_ms - kRestMs, kTogether}};
}

Task<Reply> CountSlots(Context context) {
  const int64_t now_ms = context.request.now_ms;
  const ResultSets sets = co_await Batch(
      {ReadCountsDue(now_ms), {sql::kReadSlotTable.text, {}}, {sql::kReadRoutes.text, {}}});
  std::vector<Counting> shards;
  for (const std::vector<Cell>& row : sets[0].rows) shards.push_back({.shard = TextOf(row[0])});
  Reply reply;
  if (shards.empty()) co_return reply;
  shards =
      co_await ReadTables(std::move(shards), Declared(moves::SlotStateOf(sets[1]).table, sets[2]));
  shards = co_await Count(std::move(shards));
  std::vector<Statement> writes;
  for (const Counting& each : shards) {
    writes.push_back({sql::kNoteCountTry.text, {each.shard, now_ms}});
    if (each.keys < 0) continue;
    writes.push_back({sql::kNoteCount.text, {each.shard, each.keys, now_ms}});
  }
  // What others changed meanwhile stands beside it.
  for (Statement& read : StateReads()) writes.push_back(std::move(read));
  const ResultSets noted = co_await Batch(std::move(writes));
  reply.data["state"] = TakeState(noted[noted.size() - 2], noted.back()).Json();
  co_return reply;
}

}  // namespace tidemark
