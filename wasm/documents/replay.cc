#include "documents/replay.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/replay_batch.h"
#include "documents/sql_restore.h"
#include "engine/await.h"

namespace tidemark {
namespace {

using Event = JournalObject::Event;

// How far the entries have been read.
struct Covered {
  int64_t seq = 0;
  int64_t part = limits::kIntegerMax;

  bool Holds(const EntryHeader& entry) const {
    return entry.seq < seq || (entry.seq == seq && entry.part <= part);
  }
};

class Replay {
 public:
  Replay(std::string app, std::string object, int64_t at, Stage stage)
      : app_(std::move(app)), object_(std::move(object)), at_(at), stage_(stage), batch_(stage) {}

  Task<Status> Run();

 private:
  // Where to read on: an object among those that are listed, and a byte of it.
  struct At {
    size_t object = 0;
    size_t offset = 0;
  };
  // A write of several parts, until the last of them is met: only then does it count.
  struct Pending {
    int64_t seq = 0;
    At at;
    Covered covered;
  };
  enum class Turn : uint8_t { kOn, kAway };

  Task<Status> Begin();
  Task<Status> ReadSeal(std::string key);
  Task<Status> ReadAll();
  Task<Status> ListMore(bool* more);
  Task<Status> ReadObject();
  Task<Status> Take(Event event, Turn* turn);
  Status TakeHead(Turn* turn);
  Status TakeEntry(Turn* turn);
  Task<bool> BeginLife();

  std::string app_;
  std::string object_;
  int64_t at_;
  Stage stage_;
  ReplayBatch batch_;
  JournalObject reader_;
  Slice slice_;
  std::vector<std::string> keys_;
  std::string cursor_;
  std::string after_;
  bool listed_ = false;  // all of them
  At next_;
  size_t reading_ = 0;  // which object
  std::string epoch_;   // of the entries that are read
  std::string staged_;  // of what is staged
  Covered covered_;
  Pending pending_;
  int64_t whole_ = 0;  // the write of several parts that is known to be whole
  bool applies_ = false;
  bool done_ = false;
  bool exists_ = false;
  bool spread_ = false;  // its rows lie in shards
};

Status NotKept() {
  return Status::Error(410, "moment_not_kept",
                       "The journal of that moment is not kept any more; restore a snapshot");
}

// From the newest copy of before, or from nothing.
Task<Status> Replay::Begin() {
  const Result<Snapshot> base = co_await FindBase(app_, at_, /*daily=*/false);
  if (!base.ok()) co_return base.status();
  if (base->name.empty()) {
    co_await ClearStage(stage_);
    co_return Status();
  }
  if (Status status = co_await StageSnapshot(app_, *base, stage_); !status.ok()) co_return status;
  if (Status status = co_await ReadSeal(SealKey(app_, base->name)); !status.ok()) co_return status;
  exists_ = true;
  epoch_ = staged_ = base->tag.epoch;
  covered_.seq = base->tag.version;
  after_ = JournalBound(app_, base->tag.version);
  co_return Status();
}

Task<Status> Replay::ReadSeal(std::string key) {
  StoredSource source(key, 0);
  reader_.Start();
  for (size_t offset = 0;;) {
    Result<Slice> slice = co_await source.Read(offset);
    if (!slice.ok()) co_return slice.status();
    json::Scanner scanner(slice->text, slice->last);
    Event event = Event::kMore;
    do {
      event = reader_.Next(slice->text, slice->offset, &scanner);
      if (event == Event::kChange) batch_.Add(reader_.change());
    } while (event != Event::kMore && event != Event::kEnd && event != Event::kDamaged);
    co_await batch_.Flush({});
    if (event == Event::kEnd) co_return Status();
    if (event == Event::kDamaged || scanner.position() == 0) co_return BackupDamaged(key);
    offset += scanner.position();
  }
}

Task<Status> Replay::ListMore(bool* more) {
  *more = !listed_;
  if (listed_) co_return Status();
  Params params{{"prefix", JournalPrefix(app_)}};
  if (!cursor_.empty()) params["cursor"] = cursor_;
  if (cursor_.empty() && !after_.empty()) params["after"] = after_;
  auto answer = co_await Store("r2", "list", std::move(params));
  const auto* page = std::get_if<StoreReply>(&answer);
  if (page == nullptr || page->status != 200) co_return StoreUnavailable();
  cursor_ = DataOf(page->data, "cursor");
  listed_ = cursor_.empty();
  const auto tree = ParseTree(DataOf(page->data, "keys"), 1);
  if (!tree.ok() || !tree->is_array()) co_return StoreUnavailable();
  // Those behind which nobody goes back.
  const size_t passed = pending_.seq > 0 ? pending_.at.object : next_.object;
  keys_.erase(keys_.begin(), keys_.begin() + static_cast<ptrdiff_t>(passed));
  next_.object -= passed;
  pending_.at.object -= std::min(passed, pending_.at.object);
  for (const nlohmann::json& key : *tree) {
    if (const auto* text = key.get_ptr<const std::string*>()) keys_.push_back(*text);
  }
  co_return Status();
}

Status Replay::TakeHead(Turn* turn) {
  const ObjectHead& head = reader_.head();
  if (head.object != object_) {
    *turn = Turn::kAway;
    return {};
  }
  if (head.epoch == epoch_) return head.previous > covered_.seq ? NotKept() : Status();
  if (head.previous != 0) return NotKept();
  epoch_ = head.epoch;
  covered_ = {};
  pending_ = {};
  return {};
}

Status Replay::TakeEntry(Turn* turn) {
  const EntryHeader& entry = reader_.entry();
  applies_ = false;
  if (covered_.Holds(entry)) return {};  // it was sent twice
  if (entry.seq > at_) {
    done_ = true;
    *turn = Turn::kAway;
    return {};
  }
  const bool follows = entry.seq > covered_.seq ? entry.part == 0 : entry.part == covered_.part + 1;
  if (!follows) return BackupDamaged(keys_[reading_]);
  if (pending_.seq != entry.seq) pending_ = {};
  if (pending_.seq == 0 && whole_ != entry.seq && !entry.last) {
    pending_ = {.seq = entry.seq, .at = {reading_, entry.offset}, .covered = covered_};
  }
  covered_ = {entry.seq, entry.part};
  if (whole_ == entry.seq || pending_.seq != entry.seq) {
    applies_ = true;
  } else if (entry.last) {
    whole_ = entry.seq;
    covered_ = pending_.covered;
    next_ = pending_.at;
    pending_ = {};
    *turn = Turn::kAway;
  }
  return {};
}

// What is staged is of another life.
Task<bool> Replay::BeginLife() {
  if (staged_ != epoch_) {
    co_await ClearStage(stage_);
    spread_ = false;
  }
  staged_ = epoch_;
  exists_ = true;
  co_return true;
}

Task<Status> Replay::Take(Event event, Turn* turn) {
  if (event == Event::kHead) co_return TakeHead(turn);
  if (event == Event::kChange && applies_) {
    const JournalChange& change = reader_.change();
    batch_.Add(change);
    if (change.op == JournalChange::Op::kSpread) spread_ = true;
    if (change.op == JournalChange::Op::kGather) spread_ = false;
  }
  if (event != Event::kEntry) co_return Status();
  if (Status status = TakeEntry(turn); !status.ok()) co_return status;
  if (applies_) co_await BeginLife();
  co_return Status();
}

// From `next_` on, which is then where to go on.
Task<Status> Replay::ReadObject() {
  const At from = std::exchange(next_, {next_.object + 1, 0});
  reading_ = from.object;
  const std::string key = keys_[reading_];
  if (from.offset == 0) reader_.Start();
  if (from.offset > 0) reader_.StartAtEntry();
  StoredSource source(key, 0);
  for (size_t offset = from.offset;;) {
    Result<Slice> slice = co_await source.Read(offset);
    if (!slice.ok()) co_return slice.status();
    slice_ = std::move(*slice);
    json::Scanner scanner(slice_.text, slice_.last);
    Turn turn = Turn::kOn;
    Event event = Event::kMore;
    do {
      event = reader_.Next(slice_.text, slice_.offset, &scanner);
      if (Status status = co_await Take(event, &turn); !status.ok()) co_return status;
    } while (turn == Turn::kOn && event != Event::kMore && event != Event::kEnd &&
             event != Event::kDamaged);
    co_await batch_.Flush(slice_.text);
    if (turn == Turn::kAway || event == Event::kEnd) co_return Status();
    if (event == Event::kDamaged || scanner.position() == 0) co_return BackupDamaged(key);
    offset += scanner.position();
  }
}

Task<Status> Replay::ReadAll() {
  while (!done_) {
    if (next_.object == keys_.size()) {
      bool more = false;
      if (Status status = co_await ListMore(&more); !status.ok()) co_return status;
      if (!more) break;
      continue;
    }
    if (Status status = co_await ReadObject(); !status.ok()) co_return status;
  }
  co_return Status();
}

Task<Status> Replay::Run() {
  if (Status status = co_await Begin(); !status.ok()) co_return status;
  if (Status status = co_await ReadAll(); !status.ok()) co_return status;
  if (!exists_ && keys_.empty()) {
    // Nothing tells of that moment. Where there is a later copy, it has been forgotten.
    const Result<Snapshot> later = co_await FindBase(app_, limits::kIntegerMax, /*daily=*/false);
    if (!later.ok()) co_return later.status();
    if (!later->name.empty()) co_return NotKept();
  }
  if (!exists_) co_return Status::NotFound("There was no document at that moment");
  if (spread_) co_return Sharded();
  co_await Query(sql::kRenumberStaged, {static_cast<int64_t>(stage_), limits::kPlaceStep});
  co_return Status();
}

}  // namespace

Task<Status> StageSnapshot(std::string app, Snapshot snapshot, Stage stage) {
  const std::string key = CopyKey(app, snapshot.name);
  StoredSource source(key, snapshot.size);
  const Status staged = co_await StageDocument(&source, stage);
  if (staged.ok() || staged.http_status() >= 500) co_return staged;
  co_return BackupDamaged(key);
}

Task<Status> StageMoment(std::string app, std::string object, int64_t at, Stage stage) {
  Replay replay(std::move(app), std::move(object), at, stage);
  co_return co_await replay.Run();
}

std::string JournalBound(std::string_view app, int64_t version) {
  std::array<uint8_t, 10> last{};
  last.fill(0xff);
  return JournalKey(app, DayOf(version), UuidV7(version, last));
}

}  // namespace tidemark
