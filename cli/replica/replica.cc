// What the user does to a replica: edits, and reading it. The exchange with the server is in
// exchange.cc.

#include "replica/replica.h"

#include <utility>

#include "base/json_scanner.h"
#include "base/utf8.h"
#include "records/delta.h"
#include "replica/fields.h"
#include "replica/sql_replica.h"
#include "replica/stamping.h"

namespace tidemark {
namespace {

Status CheckData(std::string_view data) {
  json::Scanner scanner(data, true);
  json::Value value;
  if (ValidUtf8Prefix(data) != data.size() || !scanner.ReadValue(&value) || !scanner.AtEnd() ||
      value.kind != json::Kind::kObject || value.lone_surrogate) {
    return Status::Invalid("invalid_record", "A record is a JSON object in UTF-8");
  }
  if (data.size() > limits::kRecordBytesMax || value.depth > limits::kRecordDepthMax) {
    return Status::Invalid("invalid_record", "A record is at most 1,000,000 bytes and 100 levels");
  }
  return Status();
}

}  // namespace

Replica::Replica(Database* database, const Schema* schema, ReplicaOptions options)
    : database_(database), schema_(schema), options_(options) {}

Status Replica::Create(Database* database, std::string_view device) {
  Transaction transaction(database);
  database->Script(sql::kCreateReplica);
  database->Run(sql::kInsertState, {device});
  return transaction.Commit();
}

const Collection* Replica::Find(std::string_view name) const {
  for (const Collection& collection : schema_->collections) {
    if (collection.name == name) return &collection;
  }
  return nullptr;
}

ReplicaState Replica::ReadState() {
  ReplicaState state;
  Rows rows = database_->Query(sql::kReadState);
  if (!rows.Next()) return state;
  state.device = rows.Text(0);
  if (!rows.IsNull(1)) state.cursor = rows.Text(1);
  state.walking = rows.Integer(2) != 0;
  state.clock_ms = rows.Integer(3);
  state.clock_counter = rows.Integer(4);
  state.skew_ms = rows.Integer(5);
  state.request = rows.Integer(6);
  state.under_way = rows.Integer(7);
  state.synced_at = rows.Integer(8);
  state.pushing_all = rows.Integer(9) != 0;
  state.account = rows.Text(10);
  return state;
}

// Whether a pending child names it: the server takes no child of what it has never seen.
bool Replica::IsNamed(const RecordKey& key) {
  for (const Collection& child : schema_->collections) {
    if (child.parent < 0) continue;
    const Collection& parent = schema_->collections[static_cast<size_t>(child.parent)];
    if (parent.name != key.collection) continue;
    const Column& column = child.columns[static_cast<size_t>(child.parent_column)];
    if (database_->Query(sql::kNamedByChild, {child.name, key.owner, column.name, key.id}).Next()) {
      return true;
    }
  }
  return false;
}

// An edit is stamped after what its author saw of the record, even where the clock was set back
// since: after the server's version, and after the pending one unless that is far ahead itself.
void Replica::Put(const Collection& collection, const RecordKey& key, bool deletes,
                  std::string_view data, int64_t now_ms) {
  ReplicaState state = ReadState();
  const int64_t at_ms = CorrectedNow(state, now_ms);
  std::string base;
  std::string fields;
  int64_t sent = 0;
  bool known = false;
  if (Rows rows = database_->Query(sql::kReadBase, {key.collection, key.owner, key.id});
      rows.Next()) {
    known = true;
    base = rows.Text(0);
    Observe(&state, {rows.Integer(1), rows.Integer(2)});
  }
  if (Rows rows = database_->Query(sql::kReadOutbox, {key.collection, key.owner, key.id});
      rows.Next()) {
    if (deletes && rows.Integer(0) != 0) return;
    const ClockValue replaced{rows.Integer(2), rows.Integer(3)};
    if (replaced.first <= at_ms + limits::kClockAheadMaxMs) Observe(&state, replaced);
    sent = rows.Integer(4) == 0 ? 0 : 2;
    known |= sent != 0;
    database_->Run(sql::kKeepSentVersion, {key.collection, key.owner, key.id, replaced.first,
                                           replaced.second, rows.Integer(0), rows.Text(1)});
    if (!deletes && collection.merge == MergeRule::kFields) {
      fields = rows.Integer(0) != 0 ? ReplaceFields(base, data) : JoinFields(rows.Text(1), data);
      data = fields;
    }
    if (deletes && !known && !IsNamed(key)) {
      return database_->Run(sql::kDeleteOutbox, {key.collection, key.owner, key.id});
    }
  } else if (deletes && !known) {
    return;
  }
  const ClockValue stamp = Tick(&state, at_ms);
  database_->Run(sql::kPutOutbox, {key.collection, key.owner, key.id, int64_t{deletes}, data,
                                   stamp.first, stamp.second, sent});
  database_->Run(sql::kSetClock, {state.clock_ms, state.clock_counter});
}

Status Replica::Edit(const RecordKey& key, std::string_view data, int64_t now_ms) {
  const Collection* const collection = Find(key.collection);
  if (collection == nullptr) {
    return Status::Invalid("invalid_record", "There is no collection of this name");
  }
  const bool valid_text = ValidUtf8Prefix(key.id) == key.id.size();
  if (!valid_text || !CheckRecordId(key.id, key.id.find('\0') != key.id.npos).code.empty()) {
    return Status::Invalid("invalid_record", "An id is 1 to 256 bytes of text without NUL");
  }
  if (Status status = CheckData(data); !status.ok()) return status;
  Transaction transaction(database_);
  Put(*collection, key, false, data, now_ms);
  return transaction.Commit();
}

Status Replica::Remove(const RecordKey& key, int64_t now_ms) {
  const Collection* const collection = Find(key.collection);
  if (collection == nullptr) return Status();
  Transaction transaction(database_);
  Put(*collection, key, true, {}, now_ms);
  return transaction.Commit();
}

Result<std::vector<RejectedEdit>> Replica::Rejected() {
  std::vector<RejectedEdit> list;
  Rows rows = database_->Query(sql::kRejected);
  while (rows.Next()) {
    RejectedEdit& edit = list.emplace_back();
    edit.owner = rows.Text(0);
    edit.collection = rows.Text(1);
    edit.id = rows.Text(2);
    edit.code = rows.Text(3);
    edit.message = rows.Text(4);
    edit.deletes = rows.Integer(5) != 0;
    edit.data = rows.Text(6);
    edit.ms = rows.Integer(7);
    edit.counter = rows.Integer(8);
  }
  if (database_->faulty()) return database_->TakeFault();
  return list;
}

Status Replica::Dismiss(size_t index) {
  Transaction transaction(database_);
  int64_t number = 0;
  if (Rows rows = database_->Query(sql::kRejectedAt, {static_cast<int64_t>(index)}); rows.Next()) {
    number = rows.Integer(0);
  } else if (!database_->faulty()) {
    return Status::NotFound("There is no rejected record of this number");
  }
  database_->Run(sql::kDropRejected, {number});
  return transaction.Commit();
}

Status Replica::Retry(size_t index, int64_t now_ms) {
  Transaction transaction(database_);
  int64_t number = 0;
  if (Rows rows = database_->Query(sql::kRejectedAt, {static_cast<int64_t>(index)}); rows.Next()) {
    number = rows.Integer(0);
    const Collection* const collection = Find(rows.Text(2));
    const RecordKey key{rows.Text(2), rows.Text(3), rows.Text(1)};
    if (collection != nullptr) {
      Put(*collection, key, rows.Integer(4) != 0, rows.Text(5), now_ms);
    }
  } else if (!database_->faulty()) {
    return Status::NotFound("There is no rejected record of this number");
  }
  database_->Run(sql::kDropRejected, {number});
  return transaction.Commit();
}

Status Replica::PushAll() {
  Transaction transaction(database_);
  if (!ReadState().pushing_all) {
    database_->Run(sql::kPushAll);
    database_->Run(sql::kSetPushingAll, {int64_t{1}});
  }
  return transaction.Commit();
}

Status Replica::SetAccount(std::string_view account) {
  Transaction transaction(database_);
  database_->Run(sql::kSetAccount, {account});
  return transaction.Commit();
}

Result<ReplicaState> Replica::State() {
  ReplicaState state = ReadState();
  if (Rows rows = database_->Query(sql::kCountOutbox); rows.Next()) {
    state.pending = static_cast<size_t>(rows.Integer(0));
  }
  if (Rows rows = database_->Query(sql::kCountRejected); rows.Next()) {
    state.rejected = static_cast<size_t>(rows.Integer(0));
  }
  if (database_->faulty()) return database_->TakeFault();
  return state;
}

Status Replica::View(const std::function<void(const RecordKey&, std::string_view data)>& visit) {
  Rows rows = database_->Query(sql::kView);
  while (rows.Next()) {
    const RecordKey key{rows.Text(1), rows.Text(2), rows.Text(0)};
    const bool pending = !rows.IsNull(4);
    if (pending && rows.Integer(4) != 0) continue;
    const Collection* const collection = Find(key.collection);
    if (pending && collection != nullptr && collection->merge == MergeRule::kFields) {
      visit(key, OverlayFields(rows.IsNull(3) ? "{}" : rows.Text(3), rows.Text(5)));
    } else {
      visit(key, pending ? rows.Text(5) : rows.Text(3));
    }
  }
  return database_->TakeFault();
}

}  // namespace tidemark
