// Push for collections that merge whole records: the hot path.

#include <map>
#include <utility>

#include "base/json_writer.h"
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
  Piece device;         // in the versions' text
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
  void ReadVersions(std::string rows);
  // [key, id, offset, size] of the deltas that share a stored version's time and device.
  std::string TiesJson() const;
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
  Param SliceBlob() const { return batch_.SliceBlob(); }
  const Collection& declared() const { return collection_; }

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
  std::string_view DeviceOf(const Slot& slot) const {
    return std::string_view(versions_).substr(slot.device.offset, slot.device.size);
  }
  void WriteId(const Delta& delta, json::Writer* out) const;
  void WritePiece(const Delta& delta, json::Writer* out) const;

  PushState* state_;
  DeltaBatch batch_;
  const Collection& collection_;
  std::string versions_;  // rows of ReadVersions
  std::vector<Slot> slots_;
  std::vector<uint32_t> slot_of_;               // by delta
  std::vector<uint32_t> first_of_;              // by slot: the delta that named it first
  std::map<uint32_t, Sha256Digest> different_;  // of the deltas that tie: the stored data's hash
  std::vector<Loser> losers_;
  int64_t winners_ = 0;
  json::Writer* conflicts_ = nullptr;    // while Decide runs
  json::Writer* corrections_ = nullptr;  // the same
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

// An id as JSON: its text in the body, where that has no escapes, is its JSON already.
void RecordBatch::WriteId(const Delta& delta, json::Writer* out) const {
  const std::string& text = batch_.slice.text;
  if (delta.id.offset == 0 || delta.id.offset >= text.size()) return out->Quoted(Id(delta));
  out->Raw(std::string_view(text).substr(delta.id.offset - 1, delta.id.size + 2));
}

std::string RecordBatch::IdsJson() const {
  std::string ids;
  json::Writer out(&ids);
  out.Char('[');
  for (const uint32_t delta : first_of_) {
    out.Comma();
    WriteId(batch_.deltas[delta], &out);
  }
  out.Char(']');
  return std::move(out).Take();
}

// Rows that SQL made, in a form that is known to the byte: [[key,ms,counter,"device",deleted],...].
void RecordBatch::ReadVersions(std::string rows) {
  versions_ = std::move(rows);
  const char* at = versions_.data() + 1;
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
    slot.device.offset = static_cast<uint32_t>(at - versions_.data());
    while (*at != '"') ++at;
    slot.device.size = static_cast<uint32_t>(at - versions_.data()) - slot.device.offset;
    at += 2;
    slot.stored_deleted = integer() != 0;
    ++at;
    if (*at == ',') ++at;
  }
}

void RecordBatch::WritePiece(const Delta& delta, json::Writer* out) const {
  WriteId(delta, out);
  out->Char(',');
  out->Integer(delta.data.offset);
  out->Char(',');
  out->Integer(delta.data.size);
}

std::string RecordBatch::TiesJson() const {
  std::string ties;
  json::Writer out(&ties);
  out.Char('[');
  for (uint32_t i = 0; i < batch_.deltas.size(); ++i) {
    const Delta& delta = batch_.deltas[i];
    const Slot& slot = slots_[slot_of_[i]];
    if (!slot.stored || slot.ms != delta.ms || DeviceOf(slot) != state_->device) continue;
    out.Comma();
    out.Char('[');
    out.Integer(i);
    out.Char(',');
    WritePiece(delta, &out);
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

bool RecordBatch::NeedsHash(uint32_t delta) const {
  return slots_[slot_of_[delta]].counter == batch_.deltas[delta].counter;
}

Outcome RecordBatch::AgainstStored(uint32_t index, const Slot& slot) const {
  const Delta& delta = batch_.deltas[index];
  const Version stored{slot.ms, slot.counter, DeviceOf(slot), slot.stored_deleted};
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
  const bool to_another = slot.winner < 0 && DeviceOf(slot) != state_->device;
  if (!delta.deletes) losers_.push_back({index, to_another ? "lost" : "overwritten"});
  if (slot.winner >= 0) return;
  // Its own newer version too: a device whose clock was set back does not know that it lost.
  corrections_->Comma();
  corrections_->Char('[');
  corrections_->Quoted(collection_.name);
  corrections_->Char(',');
  WriteId(delta, corrections_);
  corrections_->Char(']');
  if (!to_another) return;
  conflicts_->Comma();
  conflicts_->Raw("{\"index\":");
  conflicts_->Integer(delta.index);
  conflicts_->Raw(",\"collection\":");
  conflicts_->Quoted(collection_.name);
  conflicts_->Raw(",\"id\":");
  WriteId(delta, conflicts_);
  conflicts_->Raw(
      ",\"code\":\"lost\",\"message\":\"A newer version from another device is stored; "
      "this one is in the history\"}");
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
  json::Writer conflicts(&state_->conflicts);
  json::Writer corrections(&state_->corrections);
  conflicts_ = &conflicts;
  corrections_ = &corrections;
  for (uint32_t i = 0; i < batch_.deltas.size(); ++i) DecideOne(i);
  state_->written += winners_;
  state_->losers += static_cast<int64_t>(losers_.size());
}

std::string RecordBatch::OverwrittenJson() const {
  std::string ids;
  json::Writer out(&ids);
  out.Char('[');
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].winner < 0 || !slots_[i].stored || slots_[i].stored_deleted) continue;
    out.Comma();
    WriteId(batch_.deltas[first_of_[i]], &out);
  }
  out.Char(']');
  return std::move(out).Take();
}

std::string RecordBatch::LosersJson() const {
  std::string rows;
  json::Writer out(&rows);
  out.Char('[');
  for (const Loser& loser : losers_) {
    const Delta& delta = batch_.deltas[loser.delta];
    out.Comma();
    out.Char('[');
    WritePiece(delta, &out);
    out.Char(',');
    out.Integer(delta.ms);
    out.Char(',');
    out.Integer(delta.counter);
    out.Char(',');
    out.Quoted(loser.reason);
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

std::string RecordBatch::WinnersJson() const {
  std::string rows;
  json::Writer out(&rows);
  out.Char('[');
  for (const Slot& slot : slots_) {
    if (slot.winner < 0) continue;
    const Delta& delta = batch_.deltas[static_cast<size_t>(slot.winner)];
    out.Comma();
    out.Char('[');
    WritePiece(delta, &out);
    out.Char(',');
    out.Integer(delta.ms);
    out.Char(',');
    out.Integer(delta.counter);
    out.Raw(delta.deletes ? ",1" : ",0");
    if (delta.parent.size > 0) {
      out.Char(',');
      out.Quoted(batch_.slice.Get(delta.parent));
    }
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
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
    std::string winners = batch.WinnersJson();
    NoteDepartures(*state, batch.declared(), winners, &writes);
    writes.push_back(
        {sql::kWriteWinners.text,
         {std::move(winners), name, batch.SliceBlob(), state->device, state->head, state->now_ms}});
    state->head += batch.winners();
  }
  if (!writes.empty()) co_await Batch(std::move(writes));
  co_return state->CheckSize();
}

}  // namespace tidemark
