// One record from one database to another: copied, verified, and only then deleted.
//
// What was copied is noted in the database that it goes to, so that a move that died goes on where
// it was, whoever wrote meanwhile. A note is `copied` while nobody is led to the copy, and `mapped`
// from when on its key may lead there: then the row there is the record. Nothing is deleted from
// the source before it is `mapped`; so where a record is gone whose note is `copied`, its owner has
// deleted it.
//
// Where a key leads is the caller's: who moves several records of one key has all of them copied,
// then all of them noted, leads the key there, and then has what is left moved (`led`).

#include <memory>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_references.h"
#include "shards/existing_row.h"
#include "shards/existing_sql.h"
#include "shards/operations.h"
#include "shards/sql_existing.h"

namespace tidemark {
namespace {

using namespace existing;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kCopied = "copied";
constexpr std::string_view kMapped = "mapped";
constexpr std::string_view kUndone = "undone";
constexpr std::string_view kLed = "led";

struct Move {
  std::string source;
  std::string target;
  std::string key;
  int64_t now_ms = 0;
  std::string until;      // one of those, or to the end
  std::string owner;      // the key by which it is routed
  nlohmann::json routes;  // by table its routing column, of those whose rows of that key go too
  std::vector<std::string> references;  // texts that find a row that refers to the record
  Table table;
  std::unique_ptr<RowSql> sql;
};

// The record in both places, and what is noted of its move.
struct Both {
  Row source;
  Row target;
  std::string state;  // empty: nothing is noted
  std::string digest;
  int64_t noted_at = 0;
};

// No run takes as long: one that left this note has died.
constexpr int64_t kRunMaxMs = 600'000;

bool Old(const Move& move, const Both& both) { return both.noted_at < move.now_ms - kRunMaxMs; }

enum class Step : uint8_t {
  kAbsent,     // there is no such record
  kDeleted,    // likewise, but for a copy
  kMoved,      // it is in its new place alone
  kCopy,       // to be copied
  kOverwrite,  // a copy of before is to be made anew
  kRemove,     // the same, or newer, in its new place: only what was left is in the way
  kTaken,      // another record has its key there
  kConflict,   // both were written to
};

Step NextStep(const Move& move, const Both& both) {
  if (!both.source.there) {
    if (!both.target.there) return Step::kAbsent;
    return both.state == kCopied ? Step::kDeleted : Step::kMoved;
  }
  const std::string digest = both.source.Digest();
  const bool led = move.until == kLed;
  // The copy of before: its owner may have changed or deleted what is in the new place.
  const bool left = led && both.state == kMapped && digest == both.digest;
  if (!both.target.there) return left && !Old(move, both) ? Step::kRemove : Step::kCopy;
  const std::string there = both.target.Digest();
  if (there == digest || left) return Step::kRemove;
  if (both.state.empty()) return Step::kTaken;
  const bool copy = there == both.digest || (both.state == kCopied && !led);
  return copy ? Step::kOverwrite : Step::kConflict;
}

Statement NoteOf(const Move& move, std::string_view state, const std::string& digest) {
  return {sql::kNoteMove.text,
          {move.table.name, move.key, std::string(state), digest, move.now_ms}};
}

// One batch, whose rows do not matter.
Task<Status> Write(std::string shard, std::vector<Statement> statements) {
  const std::variant<ResultSets, Failure> answer =
      co_await D1(std::move(shard), std::move(statements));
  const auto* failure = std::get_if<Failure>(&answer);
  co_return failure == nullptr ? Status() : StatusOf(*failure);
}

// Makes the table in the target as it is in the source, with its indexes.
Task<Status> CreateTable(const Move* move) {
  std::vector<Statement> statements;
  statements.push_back({sql::kReadTableSql.text, {move->table.name}});
  const std::variant<ResultSets, Failure> read = co_await D1(move->source, std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&read)) co_return StatusOf(*failure);
  std::vector<std::string> texts;
  for (const auto& row : std::get_if<ResultSets>(&read)->front().rows) {
    texts.push_back(TextOf(row[0]));
  }
  statements = {};
  for (const std::string& text : texts) statements.push_back({text, {}});
  co_return co_await Write(move->target, std::move(statements));
}

// The target's table takes the record: it has each column that the record has.
Task<Status> PrepareTarget(const Move* move) {
  Result<Table> there = co_await ReadTable(move->target, move->table.name);
  if (!there.ok()) co_return there.status();
  std::vector<Statement> statements;
  statements.push_back({sql::kCreateMoves.text, {}});
  const Status noted = co_await Write(move->target, std::move(statements));
  if (!noted.ok()) co_return noted;
  if (there->columns.empty()) co_return co_await CreateTable(move);
  for (const Column& column : move->table.columns) {
    if (column.generated || there->Find(column.name) != nullptr) continue;
    co_return Status::Error(409, "schema_differs",
                            "The target's table " + there->name + " has no column " + column.name);
  }
  co_return Status();
}

Status Referenced(const std::string& key) {
  return Status::Error(
      409, "record_referenced",
      "Other rows of the source refer to the record " + key + ": it cannot be moved without them");
}

// Its deletion would be refused, or would take rows of other tables with it.
Task<Status> CheckReferences(Move* move, std::string key_column) {
  Referred record{.table = &move->table,
                  .column = std::move(key_column),
                  .where = move->sql->WhereOf("parent"),
                  .routes = &move->routes};
  Result<std::vector<std::string>> read = co_await ReadReferences(move->source, std::move(record));
  if (!read.ok()) co_return read.status();
  move->references = std::move(*read);
  const std::vector<std::string>& texts = move->references;
  if (texts.empty()) co_return Status();
  std::vector<Statement> statements;
  for (const std::string& text : texts) {
    std::vector<Param> params = {move->sql->KeyParam()};
    if (text.find("?2") != std::string::npos) params.emplace_back(move->owner);
    statements.push_back({text, std::move(params)});
  }
  const std::variant<ResultSets, Failure> found = co_await D1(move->source, std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&found)) co_return StatusOf(*failure);
  for (const ResultSet& set : *std::get_if<ResultSets>(&found)) {
    if (set.rows.empty()) continue;
    co_return Referenced(move->key);
  }
  co_return Status();
}

Task<Result<Both>> ReadBoth(const Move* move) {
  SqlCommand source{move->source, {}};
  SqlCommand target{move->target, {}};
  move->sql->AddRead(&source.statements);
  move->sql->AddRead(&target.statements);
  target.statements.push_back({sql::kReadMove.text, {move->table.name, move->key}});
  std::vector<Command> commands;
  commands.emplace_back(std::move(source));
  commands.emplace_back(std::move(target));
  std::vector<CommandResult> results = co_await Commands(std::move(commands));
  Both both;
  Row* rows[] = {&both.source, &both.target};
  for (size_t i = 0; i < 2; ++i) {
    if (const auto* failure = std::get_if<Failure>(&results[i])) co_return StatusOf(*failure);
    const ResultSets& sets = *std::get_if<ResultSets>(&results[i]);
    Result<Row> read = RowSql::ReadRow(sets[0], sets[1]);
    if (!read.ok()) co_return read.status();
    *rows[i] = std::move(*read);
    if (i == 1 && !sets[2].rows.empty()) {
      both.state = TextOf(sets[2].rows[0][0]);
      both.digest = TextOf(sets[2].rows[0][1]);
      both.noted_at = IntegerOf(sets[2].rows[0][2]);
    }
  }
  co_return both;
}

// A batch for the target. False where one of its checks failed.
Task<Result<bool>> WriteChecked(std::string shard, std::vector<Statement> statements) {
  const std::variant<ResultSets, Failure> answer =
      co_await D1(std::move(shard), std::move(statements));
  const auto* failure = std::get_if<Failure>(&answer);
  if (failure == nullptr) co_return true;
  if (failure->code == "moved") co_return false;
  co_return StatusOf(*failure);
}

// Writes the source's row into the target. Of the note and the row, which may be no transaction,
// that one goes first which does no harm by itself: where somebody may be led to the row, the row.
// False where the target's row is no more as it was read.
Task<Result<bool>> Copy(const Move* move, const Both* both) {
  const bool found = move->until == kLed || both->state == kMapped;
  std::vector<Param> params = RowSql::ParamsOf(both->source);
  std::string text = move->sql->InsertText(both->source);
  const std::string check = both->target.there ? move->sql->CheckText(both->target) : "";
  std::vector<Statement> statements;
  if (both->target.there) {
    statements.push_back({check, RowSql::ParamsOf(both->target)});
    // The same once more, for a target without batches.
    const bool guarded = params.size() * 2 <= static_cast<size_t>(limits::kSqlVariablesMax);
    text = move->sql->OverwriteText(both->source, guarded ? &both->target : nullptr);
    if (guarded) {
      for (Param& param : RowSql::ParamsOf(both->target)) params.push_back(std::move(param));
    }
  }
  statements.push_back(NoteOf(*move, found ? kMapped : kCopied, both->source.Digest()));
  statements.push_back({text, std::move(params)});
  if (found) std::swap(statements.back(), statements[statements.size() - 2]);
  co_return co_await WriteChecked(move->target, std::move(statements));
}

// From now on the row there may be written to. False where the copy was taken back meanwhile.
Task<Result<bool>> NoteMapped(const Move* move, const Both* both) {
  if (both->state == kMapped) co_return true;
  std::vector<Statement> statements;
  if (both->state.empty()) {
    statements.push_back(NoteOf(*move, kMapped, both->source.Digest()));
  } else {
    statements.push_back({sql::kNoteMapped.text,
                          {move->table.name, move->key, both->source.Digest(), move->now_ms}});
  }
  const std::variant<ResultSets, Failure> answer = co_await D1(move->target, std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  co_return both->state.empty() || !std::get_if<ResultSets>(&answer)->front().rows.empty();
}

// Deletes what is left in the source. False where it was written to meanwhile.
Task<Result<bool>> Remove(const Move* move, const Row* row) {
  const std::string text = move->sql->DeleteText(*row);
  std::vector<std::string> checks;
  checks.reserve(move->references.size());
  for (const std::string& find : move->references) {
    checks.push_back(FillSql(sql::kCheckNone, {{"find", find}}));
  }
  std::vector<Statement> statements;
  statements.reserve(checks.size() + 1);
  for (const std::string& check : checks) statements.push_back({check, {move->sql->KeyParam()}});
  statements.push_back({text, RowSql::ParamsOf(*row)});
  const std::variant<ResultSets, Failure> answer = co_await D1(move->source, std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    co_return failure->code == "moved" ? Referenced(move->key) : StatusOf(*failure);
  }
  co_return !std::get_if<ResultSets>(&answer)->back().rows.empty();
}

// Deletes the copy, unless it is more than that by now.
Task<Result<bool>> TakeBack(const Move* move, const Both* both) {
  const std::string text = move->sql->DeleteText(both->target);
  std::vector<Statement> statements;
  statements.push_back({sql::kCheckNote.text, {move->table.name, move->key, both->state}});
  statements.push_back({text, RowSql::ParamsOf(both->target)});
  statements.push_back({sql::kForgetMove.text, {move->table.name, move->key}});
  co_return co_await WriteChecked(move->target, std::move(statements));
}

// Nobody was led to the copy. One that is `mapped` is left for some time: another run of the same
// move may have led its key there, and be about to say that it is done.
Task<Result<bool>> Undo(const Move* move) {
  const Result<Both> both = co_await ReadBoth(move);
  if (!both.ok()) co_return both.status();
  const bool given_up = both->state == kMapped && !both->source.there && Old(*move, *both);
  const bool copy = (both->state == kCopied || given_up) && both->target.there;
  if (!copy || both->target.Digest() != both->digest) co_return false;
  co_return co_await TakeBack(move, &*both);
}

Task<Status> Forget(const Move* move) {
  std::vector<Statement> statements;
  statements.push_back({sql::kForgetMove.text, {move->table.name, move->key}});
  co_return co_await Write(move->target, std::move(statements));
}

Status NotFound(const std::string& key) {
  return Status::Error(404, "record_not_found",
                       "Record with primary key " + key + " not found in source database");
}

// The source's copy goes, or is about to. False where something came in between.
Task<Result<bool>> Finish(const Move* move, const Both* both) {
  if (move->until == kCopied) co_return true;
  const Result<bool> noted = co_await NoteMapped(move, both);
  if (!noted.ok() || !*noted || move->until == kMapped) co_return noted;
  const Result<bool> removed = co_await Remove(move, &both->source);
  if (!removed.ok() || !*removed) co_return removed;
  const Status forgot = co_await Forget(move);
  if (!forgot.ok()) co_return forgot;
  co_return true;
}

// There is nothing in the source.
Task<Result<bool>> Ended(const Move* move, const Both* both, Step step) {
  if (step == Step::kDeleted) {
    const Result<bool> taken = co_await TakeBack(move, both);
    if (!taken.ok()) co_return taken.status();
  } else if (!both->state.empty()) {
    const Status forgot = co_await Forget(move);
    if (!forgot.ok()) co_return forgot;
  }
  if (step != Step::kMoved) co_return NotFound(move->key);
  co_return false;
}

// Moves the record. True where there was something to move.
Task<Result<bool>> Run(const Move* move) {
  std::string copied;  // the digest of what this run has copied
  for (size_t tries = 0; tries < limits::kMoveTriesMax; ++tries) {
    const Result<Both> both = co_await ReadBoth(move);
    if (!both.ok()) co_return both.status();
    const Step step = NextStep(*move, *both);
    if (!both->source.there) co_return co_await Ended(move, &*both, step);
    if (step == Step::kTaken || step == Step::kConflict) {
      co_return Status::Error(
          409, step == Step::kTaken ? "record_exists" : "record_conflict",
          "Record with primary key " + move->key + " is in both databases, and they differ");
    }
    if (step == Step::kRemove) {
      const Result<bool> finished = co_await Finish(move, &*both);
      if (!finished.ok() || *finished) co_return finished;
      continue;
    }
    const std::string digest = both->source.Digest();
    if (step == Step::kOverwrite && both->state == kCopied && digest == copied) {
      const Result<bool> taken = co_await TakeBack(move, &*both);
      if (!taken.ok()) co_return taken.status();
      co_return Status::Error(409, "copy_differs",
                              "The target's table keeps the record in another form");
    }
    const Result<bool> written = co_await Copy(move, &*both);
    if (!written.ok()) co_return written;
    if (*written) copied = digest;
  }
  co_return Status::Error(503, "unavailable", "The record is written to all the time");
}

}  // namespace

Task<Reply> MigrateRecord(Context context) {
  const Request request = context.request;
  Move move{.source = request.Param("source"),
            .target = request.Param("target"),
            .key = request.Param("key"),
            .now_ms = request.now_ms,
            .until = request.Param("until"),
            .owner = request.Param("owner")};
  if (Result<nlohmann::json> routes = ParseTree(request.Param("routes"), 1); routes.ok()) {
    move.routes = std::move(*routes);
  }
  Result<Table> table = co_await ReadTable(move.source, request.Param("table"));
  if (!table.ok()) co_return Reply::Error(table.status());
  move.table = std::move(*table);
  std::string column = request.Param("column");
  const std::vector<const Column*> key = move.table.PrimaryKey();
  if (column.empty()) column = key.size() == 1 ? key[0]->name : "id";
  if (const std::vector<std::string> issues = IssuesOf(move.table, column); !issues.empty()) {
    co_return Reply::Error(
        Status::Invalid("invalid_table_name", "Invalid table name: " + Join(issues)));
  }
  move.sql = std::make_unique<RowSql>(&move.table, move.table.Find(column), move.key);
  const bool undo = move.until == kUndone;
  const Status free =
      undo ? Status() : co_await CheckReferences(&move, move.table.Find(column)->name);
  if (!free.ok()) co_return Reply::Error(free);
  const Status prepared = co_await PrepareTarget(&move);
  if (!prepared.ok()) co_return Reply::Error(prepared);
  const Result<bool> moved = undo ? co_await Undo(&move) : co_await Run(&move);
  if (!moved.ok()) co_return Reply::Error(moved.status());
  Reply reply;
  reply.data["moved"] = *moved ? "1" : "";
  co_return reply;
}

}  // namespace tidemark
