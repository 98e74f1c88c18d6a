#include "shards/existing_integrate.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/operations.h"
#include "shards/sql_existing.h"

namespace tidemark {
namespace existing {
namespace {

// What a run needs besides its pages: to leave, and to tell of the shard.
constexpr int64_t kCostOfEnd = 4;
constexpr int64_t kCostOfPage = 2;
constexpr size_t kCollisionsTold = 5;

int64_t NumberIn(const Params& data, std::string_view key) {
  const auto found = data.find(key);
  int64_t number = 0;
  if (found != data.end()) {
    const std::string& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), number);
  }
  return number;
}

// How many rows the next page may have; none where the run has come to a bound.
int64_t PageRows(const Integration& run, const Table& table) {
  const IntegrationOptions& options = run.options;
  int64_t rows = options.rows;
  if (options.records_max > 0) rows = std::min(rows, options.records_max - run.looked_at);
  if (options.cost_max > 0) {
    // A key is looked up and then written; its other names each twice, and their list besides.
    const auto names = options.other_names ? static_cast<int64_t>(LookupColumns(table).size()) : 0;
    const int64_t of_row = 2 + (names > 0 ? 3 + 4 * names : 0);
    const int64_t left = options.cost_max - run.cost - kCostOfEnd - kCostOfPage;
    // However small the bound is, each run gets further.
    rows = std::min(rows, run.pages == 0 ? std::max<int64_t>(left / of_row, 1) : left / of_row);
  }
  return std::max<int64_t>(rows, 0);
}

// "orders.1 (db-users)" of what the host tells of the keys that lie elsewhere.
void TellCollisions(const std::string& text, std::vector<std::string>* told) {
  const Result<nlohmann::json> tree = ParseTree(text, 2);
  if (!tree.ok() || !tree->is_array()) return;
  for (const nlohmann::json& pair : *tree) {
    if (!pair.is_array() || pair.size() != 2 || told->size() == kCollisionsTold) continue;
    const auto* key = pair[0].get_ptr<const std::string*>();
    const auto* shard = pair[1].get_ptr<const std::string*>();
    if (key != nullptr && shard != nullptr) told->push_back(*key + " (" + *shard + ")");
  }
}

std::string CollisionText(int64_t count, const std::vector<std::string>& told) {
  std::string text =
      std::to_string(count) + " keys are mapped to another shard already, and stay there";
  if (told.empty()) return text;
  text += ": " + Join(told);
  return count > static_cast<int64_t>(told.size()) ? text + ", ..." : text;
}

void Fail(Integration* run, const std::string& what, const Status& status) {
  run->failed = true;
  run->issues.push_back(what + ": " + status.message());
}

// The page's keys, mapped by the host; counted in NOTE.
Task<Status> MapPage(Integration* run, const Table* table, const KeyPage* page, TableNote* note,
                     std::vector<std::string>* told) {
  note->records += page->usable;
  note->unusable += page->records - page->usable;
  run->looked_at += page->records;
  if (page->usable == 0) co_return Status();
  Params params = {{"shard", run->options.shard},
                   {"keys", page->keys},
                   {"strategy", run->options.strategy},
                   {"table", table->name}};
  std::variant<CallReply, Failure> answer =
      co_await Call(run->options.shard, "map_keys", std::move(params));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  const Params& data = std::get_if<CallReply>(&answer)->data;
  const int64_t mapped = NumberIn(data, "mapped");
  note->mapped += mapped;
  run->mapped += mapped;
  note->collided += NumberIn(data, "collided");
  note->unusable += NumberIn(data, "unusable");
  run->cost += NumberIn(data, "cost");
  run->now_ms = std::max(run->now_ms, NumberIn(data, "now"));
  if (const auto collisions = data.find("collisions"); collisions != data.end()) {
    TellCollisions(collisions->second, told);
  }
  co_return Status();
}

// Notes how far a table is. False where another has taken over.
Task<Result<bool>> NoteTable(Integration* run, const Table* table, const TableNote* note) {
  if (!run->options.notes) co_return true;
  const int64_t until = run->now_ms + limits::kExistingLeaseMs;
  std::vector<Statement> statements;
  statements.push_back({sql::kHoldIntegration.text, {run->holder, until}});
  statements.push_back(
      {sql::kNoteTable.text,
       {table->name, std::string(note->done ? "done" : "running"), note->options, note->place,
        note->records, note->mapped, note->collided, note->unusable, run->now_ms, run->holder}});
  run->cost += 1;
  std::variant<ResultSets, Failure> answer = co_await D1(run->options.shard, std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  co_return !(*std::get_if<ResultSets>(&answer))[1].rows.empty();
}

// Page after page, until the table is done or the run has come to an end.
Task<Status> MapTable(Integration* run, const Table* table, TableNote* note,
                      std::vector<std::string>* told) {
  const Beside beside = run->options.other_names ? Beside::kNames : Beside::kNothing;
  while (!note->done) {
    const int64_t rows = PageRows(*run, *table);
    run->stopped = rows == 0;
    if (run->stopped) co_return Status();
    run->cost += 1;
    Result<KeyPage> page = co_await ReadKeys(run->options.shard, table, run->options.column, beside,
                                             note->place, rows);
    if (!page.ok()) co_return page.status();
    run->pages += 1;
    Status mapped = co_await MapPage(run, table, &*page, note, told);
    if (!mapped.ok()) co_return mapped;
    note->done = !page->more;
    note->place = page->place;
    const Result<bool> noted = co_await NoteTable(run, table, note);
    if (!noted.ok()) co_return noted.status();
    if (!*noted) {
      run->stopped = true;
      run->issues.push_back("Another integration of this database has taken over");
      co_return Status();
    }
  }
  co_return Status();
}

// False where the run has come to an end.
Task<bool> IntegrateTable(Integration* run, const Table* table, TableNote note) {
  const std::string options = run->options.column + (run->options.other_names ? "+names" : "");
  if (note.options != options) note = {.options = options};
  std::vector<std::string> told;
  const Status status = co_await MapTable(run, table, &note, &told);
  run->records += note.records;
  run->noted += note.mapped;
  run->collided += note.collided;
  if (note.done) run->tables += 1;
  std::vector<std::string> issues;
  if (note.unusable > 0) issues.push_back(UnusableText(note.unusable));
  if (note.collided > 0) issues.push_back(CollisionText(note.collided, told));
  run->AddIssues(table->name, issues);
  if (!status.ok()) Fail(run, "Failed to process table " + table->name, status);
  co_return !run->stopped && !run->failed;
}

// The tables to integrate: those that are named, or all that the database has. What is wrong with
// others is among the issues.
Task<Result<std::vector<Table>>> SelectTables(Integration* run) {
  std::vector<std::string> names = run->options.tables;
  if (names.empty()) {
    run->cost += 1;
    const Result<std::vector<Listed>> listed = co_await ListAll(run->options.shard);
    if (!listed.ok()) co_return listed.status();
    for (const Listed& each : *listed) {
      if (each.kind == Kind::kTable || each.kind == Kind::kVirtual) names.push_back(each.name);
    }
  }
  run->cost += static_cast<int64_t>(names.size() / limits::kExistingTogether + 1);
  Result<std::vector<Table>> tables = co_await ReadTables(run->options.shard, std::move(names));
  if (!tables.ok()) co_return tables.status();
  std::vector<Table> selected;
  std::set<std::string> seen;
  for (Table& table : *tables) {
    if (SameName(table.name, "shard_mappings") || !seen.insert(table.name).second) continue;
    const std::vector<std::string> issues = IssuesOf(table, run->options.column);
    run->AddIssues(table.name, issues);
    if (issues.empty()) selected.push_back(std::move(table));
  }
  co_return selected;
}

struct Begun {
  bool busy = false;  // another is at work, and this run is to wait
  Notes notes;
};

std::string NamesOf(const std::vector<Table>& tables) {
  nlohmann::json names = nlohmann::json::array();
  for (const Table& table : tables) names.push_back(table.name);
  return DumpTree(names);
}

// Makes the notes and takes the turn.
Task<Result<Begun>> Begin(Integration* run, const std::vector<Table>* tables) {
  if (!run->options.notes) co_return Begun();
  const int64_t until = run->now_ms + limits::kExistingLeaseMs;
  const int64_t force = run->options.wait ? 0 : 1;
  std::vector<Statement> statements;
  statements.push_back({sql::kCreateMappings.text, {}});
  statements.push_back({sql::kCreateIntegration.text, {}});
  if (run->options.again != Again::kNever) {
    const int64_t always = run->options.again == Again::kAlways ? 1 : 0;
    statements.push_back({sql::kBeginAgain.text, {NamesOf(*tables), run->now_ms, force, always}});
  }
  statements.push_back({sql::kTakeIntegration.text,
                        {run->options.strategy, run->holder, until, run->now_ms, force}});
  statements.push_back({sql::kReadIntegration.text, {}});
  run->cost += 1;
  std::variant<ResultSets, Failure> answer = co_await D1(run->options.shard, std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  const ResultSets& sets = *std::get_if<ResultSets>(&answer);
  co_return Begun{.busy = sets[sets.size() - 2].rows.empty(), .notes = NotesOf(sets.back())};
}

// Lets go of the database, and tells the host that the shard is one.
Task<Status> End(Integration* run) {
  if (run->options.notes) {
    const bool done = !run->stopped && !run->failed;
    std::vector<Statement> statements;
    statements.push_back({sql::kLeaveIntegration.text,
                          {run->holder, std::string(done ? "done" : "running"), run->now_ms}});
    const std::variant<ResultSets, Failure> left =
        co_await D1(run->options.shard, std::move(statements));
    if (const auto* failure = std::get_if<Failure>(&left)) co_return StatusOf(*failure);
  }
  const std::variant<CallReply, Failure> told =
      co_await Call(run->options.shard, "known_shard", {{"shard", run->options.shard}});
  if (const auto* failure = std::get_if<Failure>(&told)) co_return StatusOf(*failure);
  co_return Status();
}

// Counts, and writes nothing.
Task<Status> CountTables(Integration* run, const std::vector<Table>* tables) {
  std::vector<const Table*> each;
  each.reserve(tables->size());
  for (const Table& table : *tables) each.push_back(&table);
  const Result<std::vector<KeyCount>> counts =
      co_await CountKeys(run->options.shard, std::move(each), run->options.column);
  if (!counts.ok()) co_return counts.status();
  for (size_t i = 0; i < counts->size(); ++i) {
    const KeyCount& count = (*counts)[i];
    run->records += count.usable;
    run->tables += 1;
    run->AddIssues((*tables)[i].name, count.Issues());
  }
  co_return Status();
}

Reply Done(const Integration& run) {
  Reply reply = Reply::Json(run.Json());
  reply.data["mapped"] = std::to_string(run.mapped);
  reply.data["complete"] = run.stopped || run.failed ? "" : "1";
  return reply;
}

}  // namespace
}  // namespace existing

Task<Reply> IntegrateDatabase(Context context) {
  using namespace existing;  // NOLINT(google-build-using-namespace)
  Result<IntegrationOptions> options = ReadOptions(context.request);
  if (!options.ok()) co_return Reply::Error(options.status());
  Integration run{.options = std::move(*options),
                  .holder = std::to_string(context.request.seed),
                  .now_ms = context.request.now_ms};
  const Result<std::vector<Table>> tables = co_await SelectTables(&run);
  if (!tables.ok()) co_return Reply::Error(tables.status());
  if (run.options.dry_run) {
    const Status counted = co_await CountTables(&run, &*tables);
    if (!counted.ok()) co_return Reply::Error(counted);
    co_return Done(run);
  }
  const Result<Begun> begun = co_await Begin(&run, &*tables);
  if (!begun.ok()) co_return Reply::Error(begun.status());
  if (begun->busy) {
    run.stopped = true;
    Reply reply = Done(run);
    reply.data["busy"] = "1";
    co_return reply;
  }
  for (const Table& table : *tables) {
    const auto note = begun->notes.find(table.name);
    TableNote from = note == begun->notes.end() ? TableNote() : note->second;
    const bool goes_on = co_await IntegrateTable(&run, &table, std::move(from));
    if (!goes_on) break;
  }
  const Status ended = co_await End(&run);
  if (!ended.ok()) Fail(&run, "Integration failed", ended);
  co_return Done(run);
}

}  // namespace tidemark
