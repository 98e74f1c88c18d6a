// The messages of Effect's EventLog remote (npm `@effect/experimental` 0.61, EventLogRemote): one
// MessagePack map in each binary frame, told apart by its key `_tag`.
//
//   client:  WriteEntries {publicKey, id, iv, encryptedEntries: [{entryId, encryptedEntry}...]}
//            RequestChanges {publicKey, startSequence}     StopChanges {publicKey}
//            Ping {id}                                     ChunkedMessage {id, part: [i, n], data}
//   server:  Hello {remoteId}       Ack {id, sequenceNumbers: [n...]}       Pong {id}
//            Changes {publicKey, entries: [{sequence, iv, entryId, encryptedEntry}...]}
//            ChunkedMessage
//
// Keys come in any order, with any others, and values in any width that holds them; what is written
// is the shortest form, but for integers from 2^32 on: those are doubles, since the peer's decoder
// makes a BigInt of any other. A negative startSequence, which the peer's client does not send,
// asks for so many entries at the end. A message above limits.h's kEventChunkBytes goes in chunks
// of so many bytes.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/msgpack.h"
#include "base/status.h"

namespace tidemark::events {

enum class Tag : uint8_t { kWriteEntries, kRequestChanges, kStopChanges, kPing, kChunkedMessage };

// An entry as a client writes it: views into its message.
struct Entry {
  std::string_view id;  // 16 bytes
  std::string_view data;
};

// A client's message: views into its bytes. What its tag has no use for is empty.
struct Message {
  Tag tag = Tag::kPing;
  std::string_view public_key;
  int64_t id = 0;
  int64_t start_sequence = 0;
  std::string_view iv;  // 12 bytes
  std::vector<Entry> entries;
  int64_t part = 0;
  int64_t parts = 0;
  std::string_view data;  // of a chunk
};

// Reads a whole message. Codes: `invalid_frame`, and 413 `entry_too_large`, `too_many_entries`.
Status ReadMessage(std::string_view bytes, Message* message);

std::string WriteHello(std::string_view remote_id);
std::string WritePong(int64_t id);
std::string WriteAck(int64_t id, const std::vector<int64_t>& sequences);

// An entry as it stands in Changes, and in the store.
void AppendEntry(int64_t sequence, std::string_view iv, const Entry& entry, std::string* out);

// Drops so many entries from the front of some that AppendEntry wrote.
std::string_view SkipEntries(std::string_view entries, int64_t count);

// Changes, but for its entries, of which there are `count`: what comes before them, and after.
std::string ChangesHead(std::string_view public_key, int64_t count);
std::string_view ChangesTail();

// A message as the frames to send: itself, or chunks of it under `id`.
std::vector<std::string> FramesOf(std::string message, int64_t id);

}  // namespace tidemark::events
