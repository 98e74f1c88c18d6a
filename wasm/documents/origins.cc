#include "documents/origins.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/replay.h"
#include "documents/shard_of.h"
#include "documents/sql_restore.h"
#include "documents/sql_shards.h"
#include "documents/sql_stage.h"
#include "engine/await.h"

namespace tidemark {
namespace {

using Event = JournalObject::Event;
using Op = JournalChange::Op;

constexpr int64_t kShardStages = 16;

Status Unended(int64_t seq) {
  return Status::Error(502, "backup_damaged",
                       "The journal does not have all parts of the write of version " +
                           std::to_string(seq) +
                           "; what was there before it is at=" + std::to_string(seq - 1));
}

}  // namespace

Origins::Origins(std::string app, Stage stage)
    : app_(std::move(app)), stage_(static_cast<int64_t>(stage)), batch_(stage) {
  manifest_ = &origins_[ManifestName(app_)];
  manifest_->stage = stage_;
}

Origin* Origins::Of(const std::string& object) {
  const auto known = origins_.find(object);
  if (known != origins_.end()) return &known->second;
  const std::optional<ObjectName> name = ParseObjectName(object);
  if (!name || name->app != app_) return nullptr;
  const auto number = static_cast<int64_t>(origins_.size());
  Origin& origin = origins_[object];
  origin.stage = kShardStages + number;
  origin.covered = {base_, limits::kIntegerMax};
  return &origin;
}

Task<bool> Origins::Clear() {
  co_await Batch({{sql::kClearStages.text, {kShardStages}},
                  {sql::kClearStagesMembers.text, {kShardStages}},
                  {sql::kClearStaged.text, {stage_}},
                  {sql::kClearStagedMembers.text, {stage_}}});
  co_return true;
}

Task<Status> Origins::Load(Snapshot snapshot) {
  co_await Clear();
  base_ = snapshot.tag.version;
  manifest_->covered = {base_, limits::kIntegerMax};
  own_ = true;
  const Status staged = co_await StageSnapshot(app_, snapshot, static_cast<Stage>(stage_));
  if (!staged.ok()) co_return staged;
  if (Status status = co_await ReadSeal(SealKey(app_, snapshot.name)); !status.ok()) {
    co_return status;
  }
  for (auto& [name, origin] : origins_) {
    origin.epoch = origin.life = snapshot.tag.epoch;
    origin.last = base_;
  }
  if (own_) co_return Status();
  // The rows of shards have been copied to where these are staged.
  co_await Batch({{sql::kClearStaged.text, {stage_}}, {sql::kUnstageValues.text, {stage_}}});
  co_return Status();
}

Task<Status> Origins::ReadSeal(std::string key) {
  StoredSource source(key, 0);
  JournalObject reader;
  reader.Start();
  int64_t stage = stage_;
  for (size_t offset = 0;;) {
    Result<Slice> slice = co_await source.Read(offset);
    if (!slice.ok()) co_return slice.status();
    json::Scanner scanner(slice->text, slice->last);
    Event event = Event::kMore;
    do {
      event = reader.Next(slice->text, slice->offset, &scanner);
      if (event == Event::kEntry) {
        co_await batch_.Flush(stage, {});
        const std::string& object = reader.entry().object;
        const Origin* const origin = object.empty() ? manifest_ : Of(object);
        if (origin == nullptr) co_return BackupDamaged(key);
        stage = origin->stage;
      }
      if (event == Event::kChange && reader.change().op == Op::kSpread) own_ = false;
      if (event == Event::kChange && reader.change().op == Op::kPlace) batch_.Add(reader.change());
    } while (event != Event::kMore && event != Event::kEnd && event != Event::kDamaged);
    co_await batch_.Flush(stage, {});
    if (event == Event::kEnd) co_return Status();
    if (event == Event::kDamaged || scanner.position() == 0) co_return BackupDamaged(key);
    offset += scanner.position();
  }
}

Task<bool> Origins::BeginEntry(Origin* origin, int64_t seq) {
  if (origin->begins) {
    co_await Batch({{sql::kClearStaged.text, {origin->stage}},
                    {sql::kClearStagedMembers.text, {origin->stage}}});
    origin->begins = false;
    origin->broken = 0;
    if (origin == manifest_) own_ = false;
    if (origin == manifest_) gathered_ = 0;
  }
  origin->life = origin->epoch;
  origin->last = entry_ = seq;
  co_return true;
}

void Origins::Add(const Origin& origin, const JournalChange& change) {
  batch_.Add(change);
  if (&origin != manifest_) return;
  const bool value = change.op == Op::kSet && change.size > 0;
  if (change.op == Op::kUpsert || value) own_ = true;
  if (change.op == Op::kSpread) own_ = false;
  if (change.op == Op::kGather) gathered_ = entry_;
}

Task<bool> Origins::Flush(Origin* origin, std::string text) {
  co_return co_await batch_.Flush(origin->stage, std::move(text));
}

Task<bool> Origins::JoinShard(std::string name, Origin* origin, int64_t number) {
  // Where records go by a day that they name, one stays in the shard that it lay in.
  const bool day = name == kUndatedShard || DayStart(name);
  const Param shard = day ? Param(name) : Null();
  co_await Batch({{sql::kJoinStaged.text, {origin->stage, stage_, number, shard}},
                  {sql::kJoinStagedMembers.text, {origin->stage, stage_}}});
  co_return true;
}

Task<Status> Origins::Join() {
  int64_t number = 0;
  for (auto& [object, origin] : origins_) {
    const bool whole = &origin == manifest_;
    const bool counts = !own_ && origin.life == manifest_->life && origin.last > gathered_;
    if (!whole && !counts) continue;
    const int64_t unended = std::max(origin.pending.seq, origin.broken);
    if (unended > 0) co_return Unended(unended);
    if (!whole) co_await JoinShard(ObjectNameOf(object).shard.value_or(""), &origin, number++);
  }
  co_await Batch({{sql::kClearStages.text, {kShardStages}},
                  {sql::kClearStagesMembers.text, {kShardStages}},
                  {sql::kRenumberStaged.text, {stage_, limits::kPlaceStep}}});
  if (number > 0) co_await Query(sql::kRenumberStagedMembers, {stage_, limits::kPlaceStep});
  co_return Status();
}

std::vector<std::string> Origins::Shards() const {
  std::vector<std::string> shards;
  for (const auto& [object, origin] : origins_) {
    if (&origin != manifest_) shards.push_back(ObjectNameOf(object).shard.value_or(""));
  }
  return shards;
}

}  // namespace tidemark
