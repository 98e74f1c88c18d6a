// A SQLite database as a store of the core, as strict as workerd's: its limits on SQL text, bound
// variables, compound selects and depth, and the bound on a value, hold here too, so that what
// would fail there fails in a native test.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "native/frames.h"
#include "native/held.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tidemark::native {

class SqliteStore {
 public:
  // `path` may be ":memory:". Foreign keys are enforced, as D1 does.
  explicit SqliteStore(const std::string& path = ":memory:");
  ~SqliteStore();
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  void Begin();
  void Commit();
  void Rollback();

  // Statements in order within the transaction that is open, or one of its own: all or nothing.
  std::variant<ResultSets, Failure> Run(const std::vector<HostStatement>& statements, Held* held);

  // Several statements without parameters: a migration. Traps on an error.
  void Execute(std::string_view script);
  // Every row, cells as text joined by '|': for tests.
  std::vector<std::string> Rows(std::string_view sql);
  // The names of the columns. Traps where the text does not prepare.
  std::vector<std::string> Columns(std::string_view sql);
  // One line for each step of the plan. Traps where the text does not prepare.
  std::vector<std::string> Plan(std::string_view sql);

 private:
  sqlite3_stmt* Prepare(std::string_view sql, std::string* error);
  bool Bind(sqlite3_stmt* statement, const HostStatement& from, const Held& held);
  ResultSet Read(sqlite3_stmt* statement, const Keep& keep, Held* held, int* code);

  sqlite3* database_ = nullptr;
  bool in_transaction_ = false;
  std::map<std::string, sqlite3_stmt*, std::less<>> prepared_;
};

}  // namespace tidemark::native
