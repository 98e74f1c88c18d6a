// One SQLite connection: statements prepared once, transactions, and errors as Status.
//
// Rules:
// - A failure sticks: statements after it do nothing, and the commit or TakeFault() reports it. So
// a
//   method runs its statements one after the other and asks once, at its end.
// - SQL texts are literals with a name; a text's address is its key among the prepared ones.
// - A Transaction within another belongs to it: only the outermost one commits.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tidemark {

// What a parameter may be. Texts are bound as they stand: they must live until the rows are read.
using SqlValue = std::variant<std::monostate, int64_t, std::string_view>;

class Database;

// The rows of one statement, which is reset when they go.
class Rows {
 public:
  Rows(Database* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // Whether there is one more row; then the columns below are its own until the next call.
  bool Next();
  int64_t Integer(int column) const;
  double Real(int column) const;
  std::string_view Text(int column) const;  // empty for NULL
  bool IsNull(int column) const;
  int Type(int column) const;  // SQLITE_INTEGER and its like
  int columns() const;
  const char* Name(int column) const;

 private:
  Database* database_;
  sqlite3_stmt* statement_;
};

class Database {
 public:
  // `path` may be ":memory:". Waits up to `busy_ms` where another process holds the database.
  // Errors: not_writable, damaged, disk_full, database.
  static Result<std::unique_ptr<Database>> Open(const std::string& path, int busy_ms);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Rows Query(const char* sql, std::initializer_list<SqlValue> params = {});
  void Run(const char* sql, std::initializer_list<SqlValue> params = {});
  // Several statements without parameters.
  void Script(const char* sql);

  bool faulty() const { return !fault_.ok(); }
  // The first failure since it was last asked. Codes: disk_full, busy, damaged, not_writable,
  // interrupted, database.
  Status TakeFault();
  void Fail(Status fault);

  sqlite3* handle() const { return handle_; }

 private:
  friend class Rows;
  friend class Transaction;

  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3_stmt* Prepare(const char* sql);
  void FailBySqlite(int code);

  sqlite3* handle_;
  Status fault_;
  int depth_ = 0;  // of transactions
  std::unordered_map<const void*, sqlite3_stmt*> prepared_;
};

// Begins on construction, and is taken back unless it commits.
class Transaction {
 public:
  explicit Transaction(Database* database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // The first failure within, and then nothing was changed.
  Status Commit();

 private:
  Database* database_;
  bool open_ = true;
};

}  // namespace tidemark
