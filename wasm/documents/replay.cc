#include "documents/replay.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/origins.h"
#include "engine/await.h"

namespace tidemark {
namespace {

using Event = JournalObject::Event;

class Replay {
 public:
  Replay(const std::string& app, int64_t at, Stage stage)
      : app_(app), at_(at), origins_(app, stage) {}

  Task<Status> Run();
  std::vector<std::string> Shards() const { return origins_.Shards(); }

 private:
  enum class Turn : uint8_t { kOn, kAway };

  Task<Status> Begin();
  Task<Status> ReadAll();
  bool AtEnd() const;
  Task<Status> ListMore(bool* more);
  Task<Status> ReadObject();
  Task<Status> Take(Event event, Turn* turn);
  Status TakeHead(Turn* turn);
  Status TakeEntry(Turn* turn);

  std::string app_;
  int64_t at_;
  Origins origins_;
  JournalObject reader_;
  Slice slice_;
  std::vector<std::string> keys_;
  std::string cursor_;
  std::string after_;
  std::string bound_;    // behind it all is of later; empty: nothing is
  bool listed_ = false;  // all of them
  bool any_ = false;     // there is a journal
  JournalAt next_;
  size_t reading_ = 0;        // which object
  Origin* origin_ = nullptr;  // whose journal that is
  Origin* again_ = nullptr;   // of whom alone objects are read again,
  size_t again_until_ = 0;    // up to this one
  bool applies_ = false;
};

Status NotKept() {
  return Status::Error(410, "moment_not_kept",
                       "The journal of that moment is not kept any more; restore a snapshot");
}

// From the newest copy of before, or from nothing. What the journal has forgotten must be in it.
Task<Status> Replay::Begin() {
  const Result<int64_t> folded = co_await ReadFolded(app_);
  if (!folded.ok()) co_return folded.status();
  Result<Snapshot> base = co_await FindBase(app_, at_, /*daily=*/false);
  const auto gap = [&] {
    return base.ok() && base->tag.version < *folded && base->tag.version < at_;
  };
  // It may be that of a later day, where days have none.
  if (gap()) base = co_await FindBase(app_, at_, /*daily=*/false, /*all=*/true);
  if (!base.ok()) co_return base.status();
  if (gap()) co_return NotKept();
  const int64_t version = base->tag.version;
  if (at_ <= limits::kTimeMaxMs - limits::kJournalSpanMs) {
    bound_ = JournalBound(app_, at_ + limits::kJournalSpanMs);
  }
  if (base->name.empty()) {
    co_await origins_.Clear();
    co_return Status();
  }
  after_ = JournalBound(app_, version);
  co_return co_await origins_.Load(*base);
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
  size_t passed = next_.object;
  for (const auto& [name, origin] : origins_.all()) {
    if (origin.pending.seq > 0) passed = std::min(passed, origin.pending.at.object);
  }
  keys_.erase(keys_.begin(), keys_.begin() + static_cast<ptrdiff_t>(passed));
  next_.object -= passed;
  for (auto& [name, origin] : origins_.all()) {
    origin.pending.at.object -= std::min(passed, origin.pending.at.object);
  }
  for (const nlohmann::json& key : *tree) {
    if (const auto* text = key.get_ptr<const std::string*>()) keys_.push_back(*text);
  }
  co_return Status();
}

// An object's journal that begins once more is that of another life of it.
Status Replay::TakeHead(Turn* turn) {
  const ObjectHead& head = reader_.head();
  origin_ = origins_.Of(head.object);
  const bool others = again_ != nullptr && origin_ != again_;
  if (origin_ == nullptr || origin_->done || others) {
    *turn = Turn::kAway;
    return {};
  }
  if (again_ != nullptr) return {};
  Origin& origin = *origin_;
  const bool other = !origin.epoch.empty() && head.epoch != origin.epoch;
  if (head.previous == 0 && (other || head.first > origin.covered.seq)) {
    origin.begins = true;
    origin.broken = std::max(origin.broken, origin.pending.seq);
    origin.pending = {};
    origin.covered = {};
  } else if (head.previous > origin.covered.seq) {
    return NotKept();
  }
  origin.epoch = head.epoch;
  return {};
}

Status Replay::TakeEntry(Turn* turn) {
  const EntryHeader& entry = reader_.entry();
  Origin& origin = *origin_;
  applies_ = false;
  if (origin.covered.Holds(entry)) return {};  // it was sent twice
  if (entry.seq > at_) {
    origin.done = true;
    *turn = Turn::kAway;
    return {};
  }
  const Covered& covered = origin.covered;
  const bool follows = entry.seq > covered.seq ? entry.part == 0 : entry.part == covered.part + 1;
  PendingWrite& pending = origin.pending;
  const bool ended = pending.seq == 0 || pending.seq == entry.seq;
  if (!follows || !ended) return BackupDamaged(keys_[reading_]);
  if (pending.seq == 0 && origin.whole != entry.seq && !entry.last) {
    pending = {.seq = entry.seq, .at = {reading_, entry.offset}, .covered = covered};
  }
  origin.covered = {entry.seq, entry.part};
  if (origin.whole == entry.seq || pending.seq != entry.seq) {
    applies_ = true;
  } else if (entry.last) {
    origin.whole = entry.seq;
    origin.covered = pending.covered;
    next_ = pending.at;
    again_ = &origin;
    again_until_ = reading_;
    pending = {};
    *turn = Turn::kAway;
  }
  return {};
}

Task<Status> Replay::Take(Event event, Turn* turn) {
  if (event == Event::kHead) co_return TakeHead(turn);
  if (event == Event::kChange && applies_) origins_.Add(*origin_, reader_.change());
  if (event != Event::kEntry) co_return Status();
  if (Status status = TakeEntry(turn); !status.ok()) co_return status;
  if (!applies_) co_return Status();
  // What is staged of an earlier life goes before what this slice brings.
  co_await origins_.BeginEntry(origin_, reader_.entry().seq);
  co_return Status();
}

// From `next_` on, which is then where to go on.
Task<Status> Replay::ReadObject() {
  const JournalAt from = std::exchange(next_, {next_.object + 1, 0});
  reading_ = from.object;
  any_ = true;
  const std::string key = keys_[reading_];
  if (from.offset == 0) reader_.Start();
  if (from.offset > 0) {
    origin_ = again_;
    reader_.StartAtEntry();
  }
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
    if (origin_ != nullptr) co_await origins_.Flush(origin_, slice_.text);
    if (turn == Turn::kAway || event == Event::kEnd) co_return Status();
    if (event == Event::kDamaged || scanner.position() == 0) co_return BackupDamaged(key);
    offset += scanner.position();
  }
}

// Nothing behind can tell more of the moment.
bool Replay::AtEnd() const {
  const Origin& manifest = origins_.manifest();
  const bool exists = !manifest.life.empty();
  if (manifest.done && (!exists || origins_.own())) return true;
  if (next_.object == keys_.size() || bound_.empty() || again_ != nullptr) return false;
  return (exists || manifest.done) && keys_[next_.object] > bound_;
}

Task<Status> Replay::ReadAll() {
  while (!AtEnd()) {
    if (next_.object == keys_.size()) {
      bool more = false;
      if (Status status = co_await ListMore(&more); !status.ok()) co_return status;
      if (!more) break;
      continue;
    }
    if (Status status = co_await ReadObject(); !status.ok()) co_return status;
    if (next_.object > again_until_) again_ = nullptr;
  }
  co_return Status();
}

Task<Status> Replay::Run() {
  if (Status status = co_await Begin(); !status.ok()) co_return status;
  if (Status status = co_await ReadAll(); !status.ok()) co_return status;
  const bool exists = !origins_.manifest().life.empty();
  if (!exists && !any_) {
    // Nothing tells of that moment. Where there is a later copy, it has been forgotten.
    const Result<Snapshot> later = co_await FindBase(app_, limits::kIntegerMax, /*daily=*/false);
    if (!later.ok()) co_return later.status();
    if (!later->name.empty()) co_return NotKept();
  }
  if (!exists) co_return Status::NotFound("There was no document at that moment");
  co_return co_await origins_.Join();
}

}  // namespace

Task<Status> StageSnapshot(std::string app, Snapshot snapshot, Stage stage) {
  const std::string key = CopyKey(app, snapshot.name);
  StoredSource source(key, snapshot.size);
  const Status staged = co_await StageDocument(&source, stage);
  if (staged.ok() || staged.http_status() >= 500) co_return staged;
  co_return BackupDamaged(key);
}

Task<Status> StageSealed(std::string app, Snapshot snapshot, Stage stage) {
  Origins origins(std::move(app), stage);
  const Status loaded = co_await origins.Load(std::move(snapshot));
  if (!loaded.ok()) co_return loaded;
  co_return co_await origins.Join();
}

Task<Status> StageMoment(std::string app, int64_t at, Stage stage,
                         std::vector<std::string>* shards) {
  Replay replay(app, at, stage);
  const Status staged = co_await replay.Run();
  *shards = replay.Shards();
  co_return staged;
}

std::string JournalBound(std::string_view app, int64_t version) {
  std::array<uint8_t, 10> last{};
  last.fill(0xff);
  return JournalKey(app, DayOf(version), UuidV7(version, last));
}

}  // namespace tidemark
