// Declared collections: what schema/collections.json says, as data for the engine.
//
// scripts/generate-schema.mjs writes the definition of DeclaredSchema(), with the SQL of each
// collection. Collections stand parents first. Nothing in the engine names a collection.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tidemark {

// kTime is an integer in seconds or milliseconds, told apart by size (limits.h); D1 holds
// milliseconds. kJson is any JSON value, in D1 as text.
enum class ColumnType : uint8_t { kText, kInteger, kReal, kTime, kBoolean, kJson };

struct Column {
  std::string_view name;
  std::string_view key;  // as it stands in compact JSON: quotes and colon too
  ColumnType type;
  bool required;    // a delta without it is rejected; false too where the declaration has a default
  bool from_stamp;  // filled from the record's stamp, whatever the data says
  std::span<const std::string_view> values;  // the texts allowed; empty for any
};

enum class MergeRule : uint8_t { kRecord, kFields };

struct Filter {
  std::string_view param;  // of the query string
  ColumnType type;
  bool of_root;  // it names the parent, or the record itself: what can be shared
};

// The SQL of one way to list a collection. Parameters: ?1 user, ?2 limit, ?3 offset, then its
// filters in declared order, then (where `keyset`) the order's column and the id of the row to
// start after.
struct Listing {
  uint32_t filters;  // a bit for each filter that it applies
  bool keyset;
  std::string_view shard_sql;  // over D1
  std::string_view owner_sql;  // over the space's own records, when D1 cannot answer
};

struct Collection {
  std::string_view name;
  MergeRule merge;
  std::span<const Column> columns;
  int parent;         // index of the parent's collection, or -1
  int parent_column;  // index of the column that holds the parent's id, or -1
  bool has_children;
  std::span<const Filter> filters;
  std::string_view order_column;
  ColumnType order_type;
  std::span<const Listing> listings;
  std::string_view project_upsert;   // D1: ?1 user, ?2 rows (statements.h)
  std::string_view project_delete;   // D1: the same; empty where deletes are kept as rows
  std::string_view project_orphans;  // D1: the same: fails where a row's parent is not there
  std::string_view wipe;             // D1: ?1 user
};

struct Schema {
  std::span<const Collection> collections;
};

const Schema& DeclaredSchema();

}  // namespace tidemark
