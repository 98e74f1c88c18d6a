// Which tables of a shard move, and by which column each row's slot is found.
//
// A table's routing column is what was declared for it. Else it is the column by which it refers to
// another table's routing column, so that rows that belong together stay together; else its primary
// key, of one column. A table without one moves only while it is empty; one that is declared to
// have none stays as it is: its rows are derived of others.

#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "shards/existing_table.h"
#include "shards/move_rows.h"

namespace tidemark::moves {

using Routes = std::vector<std::pair<std::string, std::string>>;  // table, column

// A foreign key to a table that moves too. That both rows have one routing key is not taken for
// granted: its column may compare without regard to case.
struct Reference {
  std::string table;                                         // the child, quoted
  bool stays = false;                                        // its rows do
  size_t child = 0;                                          // else, among the tables that move
  std::vector<std::pair<std::string, std::string>> columns;  // the child's, the parent's
};

struct MovedTable {
  std::string name;
  Shape source;  // its key is the routing key
  Shape stage;   // its key is the slot
  std::string log;
  std::string gone;
  std::string keys;  // the place's columns in staging, the log and those that go
  std::vector<Reference> references;

  std::string Trigger(std::string_view what) const;
};

// What one shard's schema says.
struct ShardSchema {
  std::vector<existing::Table> tables;
  std::map<std::string, std::string> signatures;           // of the columns, by table
  std::vector<std::vector<Cell>> keys;                     // foreign keys
  std::vector<std::pair<std::string, std::string>> texts;  // table, SQL: tables first
  std::string trigger;                                     // a table that has one
  std::string tables_text;
};

// What makes the tables of a shard that are not ours, in a set of kReadTexts: to be compared.
std::string TableTexts(const ResultSet& set);

// Parents before children.
struct Layout {
  std::vector<MovedTable> tables;
  Routes routes;  // of each of them
  std::string digest;

  // How many a move makes in the source: three a table, two a reference.
  int64_t Triggers() const;
};

Task<Result<ShardSchema>> ReadSchema(std::string shard);
// Its tables and foreign keys alone: two statements, and what their sets say.
std::vector<Statement> TableReads();
ShardSchema TakeTableReads(ResultSets* sets);
// The column by which each table's rows are routed, of those that have one. What is declared counts
// first.
Routes RoutesOf(const ShardSchema& schema, const Routes& declared);
// Codes: `table_too_wide`; where it is to move, `no_routing_key`, `table_has_triggers`.
Task<Result<Layout>> ReadLayout(std::string shard, const ShardSchema* schema, Routes routes,
                                bool moves);

// Texts that make what the target lacks of the source's tables; from then on it counts as having
// them. Code: `schema_differs`.
Result<std::vector<std::string>> TakeTables(const ShardSchema& source, ShardSchema* target);

}  // namespace tidemark::moves
