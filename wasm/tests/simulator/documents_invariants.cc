// What must hold of a document when its world has come to rest.

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "tests/simulator/documents_world.h"
#include "tests/support/journal_replay.h"

namespace tidemark::testing {
namespace {

constexpr int kActions = 140;
constexpr size_t kMoments = 6;

}  // namespace

std::string DocumentsWorld::Run() {
  for (int i = 0; i < kActions && problem_.empty(); ++i) Act();
  if (!problem_.empty()) return problem_;
  quiet_ = true;
  Crash();
  if (std::string problem = Heal(); !problem.empty()) return problem;
  if (std::string problem = CheckActivity(); !problem.empty()) return problem;
  if (std::string problem = CheckJournal(); !problem.empty()) return problem;
  return CheckMoments();
}

// Faults end and alarms ring until none is set: then readers have what the owner has.
std::string DocumentsWorld::Heal() {
  if (!documents_.RunUntilIdle()) return "the alarm never comes to rest";
  if (documents_.View() != model_.Text()) return "the document is not what was acknowledged";
  if (documents_.PublishedText() != model_.Text()) {
    return "published is another document:\n  " + documents_.PublishedText() + "\n  " +
           model_.Text();
  }
  for (Client& client : clients_) ReadPublished(&client);
  for (const char* table : {"frozen", "frozen_member", "staged_member", "staged"}) {
    const auto rows = documents_.store().Rows(std::string("SELECT count(*) FROM ") + table);
    const bool restoring = table[0] == 's';  // what a restore that died has left waits for the next
    if (!restoring && rows.front() != "0") return std::string("rows are left in ") + table;
  }
  return problem_;
}

// Each write that was acknowledged, once.
std::string DocumentsWorld::CheckActivity() {
  std::vector<std::string> rows = documents_.db.Rows("SELECT method, status FROM activity");
  std::sort(rows.begin(), rows.end());
  std::sort(activity_.begin(), activity_.end());
  if (rows == activity_) return {};
  return "activity has " + std::to_string(rows.size()) + " writes of " +
         std::to_string(activity_.size());
}

// Where nothing was folded, the journal alone makes the document.
std::string DocumentsWorld::CheckJournal() {
  if (kept_since_ > 0 || !model_.exists()) return {};
  JournalReplay replay;
  for (const std::string& object : documents_.JournalObjects()) replay.Take(object);
  std::vector<int64_t> versions;
  for (const auto& [version, text] : model_.history) versions.push_back(version);
  if (replay.Seqs() != versions) return "the journal's entries are not those of the writes";
  return replay.Text() == model_.Text() ? "" : "the journal makes another document";
}

std::string DocumentsWorld::Restore(int64_t at, const std::string& text) {
  const Params params{{"at", std::to_string(at)}, {"method", "POST"}, {"path", "/restore"}};
  const native::Answer staged =
      documents_.Run("restore_document", params, {}, "admin", /*local=*/false);
  if (staged.status >= 400) {
    if (at < kept_since_) return {};
    return "moment " + std::to_string(at) + " does not come back: " + staged.body;
  }
  documents_.now_ms += 1;
  const native::Answer replaced = documents_.Run("replace_document", params);
  if (replaced.status >= 400) return "a restore is refused: " + replaced.body;
  if (documents_.View() == text) return {};
  return "moment " + std::to_string(at) + " is another document:\n  " + documents_.View() + "\n  " +
         text;
}

// Moments that were, and those between two, come back to the byte.
std::string DocumentsWorld::CheckMoments() {
  if (!model_.exists()) return {};
  const std::string tag = documents_.Tag();
  if (std::string problem = Restore(model_.version, model_.Text()); !problem.empty()) {
    return problem;
  }
  if (documents_.Tag() != tag) return "restoring what is there changed the tag";
  std::vector<int64_t> versions;
  for (const auto& [version, text] : model_.history) versions.push_back(version);
  for (size_t left = kMoments; left > 0; --left) {
    const size_t at = random_.Below(versions.size());
    const int64_t next = at + 1 < versions.size() ? versions[at + 1] : versions[at] + 1;
    const int64_t moment =
        versions[at] +
        static_cast<int64_t>(random_.Below(static_cast<uint64_t>(next - versions[at])));
    if (std::string problem = Restore(moment, model_.history.at(versions[at])); !problem.empty()) {
      return problem;
    }
  }
  return {};
}

}  // namespace tidemark::testing
