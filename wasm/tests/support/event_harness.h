// A tenant's event log, natively: its object with sockets that note what they are sent, the D1
// database that several objects may share, and a clock.
//
// What a frame says is read here by a decoder of its own, not by the code under test.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/harness.h"

namespace tidemark::testing {

// A frame from the server, as the peer's decoder would have it.
struct ServerMessage {
  std::string tag;
  std::string public_key;
  std::string remote_id;
  int64_t id = -1;
  std::vector<int64_t> sequences;  // of an Ack
  struct Entry {
    int64_t sequence = 0;
    std::string iv;
    std::string id;
    std::string data;
  };
  std::vector<Entry> entries;
  int64_t part = 0;
  int64_t parts = 0;
  std::string data;
};
// Traps on what is none: also on an integer of 64 bits, which the peer would not take.
ServerMessage ReadServerMessage(std::string_view frame);

// Frames of a client. Entries are pairs of an id of 16 bytes and its ciphertext.
using ClientEntries = std::vector<std::pair<std::string, std::string>>;
std::string WriteFrame(std::string_view key, int64_t id, const ClientEntries& entries);
std::string RequestFrame(std::string_view key, int64_t start);
std::string StopFrame(std::string_view key);
std::string PingFrame(int64_t id);
std::vector<std::string> ChunkFrames(const std::string& message, int64_t id, size_t size);
// 16 bytes that no other number gives.
std::string EntryId(uint64_t number);

std::vector<int64_t> SequencesOf(const std::vector<ServerMessage::Entry>& entries);
// So many entries from a number on. Their data are bytes that are no UTF-8, and zeros.
ClientEntries EntriesOf(uint64_t first, uint64_t count, size_t size = 20);
std::vector<int64_t> Range(int64_t first, int64_t last);

// One end of a socket.
struct EventSocket {
  int64_t number = 0;
  std::string access;
  std::string public_key;           // that it writes under
  std::vector<std::string> frames;  // as they came
  std::string close;                // the code, once it was closed
  std::string reason;

  // The messages, chunks joined. Traps where parts are missing or out of order.
  std::vector<ServerMessage> Messages() const;
  // Entries of all Changes of a key, in the order in which they came.
  std::vector<ServerMessage::Entry> Entries(std::string_view key) const;
  // The Acks' sequences by id.
  std::map<int64_t, std::vector<int64_t>> Acks() const;
};

class EventHarness {
 public:
  // Objects that share `database` share their logs, where `storage` is `d1`.
  explicit EventHarness(std::string storage = "", std::string tenant = "default",
                        std::shared_ptr<native::SqliteStore> database = nullptr);

  // Joins; the socket lives as long as the harness. It has got Hello.
  EventSocket& Join(std::string access = "write", Params more = {});
  // A frame from the socket; its answer and all that follows from it are delivered.
  void Send(EventSocket& socket, const std::string& frame);
  // The same, without the pages that follow.
  void SendAlone(EventSocket& socket, const std::string& frame);
  void Leave(EventSocket& socket);
  // One page to one that is behind; false where nobody is.
  bool DeliverOne();
  void Deliver();
  void Tick();
  // The object's memory goes, its sockets stay; or the sockets go with it.
  void Evict();
  void Crash();

  native::Answer Run(std::string operation, Params params = {}, std::string body = {});
  std::unique_ptr<native::Running> Begin(std::string operation, Params params = {},
                                         std::string body = {});

  std::vector<std::string> Rows(std::string_view sql) { return log().Rows(sql); }
  native::SqliteStore& log() { return storage_ == "d1" ? *database : store; }

  Engine engine;
  native::SqliteStore store;
  std::shared_ptr<native::SqliteStore> database;
  std::map<int64_t, std::unique_ptr<EventSocket>> sockets;
  Params config;  // keep_entries, keep_days
  int64_t now_ms = kNow;
  int64_t alarm_at = 0;
  uint64_t seed = 1;
  // Told each batch for D1: its failure is answered and nothing has happened.
  std::function<std::optional<Failure>(const std::vector<native::HostStatement>&)> before_d1;

 private:
  native::Stores StoresOf();
  Request RequestOf(std::string operation, Params params);
  void Open();
  void Take(EventSocket* socket, const native::Answer& answer);
  bool local() const { return storage_ != "d1"; }

  std::string storage_;
  std::string tenant_;
  std::string after_ = "0";
};

}  // namespace tidemark::testing
