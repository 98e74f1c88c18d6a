// The copies of a document that R2 keeps: one a day that nothing overwrites, and the newest, `db`.
//
//   name := day | "db"          seal := "snapshots/places/" name ".json", with the app's prefix
//
// A copy counts as the begin of a replay where it has a seal of its version (seal.h). Beside the
// seals, "folded" says up to which version the journal may be gone.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "documents/copy.h"
#include "documents/preconditions.h"
#include "documents/stage.h"

namespace tidemark {

inline constexpr std::string_view kNewestCopy = "db";

struct Snapshot {
  std::string name;  // empty: there is none
  DocumentTag tag;   // version 0: the object says none, it is no copy of ours
  int64_t size = 0;
  std::string sha256;  // of its seal; empty: it has none of this version
};

std::string CopyKey(std::string_view app, std::string_view name);
std::string SealKey(std::string_view app, std::string_view name);

// The days that there is a snapshot of, oldest first. Code of this and the following two:
// `unavailable`.
Task<Result<std::vector<std::string>>> ListDays(std::string app);

// Without a name where there is none.
Task<Result<Snapshot>> ReadSnapshot(std::string app, std::string name);

// The newest sealed one of no later version than `at`, whose bytes are those that were sealed.
// Without a name where there is none. `daily`: of those that are not overwritten. Those of much
// later days are not looked at, but where `all` are.
Task<Result<Snapshot>> FindBase(std::string app, int64_t at, bool daily, bool all = false);

// Whether its bytes are those that were sealed. True without a seal.
Task<bool> IsWhole(std::string app, Snapshot snapshot);

// A copy's text, or the journal's, by slices. Codes: `unavailable`, `backup_damaged`.
class StoredSource : public SliceSource {
 public:
  StoredSource(std::string key, int64_t size) : key_(std::move(key)), size_(size) {}
  size_t size() const override { return static_cast<size_t>(size_); }
  Task<Result<Slice>> Read(size_t offset) override;

 private:
  std::string key_;
  int64_t size_;
};

// Told before any of the journal is deleted. Code: `unavailable`.
Task<Result<int64_t>> ReadFolded(std::string app);
Task<Status> WriteFolded(std::string app, int64_t version);

// Codes: `unavailable`, `backup_damaged`.
Status StoreUnavailable();
Status BackupDamaged(std::string_view what);

}  // namespace tidemark
