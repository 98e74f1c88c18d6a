#include "tests/simulator/sharded_world.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/limits.h"
#include "documents/preconditions.h"

namespace tidemark::testing {
namespace {

using Fate = ShardedHarness::Fate;

constexpr int kActions = 80;
constexpr int kRestoresMax = 4;  // at the end
constexpr size_t kStatesMax = 64;
constexpr std::array kLayouts = {"collection", "day", "day:d"};
constexpr std::array kJournalDays = {0, 1, 7};
constexpr std::array kCollections = {"a", "b", "c"};

int64_t VersionOf(const std::string& etag) {
  return ParseVersion(std::string_view(etag).substr(1, etag.size() - 2))->version;
}

}  // namespace

ShardedWorld::ShardedWorld(uint64_t seed, bool trace)
    : random_(seed), trace_(trace), app_("collection") {
  app_.layout = kLayouts[seed % kLayouts.size()];
  days_ = kJournalDays[seed / kLayouts.size() % kJournalDays.size()];
  app_.fate = [this](const std::string&, const std::string& operation) {
    if (calm_ || Draw(25) != 0) return Fate::kMade;
    const auto fate = static_cast<Fate>(1 + Draw(3));
    // A write that comes late is a write of then.
    const bool writes = operation.starts_with("patch_");
    return fate == Fate::kLate && writes ? Fate::kLost : fate;
  };
}

void ShardedWorld::Fail(const std::string& problem) {
  if (problem_.empty()) problem_ = problem;
}

void ShardedWorld::Apply(const Write& write, bool certain, States* states) {
  States applied;
  for (const State& state : *states) {
    State next = state;
    next.erase(write.record);
    if (write.value > 0) next[write.record] = write.value;
    applied.insert(std::move(next));
    if (!certain) applied.insert(state);
  }
  *states = std::move(applied);
}

std::string ShardedWorld::TextOf(const State& state) {
  json whole = {{"v", 1}};
  for (const auto& [record, value] : state) {
    const std::string day = "2026-01-0" + std::to_string(1 + value % 3);
    whole[record.first].push_back({{"id", record.second}, {"n", value}, {"d", day}});
  }
  return whole.dump();
}

bool ShardedWorld::Read(const std::string& text, State* state) {
  const json whole = json::parse(text, nullptr, false);
  if (!whole.is_object()) return false;
  for (const auto& [key, member] : whole.items()) {
    if (!member.is_array()) continue;
    for (const json& record : member) {
      const std::pair name{key, record.at("id").get<std::string>()};
      if (!state->emplace(name, record.at("n").get<int64_t>()).second) return false;
    }
  }
  return true;
}

void ShardedWorld::Patch() {
  const std::string collection = kCollections[static_cast<size_t>(Draw(3))];
  Write write{.record = {collection, "r" + std::to_string(Draw(3))}, .value = ++values_};
  if (Draw(4) == 0) write.value = 0;
  const std::string day = "2026-01-0" + std::to_string(1 + write.value % 3);
  const json operation =
      write.value == 0
          ? Deletion(collection, write.record.second)
          : Upsert(collection, {{"id", write.record.second}, {"n", write.value}, {"d", day}});
  const native::Answer answer = app_.Patch(operation, {{"allow_empty", "true"}});
  if (trace_) {
    std::printf("patch %s: %d %s\n", operation.dump().c_str(), answer.status, answer.body.c_str());
  }
  if (answer.status >= 400 && answer.status != 503) Fail("a patch was refused: " + answer.body);
  const bool certain = answer.status < 300;
  Apply(write, certain, &states_);
  if (running_ == nullptr) return;
  // A deletion of what was not there may have come before the put.
  if (runs_ == Runs::kPut) Apply(write, certain && write.value > 0, &after_put_);
  // A restore is on any tag: it may come after the write.
  if (runs_ == Runs::kRestore) Apply(write, false, &after_put_);
  during_.insert(states_.begin(), states_.end());
  if (runs_ == Runs::kPut) during_.insert(after_put_.begin(), after_put_.end());
}

void ShardedWorld::BeginPut() {
  const native::Answer view = app_.View();
  Saw(view, states_);
  if (view.status != 200 && view.status != 404) return;
  put_.clear();
  for (int i = Draw(5); i >= 0; --i) {
    put_[{kCollections[static_cast<size_t>(Draw(3))], "r" + std::to_string(Draw(3))}] = ++values_;
  }
  Params params{{"allow_empty", "true"}, {"allow_large", "true"}};
  if (view.status == 200) params["if_match"] = view.Header("etag");
  if (view.status == 404) params["if_none_match"] = "*";
  running_ = app_.BeginPut(TextOf(put_), std::move(params));
  runs_ = Runs::kPut;
  after_put_ = {put_};
  if (trace_) std::printf("put %s\n", TextOf(put_).c_str());
}

void ShardedWorld::BeginView() {
  running_ = app_.BeginView();
  runs_ = Runs::kView;
  during_ = states_;
}

void ShardedWorld::BeginRestore() {
  if (tags_.empty()) return;
  const auto seen = std::next(tags_.begin(), Draw(static_cast<int>(tags_.size())));
  restored_ = VersionOf(seen->first);
  restores_ = {{"at", std::to_string(restored_)}};
  after_put_ = {seen->second.state};
  running_ = app_.BeginRestore(restores_);
  runs_ = Runs::kRestore;
  if (trace_) std::printf("restore %s %s\n", seen->first.c_str(), seen->second.text.c_str());
}

int64_t ShardedWorld::NewestSeen() const {
  int64_t newest = 0;
  for (const auto& [etag, seen] : tags_) newest = std::max(newest, VersionOf(etag));
  return newest;
}

void ShardedWorld::BeginBackup() {
  runs_ = Runs::kBackup;
  compacts_ = Draw(2) != 0;
  if (!compacts_) {
    running_ = app_.BeginSnapshot(app_.documents.now_ms);
    if (trace_) std::printf("snapshot\n");
    return;
  }
  const int64_t kept_from = app_.documents.now_ms - days_ * limits::kDayMs;
  // Without days the night's copy alone is what moments begin with, until another has its seal.
  forgets_ = days_ == 0 ? limits::kIntegerMax : std::max(forgets_, kept_from);
  folded_ = true;
  running_ = app_.BeginCompact(std::to_string(days_));
  if (trace_) std::printf("compact, %d days\n", days_);
}

void ShardedWorld::EndedRestore(const native::Answer& answer) {
  if (answer.status < 300) {
    states_ = after_put_;
  } else if (answer.status == 503) {
    states_.insert(after_put_.begin(), after_put_.end());
  } else if (answer.status != 410 || restored_ > forgets_) {
    Fail("a restore was refused: " + answer.body);
  }
}

// At rest, moments that were seen come back as they were.
std::string ShardedWorld::RestoreSeen() {
  std::vector<std::string> tags;
  for (const auto& [etag, seen] : tags_) tags.push_back(etag);
  for (int i = 0; i < kRestoresMax && !tags.empty(); ++i) {
    const std::string etag = tags[static_cast<size_t>(Draw(static_cast<int>(tags.size())))];
    const Seen seen = tags_.at(etag);
    app_.documents.now_ms += 1'000;
    const native::Answer answer = app_.Restore({{"at", std::to_string(VersionOf(etag))}});
    if (answer.status == 410 && VersionOf(etag) <= forgets_) continue;
    if (answer.status != 200) return "restoring " + etag + " failed: " + answer.body;
    const std::string text = app_.Text();
    State state;
    if (!Read(text, &state) || state != seen.state) {
      return etag + " was " + seen.text + " and comes back as " + text;
    }
    // Days bring an order of their own.
    if (app_.layout == seen.layout && text != seen.text) {
      return etag + " was " + seen.text + " and comes back in another order: " + text;
    }
  }
  return {};
}

void ShardedWorld::Saw(const native::Answer& view, const States& possible) {
  if (trace_) std::printf("view: %d %s\n", view.status, view.body.c_str());
  if (view.status == 404 && !possible.contains(State{})) Fail("the document is gone");
  if (view.status != 200) return;
  State seen;
  if (!Read(view.body, &seen)) return Fail("a view has a record twice: " + view.body);
  if (!possible.contains(seen)) return Fail("a view is of no document that was: " + view.body);
  const auto [at, is_new] =
      tags_.try_emplace(view.Header("etag"), Seen{seen, view.body, app_.layout});
  if (at->second.state != seen) Fail("two documents have one tag: " + view.body);
  // Views that nobody disturbed say what there is.
  if (&possible == &states_) states_ = {seen};
}

void ShardedWorld::Ended(const native::Answer& answer) {
  if (trace_) std::printf("ended: %d %s\n", answer.status, answer.body.c_str());
  if (runs_ == Runs::kView) return Saw(answer, during_);
  if (runs_ == Runs::kRestore) return EndedRestore(answer);
  if (runs_ == Runs::kBackup) {
    if (answer.status != 200 && answer.status != 503) Fail("a backup failed: " + answer.body);
    if (answer.status == 200 && compacts_ && days_ == 0) forgets_ = NewestSeen();
    return;
  }
  if (answer.status < 300) {
    states_ = after_put_;
  } else if (answer.status == 503) {
    states_.insert(after_put_.begin(), after_put_.end());
  } else if (answer.status != 412) {
    Fail("a put was refused: " + answer.body);
  }
}

void ShardedWorld::StepOn() {
  if (running_ == nullptr) return;
  const bool long_one = runs_ == Runs::kRestore || runs_ == Runs::kBackup;
  for (int i = 1 + Draw(long_one ? 60 : 6); i > 0 && !running_->done(); --i) running_->Step();
  if (!running_->done()) return;
  const native::Answer answer = running_->Take();
  running_.reset();
  app_.Forget();
  Ended(answer);
}

void ShardedWorld::Drop() {
  if (running_ == nullptr) return;
  if (trace_) std::printf("dropped\n");
  if (running_->done()) return StepOn();
  running_.reset();
  app_.Forget();
  const bool changes = runs_ == Runs::kPut || runs_ == Runs::kRestore;
  if (changes) states_.insert(after_put_.begin(), after_put_.end());
}

void ShardedWorld::Relayout() {
  while (running_ != nullptr) StepOn();
  app_.layout = Draw(3) == 0 ? "" : kLayouts[static_cast<size_t>(Draw(3))];
  if (trace_) std::printf("layout '%s'\n", app_.layout.c_str());
  auto running = app_.BeginRelayout();
  const bool dies = Draw(2) == 0;
  for (int i = Draw(60); !running->done() && (i > 0 || !dies); --i) running->Step();
  running.reset();
  app_.Forget();
  // What is asked goes to shards again: one that is laid out otherwise says so.
  if (app_.layout.empty()) app_.layout = kLayouts[static_cast<size_t>(Draw(3))];
}

void ShardedWorld::Act() {
  ++actions_;
  app_.documents.now_ms += Draw(3) == 0 ? Draw(3'000) : Draw(2);
  if (states_.size() > kStatesMax) {
    calm_ = true;
    while (running_ != nullptr) StepOn();
    Saw(app_.View(), states_);
    calm_ = false;
  }
  if (Draw(40) == 0) app_.documents.now_ms += limits::kDayMs;
  const int drawn = Draw(24);
  if (running_ != nullptr && drawn < 8) return StepOn();
  if (running_ != nullptr && drawn == 8) return Drop();
  if (drawn < 13) return Patch();
  if (running_ != nullptr) return StepOn();
  if (drawn < 15) return BeginPut();
  if (drawn < 17) return BeginView();
  if (drawn == 17) return Relayout();
  if (drawn == 18) return app_.DeliverLate();
  if (drawn == 20 || drawn == 21) return BeginRestore();
  if (drawn > 21) return BeginBackup();
  calm_ = Draw(2) == 0;
  app_.RunUntilIdle();
  calm_ = false;
}

std::string ShardedWorld::Heal() {
  calm_ = true;
  while (running_ != nullptr) StepOn();
  app_.DeliverLate();
  app_.View();
  if (!app_.RunUntilIdle()) return "it never comes to rest";
  if (!app_.Locked().empty()) return app_.Locked().front() + " is locked for ever";
  const native::Answer view = app_.View();
  Saw(view, states_);
  if (!problem_.empty() || view.status == 404) return problem_;
  if (view.status != 200) return "the document cannot be read: " + view.body;
  if (!app_.RunUntilIdle()) return "it never comes to rest";
  if (app_.documents.PublishedText() != view.body) return "what is published is another document";
  if (!folded_ && app_.Replayed() != view.body) return "the journal says another document";
  return RestoreSeen();
}

std::string ShardedWorld::Run() {
  for (int i = 0; i < kActions && problem_.empty(); ++i) Act();
  return problem_.empty() ? Heal() : problem_;
}

}  // namespace tidemark::testing
