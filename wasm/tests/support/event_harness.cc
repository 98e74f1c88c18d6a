#include "tests/support/event_harness.h"

#include <utility>

#include "events/sql_log.h"

namespace tidemark::testing {
namespace {

using msgpack::Reader;
using msgpack::Type;
using msgpack::Writer;

// A number as the peer takes it: 64-bit integers would become BigInts there.
int64_t PeerNumber(Reader* reader) {
  if (reader->Next() == Type::kDouble) return static_cast<int64_t>(reader->Double());
  const int64_t value = reader->Int();
  Check(value <= UINT32_MAX);
  return value;
}

ServerMessage::Entry ReadEntry(Reader* reader) {
  ServerMessage::Entry entry;
  for (size_t left = reader->Map(); left > 0; --left) {
    const std::string_view key = reader->Str();
    if (key == "sequence") {
      entry.sequence = PeerNumber(reader);
    } else {
      std::string* field = key == "iv" ? &entry.iv : key == "entryId" ? &entry.id : &entry.data;
      Check(field != &entry.data || key == "encryptedEntry");
      *field = std::string(reader->Bin());
    }
  }
  return entry;
}

void ReadField(std::string_view key, Reader* reader, ServerMessage* message) {
  if (key == "_tag") {
    message->tag = std::string(reader->Str());
  } else if (key == "publicKey") {
    message->public_key = std::string(reader->Str());
  } else if (key == "remoteId") {
    message->remote_id = std::string(reader->Bin());
  } else if (key == "id") {
    message->id = PeerNumber(reader);
  } else if (key == "sequenceNumbers") {
    for (size_t left = reader->Array(); left > 0; --left) {
      message->sequences.push_back(PeerNumber(reader));
    }
  } else if (key == "entries") {
    for (size_t left = reader->Array(); left > 0; --left) {
      message->entries.push_back(ReadEntry(reader));
    }
  } else if (key == "part") {
    Check(reader->Array() == 2);
    message->part = PeerNumber(reader);
    message->parts = PeerNumber(reader);
  } else {
    Check(key == "data");
    message->data = std::string(reader->Bin());
  }
}

std::string Ended(std::string frame, std::string_view tag) {
  Writer writer(&frame);
  writer.Str("_tag");
  writer.Str(tag);
  return frame;
}

}  // namespace

ServerMessage ReadServerMessage(std::string_view frame) {
  Reader reader(frame);
  ServerMessage message;
  for (size_t left = reader.Map(); left > 0 && reader.ok(); --left) {
    const std::string_view key = reader.Str();
    ReadField(key, &reader, &message);
  }
  Check(reader.ok() && reader.AtEnd() && !message.tag.empty());
  return message;
}

std::string EntryId(uint64_t number) {
  std::string id(16, '\x01');
  for (size_t i = 0; i < 8; ++i) id[i + 8] = static_cast<char>(number >> (8 * (7 - i)));
  return id;
}

std::string WriteFrame(std::string_view key, int64_t id, const ClientEntries& entries) {
  std::string frame;
  Writer writer(&frame);
  writer.Map(5);
  writer.Str("publicKey");
  writer.Str(key);
  writer.Str("id");
  writer.Int(id);
  writer.Str("iv");
  writer.Bin(std::string(12, '\x07'));
  writer.Str("encryptedEntries");
  writer.Array(entries.size());
  for (const auto& [entry_id, data] : entries) {
    writer.Map(2);
    writer.Str("entryId");
    writer.Bin(entry_id);
    writer.Str("encryptedEntry");
    writer.Bin(data);
  }
  return Ended(std::move(frame), "WriteEntries");
}

std::string RequestFrame(std::string_view key, int64_t start) {
  std::string frame;
  Writer writer(&frame);
  writer.Map(3);
  writer.Str("publicKey");
  writer.Str(key);
  writer.Str("startSequence");
  writer.Int(start);
  return Ended(std::move(frame), "RequestChanges");
}

std::string StopFrame(std::string_view key) {
  std::string frame;
  Writer writer(&frame);
  writer.Map(2);
  writer.Str("publicKey");
  writer.Str(key);
  return Ended(std::move(frame), "StopChanges");
}

std::string PingFrame(int64_t id) {
  std::string frame;
  Writer writer(&frame);
  writer.Map(2);
  writer.Str("id");
  writer.Double(static_cast<double>(id));
  return Ended(std::move(frame), "Ping");
}

std::vector<std::string> ChunkFrames(const std::string& message, int64_t id, size_t size) {
  const size_t parts = (message.size() + size - 1) / size;
  std::vector<std::string> frames;
  for (size_t part = 0; part < parts; ++part) {
    std::string frame;
    Writer writer(&frame);
    writer.Map(4);
    writer.Str("id");
    writer.Int(id);
    writer.Str("part");
    writer.Array(2);
    writer.Int(static_cast<int64_t>(part));
    writer.Int(static_cast<int64_t>(parts));
    writer.Str("data");
    writer.Bin(std::string_view(message).substr(part * size, size));
    frames.push_back(Ended(std::move(frame), "ChunkedMessage"));
  }
  return frames;
}

std::vector<int64_t> SequencesOf(const std::vector<ServerMessage::Entry>& entries) {
  std::vector<int64_t> sequences;
  for (const auto& entry : entries) sequences.push_back(entry.sequence);
  return sequences;
}

ClientEntries EntriesOf(uint64_t first, uint64_t count, size_t size) {
  ClientEntries entries;
  for (uint64_t i = 0; i < count; ++i) {
    std::string data(size, static_cast<char>(0xff - i % 3));
    if (!data.empty()) data[0] = '\0';
    entries.emplace_back(EntryId(first + i), data);
  }
  return entries;
}

std::vector<int64_t> Range(int64_t first, int64_t last) {
  std::vector<int64_t> range;
  for (int64_t i = first; i <= last; ++i) range.push_back(i);
  return range;
}

std::vector<ServerMessage> EventSocket::Messages() const {
  std::vector<ServerMessage> messages;
  std::string joined;
  int64_t next = 0;
  for (const std::string& frame : frames) {
    ServerMessage message = ReadServerMessage(frame);
    if (message.tag != "ChunkedMessage") {
      Check(next == 0);
      messages.push_back(std::move(message));
      continue;
    }
    Check(message.part == next);
    joined += message.data;
    next = message.part + 1 == message.parts ? 0 : next + 1;
    if (next > 0) continue;
    messages.push_back(ReadServerMessage(joined));
    joined.clear();
  }
  return messages;
}

std::vector<ServerMessage::Entry> EventSocket::Entries(std::string_view key) const {
  std::vector<ServerMessage::Entry> entries;
  for (const ServerMessage& message : Messages()) {
    if (message.tag != "Changes" || message.public_key != key) continue;
    entries.insert(entries.end(), message.entries.begin(), message.entries.end());
  }
  return entries;
}

std::map<int64_t, std::vector<int64_t>> EventSocket::Acks() const {
  std::map<int64_t, std::vector<int64_t>> acks;
  for (const ServerMessage& message : Messages()) {
    if (message.tag == "Ack") acks[message.id] = message.sequences;
  }
  return acks;
}

EventHarness::EventHarness(std::string storage, std::string tenant,
                           std::shared_ptr<native::SqliteStore> shared)
    : engine(FourCollections()),
      database(std::move(shared)),
      storage_(std::move(storage)),
      tenant_(std::move(tenant)) {
  if (database == nullptr) {
    database = std::make_shared<native::SqliteStore>();
    for (const Sql& table : {sql::kCreateEventRemote, sql::kCreateEventLog, sql::kIndexEventLog,
                             sql::kCreateEventBatch, sql::kCreateEventEntry}) {
      database->Execute(table.text);
    }
  }
  Open();
}

void EventHarness::Open() {
  std::string numbers;
  for (const auto& [number, socket] : sockets) {
    if (!socket->close.empty()) continue;
    numbers += (numbers.empty() ? "" : ",") + std::to_string(number);
  }
  Params params = config;
  params["storage"] = storage_;
  params["sockets"] = "[" + numbers + "]";
  const native::Answer answer =
      native::RunToEnd(&engine, RequestOf("open_events", params), "", "", StoresOf(), true);
  Check(answer.status == 200);
  if (!answer.data.contains("restarted")) return;
  for (const auto& [number, socket] : sockets) socket->close = "1012";
}

Request EventHarness::RequestOf(std::string operation, Params params) {
  Request request;
  request.operation = std::move(operation);
  request.now_ms = now_ms;
  request.seed = seed++;
  request.space = tenant_;
  request.params = config;
  request.params["storage"] = storage_;
  params.merge(request.params);
  request.params = std::move(params);
  return request;
}

native::Stores EventHarness::StoresOf() {
  native::Stores stores;
  stores.own = &store;
  stores.d1 = [this](const std::string& shard, const std::vector<native::HostStatement>& batch,
                     native::Held* held) -> std::variant<ResultSets, Failure> {
    Check(shard == "DB");
    if (before_d1) {
      if (std::optional<Failure> failure = before_d1(batch)) return *failure;
    }
    return database->Run(batch, held);
  };
  stores.set_alarm = [this](int64_t at) {
    if (alarm_at == 0 || at < alarm_at) alarm_at = at;
  };
  stores.send = [this](const std::vector<int64_t>& to, const std::string& frame) {
    for (const int64_t number : to) {
      const auto found = sockets.find(number);
      if (found != sockets.end() && found->second->close.empty()) {
        found->second->frames.push_back(frame);
      }
    }
  };
  return stores;
}

native::Answer EventHarness::Run(std::string operation, Params params, std::string body) {
  return native::RunToEnd(&engine, RequestOf(std::move(operation), std::move(params)), "",
                          std::move(body), StoresOf(), local());
}

std::unique_ptr<native::Running> EventHarness::Begin(std::string operation, Params params,
                                                     std::string body) {
  return std::make_unique<native::Running>(&engine,
                                           RequestOf(std::move(operation), std::move(params)), "",
                                           std::move(body), StoresOf(), local());
}

EventSocket& EventHarness::Join(std::string access, Params more) {
  more["access"] = std::move(access);
  more["sockets"] = std::to_string(sockets.size());
  const native::Answer answer = Run("join_events", std::move(more));
  Check(answer.status == 200);
  auto socket = std::make_unique<EventSocket>();
  socket->number = std::stoll(answer.data.at("socket"));
  socket->access = answer.data.at("access");
  socket->frames.push_back(answer.body);
  EventSocket& joined = *socket;
  sockets[joined.number] = std::move(socket);
  return joined;
}

void EventHarness::Take(EventSocket* socket, const native::Answer& answer) {
  if (answer.data.contains("close")) {
    socket->close = answer.data.at("close");
    socket->reason = answer.data.at("reason");
    return;
  }
  Check(answer.status == 200);
  if (answer.data.contains("public_key")) socket->public_key = answer.data.at("public_key");
  if (!answer.body.empty()) socket->frames.push_back(answer.body);
}

void EventHarness::SendAlone(EventSocket& socket, const std::string& frame) {
  if (!socket.close.empty()) return;
  Take(&socket, Run("event_frame",
                    {{"socket", std::to_string(socket.number)},
                     {"access", socket.access},
                     {"public_key", socket.public_key}},
                    frame));
}

void EventHarness::Send(EventSocket& socket, const std::string& frame) {
  SendAlone(socket, frame);
  Deliver();
}

void EventHarness::Leave(EventSocket& socket) {
  socket.close = "1000";
  Check(Run("leave_events", {{"socket", std::to_string(socket.number)}}).status == 200);
}

bool EventHarness::DeliverOne() {
  const native::Answer answer = Run("deliver_events", {{"after", after_}});
  Check(answer.status == 200);
  if (!answer.data.contains("more")) return false;
  after_ = answer.data.at("after");
  if (answer.data.contains("close")) {
    Take(sockets.at(std::stoll(answer.data.at("socket"))).get(), answer);
  }
  return true;
}

void EventHarness::Deliver() {
  int left = 100'000;
  while (DeliverOne()) Check(--left > 0);
}

void EventHarness::Tick() {
  alarm_at = 0;
  const native::Answer answer = Run("tick_events");
  Check(answer.status == 200);
  if (answer.data.contains("close")) {
    Take(sockets.at(std::stoll(answer.data.at("socket"))).get(), answer);
  }
  Deliver();
}

void EventHarness::Evict() {
  after_ = "0";
  Open();
}

void EventHarness::Crash() {
  for (const auto& [number, socket] : sockets) {
    if (socket->close.empty()) socket->close = "1006";
  }
  Evict();
}

}  // namespace tidemark::testing
