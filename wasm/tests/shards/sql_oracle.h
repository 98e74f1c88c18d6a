// SQLite itself, as the judge of what is told of SQL texts: with workerd's limits, and a few
// tables.

#pragma once

#include <sqlite3.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/status.h"

namespace tidemark::testing {

using SqlRow = std::vector<std::string>;  // cells as text, "NULL" for null

class SqlOracle {
 public:
  SqlOracle() {
    Check(sqlite3_open(":memory:", &database_) == SQLITE_OK);
    sqlite3_limit(database_, SQLITE_LIMIT_VARIABLE_NUMBER, limits::kSqlVariablesMax);
    sqlite3_limit(database_, SQLITE_LIMIT_SQL_LENGTH, static_cast<int>(limits::kSqlTextBytesMax));
    sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    Execute(kSchema);
  }
  ~SqlOracle() { sqlite3_close(database_); }
  SqlOracle(const SqlOracle&) = delete;
  SqlOracle& operator=(const SqlOracle&) = delete;

  static constexpr std::string_view kSchema =
      "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT, email TEXT, city TEXT COLLATE NOCASE,"
      " age INTEGER, \"group\" TEXT);"
      "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id TEXT, title TEXT, score REAL);"
      "CREATE TABLE \"order\" (id INTEGER PRIMARY KEY, \"key\" TEXT, offset INTEGER);"
      "CREATE TABLE tidemark_slots (slot INTEGER, part TEXT, epoch INTEGER, writable INTEGER, "
      "PRIMARY KEY (slot, part)) WITHOUT ROWID;"
      "CREATE VIEW people AS SELECT id, name FROM users;"
      "CREATE INDEX users_by_city ON users (city);";

  // Whom SQLite asks for leave while it prepares; see sqlite3_set_authorizer.
  void Authorize(int (*authorize)(void*, int, const char*, const char*, const char*, const char*),
                 void* self) {
    sqlite3_set_authorizer(database_, authorize, self);
  }

  void Execute(std::string_view script) {
    const int code =
        sqlite3_exec(database_, std::string(script).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fprintf(stderr, "%s\n", sqlite3_errmsg(database_));
    Check(code == SQLITE_OK);
  }

  struct Prepared {
    bool readonly = false;
    int parameters = 0;
    size_t size = 0;  // of the text that was read as the first statement
  };
  // None where SQLite refuses the text.
  std::optional<Prepared> Prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    const int code =
        sqlite3_prepare_v2(database_, sql.data(), static_cast<int>(sql.size()), &statement, &tail);
    if (code != SQLITE_OK) {
      sqlite3_finalize(statement);
      return std::nullopt;
    }
    Prepared prepared{.size = static_cast<size_t>(tail - sql.data())};
    if (statement != nullptr) {
      prepared.readonly = sqlite3_stmt_readonly(statement) != 0;
      prepared.parameters = sqlite3_bind_parameter_count(statement);
    }
    sqlite3_finalize(statement);
    return prepared;
  }
  std::string error() const { return sqlite3_errmsg(database_); }

  // The rows of a statement, and the names of its columns if they are asked for. None where it is
  // refused.
  std::optional<std::vector<SqlRow>> Rows(std::string_view sql,
                                          const std::vector<std::string>& parameters = {},
                                          SqlRow* names = nullptr) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_, sql.data(), static_cast<int>(sql.size()), &statement,
                           nullptr) != SQLITE_OK) {
      return std::nullopt;
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      const std::string& value = parameters[i];
      const int at = static_cast<int>(i + 1);
      if (!value.empty() && value.find_first_not_of("-0123456789") == std::string::npos) {
        sqlite3_bind_double(statement, at, std::stod(value));  // as a number of JavaScript
      } else {
        sqlite3_bind_text(statement, at, value.data(), static_cast<int>(value.size()),
                          SQLITE_TRANSIENT);
      }
    }
    std::vector<SqlRow> rows;
    int code = 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) rows.push_back(RowOf(statement));
    if (names != nullptr) {
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        names->emplace_back(sqlite3_column_name(statement, i));
      }
    }
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE) return std::nullopt;
    return rows;
  }

 private:
  static SqlRow RowOf(sqlite3_stmt* statement) {
    SqlRow row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      row.emplace_back(text == nullptr ? "NULL" : text);
    }
    return row;
  }

  sqlite3* database_ = nullptr;
};

}  // namespace tidemark::testing
