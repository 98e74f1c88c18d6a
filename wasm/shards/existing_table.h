// What a database's own schema says of a table, and why a table's rows cannot be routed by a key.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/operation.h"

namespace tidemark::existing {

enum class Kind : uint8_t { kNone, kTable, kView, kVirtual, kShadow, kReserved };

struct Column {
  std::string name;
  int64_t place = 0;       // in the primary key, from 1; 0: not part of it
  bool generated = false;  // by an expression: it cannot be written
};

struct Table {
  std::string name;  // as the schema writes it; as it was asked for where there is none
  Kind kind = Kind::kNone;
  bool without_rowid = false;
  std::vector<Column> columns;

  const Column* Find(std::string_view column) const;
  std::vector<const Column*> PrimaryKey() const;
  // A name of the row number that no column hides; empty where there is none.
  std::string_view RowNumber() const;
};

// Tables of SQLite, of the platform and its migrations, and of this library.
bool IsReserved(std::string_view name);

// Why rows of the table cannot be routed by that column; empty where they can.
std::vector<std::string> IssuesOf(const Table& table, std::string_view column);

// Reads what the schema of a database says. `shard` is its name at the host. At most
// limits::kExistingTogether tables a batch. Code: `unavailable`.
Task<Result<std::vector<Table>>> ReadTables(std::string shard, std::vector<std::string> names);
Task<Result<Table>> ReadTable(std::string shard, std::string name);

struct Listed {
  std::string name;
  Kind kind = Kind::kNone;
};
// All that the database has, but for what SQLite and the platform keep. Codes: `unavailable`,
// `too_many_tables`.
Task<Result<std::vector<Listed>>> ListAll(std::string shard);

// What a failing database is to the caller: `refused` (409), else `unavailable` (503).
Status StatusOf(const Failure& failure);

}  // namespace tidemark::existing
