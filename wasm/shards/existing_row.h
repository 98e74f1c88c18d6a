// One row of a table as it is, to be written elsewhere just so.
//
// What comes through a host has lost its type: 1 and 1.0 are one number of JavaScript, and integers
// above 2^53 are none. So types are read beside the values, integers as texts, and both are written
// and compared by type.

#pragma once

#include <string>
#include <vector>

#include "shards/existing_table.h"

namespace tidemark::existing {

struct Row {
  bool there = false;              // there is such a row
  std::vector<std::string> types;  // as typeof() says, one a column that can be written
  std::vector<Cell> cells;

  // Of types and bytes: equal for equal rows.
  std::string Digest() const;
};

// Reads and writes the row of one key in a table. The table outlives it.
class RowSql {
 public:
  // `key` is the routing key, a text; where it reads as an integer it also means that.
  RowSql(const Table* table, const Column* column, std::string key);

  // Two statements: types, and values.
  void AddRead(std::vector<Statement>* statements) const;
  // What they answered. Codes: `ambiguous_key`, where a text and
  // a number are one key; `unreadable_record`, where a value did not come through.
  static Result<Row> ReadRow(const ResultSet& types, const ResultSet& values);

  // Texts, with the row's values as parameters in the order of its columns.
  std::string InsertText(const Row& row) const;
  // With the parameters of `old` behind those of `row`: only while it is as it was. Null: as it is.
  std::string OverwriteText(const Row& row, const Row* old) const;
  // Fails its batch unless it is as it was read.
  std::string CheckText(const Row& row) const;
  // Only while it is as it was read.
  std::string DeleteText(const Row& row) const;
  static std::vector<Param> ParamsOf(const Row& row);

  // How the key is found, where the table is called `as`.
  std::string WhereOf(std::string_view as) const;
  Param KeyParam() const { return key_; }

 private:
  static std::string ValuesText(const Row& row, size_t first);
  std::string OnlyText(const Row& row, size_t first) const;
  // The key's parameter, as its own column compares with it.
  std::string KeyText(const Row& row) const;

  const Table* table_;
  std::string key_;
  std::string column_;                // quoted
  size_t key_at_ = 0;                 // among the columns that can be written
  std::vector<std::string> columns_;  // likewise, quoted
  std::string read_types_;
  std::string read_values_;
};

}  // namespace tidemark::existing
