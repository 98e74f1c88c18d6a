#include "events/message.h"

#include <algorithm>
#include <cmath>

#include "base/limits.h"
#include "base/utf8.h"

namespace tidemark::events {
namespace {

using msgpack::Reader;
using msgpack::Type;
using msgpack::Writer;

constexpr size_t kIdBytes = 16;  // a UUID
constexpr size_t kIvBytes = 12;  // of AES-GCM

constexpr std::string_view kTags[] = {"WriteEntries", "RequestChanges", "StopChanges", "Ping",
                                      "ChunkedMessage"};

// The keys of all messages. A reader that stands before a key's value is kept until the tag, which
// may come last, says what is wanted.
enum Key : size_t { kTag, kPublicKey, kId, kStart, kIv, kEntries, kPart, kData, kKeys };
constexpr std::string_view kKeyNames[] = {"_tag", "publicKey",        "id",   "startSequence",
                                          "iv",   "encryptedEntries", "part", "data"};

// What each tag must have, and may read.
constexpr uint32_t kWanted[] = {
    1U << kPublicKey | 1U << kId | 1U << kIv | 1U << kEntries,
    1U << kPublicKey | 1U << kStart,
    1U << kPublicKey,
    1U << kId,
    1U << kId | 1U << kPart | 1U << kData,
};

Status BadFrame(std::string message) {
  return Status::Invalid("invalid_frame", std::move(message));
}

// The peer writes integers as doubles where they are large.
bool ReadInteger(Reader* reader, int64_t* value) {
  if (reader->Next() == Type::kDouble) {
    const double real = reader->Double();
    if (!(std::fabs(real) <= static_cast<double>(limits::kIntegerMax)) ||
        real != std::floor(real)) {
      return false;
    }
    *value = static_cast<int64_t>(real);
  } else {
    *value = reader->Int();
  }
  return reader->ok() && *value >= -limits::kIntegerMax && *value <= limits::kIntegerMax;
}

bool ReadWhole(Reader* reader, int64_t* value) { return ReadInteger(reader, value) && *value >= 0; }

struct Fields {
  std::vector<Reader> values = std::vector<Reader>(kKeys, Reader(std::string_view()));
  uint32_t seen = 0;
};

// The map's keys, and where their values are.
bool ReadFields(std::string_view bytes, Fields* fields) {
  Reader reader(bytes);
  const size_t count = reader.Map();
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view name = reader.Str();
    const auto* key = std::find(std::begin(kKeyNames), std::end(kKeyNames), name);
    if (key != std::end(kKeyNames)) {
      const auto index = static_cast<size_t>(key - std::begin(kKeyNames));
      fields->values[index] = reader;
      fields->seen |= 1U << index;
    }
    reader.Skip();
  }
  return reader.ok() && reader.AtEnd();
}

bool ReadEntry(Reader* reader, Entry* entry) {
  const size_t count = reader->Map();
  for (size_t i = 0; i < count && reader->ok(); ++i) {
    const std::string_view name = reader->Str();
    if (name == "entryId") {
      entry->id = reader->Bin();
    } else if (name == "encryptedEntry") {
      entry->data = reader->Bin();
    } else {
      reader->Skip();
    }
  }
  return reader->ok() && entry->id.size() == kIdBytes && entry->data.data() != nullptr;
}

Status ReadEntries(Reader* reader, std::vector<Entry>* entries) {
  const size_t count = reader->Array();
  if (count > limits::kEventEntriesMax) {
    return Status::TooLarge("too_many_entries",
                            "a write is of at most " + std::to_string(limits::kEventEntriesMax));
  }
  for (size_t i = 0; i < count && reader->ok(); ++i) {
    if (!ReadEntry(reader, &entries->emplace_back())) {
      return BadFrame("an entry needs an entryId of 16 bytes and an encryptedEntry");
    }
    if (const size_t size = entries->back().data.size(); size > limits::kEventEntryBytesMax) {
      return Status::TooLarge("entry_too_large", "an entry of " + std::to_string(size) +
                                                     " bytes; at most " +
                                                     std::to_string(limits::kEventEntryBytesMax));
    }
  }
  return reader->ok() ? Status() : BadFrame("encryptedEntries must be an array of entries");
}

Status ReadPart(Reader* reader, Message* message) {
  if (reader->Array() != 2 || !ReadWhole(reader, &message->part) ||
      !ReadWhole(reader, &message->parts) || message->part >= message->parts ||
      message->parts > limits::kEventPartsMax) {
    return BadFrame("part must be [index, total], of " + std::to_string(limits::kEventPartsMax) +
                    " at most");
  }
  return {};
}

Status ReadField(Key key, Reader* reader, Message* message) {
  switch (key) {
    case kPublicKey:
      message->public_key = reader->Str();
      if (reader->ok() && !message->public_key.empty() &&
          message->public_key.size() <= limits::kEventKeyBytesMax &&
          ValidUtf8Prefix(message->public_key) == message->public_key.size()) {
        return {};
      }
      return BadFrame("publicKey must be a text of 1 to " +
                      std::to_string(limits::kEventKeyBytesMax) + " bytes");
    case kId:
      return ReadWhole(reader, &message->id) ? Status() : BadFrame("id must be a whole number");
    case kStart:
      return ReadInteger(reader, &message->start_sequence)
                 ? Status()
                 : BadFrame("startSequence must be an integer");
    case kIv:
      message->iv = reader->Bin();
      return reader->ok() && message->iv.size() == kIvBytes ? Status()
                                                            : BadFrame("iv must be 12 bytes");
    case kEntries:
      return ReadEntries(reader, &message->entries);
    case kPart:
      return ReadPart(reader, message);
    default:
      message->data = reader->Bin();
      return reader->ok() ? Status() : BadFrame("data must be bytes");
  }
}

// The shortest form that the peer reads as a number.
void Number(int64_t value, Writer* writer) {
  if (value > UINT32_MAX) return writer->Double(static_cast<double>(value));
  writer->Int(value);
}

void End(std::string_view tag, Writer* writer) {
  writer->Str("_tag");
  writer->Str(tag);
}

std::string Head(size_t fields) {
  std::string message;
  Writer(&message).Map(fields);
  return message;
}

std::string WithId(std::string_view tag, int64_t id) {
  std::string message = Head(2);
  Writer writer(&message);
  writer.Str("id");
  Number(id, &writer);
  End(tag, &writer);
  return message;
}

}  // namespace

Status ReadMessage(std::string_view bytes, Message* message) {
  Fields fields;
  if (!ReadFields(bytes, &fields)) return BadFrame("a frame is one MessagePack map, whole");
  const std::string_view name = fields.values[kTag].Str();
  const auto* tag = std::find(std::begin(kTags), std::end(kTags), name);
  if (tag == std::end(kTags)) return BadFrame("_tag is none that a client sends");
  const auto index = static_cast<size_t>(tag - std::begin(kTags));
  message->tag = static_cast<Tag>(index);
  const uint32_t wanted = kWanted[index];
  if ((fields.seen & wanted) != wanted) return BadFrame("a field of this message is missing");
  for (size_t key = kPublicKey; key < kKeys; ++key) {
    if ((wanted >> key & 1U) == 0) continue;
    Status status = ReadField(static_cast<Key>(key), &fields.values[key], message);
    if (!status.ok()) return status;
  }
  return {};
}

std::string WriteHello(std::string_view remote_id) {
  std::string message = Head(2);
  Writer writer(&message);
  writer.Str("remoteId");
  writer.Bin(remote_id);
  End("Hello", &writer);
  return message;
}

std::string WritePong(int64_t id) { return WithId("Pong", id); }

std::string WriteAck(int64_t id, const std::vector<int64_t>& sequences) {
  std::string message = Head(3);
  Writer writer(&message);
  writer.Str("id");
  Number(id, &writer);
  writer.Str("sequenceNumbers");
  writer.Array(sequences.size());
  for (const int64_t sequence : sequences) Number(sequence, &writer);
  End("Ack", &writer);
  return message;
}

void AppendEntry(int64_t sequence, std::string_view iv, const Entry& entry, std::string* out) {
  Writer writer(out);
  writer.Map(4);
  writer.Str("sequence");
  Number(sequence, &writer);
  writer.Str("iv");
  writer.Bin(iv);
  writer.Str("entryId");
  writer.Bin(entry.id);
  writer.Str("encryptedEntry");
  writer.Bin(entry.data);
}

std::string_view SkipEntries(std::string_view entries, int64_t count) {
  for (; count > 0; --count) {
    Reader reader(entries);
    // Its sequence, iv, id and data, as AppendEntry wrote them.
    Check(reader.Map() == 4);
    for (int i = 0; i < 7; ++i) reader.Skip();
    const std::string_view data = reader.Bin();
    Check(reader.ok());
    entries.remove_prefix(static_cast<size_t>(data.data() + data.size() - entries.data()));
  }
  return entries;
}

std::string ChangesHead(std::string_view public_key, int64_t count) {
  std::string message = Head(3);
  Writer writer(&message);
  writer.Str("publicKey");
  writer.Str(public_key);
  writer.Str("entries");
  writer.Array(static_cast<size_t>(count));
  return message;
}

std::string_view ChangesTail() {
  static constexpr char kTail[] =
      "\xa4_tag\xa7"
      "Changes";
  return {kTail, sizeof kTail - 1};
}

std::vector<std::string> FramesOf(std::string message, int64_t id) {
  const size_t parts = (message.size() + limits::kEventChunkBytes - 1) / limits::kEventChunkBytes;
  std::vector<std::string> frames;
  if (parts <= 1) {
    frames.push_back(std::move(message));
    return frames;
  }
  for (size_t part = 0; part < parts; ++part) {
    std::string& frame = frames.emplace_back(Head(4));
    Writer writer(&frame);
    writer.Str("id");
    Number(id, &writer);
    writer.Str("part");
    writer.Array(2);
    writer.Int(static_cast<int64_t>(part));
    writer.Int(static_cast<int64_t>(parts));
    writer.Str("data");
    writer.Bin(std::string_view(message).substr(part * limits::kEventChunkBytes,
                                                limits::kEventChunkBytes));
    End("ChunkedMessage", &writer);
  }
  return frames;
}

}  // namespace tidemark::events
