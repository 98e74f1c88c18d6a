#include "documents/snapshots.h"

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "documents/app.h"
#include "documents/change.h"
#include "engine/await.h"

namespace tidemark {
namespace {

constexpr std::string_view kJson = ".json";
constexpr std::string_view kFolded = "folded";

// Adds the days among a page's keys. False behind the last of them: seals come after all days.
bool AddDays(std::string_view keys, size_t prefix, std::vector<std::string>* days) {
  const auto tree = ParseTree(keys, 1);
  if (!tree.ok() || !tree->is_array()) return false;
  for (const nlohmann::json& item : *tree) {
    const auto* key = item.get_ptr<const std::string*>();
    std::string_view name = key != nullptr ? std::string_view(*key) : std::string_view();
    name.remove_prefix(std::min(prefix, name.size()));
    if (name.starts_with("places/")) return false;
    if (!name.ends_with(kJson)) continue;
    name.remove_suffix(kJson.size());
    if (DayStart(name)) days->emplace_back(name);
  }
  return true;
}

}  // namespace

std::string CopyKey(std::string_view app, std::string_view name) {
  return name == kNewestCopy ? SnapshotKey(app) : DailySnapshotKey(app, name);
}

std::string SealKey(std::string_view app, std::string_view name) {
  return DailySnapshotPrefix(app).append("places/").append(name).append(kJson);
}

Status StoreUnavailable() {
  return Status::Error(503, "unavailable", "The backups cannot be reached now; try again");
}

Status BackupDamaged(std::string_view what) {
  return Status::Error(502, "backup_damaged",
                       std::string(what) + " is damaged; the document is as it was");
}

Task<Result<std::vector<std::string>>> ListDays(std::string app) {
  const std::string prefix = DailySnapshotPrefix(app);
  std::vector<std::string> days;
  std::string cursor;
  do {
    auto answer = co_await Store("r2", "list", {{"prefix", prefix}, {"cursor", cursor}});
    const auto* page = std::get_if<StoreReply>(&answer);
    if (page == nullptr || page->status != 200) co_return StoreUnavailable();
    cursor = DataOf(page->data, "cursor");
    if (!AddDays(DataOf(page->data, "keys"), prefix.size(), &days)) break;
  } while (!cursor.empty());
  co_return days;
}

Task<Result<Snapshot>> ReadSnapshot(std::string app, std::string name) {
  std::vector<Command> heads;
  heads.emplace_back(StoreCommand("r2", "head", {{"key", CopyKey(app, name)}}));
  heads.emplace_back(StoreCommand("r2", "head", {{"key", SealKey(app, name)}}));
  const auto answers = co_await Stores(std::move(heads));
  const auto* copy = std::get_if<StoreReply>(&answers[0]);
  const auto* seal = std::get_if<StoreReply>(&answers[1]);
  if (copy == nullptr || seal == nullptr) co_return StoreUnavailable();
  Snapshot snapshot;
  if (copy->status != 200) co_return snapshot;
  snapshot.name = std::move(name);
  snapshot.size = NumberOf(copy->data, "size");
  const std::string version = DataOf(copy->data, "version");
  const auto tag = ParseVersion(version);
  if (tag && !DayOf(tag->version).empty()) snapshot.tag = *tag;
  const bool sealed = seal->status == 200 && DataOf(seal->data, "version") == version;
  if (sealed) snapshot.sha256 = DataOf(seal->data, "sha256");
  co_return snapshot;
}

Task<bool> IsWhole(std::string app, Snapshot snapshot) {
  if (snapshot.sha256.empty()) co_return true;
  co_return co_await HoldsCopy(CopyKey(app, snapshot.name), {.sha256 = snapshot.sha256});
}

Task<Result<Snapshot>> FindBase(std::string app, int64_t at, bool daily, bool all) {
  Result<std::vector<std::string>> days = co_await ListDays(app);
  if (!days.ok()) co_return days.status();
  // A snapshot of a later day than the next one has a version of before that moment only where the
  // next day's has it too, or there is none of that.
  const std::string last = DayOf(at > limits::kTimeMaxMs ? at : at + limits::kDayMs);
  std::vector<std::string> names;
  for (std::string& day : *days) {
    if (all || last.empty() || day <= last) names.push_back(std::move(day));
  }
  // The night's copy is made after the day's.
  if (!daily) names.emplace_back(kNewestCopy);
  for (; !names.empty(); names.pop_back()) {
    const Result<Snapshot> snapshot = co_await ReadSnapshot(app, names.back());
    if (!snapshot.ok()) co_return snapshot.status();
    const int64_t version = snapshot->tag.version;
    if (version == 0 || version > at || snapshot->sha256.empty()) continue;
    if (co_await IsWhole(app, *snapshot)) co_return *snapshot;
  }
  co_return Snapshot();
}

Task<Result<int64_t>> ReadFolded(std::string app) {
  auto answer = co_await Store("r2", "head", {{"key", SealKey(app, kFolded)}});
  const auto* reply = std::get_if<StoreReply>(&answer);
  if (reply == nullptr) co_return StoreUnavailable();
  co_return reply->status == 200 ? NumberOf(reply->data, "version") : 0;
}

Task<Status> WriteFolded(std::string app, int64_t version) {
  const Result<int64_t> folded = co_await ReadFolded(app);
  if (!folded.ok()) co_return folded.status();
  if (*folded >= version) co_return Status();
  std::string meta = R"({"version":)" + std::to_string(version) + "}";
  auto answer = co_await Store("r2", "put",
                               {{"key", SealKey(app, kFolded)}, {"meta", std::move(meta)}}, {"{}"});
  const auto* reply = std::get_if<StoreReply>(&answer);
  co_return reply != nullptr && reply->status == 200 ? Status() : StoreUnavailable();
}

Task<Result<Slice>> StoredSource::Read(size_t offset) {
  auto answer = co_await Store("r2", "read",
                               {{"key", key_},
                                {"offset", std::to_string(offset)},
                                {"size", std::to_string(limits::kSliceBytes)}});
  auto* reply = std::get_if<StoreReply>(&answer);
  if (reply == nullptr) co_return StoreUnavailable();
  if (reply->status != 200) co_return BackupDamaged(key_);
  size_ = NumberOf(reply->data, "size");
  Slice slice;
  slice.offset = offset;
  slice.in_body = false;
  slice.text = std::move(reply->bytes);
  slice.last = offset + slice.text.size() >= size();
  const size_t valid = ValidUtf8Prefix(slice.text);
  if (valid < slice.text.size()) {
    const bool cut = IsTruncatedCharacter(std::string_view(slice.text).substr(valid));
    if (slice.last || !cut) co_return BackupDamaged(key_);
    slice.text.resize(valid);
  }
  co_return slice;
}

}  // namespace tidemark
