#include "tests/simulator/documents_world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/limits.h"
#include "documents/preconditions.h"

namespace tidemark::testing {
namespace {

int64_t NumberOf(const Params& data, const std::string& key) {
  const auto found = data.find(key);
  return found == data.end() ? 0 : std::stoll(found->second);
}

std::string CodeOf(const native::Answer& answer) {
  const auto found = answer.data.find("error");
  return found == answer.data.end() ? std::string() : found->second;
}

}  // namespace

DocumentsWorld::DocumentsWorld(uint64_t seed, bool trace)
    : trace_(trace), random_(seed ^ 0xd0c5), clients_(2 + random_.Below(3)) {
  constexpr int64_t kJournalDays[] = {0, 1, limits::kJournalDays};
  journal_days_ = kJournalDays[random_.Below(3)];
  stale_ = random_.Below(3) == 0;
  if (stale_) {
    documents_.kv.staleness = [this](const std::string&) -> size_t {
      return quiet_ ? 0 : random_.Below(3);
    };
  }
  const auto on_store = [this](const std::string&, const std::string&) { return Fault(); };
  const auto on_d1 = [this](const std::vector<native::HostStatement>&) { return Fault(); };
  documents_.kv.before = documents_.kv.after = on_store;
  documents_.r2.before = documents_.r2.after = on_store;
  documents_.before_d1 = documents_.after_d1 = on_d1;
}

void DocumentsWorld::Trace(const std::string& line) const {
  if (trace_) {
    std::printf("%5lld %lld  %s\n", static_cast<long long>(actions_),
                static_cast<long long>(documents_.now_ms), line.c_str());
  }
}

void DocumentsWorld::Fail(std::string problem) {
  Trace("PROBLEM " + problem);
  if (problem_.empty()) problem_ = std::move(problem);
}

std::optional<Failure> DocumentsWorld::Fault() {
  if (quiet_ || faults_ == 0 || random_.Below(faults_) > 0) return std::nullopt;
  troubled_ = true;
  return Failure{"unavailable", "a fault of the simulator"};
}

// A local operation: none where its object died within it.
std::optional<native::Answer> DocumentsWorld::RunLocal(const std::string& operation, Params params,
                                                       const std::string& body) {
  const int64_t alarm_at = documents_.main().alarm_at;
  auto running = documents_.Begin(operation, std::move(params), body);
  const uint64_t dies_at = !quiet_ && random_.Below(12) == 0 ? random_.Below(14) : UINT64_MAX;
  while (!running->done()) {
    if (static_cast<uint64_t>(running->steps()) == dies_at) {
      Trace("dies at " + operation + ", step " + std::to_string(running->steps()));
      running.reset();
      documents_.main().alarm_at = alarm_at;  // it is set within the transaction
      Crash();
      return std::nullopt;
    }
    running->Step();
  }
  native::Answer answer = running->Take();
  if (answer.status >= 400) documents_.main().alarm_at = alarm_at;
  return answer;
}

void DocumentsWorld::Write(Client* client, Attempt attempt) {
  if (!attempt.type.empty()) attempt.params["content_type"] = attempt.type;
  attempt.params["method"] = attempt.operation == "put_document" ? "PUT" : "PATCH";
  attempt.params["path"] = "/db.json";
  const bool allow_empty = random_.Below(4) > 0;
  const bool allow_large = random_.Below(4) > 0;
  if (allow_empty) attempt.params["allow_empty"] = "true";
  if (allow_large) attempt.params["allow_large"] = "true";
  if (attempt.code.empty()) {
    attempt.code = model_.Denied(attempt.next, allow_empty, allow_large);
  }
  const auto answer = RunLocal(attempt.operation, attempt.params, attempt.body);
  Trace(attempt.operation + " " + json(attempt.params).dump() + " " + attempt.body + " -> " +
        (answer ? std::to_string(answer->status) + " " + answer->body : "died"));
  if (answer) Settle(client, attempt, *answer);
  if (documents_.View() != model_.Text()) {
    Fail("the document differs from the model:\n  " + documents_.View() + "\n  " + model_.Text());
  }
}

// What was answered must be what the model says.
void DocumentsWorld::Settle(Client* client, const Attempt& attempt, const native::Answer& answer) {
  const std::string code = CodeOf(answer);
  if (answer.status >= 400) {
    const bool conflict = attempt.either && code == "precondition_failed";
    if (code != attempt.code && !conflict) {
      Fail("refused by " + code + ", not by " + attempt.code);
    }
    if (code == "precondition_failed" && random_.Below(3) > 0) ReadOwner(client);
    return;
  }
  if (!attempt.code.empty()) return Fail("passed, but " + attempt.code + " was due");
  const int64_t version = NumberOf(answer.data, "version");
  const bool creates = !model_.exists() && version > 0;
  const bool changes = creates || attempt.next.dump() != model_.tree.dump();
  if (creates != (answer.status == 201)) Fail("created, or not, against the model");
  if (changes != (version > model_.version)) {
    return Fail("version " + std::to_string(version) + " after " + std::to_string(model_.version));
  }
  if (changes) {
    model_.Commit(attempt.next, version, attempt.rewrites);
    activity_.push_back(attempt.params.at("method") + "|" + std::to_string(answer.status));
  }
  // The answer may be lost: then the writer's copy is what it was.
  if (client != nullptr && random_.Below(6) > 0) client->copy = version;
}

void DocumentsWorld::ReadOwner(Client* client) {
  const native::Answer answer = documents_.Get();
  if (answer.body != (answer.status == 200 ? model_.Text() : answer.body)) {
    Fail("the owner answers another document");
  }
  client->copy = answer.status == 200 ? model_.version : 0;
}

void DocumentsWorld::ReadPublished(Client* client) {
  const native::Answer answer = documents_.Published();
  if (answer.status == 503 && !quiet_) return;
  if (answer.status == 404) {
    if (client->published > 0 && !stale_) Fail("what was published is gone");
    return;
  }
  const auto tag = ParseVersion(answer.Header("etag"));
  const auto known = tag ? model_.history.find(tag->version) : model_.history.end();
  if (known == model_.history.end() || known->second != answer.body) {
    return Fail("published was what never was: " + answer.Header("etag") + " " + answer.body);
  }
  if (!stale_ && tag->version < client->published) Fail("a reader was taken back in time");
  client->published = tag->version;
  if (random_.Below(3) == 0) client->copy = tag->version;
}

// The alarm, or what a cron or an admin asks of the object: one after the other.
void DocumentsWorld::BeginSpanning() {
  spanning_params_ = {};
  troubled_ = false;
  const uint64_t choice = random_.Below(20);
  if (choice == 0) {
    spanning_ = "snapshot_document";
  } else if (choice == 1) {
    spanning_ = "compact_document";
    spanning_params_["journal_days"] = std::to_string(journal_days_);
  } else if (choice == 2 && model_.exists()) {
    spanning_ = "restore_document";
    auto moment = model_.history.begin();
    std::advance(moment, random_.Below(model_.history.size()));
    restores_ = moment->first;
    spanning_params_ = {
        {"at", std::to_string(restores_)}, {"method", "POST"}, {"path", "/restore"}};
  } else {
    if (documents_.main().alarm_at == 0) return;
    documents_.now_ms = std::max(documents_.now_ms, documents_.main().alarm_at);
    documents_.main().alarm_at = 0;
    spanning_ = "tick_document";
  }
  Trace("begins " + spanning_ + " " + json(spanning_params_).dump());
  const bool by_admin = spanning_ == "restore_document";
  running_ = documents_.Begin(spanning_, spanning_params_, {}, by_admin ? "admin" : "", false);
}

void DocumentsWorld::StepSpanning() {
  if (running_ == nullptr) BeginSpanning();
  if (running_ == nullptr) return;
  for (uint64_t left = 1 + random_.Below(10); left > 0 && !running_->done(); --left) {
    running_->Step();
  }
  if (running_->done()) EndSpanning();
}

// What a compaction may have folded. `copied`: the version of its copy, 0 where it failed or died.
// Where days are kept, a daily snapshot is what they begin with. Where none are, that is the copy,
// and one that failed may have spoilt the last: then there is nothing to begin with until the next.
void DocumentsWorld::NoteFold(int64_t copied) {
  if (journal_days_ > 0) {
    kept_since_ = std::max(kept_since_, documents_.now_ms - journal_days_ * limits::kDayMs);
  } else {
    kept_since_ = copied > 0 ? copied : INT64_MAX;
  }
}

void DocumentsWorld::EndSpanning() {
  const native::Answer answer = running_->Take();
  running_.reset();
  Trace(spanning_ + " -> " + std::to_string(answer.status) + " " + json(answer.data).dump());
  if (spanning_ == "compact_document" && !answer.data.contains("skipped")) {
    NoteFold(answer.status < 400 ? NumberOf(answer.data, "version") : 0);
  }
  if (spanning_ == "restore_document") {
    if (answer.status < 400) return FinishRestore();
    if (!troubled_ && restores_ >= kept_since_) {
      Fail("moment " + std::to_string(restores_) + " did not come back: " + answer.body);
    }
  } else if (answer.status >= 400 && !troubled_) {
    Fail(spanning_ + " failed without a cause: " + answer.body);
  }
}

void DocumentsWorld::FinishRestore() {
  Attempt attempt;
  attempt.params = spanning_params_;
  attempt.next = Tree::parse(model_.history.at(restores_), nullptr, false);
  const auto answer = RunLocal("replace_document", attempt.params, {});
  if (answer) Settle(nullptr, attempt, *answer);
  if (documents_.View() != model_.Text()) {
    Fail("restored was another document:\n  " + documents_.View() + "\n  " + model_.Text());
  }
}

// The object dies. An alarm that did not finish is run again by the platform.
void DocumentsWorld::Crash() {
  if (running_ == nullptr) return;
  Trace("dies at " + spanning_ + ", step " + std::to_string(running_->steps()));
  if (spanning_ == "tick_document") {
    int64_t& alarm_at = documents_.main().alarm_at;
    const int64_t again = documents_.now_ms + 2'000;
    alarm_at = alarm_at == 0 ? again : std::min(alarm_at, again);
  }
  if (spanning_ == "compact_document") NoteFold(0);
  running_.reset();
}

void DocumentsWorld::ToggleFaults() {
  constexpr uint64_t kRates[] = {0, 0, 20, 6, 1};
  faults_ = kRates[random_.Below(5)];
  Trace("one use of a store in " + std::to_string(faults_) + " fails");
}

void DocumentsWorld::PassTime() {
  const uint64_t scale = random_.Below(30);
  documents_.now_ms += static_cast<int64_t>(random_.Below(scale < 6 ? 3'600'000 : 5'000));
  if (scale == 0) documents_.now_ms += static_cast<int64_t>(random_.Below(20)) * limits::kDayMs;
}

void DocumentsWorld::Act() {
  ++actions_;
  // Often two come within a millisecond.
  documents_.now_ms += static_cast<int64_t>(random_.Below(4) * random_.Below(400));
  Client& client = clients_[random_.Below(clients_.size())];
  const uint64_t choice = random_.Below(100);
  if (choice < 24) return WriteRecords(&client);
  if (choice < 34) return WriteTree(&client);
  if (choice < 41) return Put(&client);
  if (choice < 48) return ReadOwner(&client);
  if (choice < 60) return ReadPublished(&client);
  if (choice < 92) return StepSpanning();
  if (choice < 94) return Crash();
  if (choice < 96) return ToggleFaults();
  PassTime();
}

}  // namespace tidemark::testing
