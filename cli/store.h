// ~/.samedi/samedi.db: the replica, and questions about its records.
//
// Answers are JSON, a row an object with the names of its columns: what --json prints, and what the
// tables for people are made from. Records are read as JSON of whatever shape, so a schema that
// changes needs no migration here. Records that merge by field would be read without their pending
// part: none of those that the commands read does.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "replica/replica.h"

namespace tidemark::samedi {

class Store {
 public:
  // Makes the database where there is none; `device` is the name it gets then. Errors: damaged,
  // newer (a later samedi made it: it is not touched), disk_full, not_writable, busy.
  static Result<std::unique_ptr<Store>> Open(const std::string& path, std::string_view device,
                                             ReplicaOptions options = {});

  // The rows of a query as an array of objects.
  Result<nlohmann::json> Select(const char* sql, std::initializer_list<SqlValue> params = {});
  // The data of a record as the user sees it; null where there is none.
  Result<nlohmann::json> Find(const RecordKey& key);
  Status Put(const RecordKey& key, const nlohmann::json& data, int64_t now_ms);

  // A failure of the database, with its file's name and what to do.
  Status Explain(const Status& status) const;

  Database& database() { return *database_; }
  Replica& replica() { return replica_; }
  const std::string& path() const { return path_; }

 private:
  Store(std::string path, std::unique_ptr<Database> database, ReplicaOptions options)
      : path_(std::move(path)),
        database_(std::move(database)),
        replica_(database_.get(), &DeclaredSchema(), options) {}

  std::string path_;
  std::unique_ptr<Database> database_;
  Replica replica_;
};

}  // namespace tidemark::samedi
