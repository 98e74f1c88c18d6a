// Push for collections that merge by field. Rows come one by one into trees: such collections hold
// small records that several devices edit at once.

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "base/json_scanner.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "engine/await.h"
#include "records/fields.h"
#include "records/push.h"
#include "records/statements.h"

namespace tidemark {
namespace {

struct Entry {
  FieldRecord record;
  bool stored = false;
  int64_t seq = 0;  // of what is stored
  bool changed = false;
};

std::string TextOf(const Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? std::string() : *text;
}

// Rows to write and their data, as far as one statement can bind them.
struct Chunk {
  std::string rows = "[";
  std::string blob;
  int64_t count = 0;

  bool HasRoomFor(size_t row_bytes, size_t data_bytes) const {
    return count == 0 || (rows.size() + row_bytes <= limits::kRecordBytesMax &&
                          blob.size() + data_bytes <= limits::kRecordBytesMax);
  }
  // "offset,size" of the text in the blob.
  std::string Append(std::string_view text) {
    std::string place = std::to_string(blob.size()) + "," + std::to_string(text.size());
    blob += text;
    return place;
  }
};

class FieldBatch {
 public:
  // Some deltas of a batch; the batch outlives this.
  FieldBatch(PushState* state, const DeltaBatch* batch, size_t begin, size_t end)
      : state_(state),
        batch_(*batch),
        deltas_(std::span(batch->deltas).subspan(begin, end - begin)),
        collection_(state->schema->collections[static_cast<size_t>(batch->collection)]) {
    for (const Delta& delta : deltas_) entries_.try_emplace(Id(delta));
  }

  std::string IdsJson() const;
  void ReadStored(const ResultSet& stored);
  void Merge() {
    for (const Delta& delta : deltas_) MergeOne(delta);
  }
  std::vector<Statement> Writes();
  std::string collection() const { return std::string(collection_.name); }

 private:
  std::string Id(const Delta& delta) const { return std::string(batch_.slice.Get(delta.id)); }
  void MergeOne(const Delta& delta);
  Rejection Refuse(const Delta& delta, const Entry& entry, const nlohmann::json& data) const;
  // One entry a field: a replay finds each of them here already, however they were beaten.
  void KeepHistory(const std::string& id, const FieldRecord::Beaten& beaten,
                   std::string_view reason);
  void WriteEntry(const std::string& id, const Entry& entry);
  void FlushHistory();
  void FlushRecords();

  PushState* state_;
  const DeltaBatch& batch_;
  std::span<const Delta> deltas_;
  const Collection& collection_;
  std::map<std::string, Entry> entries_;
  Chunk history_;
  Chunk records_;
  std::vector<Statement> writes_;
};

std::string FieldBatch::IdsJson() const {
  std::string ids = "[";
  for (const auto& [id, entry] : entries_) {
    AppendComma(&ids);
    json::AppendQuoted(&ids, id);
  }
  return ids + "]";
}

void FieldBatch::ReadStored(const ResultSet& stored) {
  for (const std::vector<Cell>& row : stored.rows) {
    Entry& entry = entries_[TextOf(row[0])];
    entry.record = FieldRecord(TextOf(row[1]), TextOf(row[2]));
    entry.seq = *std::get_if<int64_t>(&row[3]);
    entry.stored = true;
  }
}

// Why the merged record cannot be stored.
Rejection FieldBatch::Refuse(const Delta& delta, const Entry& entry,
                             const nlohmann::json& data) const {
  if (!entry.stored && !entry.changed && state_->stale && delta.ms <= state_->space.horizon_ms) {
    return {"stale_device",
            "This device was away for longer than deletions are remembered, and "
            "the record may have been deleted; the change is in the history"};
  }
  FieldRecord merged = entry.record;
  merged.Merge(data, {delta.ms, delta.counter, state_->device});
  if (DumpTree(merged.data()).size() > limits::kFieldRecordBytesMax) {
    return {"record_too_large", "The merged record is larger than " +
                                    std::to_string(limits::kFieldRecordBytesMax) + " bytes"};
  }
  // Quoted in a row to write they may double.
  if (merged.StampsJson().size() > limits::kFieldRecordBytesMax) {
    return {"record_too_large", "The merged record has more fields than can be kept apart"};
  }
  for (const Column& column : collection_.columns) {
    const nlohmann::json* value = Field(merged.data(), column.name);
    if (!column.required || merged.deleted() || (value != nullptr && !value->is_null())) continue;
    return {"missing_column",
            "data." + std::string(column.name) + " of " + collection() + " is required"};
  }
  return {};
}

void FieldBatch::MergeOne(const Delta& delta) {
  Entry& entry = entries_[Id(delta)];
  const FieldStamp stamp{delta.ms, delta.counter, state_->device};
  entry.record.overwritten.clear();
  entry.record.lost.clear();
  if (delta.deletes) {
    entry.changed |= entry.record.MergeDeletion(stamp);
    // Newer fields outlive it.
    if (!entry.record.deleted()) state_->Correct(collection_.name, Id(delta));
  } else {
    const Result<nlohmann::json> data =
        ParseTree(batch_.slice.Get(delta.data), limits::kRecordDepthMax);
    // All else that a tree refuses was found before.
    if (!data.ok()) {
      return state_->Reject(collection_.name, delta.index, Id(delta),
                            {"number_out_of_range", "data holds a number beyond a double"});
    }
    Rejection refused = Refuse(delta, entry, *data);
    if (!refused.code.empty()) {
      for (const auto& [field, value] : data->items()) {
        if (refused.code != "stale_device" || value.is_null()) continue;
        KeepHistory(Id(delta), {field, value, stamp}, refused.code);
      }
      return state_->Reject(collection_.name, delta.index, Id(delta), refused);
    }
    entry.changed |= entry.record.Merge(*data, stamp, delta.counter_given);
    // Its device holds what it sent, over what it had seen; what is stored is the merge.
    if (entry.seq > state_->seen_seq || entry.record.data() != *data) {
      state_->Correct(collection_.name, Id(delta));
    }
  }
  for (const auto& beaten : entry.record.overwritten) KeepHistory(Id(delta), beaten, "overwritten");
  for (const auto& beaten : entry.record.lost) KeepHistory(Id(delta), beaten, "lost");
  if (entry.record.lost.empty()) return;
  state_->Conflict(collection_.name, delta.index, Id(delta), "lost",
                   "Newer values of some fields are stored; the ones sent are in the history");
}

void FieldBatch::KeepHistory(const std::string& id, const FieldRecord::Beaten& beaten,
                             std::string_view reason) {
  const FieldStamp& stamp = beaten.stamp;
  const std::string data = DumpTree({{beaten.field, beaten.value}});
  std::string tail = std::to_string(stamp.ms) + "," + std::to_string(stamp.counter) + ",";
  json::AppendQuoted(&tail, reason);
  tail += ",";
  json::AppendQuoted(&tail, stamp.device);
  std::string row = "[";
  json::AppendQuoted(&row, id);
  if (!history_.HasRoomFor(row.size() + tail.size() + 32, data.size())) FlushHistory();
  AppendComma(&history_.rows);
  history_.rows += row + "," + history_.Append(data) + "," + tail + "]";
  ++history_.count;
  ++state_->losers;
}

void FieldBatch::WriteEntry(const std::string& id, const Entry& entry) {
  const bool deleted = entry.record.deleted();
  const std::string data = deleted ? std::string() : DumpTree(entry.record.data());
  const FieldStamp latest = entry.record.Latest();
  std::string row = "[";
  json::AppendQuoted(&row, id);
  std::string tail =
      std::to_string(latest.ms) + "," + std::to_string(latest.counter) + (deleted ? ",1," : ",0,");
  const nlohmann::json* parent =
      collection_.parent_column < 0
          ? nullptr
          : Field(entry.record.data(),
                  collection_.columns[static_cast<size_t>(collection_.parent_column)].name);
  tail += (parent == nullptr ? "null" : DumpTree(*parent)) + ",";
  json::AppendQuoted(&tail, entry.record.StampsJson());
  if (!records_.HasRoomFor(row.size() + tail.size() + 32, data.size())) FlushRecords();
  AppendComma(&records_.rows);
  records_.rows += row + "," + records_.Append(data) + "," + tail + "]";
  ++records_.count;
}

void FieldBatch::FlushHistory() {
  const Chunk chunk = std::exchange(history_, {});
  if (chunk.count == 0) return;
  // What is kept already counts unless it goes within half of the time that history is kept.
  const int64_t kept_since = state_->now_ms - limits::kHistoryDays * limits::kDayMs / 2;
  writes_.push_back(
      {sql::kKeepFields.text,
       {chunk.rows + "]", collection(), Blob{chunk.blob}, state_->now_ms, kept_since}});
}

void FieldBatch::FlushRecords() {
  const Chunk chunk = std::exchange(records_, {});
  if (chunk.count == 0) return;
  std::string rows = chunk.rows + "]";
  NoteDepartures(*state_, collection_, rows, &writes_);
  writes_.push_back({sql::kWriteFields.text,
                     {std::move(rows), collection(), Blob{chunk.blob}, state_->head, state_->now_ms,
                      state_->device}});
  state_->head += chunk.count;
  state_->written += chunk.count;
}

std::vector<Statement> FieldBatch::Writes() {
  for (const auto& [id, entry] : entries_) {
    if (entry.changed) WriteEntry(id, entry);
  }
  FlushHistory();
  FlushRecords();
  return std::move(writes_);
}

}  // namespace

Task<Status> PushFields(PushState* state, DeltaBatch deltas) {
  const size_t count = deltas.deltas.size();
  for (size_t begin = 0; begin < count; begin += limits::kFieldRecordsTogether) {
    const size_t end = std::min(count, begin + limits::kFieldRecordsTogether);
    FieldBatch batch(state, &deltas, begin, end);
    const ResultSet stored =
        co_await Query(sql::kReadFields, {batch.IdsJson(), batch.collection()});
    batch.ReadStored(stored);
    batch.Merge();
    std::vector<Statement> writes = batch.Writes();
    if (!writes.empty()) co_await Batch(std::move(writes));
  }
  co_return state->CheckSize();
}

}  // namespace tidemark
