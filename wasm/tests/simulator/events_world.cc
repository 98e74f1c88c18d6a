#include "tests/simulator/events_world.h"

#include <algorithm>
#include <cstdio>

#include "events/sql_log.h"

namespace tidemark::testing {
namespace {

constexpr int kActions = 150;
constexpr const char* kKey = "key";

// Several entries of one write are known by their numbers.
std::string DataOf(const std::string& id, uint64_t size) { return id + std::string(size, '\xfe'); }

}  // namespace

EventsWorld::EventsWorld(uint64_t seed, bool trace) : random_(seed ^ 0x65766e74), trace_(trace) {
  const bool shared = Draw(2) == 0;
  objects_.push_back(std::make_unique<EventHarness>(shared ? "d1" : "object"));
  if (shared) {
    objects_.push_back(std::make_unique<EventHarness>("d1", "default", objects_.front()->database));
  }
  for (auto& object : objects_) {
    object->seed = random_.Next() >> 1;
    object->before_d1 = [this](const auto&) -> std::optional<Failure> {
      if (calm_ || Draw(25) > 0) return std::nullopt;
      return Failure{"unavailable", "D1 is down"};
    };
  }
}

void EventsWorld::Fail(const std::string& problem) {
  if (problem_.empty()) problem_ = "events: " + problem;
}

void EventsWorld::Join() {
  EventHarness& object = AnyObject();
  const native::Answer answer = object.Run("join_events", {{"access", "write"}});
  if (answer.status != 200) return;
  auto peer = std::make_unique<Peer>();
  peer->object = &object;
  auto socket = std::make_unique<EventSocket>();
  socket->number = std::stoll(answer.data.at("socket"));
  socket->access = "write";
  peer->socket = socket.get();
  object.sockets[socket->number] = std::move(socket);
  peer->start = static_cast<int64_t>(Draw(static_cast<uint64_t>(acknowledged_.size()) + 1)) + 1;
  object.SendAlone(*peer->socket, RequestFrame(kKey, peer->start));
  peers_.push_back(std::move(peer));
}

void EventsWorld::TakeAcks(Peer* peer, int64_t id, const ClientEntries& entries) {
  const auto acks = peer->socket->Acks();
  const auto found = acks.find(id);
  if (found == acks.end()) return;
  if (found->second.size() != entries.size()) return Fail("an Ack of another length");
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto [known, fresh] = acknowledged_.emplace(entries[i].first, found->second[i]);
    if (known->second != found->second[i]) Fail("an entry has two sequences");
  }
}

// The operation of a frame stops somewhere, and its object with it: its sockets are gone.
void EventsWorld::Die(Peer* peer, const std::string& frame) {
  auto running = peer->object->Begin(
      "event_frame", {{"socket", std::to_string(peer->socket->number)}, {"access", "write"}},
      frame);
  for (uint64_t steps = Draw(8); steps > 0 && !running->done(); --steps) running->Step();
  running.reset();
  if (peer->object->engine.live() != 0) Fail("an operation was left behind");
  peer->object->Crash();
}

void EventsWorld::Write(Peer* peer) {
  ClientEntries entries;
  for (uint64_t n = Draw(6) + 1; n > 0; --n) {
    const bool again = entries_ > 0 && Draw(4) == 0;
    const std::string id = EntryId(again ? Draw(entries_) : entries_++);
    entries.emplace_back(id, DataOf(id, Draw(10) == 0 ? Draw(300'000) : Draw(400)));
    peer->wrote.insert(id);
  }
  const int64_t id = writes_++;
  const std::string message = WriteFrame(kKey, id, entries);
  if (Draw(12) == 0 && message.size() < 1'000'000) return Die(peer, message);
  std::vector<std::string> frames{message};
  if (message.size() > 500'000 || Draw(4) == 0) {
    frames = ChunkFrames(message, id, message.size() / (Draw(3) + 2) + 1);
  }
  for (const std::string& frame : frames) {
    if (Draw(20) == 0) peer->object->Evict();
    peer->object->SendAlone(*peer->socket, frame);
  }
  TakeAcks(peer, id, entries);
}

void EventsWorld::Act() {
  ++actions_;
  const uint64_t what = Draw(20);
  std::vector<Peer*> there;
  for (const auto& peer : peers_) {
    if (peer->socket->close.empty()) there.push_back(peer.get());
  }
  if (there.empty() || what == 0) return Join();
  Peer* peer = there[Draw(there.size())];
  if (what < 11) return Write(peer);
  EventHarness& object = AnyObject();
  object.now_ms += static_cast<int64_t>(Draw(2'000));
  if (what < 16) {
    object.Run("deliver_events", {{"after", std::to_string(Draw(5))}});
  } else if (what == 16) {
    object.Evict();
  } else if (what == 17) {
    object.Run("tick_events");
  } else if (what == 18 && Draw(3) == 0) {
    object.Crash();
  } else if (what == 19 && Draw(2) == 0) {
    object.Leave(*peer->socket);
  }
  if (trace_)
    std::printf("%lld: %llu\n", static_cast<long long>(actions_),
                static_cast<unsigned long long>(what));
}

// Whoever is there gets all of it.
void EventsWorld::Calm() {
  calm_ = true;
  for (auto& object : objects_) object->Tick();
}

void EventsWorld::CheckLog() {
  int64_t next = 1;
  for (const std::string& row : objects_.front()->Rows(
           "SELECT (id & 4294967295) || ' ' || count FROM event_batch ORDER BY id")) {
    const size_t space = row.find(' ');
    if (std::stoll(row) != next) Fail("a gap in the log");
    next += std::stoll(row.substr(space));
  }
  std::set<int64_t> sequences;
  for (const auto& [id, sequence] : acknowledged_) {
    if (sequence < 1 || sequence >= next) Fail("what was acknowledged is not there");
    if (!sequences.insert(sequence).second) Fail("two entries have one sequence");
  }
}

void EventsWorld::CheckFollowers() {
  const int64_t last = std::stoll(objects_.front()->Rows("SELECT count(*) FROM event_entry").at(0));
  EventHarness& object = *objects_.front();
  EventSocket& all = object.Join();
  object.Send(all, RequestFrame(kKey, 1));
  std::vector<std::string> log;
  for (const auto& entry : all.Entries(kKey)) {
    log.push_back(entry.id);
    if (entry.data.substr(0, 16) != entry.id) Fail("an entry came with another's data");
    const auto acknowledged = acknowledged_.find(entry.id);
    if (acknowledged != acknowledged_.end() && acknowledged->second != entry.sequence) {
      Fail("an entry came with another sequence than it was acknowledged with");
    }
  }
  if (static_cast<int64_t>(log.size()) != last) Fail("a new follower did not get all");
  for (const auto& peer : peers_) {
    if (!peer->socket->close.empty()) continue;
    std::map<int64_t, std::string> got;
    int64_t newest = 0;
    for (const auto& entry : peer->socket->Entries(kKey)) {
      if (entry.sequence <= newest) Fail("entries came twice, or out of order");
      newest = entry.sequence;
      got[entry.sequence] = entry.id;
    }
    for (int64_t sequence = peer->start; sequence <= last; ++sequence) {
      const std::string& id = log[static_cast<size_t>(sequence) - 1];
      const auto found = got.find(sequence);
      if (found == got.end() ? !peer->wrote.contains(id) : found->second != id) {
        return Fail("a follower has a gap");
      }
    }
  }
}

std::string EventsWorld::Run() {
  for (int i = 0; i < kActions && problem_.empty(); ++i) Act();
  if (problem_.empty()) Calm();
  if (problem_.empty()) CheckLog();
  if (problem_.empty() && !objects_.front()->Rows("SELECT 1 FROM event_log").empty()) {
    CheckFollowers();
  }
  return problem_;
}

}  // namespace tidemark::testing
