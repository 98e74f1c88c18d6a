#include "replica/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace tidemark {
namespace {

// A file system that is full is told by SQLite in two ways, and a file's size limit in a third.
bool IsFull(sqlite3* handle, int code) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  if ((code & 0xff) != SQLITE_IOERR) return false;
  const auto full = [](int number) {
    return number == ENOSPC || number == EFBIG || number == EDQUOT;
  };
  // What the system said last of the database's file, and of its journal.
  int number = 0;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  if (full(number)) return true;
  sqlite3_file* journal = nullptr;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&journal));
  return journal != nullptr && journal->pMethods != nullptr &&
         journal->pMethods->xFileControl(journal, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK &&
         full(number);
}

std::string_view CodeOf(sqlite3* handle, int code) {
  if (IsFull(handle, code)) return "disk_full";
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "busy";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "damaged";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return "not_writable";
    case SQLITE_INTERRUPT:
      return "interrupted";
    default:
      return "database";
  }
}

struct Binder {
  sqlite3_stmt* statement;
  int index;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  int operator()(std::string_view text) const {
    // An empty view may have no address, which SQLite would take for NULL.
    return sqlite3_bind_text(statement, index, text.empty() ? "" : text.data(),
                             static_cast<int>(text.size()), SQLITE_STATIC);
  }
};

}  // namespace

Rows::~Rows() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

bool Rows::Next() {
  if (statement_ == nullptr || database_->faulty()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->FailBySqlite(sqlite3_extended_errcode(database_->handle()));
  return false;
}

int64_t Rows::Integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Rows::Real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Rows::Text(int column) const {
  const auto* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Rows::IsNull(int column) const { return Type(column) == SQLITE_NULL; }

int Rows::Type(int column) const { return sqlite3_column_type(statement_, column); }

int Rows::columns() const { return sqlite3_column_count(statement_); }

const char* Rows::Name(int column) const { return sqlite3_column_name(statement_, column); }

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, int busy_ms) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) {
    database->FailBySqlite(code);
    return database->TakeFault();
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_ms);
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

sqlite3_stmt* Database::Prepare(const char* sql) {
  sqlite3_stmt*& statement = prepared_[sql];
  if (statement == nullptr) {
    const int code =
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) FailBySqlite(sqlite3_extended_errcode(handle_));
  }
  return statement;
}

Rows Database::Query(const char* sql, std::initializer_list<SqlValue> params) {
  sqlite3_stmt* const statement = faulty() ? nullptr : Prepare(sql);
  if (statement == nullptr) return {this, nullptr};
  // Two readers of one statement would read each other's rows.
  Check(sqlite3_stmt_busy(statement) == 0);
  int index = 0;
  for (const SqlValue& value : params) {
    const int code = std::visit(Binder{statement, ++index}, value);
    if (code != SQLITE_OK) FailBySqlite(code);
  }
  return {this, statement};
}

void Database::Run(const char* sql, std::initializer_list<SqlValue> params) {
  Rows rows = Query(sql, params);
  while (rows.Next()) {
  }
}

void Database::Script(const char* sql) {
  if (faulty()) return;
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    FailBySqlite(sqlite3_extended_errcode(handle_));
  }
}

Status Database::TakeFault() { return std::exchange(fault_, Status()); }

void Database::Fail(Status fault) {
  if (!faulty()) fault_ = std::move(fault);
}

void Database::FailBySqlite(int code) {
  Fail(Status::Error(500, CodeOf(handle_, code), sqlite3_errmsg(handle_)));
}

Transaction::Transaction(Database* database) : database_(database) {
  if (database_->depth_++ == 0) database_->Run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_) return;
  // What is left without a commit, within another transaction, spoils all of it.
  if (--database_->depth_ > 0) {
    database_->Fail(Status::Error(500, "interrupted", "A part of the change was given up"));
    return;
  }
  if (sqlite3_get_autocommit(database_->handle_) == 0) {
    sqlite3_exec(database_->handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  // Whoever gave up says why; what comes next starts afresh.
  database_->fault_ = Status();
}

Status Transaction::Commit() {
  if (database_->depth_ > 1) {
    open_ = false;
    --database_->depth_;
    return database_->faulty() ? database_->fault_ : Status();
  }
  database_->Run("COMMIT");
  if (database_->faulty()) return database_->TakeFault();  // and the destructor rolls back
  open_ = false;
  --database_->depth_;
  return Status();
}

}  // namespace tidemark
