#include "native/sqlite_store.h"

#include <sqlite3.h>

#include "base/limits.h"

namespace tidemark::native {
namespace {

// workerd, src/workerd/util/sqlite.c++: the limits that it sets on every database.
constexpr std::pair<int, int> kLimits[] = {
    {SQLITE_LIMIT_SQL_LENGTH, static_cast<int>(limits::kSqlTextBytesMax)},
    {SQLITE_LIMIT_VARIABLE_NUMBER, limits::kSqlVariablesMax},
    {SQLITE_LIMIT_LENGTH, 4'000'000},
    {SQLITE_LIMIT_COMPOUND_SELECT, 5},
    {SQLITE_LIMIT_EXPR_DEPTH, 100},
    {SQLITE_LIMIT_COLUMN, 100},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
    {SQLITE_LIMIT_FUNCTION_ARG, 127},
};

// Rows whose values are beyond what D1 and Durable Objects store would pass here: the bound of a
// bound value stands in for it.
bool FitsValue(size_t size) { return size <= limits::kSqlValueBytesMax; }

struct Binder {
  sqlite3_stmt* statement;
  int index;
  const Held& held;

  bool Text(std::string_view text) const {
    return FitsValue(text.size()) &&
           sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()),
                             SQLITE_TRANSIENT) == SQLITE_OK;
  }
  bool Bytes(std::string_view bytes) const {
    return FitsValue(bytes.size()) &&
           sqlite3_bind_blob(statement, index, bytes.data(), static_cast<int>(bytes.size()),
                             SQLITE_TRANSIENT) == SQLITE_OK;
  }
  bool operator()(Null) const { return sqlite3_bind_null(statement, index) == SQLITE_OK; }
  // As through JavaScript: every number arrives as a double.
  bool operator()(int64_t value) const { return (*this)(static_cast<double>(value)); }
  bool operator()(double value) const {
    return sqlite3_bind_double(statement, index, value) == SQLITE_OK;
  }
  bool operator()(const std::string& value) const { return Text(value); }
  bool operator()(const Blob& value) const { return Bytes(value.bytes); }
  bool operator()(Handle value) const { return Text(held.texts.at(value.id)); }
  bool operator()(BodyRange value) const {
    return Bytes(std::string_view(held.body).substr(value.offset, value.size));
  }
};

Cell CellOf(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_NULL:
      return Null{};
    default:
      return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)),
                         static_cast<size_t>(sqlite3_column_bytes(statement, column)));
  }
}

std::string TextOf(sqlite3_stmt* statement, int column) {
  const Cell cell = CellOf(statement, column);
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? std::string() : *text;
}

// Collects kept rows, as Held.resultSet does in worker/drive.ts.
class Keeper {
 public:
  Keeper(const Keep& keep, Held* held) : keep_(keep), held_(held) {}

  // False where the bounds are reached.
  bool Add(sqlite3_stmt* statement, ResultSet* set) {
    std::string text = TextOf(statement, 1);
    bytes_ += static_cast<int64_t>(text.size());
    set->more = count_ == keep_.rows_max || (count_ > 0 && bytes_ > keep_.bytes_max);
    if (set->more) return false;
    Kept& kept = GroupOf(TextOf(statement, 0), set);
    std::string& joined = held_->texts[kept.handle.id];
    if (kept.rows++ > 0 && sqlite3_column_type(statement, 1) == SQLITE_TEXT) joined += ',';
    joined += text;
    ++count_;
    set->last = sqlite3_column_int64(statement, 2);
    return true;
  }

 private:
  Kept& GroupOf(const std::string& group, ResultSet* set) {
    for (Kept& kept : set->kept) {
      if (kept.group == group) return kept;
    }
    held_->texts.emplace_back();
    set->kept.push_back({group, {static_cast<uint32_t>(held_->texts.size() - 1)}, 0});
    return set->kept.back();
  }

  Keep keep_;
  Held* held_;
  int64_t bytes_ = 0;
  int64_t count_ = 0;
};

Failure FailureOf(int code, const std::string& message) {
  if (message.find("malformed JSON") != std::string::npos) return {"moved", message};
  const int kind = code & 0xff;
  const bool refused = message.find("integer overflow") != std::string::npos ||
                       kind == SQLITE_CONSTRAINT || kind == SQLITE_TOOBIG ||
                       kind == SQLITE_MISMATCH;
  return {refused ? "refused" : "unavailable", message};
}

}  // namespace

SqliteStore::SqliteStore(const std::string& path) {
  Check(sqlite3_open(path.c_str(), &database_) == SQLITE_OK);
  for (const auto& [limit, value] : kLimits) sqlite3_limit(database_, limit, value);
  Execute("PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;");
}

SqliteStore::~SqliteStore() {
  for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

void SqliteStore::Begin() {
  Execute("BEGIN");
  in_transaction_ = true;
}
void SqliteStore::Commit() {
  Execute("COMMIT");
  in_transaction_ = false;
}
void SqliteStore::Rollback() {
  Execute("ROLLBACK");
  in_transaction_ = false;
}

sqlite3_stmt* SqliteStore::Prepare(std::string_view sql, std::string* error) {
  const auto known = prepared_.find(sql);
  if (known != prepared_.end()) return known->second;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, sql.data(), static_cast<int>(sql.size()), &statement,
                         nullptr) != SQLITE_OK) {
    *error = sqlite3_errmsg(database_);
    return nullptr;
  }
  prepared_.emplace(std::string(sql), statement);
  return statement;
}

bool SqliteStore::Bind(sqlite3_stmt* statement, const HostStatement& from, const Held& held) {
  // Durable Objects refuse a call that binds more or fewer than the statement has.
  if (static_cast<size_t>(sqlite3_bind_parameter_count(statement)) != from.params.size()) {
    return false;
  }
  for (size_t i = 0; i < from.params.size(); ++i) {
    const Binder binder{statement, static_cast<int>(i) + 1, held};
    if (!std::visit(binder, from.params[i])) return false;
  }
  return true;
}

ResultSet SqliteStore::Read(sqlite3_stmt* statement, const Keep& keep, Held* held, int* code) {
  ResultSet set;
  Keeper keeper(keep, held);
  while ((*code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (keep.bytes_max > 0) {
      if (!keeper.Add(statement, &set)) break;
      continue;
    }
    std::vector<Cell>& row = set.rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(CellOf(statement, i));
  }
  return set;
}

std::variant<ResultSets, Failure> SqliteStore::Run(const std::vector<HostStatement>& statements,
                                                   Held* held) {
  const bool own_transaction = !in_transaction_;
  if (own_transaction) Begin();
  ResultSets sets;
  for (const HostStatement& from : statements) {
    std::string error;
    sqlite3_stmt* statement = Prepare(from.sql, &error);
    int code = SQLITE_ERROR;
    const int64_t before = sqlite3_total_changes64(database_);
    if (statement != nullptr && Bind(statement, from, *held)) {
      sets.push_back(Read(statement, from.keep, held, &code));
      sets.back().rows_written = sqlite3_total_changes64(database_) - before;
    } else if (error.empty()) {
      error = "a parameter does not bind: too big, or too many or too few of them";
    }
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
      if (error.empty()) error = sqlite3_errmsg(database_);
      const int extended = sqlite3_extended_errcode(database_);
      if (statement != nullptr) sqlite3_reset(statement);
      if (own_transaction) Rollback();
      return FailureOf(extended, error + " in: " + from.sql);
    }
    sqlite3_reset(statement);
  }
  // A foreign key that was deferred is refused here.
  if (own_transaction &&
      sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) {
    Failure failure = FailureOf(sqlite3_extended_errcode(database_), sqlite3_errmsg(database_));
    Rollback();
    return failure;
  }
  if (own_transaction) in_transaction_ = false;
  return sets;
}

void SqliteStore::Execute(std::string_view script) {
  Check(sqlite3_exec(database_, std::string(script).c_str(), nullptr, nullptr, nullptr) ==
        SQLITE_OK);
}

std::vector<std::string> SqliteStore::Rows(std::string_view sql) {
  std::string error;
  sqlite3_stmt* statement = Prepare(sql, &error);
  Check(statement != nullptr);
  std::vector<std::string> rows;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    std::string row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      if (i > 0) row += '|';
      const unsigned char* text = sqlite3_column_text(statement, i);
      if (text != nullptr) row += reinterpret_cast<const char*>(text);
    }
    rows.push_back(std::move(row));
  }
  sqlite3_reset(statement);
  return rows;
}

std::vector<std::string> SqliteStore::Columns(std::string_view sql) {
  std::string error;
  sqlite3_stmt* statement = Prepare(sql, &error);
  Check(statement != nullptr);
  const int count = sqlite3_column_count(statement);
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    names.emplace_back(sqlite3_column_name(statement, i));
  }
  return names;
}

std::vector<std::string> SqliteStore::Plan(std::string_view sql) {
  std::vector<std::string> steps;
  for (const std::string& row : Rows("EXPLAIN QUERY PLAN " + std::string(sql))) {
    steps.push_back(row.substr(row.rfind('|') + 1));
  }
  return steps;
}

}  // namespace tidemark::native
