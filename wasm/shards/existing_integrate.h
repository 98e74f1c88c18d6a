// The mapping of a database's rows to it: what is asked, what is noted in the database on the way
// (tidemark_integration, shards/sql_existing.h), and what came of it.
//
// A page of a table's keys is read, the host maps them, and then the page is noted: an integration
// that dies in between maps that page again, and the host keeps what is mapped already. One at a
// time is at work in a database; who takes over makes the other's notes void.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shards/existing_keys.h"

namespace tidemark::existing {

// When tables that are done are gone through again: `always`, only where all are `done`, `never`.
enum class Again : uint8_t { kDone, kAlways, kNever };

struct IntegrationOptions {
  std::string shard;
  std::vector<std::string> tables;  // empty: all
  std::string column = "id";
  std::string strategy = "hash";
  bool notes = true;         // keeps them, and makes shard_mappings
  bool dry_run = false;      // counts, and writes nothing
  bool other_names = false;  // maps those of username, email and name too
  bool wait = false;         // leaves a database alone in which another is at work
  Again again = Again::kDone;
  int64_t rows = 0;         // of a page
  int64_t cost_max = 0;     // subrequests; 0: as many as it takes
  int64_t records_max = 0;  // records; 0: all
};

// Codes: `invalid_parameter`.
Result<IntegrationOptions> ReadOptions(const Request& request);

// What is known of a table's integration: noted, or under way.
struct TableNote {
  bool done = false;
  std::string options;  // the key's column, and whether other names are mapped
  std::string place;
  int64_t records = 0;
  int64_t mapped = 0;    // anew
  int64_t collided = 0;  // mapped to another shard already
  int64_t unusable = 0;
};
using Notes = std::map<std::string, TableNote, std::less<>>;

Notes NotesOf(const ResultSet& set);

// What an integration has come to.
struct Integration {
  IntegrationOptions options;
  std::string holder;  // who is at work
  int64_t now_ms = 0;
  int64_t cost = 0;       // subrequests so far
  int64_t pages = 0;      // read in this run
  int64_t looked_at = 0;  // records of them
  int64_t mapped = 0;     // anew, in this run
  int64_t noted = 0;      // anew, in this run and those that it goes on from
  int64_t records = 0;    // likewise
  int64_t tables = 0;     // that are done
  int64_t collided = 0;
  bool stopped = false;  // at a bound, or by who took over
  bool failed = false;
  std::vector<std::string> issues;

  void AddIssues(const std::string& table, const std::vector<std::string>& what);
  std::string Json() const;
};

}  // namespace tidemark::existing
