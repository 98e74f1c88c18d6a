#include "store.h"

#include <sqlite3.h>

#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "errors.h"
#include "sql.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

constexpr int64_t kVersion = 1;  // of the database, in its user_version
constexpr int kBusyMs = 10'000;

json CellOf(const Rows& rows, int column) {
  switch (rows.Type(column)) {
    case SQLITE_INTEGER:
      return rows.Integer(column);
    case SQLITE_FLOAT:
      return rows.Real(column);
    case SQLITE_NULL:
      return nullptr;
    default:
      return rows.Text(column);
  }
}

int64_t OneInteger(Database* database, const char* sql) {
  Rows rows = database->Query(sql);
  return rows.Next() ? rows.Integer(0) : 0;
}

}  // namespace

Status Store::Explain(const Status& status) const {
  const std::string_view code = status.code();
  if (code == "damaged") {
    return Problem(code, path_ + " is damaged (" + status.message() +
                             "). Nothing was written to it. Move it away; samedi sync then fetches "
                             "what was synced");
  }
  if (code == "disk_full") {
    return Problem(
        code, "The disk is full: " + path_ + " is as it was before. Make room and do it again");
  }
  if (code == "busy") {
    return Problem(code, "Another samedi holds " + path_ + ": try again");
  }
  if (code == "not_writable" || code == "database") {
    return Problem(code, "Cannot use " + path_ + ": " + status.message());
  }
  return status;
}

Result<std::unique_ptr<Store>> Store::Open(const std::string& path, std::string_view device,
                                           ReplicaOptions options) {
  Result<std::unique_ptr<Database>> opened = Database::Open(path, kBusyMs);
  std::unique_ptr<Store> store(
      new Store(path, opened.ok() ? std::move(*opened) : nullptr, options));
  if (!opened.ok()) return store->Explain(opened.status());
  Database* const database = store->database_.get();

  const int64_t version = OneInteger(database, sql::kReadVersion);
  if (Status fault = database->TakeFault(); !fault.ok()) return store->Explain(fault);
  if (version > kVersion) {
    return Problem("newer", path + " was made by a newer samedi (its version is " +
                                std::to_string(version) + ", this one knows " +
                                std::to_string(kVersion) + "): update samedi. It was not touched");
  }
  if (version == kVersion) return store;
  Transaction transaction(database);
  // Another process may have made it meanwhile.
  if (OneInteger(database, sql::kReadVersion) == 0) {
    if (OneInteger(database, sql::kCountTables) > 0) {
      return Problem("damaged", path + " is a database of another program: choose another --home");
    }
    if (Status status = Replica::Create(database, device); !status.ok()) {
      return store->Explain(status);
    }
    database->Script(sql::kSetVersion);
  }
  if (Status status = transaction.Commit(); !status.ok()) return store->Explain(status);
  return store;
}

Result<json> Store::Select(const char* sql, std::initializer_list<SqlValue> params) {
  json list = json::array();
  Rows rows = database_->Query(sql, params);
  while (rows.Next()) {
    json& object = list.emplace_back(json::object());
    for (int i = 0; i < rows.columns(); ++i) object[rows.Name(i)] = CellOf(rows, i);
  }
  if (Status fault = database_->TakeFault(); !fault.ok()) return Explain(fault);
  return list;
}

Result<json> Store::Find(const RecordKey& key) {
  json data;
  {
    Rows rows = database_->Query(sql::kFindRecord, {key.collection, key.owner, key.id});
    if (rows.Next()) data = json::parse(rows.Text(0), nullptr, /*allow_exceptions=*/false);
  }
  if (Status fault = database_->TakeFault(); !fault.ok()) return Explain(fault);
  return data.is_object() ? data : json();
}

Status Store::Put(const RecordKey& key, const json& data, int64_t now_ms) {
  return Explain(replica_.Edit(key, DumpTree(data), now_ms));
}

}  // namespace tidemark::samedi
