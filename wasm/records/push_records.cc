// Push for collections that merge whole records: the hot path.

#include <map>
#include <utility>

#include "base/json_scanner.h"
#include "base/limits.h"
#include "engine/await.h"
#include "records/id_index.h"
#include "records/merge.h"
#include "records/push.h"
#include "records/statements.h"

namespace tidemark {
namespace {

// A distinct id of the batch: what is stored for it, and which delta stands in its place by now.
struct Slot {
  bool stored = false;
  bool stored_deleted = false;
  int64_t ms = 0;
  int64_t counter = 0;
  std::string device;
  int32_t winner = -1;  // index of a delta, or -1 while the stored version stands
};

struct Loser {
  uint32_t delta;
  std::string_view reason;  // a literal
};

class RecordBatch {
 public:
  RecordBatch(PushState* state, DeltaBatch batch)
      : state_(state),
        batch_(std::move(batch)),
        collection_(state->schema->collections[static_cast<size_t>(batch_.collection)]) {
    IndexIds();
  }

  std::string IdsJson() const;
  void ReadVersions(const std::string& rows);
  // [key, id, offset, size] of the deltas that share a stored version's time and device.
  std::string TiesJson();
  // The delta's data are not what is stored: the stored ones' hash, where it will be asked for.
  bool NeedsHash(uint32_t delta) const;
  void NoteDifferent(uint32_t delta, const Sha256Digest& stored_hash) {
    different_[delta] = stored_hash;
  }
  std::string IdOf(uint32_t delta) const { return std::string(Id(batch_.deltas[delta])); }
  void Decide();

  std::string OverwrittenJson() const;
  std::string LosersJson() const;
  std::string WinnersJson() const;
  int64_t winners() const { return winners_; }
  size_t losers() const { return losers_.size(); }
  std::string collection() const { return std::string(collection_.name); }
  // The slice as a blob; one of the body need not cross the boundary for it.
  Param SliceBlob() const {
    if (!batch_.slice.in_body) return Blob{batch_.slice.text};
    return BodyRange{static_cast<uint32_t>(batch_.slice.offset),
                     static_cast<uint32_t>(batch_.slice.text.size())};
  }

 private:
  std::string_view Id(const Delta& delta) const { return batch_.slice.Get(delta.id); }
  std::string_view Data(const Delta& delta) const { return batch_.slice.Get(delta.data); }
  Version VersionOf(const Delta& delta) const {
    return {delta.ms, delta.counter, state_->device, delta.deletes};
  }
  void IndexIds();
  void DecideOne(uint32_t index);
  Outcome AgainstStored(uint32_t index, const Slot& slot) const;
  Outcome AgainstWinner(const Delta& delta, const Delta& winner) const;
  void Lose(uint32_t index, const Slot& slot);
  void AppendPiece(const Delta& delta, std::string* out) const;

  PushState* state_;
  DeltaBatch batch_;
  const Collection& collection_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> slot_of_;               // by delta
  std::vector<uint32_t> first_of_;              // by slot: the delta that named it first
  std::map<uint32_t, Sha256Digest> different_;  // of the deltas that tie: the stored data's hash
  std::vector<Loser> losers_;
  int64_t winners_ = 0;
};

void RecordBatch::IndexIds() {
  IdIndex index(batch_.deltas.size());
  slot_of_.reserve(batch_.deltas.size());
  for (uint32_t i = 0; i < batch_.deltas.size(); ++i) {
    const uint32_t slot = index.Position(
        Id(batch_.deltas[i]), [&](uint32_t at) { return Id(batch_.deltas[first_of_[at]]); });
    if (slot == first_of_.size()) first_of_.push_back(i);
    slot_of_.push_back(slot);
  }
  slots_.resize(first_of_.size());
}

std::string RecordBatch::IdsJson() const {
  std::string ids = "[";
  ids.reserve(first_of_.size() * 24);
  for (const uint32_t delta : first_of_) {
    AppendComma(&ids);
    json::AppendQuoted(&ids, Id(batch_.deltas[delta]));
  }
  ids += ']';
  return ids;
}

// Rows that SQL made, in a form that is known to the byte: [[key,ms,counter,"device",deleted],...].
void RecordBatch::ReadVersions(const std::string& rows) {
  const char* at = rows.data() + 1;
  const auto integer = [&at] {
    int64_t value = 0;
    for (; *at >= '0' && *at <= '9'; ++at) value = value * 10 + (*at - '0');
    return value;
  };
  while (*at == '[') {
    ++at;
    Slot& slot = slots_[static_cast<size_t>(integer())];
    slot.stored = true;
    slot.ms = (++at, integer());
    slot.counter = (++at, integer());
    at += 2;
    const char* const device = at;
    while (*at != '"') ++at;
    slot.device.assign(device, at);
    at += 2;
    slot.stored_deleted = integer() != 0;
    ++at;
    if (*at == ',') ++at;
  }
}

void RecordBatch::AppendPiece(const Delta& delta, std::string* out) const {
  json::AppendQuoted(out, Id(delta));
  *out += ',';
  *out += std::to_string(delta.data.offset);
  *out += ',';
  *out += std::to_string(delta.data.size);
}

std::string RecordBatch::TiesJson() {
  std::string ties = "[";
  for (uint32_t i = 0; i < batch_.deltas.size(); ++i) {
    const Delta& delta = batch_.deltas[i];
    const Slot& slot = slots_[slot_of_[i]];
    if (!slot.stored || slot.ms != delta.ms || slot.device != state_->device) continue;
    AppendComma(&ties);
    ties += '[' + std::to_string(i) + ',';
    AppendPiece(delta, &ties);
    ties += ']';
  }
  ties += ']';
  return ties;
}

bool RecordBatch::NeedsHash(uint32_t delta) const {
  return slots_[slot_of_[delta]].counter == batch_.deltas[delta].counter;
}

Outcome RecordBatch::AgainstStored(uint32_t index, const Slot& slot) const {
  const Delta& delta = batch_.deltas[index];
  const Version stored{slot.ms, slot.counter, slot.device, slot.stored_deleted};
  const Outcome outcome = CompareStamps(VersionOf(delta), delta.counter_given, stored);
  if (outcome != Outcome::kTied) return outcome;
  const auto different = different_.find(index);
  if (different == different_.end() && delta.deletes == slot.stored_deleted) return Outcome::kSame;
  const Sha256Digest stored_hash =
      different == different_.end() ? Sha256Of(Data(delta)) : different->second;
  return CompareDistinct(VersionOf(delta), Sha256Of(Data(delta)), stored, stored_hash);
}

Outcome RecordBatch::AgainstWinner(const Delta& delta, const Delta& winner) const {
  const Version standing = VersionOf(winner);
  const Outcome outcome = CompareStamps(VersionOf(delta), delta.counter_given, standing);
  if (outcome != Outcome::kTied) return outcome;
  return CompareData(VersionOf(delta), Data(delta), standing, Data(winner));
}

void RecordBatch::Lose(uint32_t index, const Slot& slot) {
  const Delta& delta = batch_.deltas[index];
  const bool to_another = slot.winner < 0 && slot.device != state_->device;
  if (!delta.deletes) losers_.push_back({index, to_another ? "lost" : "overwritten"});
  // Its own newer version too: a device whose clock was set back does not know that it lost.
  if (slot.winner < 0) state_->Correct(collection_.name, Id(delta));
  if (!to_another) return;
  state_->Conflict(collection_.name, delta.index, Id(delta), "lost",
                   "A newer version from another device is stored; this one is in the history");
}

void RecordBatch::DecideOne(uint32_t index) {
  const Delta& delta = batch_.deltas[index];
  Slot& slot = slots_[slot_of_[index]];
  Outcome outcome = Outcome::kWins;
  if (slot.winner >= 0) {
    outcome = AgainstWinner(delta, batch_.deltas[static_cast<size_t>(slot.winner)]);
  } else if (slot.stored) {
    outcome = AgainstStored(index, slot);
  } else if (state_->stale && delta.ms <= state_->space.horizon_ms) {
    if (!delta.deletes) losers_.push_back({index, "stale_device"});
    return state_->Reject(collection_.name, delta.index, Id(delta),
                          {"stale_device",
                           "This device was away for longer than deletions are "
                           "remembered, and the record may have been deleted; the "
                           "change is in the history"});
  }
  if (outcome == Outcome::kLoses) return Lose(index, slot);
  if (outcome != Outcome::kWins) return;
  if (slot.winner >= 0) {
    const Delta& beaten = batch_.deltas[static_cast<size_t>(slot.winner)];
    if (!beaten.deletes) losers_.push_back({static_cast<uint32_t>(slot.winner), "overwritten"});
  } else {
    ++winners_;
  }
  slot.winner = static_cast<int32_t>(index);
}

void RecordBatch::Decide() {
  for (uint32_t i = 0; i < batch_.deltas.size(); ++i) DecideOne(i);
  state_->written += winners_;
  state_->losers += static_cast<int64_t>(losers_.size());
}

std::string RecordBatch::OverwrittenJson() const {
  std::string ids = "[";
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].winner < 0 || !slots_[i].stored || slots_[i].stored_deleted) continue;
    AppendComma(&ids);
    json::AppendQuoted(&ids, Id(batch_.deltas[first_of_[i]]));
  }
  ids += ']';
  return ids;
}

std::string RecordBatch::LosersJson() const {
  std::string rows = "[";
  for (const Loser& loser : losers_) {
    const Delta& delta = batch_.deltas[loser.delta];
    AppendComma(&rows);
    rows += '[';
    AppendPiece(delta, &rows);
    rows += ',' + std::to_string(delta.ms) + ',' + std::to_string(delta.counter) + ",\"";
    rows.append(loser.reason);
    rows += "\"]";
  }
  rows += ']';
  return rows;
}

std::string RecordBatch::WinnersJson() const {
  std::string rows = "[";
  rows.reserve(static_cast<size_t>(winners_) * 72);
  for (const Slot& slot : slots_) {
    if (slot.winner < 0) continue;
    const Delta& delta = batch_.deltas[static_cast<size_t>(slot.winner)];
    AppendComma(&rows);
    rows += '[';
    AppendPiece(delta, &rows);
    rows += ',';
    rows += std::to_string(delta.ms);
    rows += ',';
    rows += std::to_string(delta.counter);
    rows += delta.deletes ? ",1" : ",0";
    if (delta.parent.size > 0) {
      rows += ',';
      json::AppendQuoted(&rows, batch_.slice.Get(delta.parent));
    }
    rows += ']';
  }
  rows += ']';
  return rows;
}

}  // namespace

Task<Status> PushRecords(PushState* state, DeltaBatch deltas) {
  RecordBatch batch(state, std::move(deltas));
  const std::string name = batch.collection();
  const ResultSet versions = co_await Query(sql::kReadVersions, {batch.IdsJson(), name});
  batch.ReadVersions(versions.Text(0));
  if (std::string ties = batch.TiesJson(); ties.size() > 2) {
    const ResultSet different =
        co_await Query(sql::kReadDifferent, {std::move(ties), name, batch.SliceBlob()});
    for (const int64_t key : ReadIntegers(different.Text(0))) {
      const auto delta = static_cast<uint32_t>(key);
      std::string stored;  // read one at a time: each may be as large as a record can be
      if (batch.NeedsHash(delta)) {
        const ResultSet data = co_await Query(sql::kReadData, {name, batch.IdOf(delta)});
        stored = data.Text(0);
      }
      batch.NoteDifferent(delta, Sha256Of(stored));
    }
  }
  batch.Decide();
  std::vector<Statement> writes;
  if (std::string overwritten = batch.OverwrittenJson(); overwritten.size() > 2) {
    writes.push_back({sql::kKeepOverwritten.text, {std::move(overwritten), name, state->now_ms}});
  }
  if (batch.losers() > 0) {
    writes.push_back({sql::kKeepLosers.text,
                      {batch.LosersJson(), name, batch.SliceBlob(), state->device, state->now_ms}});
  }
  if (batch.winners() > 0) {
    writes.push_back({sql::kWriteWinners.text,
                      {batch.WinnersJson(), name, batch.SliceBlob(), state->device, state->head,
                       state->now_ms}});
    state->head += batch.winners();
  }
  if (!writes.empty()) co_await Batch(std::move(writes));
  co_return state->CheckSize();
}

}  // namespace tidemark
