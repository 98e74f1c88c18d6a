#include "tests/simulator/router_world.h"

#include <cstdio>
#include <utility>

#include "shards/slots.h"
#include "shards/sql_fence.h"

namespace tidemark::testing {
namespace {

constexpr int kActions = 250;
constexpr int kTurnsMax = 200;
constexpr size_t kIsolates = 3;
constexpr uint64_t kKeys = 24;

native::HostStatement Of(std::string_view sql, std::vector<Param> params = {}) {
  return {std::string(sql), std::move(params), {}};
}

const std::vector<std::string> kAll = {"a", "b", "c", "d"};

std::vector<Param> Place(const std::string& key) {
  return {int64_t{SlotOf(key)}, std::string(sqltext::kKeyPrefix) + key};
}

}  // namespace

RouterWorld::RouterWorld(uint64_t seed, bool trace) : random_(seed ^ 0x726f757465), trace_(trace) {
  world_.shards = kAll;
  for (const char* name : {"a", "b"}) {
    world_.database(name).Execute("CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT)");
  }
  if (Draw(3) == 0) FillBefore();
  world_.Post("/slots", {{"availableShards", {"a", "b"}}});
  isolates_.assign(kIsolates, TableNow());
  for (size_t slot = 0; slot < kSlots; ++slot) weight_ += SlotWeight(static_cast<uint16_t>(slot));
  const auto fault = [this](const std::string& shard) -> std::optional<Failure> {
    if (calm_ || Draw(40) > 0) return std::nullopt;
    Trace(shard + " fails");
    return Failure{"unavailable", "D1 is down"};
  };
  world_.before = fault;
  world_.after = fault;
  world_.late = [this](const std::string& shard) {
    if (calm_ || Draw(60) > 0) return false;
    Trace(shard + " does not answer yet");
    return true;
  };
}

void RouterWorld::FillBefore() {
  for (uint64_t i = 0; i < kKeys; ++i) {
    if (Draw(3) == 0) continue;
    const std::string key = "user-" + std::to_string(i);
    world_.database(kAll[Draw(2)]).Execute("INSERT INTO users VALUES ('" + key + "', 'before')");
    rows_[key] = {"before"};
  }
}

void RouterWorld::Trace(const std::string& line) const {
  if (trace_) std::printf("%5lld %s\n", static_cast<long long>(actions_), line.c_str());
}

void RouterWorld::Check(bool holds, const std::string& problem) {
  if (!holds && problem_.empty()) problem_ = "router: " + problem;
}

SlotTable RouterWorld::TableNow() {
  const json told = json::parse(world_.Ask("GET", "/slots").body, nullptr, false);
  Result<SlotTable> table = ReadSlotTable(told["table"].dump());
  tidemark::Check(table.ok());
  return std::move(*table);
}

// A batch of an isolate's; its faults are the databases' own.
RouterWorld::Answer RouterWorld::Ask(const std::string& shard,
                                     const std::vector<native::HostStatement>& all,
                                     ResultSets* answer) {
  const bool fails = !calm_ && Draw(30) == 0;
  if (fails && Draw(2) == 0) return Answer::kFailed;
  native::Held held;
  auto ran = world_.database(shard).Run(all, &held);
  if (const auto* failure = std::get_if<Failure>(&ran)) {
    const bool moved = failure->message.find(sqltext::kMoved) != std::string::npos;
    Check(moved, "a shard refuses a statement: " + failure->message);
    return moved ? Answer::kMoved : Answer::kFailed;
  }
  if (fails) return Answer::kFailed;
  *answer = std::move(*std::get_if<ResultSets>(&ran));
  return Answer::kDone;
}

RouterWorld::Answer RouterWorld::Home(const SlotTable& table, const std::string& key,
                                      std::string* shard) {
  const size_t owner = table.OwnerOf(key).shard;
  *shard = table.shards[owner];
  if (!table.gathering) return Answer::kDone;
  const std::string sql = sqltext::LocateSql(table.tables, "users");
  bool found = false;
  for (size_t i = 0; i < table.shards.size(); ++i) {
    const std::string& name = table.shards[(owner + i) % table.shards.size()];
    ResultSets answer;
    const Answer ran = Ask(name, {Of(sql, {int64_t{SlotOf(key)}, key})}, &answer);
    if (ran != Answer::kDone) return ran;
    const bool here = answer[0].Integer(0, 0) != 0;
    if (i == 0 && !here) return Answer::kMoved;
    if (here && !found && answer[0].Integer(2, 0) != 0) {
      *shard = name;
      found = true;
    }
    if (Draw(4) == 0) world_.StepAlarm(static_cast<int>(Draw(4)));
  }
  return Answer::kDone;
}

RouterWorld::Answer RouterWorld::Route(size_t isolate, const std::string& key,
                                       const std::vector<native::HostStatement>& all,
                                       ResultSets* answer) {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    const SlotTable& table = isolates_[isolate];
    std::string shard;
    Answer ran = Home(table, key, &shard);
    if (ran == Answer::kFailed) return ran;
    if (ran == Answer::kDone) ran = Ask(shard, all, answer);
    const bool reads = all.size() == 2;
    const bool moved =
        ran == Answer::kMoved || (ran == Answer::kDone && reads && answer->front().rows.empty());
    if (!moved) return ran;
    SlotTable newer = TableNow();
    // The slot is on its way: what brings it there goes on.
    if (newer.version == table.version) world_.StepAlarm(1 + static_cast<int>(Draw(4)));
    isolates_[isolate] = std::move(newer);
  }
  // A shard that fails all the time holds it up.
  return Answer::kFailed;
}

void RouterWorld::Write() {
  const std::string key = "user-" + std::to_string(Draw(kKeys));
  const std::string value = "name " + std::to_string(++writes_);
  Values& known = rows_[key];
  const bool there = !known.empty() && !known.contains("");
  const bool inserts = !there && Draw(4) > 0;
  const std::string sql =
      inserts ? "INSERT INTO users (id, name) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET name = ?2"
              : "UPDATE users SET name = ?2 WHERE id = ?1";
  Trace((inserts ? "insert " : "update ") + key + " " + value);
  ResultSets answer;
  const Answer ran =
      Route(Draw(kIsolates), key,
            {Of(sqltext::kWriteFence, Place(key)), Of(sql, {key, value}), Of(sqltext::kAfterWrite)},
            &answer);
  if (ran != Answer::kDone) {
    if (known.empty()) known.insert("");
    if (inserts || there) known.insert(value);
    if (!inserts && !there) known.insert(value);
    return;
  }
  const int64_t changes = answer.back().Integer(0, -1);
  if (inserts || there) Check(changes == 1, key + ": " + std::to_string(changes) + " changes");
  if (changes == 1) known = {value};
  if (changes == 0) known = {""};
}

void RouterWorld::Read() {
  const std::string key = "user-" + std::to_string(Draw(kKeys));
  ResultSets answer;
  const Answer ran = Route(
      Draw(kIsolates), key,
      {Of(sqltext::kReadFence, Place(key)), Of("SELECT name FROM users WHERE id = ?1", {key})},
      &answer);
  if (ran != Answer::kDone) return;
  const std::string value = answer.back().rows.empty() ? "" : answer.back().Text(0);
  const auto known = rows_.find(key);
  const bool expected =
      known == rows_.end() || known->second.empty() ? value.empty() : known->second.contains(value);
  Check(expected, key + " is read as '" + value + "'");
}

// Where the shares are whole, each row is there once.
void RouterWorld::ReadAll() {
  int64_t slots = 0;
  int64_t weight = 0;
  std::set<int64_t> parts;
  std::map<std::string, int> seen;
  const SlotTable table = TableNow();
  for (const std::string& shard : table.shards) {
    ResultSets answer;
    const Answer ran =
        Ask(shard, {Of(sqltext::kShareFence), Of("SELECT id FROM users ORDER BY id")}, &answer);
    if (ran != Answer::kDone) return;
    slots += answer.front().Integer(0, 0);
    weight += answer.front().Integer(1, 0);
    parts.insert(answer.front().Integer(2, 0));
    if (Draw(3) == 0) world_.StepAlarm(static_cast<int>(Draw(4)));
    for (const std::vector<Cell>& row : answer.back().rows)
      ++seen[*std::get_if<std::string>(&row[0])];
  }
  const int64_t times_each = *parts.begin();
  if (parts.size() != 1 || slots != int64_t{kSlots} * times_each) return;
  if (weight != weight_ * times_each) return;
  for (const auto& [key, times] : seen) Check(times == 1, key + " is there more than once");
  for (const auto& [key, values] : rows_) {
    const bool there = !values.empty() && !values.contains("");
    Check(!there || seen.contains(key), key + " is missing from all shards");
  }
}

void RouterWorld::ChangeShards() {
  const std::string& shard = kAll[Draw(kAll.size())];
  json asked = {{"kind", Draw(2) == 0 ? "add" : "drain"}, {"shard", shard}};
  if (Draw(4) == 0) asked = {{"kind", "rebalance"}};
  if (Draw(3) == 0) {
    const std::string key = "user-" + std::to_string(Draw(kKeys));
    asked = {{"kind", "key"}, {"key", key}, {"shard", shard}};
  }
  const native::Answer answer = world_.Ask("POST", "/moves", asked);
  Trace(asked.dump() + " " + answer.body);
}

void RouterWorld::RunLate() {
  if (world_.RunLate([this](uint64_t below) { return Draw(below); })) Trace("a late batch runs");
}

void RouterWorld::Act() {
  ++actions_;
  const uint64_t choice = Draw(100);
  if (choice < 30) return Write();
  if (choice < 55) return Read();
  if (choice < 60) return ReadAll();
  if (choice < 64) return ChangeShards();
  if (choice < 66) {
    Trace("the coordinator dies");
    return world_.Crash();
  }
  if (choice < 68) {
    for (const json& move : world_.Moves()) {
      if (move["state"] == "failed") world_.Ask("POST", "/moves/retry", {{"id", move["id"]}});
    }
    return;
  }
  if (choice < 70) return RunLate();
  world_.now_ms += static_cast<int64_t>(Draw(1'000));
  world_.StepAlarm(1 + static_cast<int>(Draw(12)));
}

// Faults end, and the moves with them.
void RouterWorld::Calm() {
  calm_ = true;
  world_.Crash();
  for (int turn = 0; turn < 3; ++turn) {
    if (!world_.Settle()) Check(false, "the moves never come to rest: " + world_.Moves().dump());
    RunLate();
    for (const json& move : world_.Moves()) {
      if (move["state"] == "failed") world_.Ask("POST", "/moves/retry", {{"id", move["id"]}});
    }
  }
  Check(!TableNow().gathering, "rows are gathered for ever: " + world_.Moves().dump());
  for (const json& move : world_.Moves()) {
    const std::string state = move["state"];
    Check(state == "cleaned" || state == "failed", "a move rests as " + state);
  }
  for (uint64_t i = 0; i < kKeys * 4; ++i) Read();
  ReadAll();
  int64_t slots = 0;
  for (const std::string& shard : TableNow().shards) {
    native::SqliteStore& database = world_.database(shard);
    slots += std::stoll(
        database.Rows("SELECT count(*) FROM tidemark_slots WHERE writable = 1 AND part = ''")[0]);
  }
  Check(slots == static_cast<int64_t>(kSlots), std::to_string(slots) + " slots can be written");
}

std::string RouterWorld::Run() {
  for (int i = 0; i < kActions && problem_.empty(); ++i) Act();
  if (problem_.empty()) Calm();
  return problem_;
}

}  // namespace tidemark::testing
