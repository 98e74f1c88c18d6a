// Frames that are none, or too large: each ends its own socket with a stated reason, and no other.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/event_harness.h"

namespace tidemark::testing {
namespace {

using msgpack::Writer;

struct Case {
  const char* name;
  std::string frame;
  const char* close;
  const char* reason;
};

std::string Map(const std::function<size_t(Writer*)>& fill) {
  std::string inside;
  Writer writer(&inside);
  const size_t fields = fill(&writer);
  std::string frame;
  Writer(&frame).Map(fields);
  return frame + inside;
}

std::string Tagged(std::string_view tag) {
  return Map([&](Writer* writer) {
    writer->Str("_tag");
    writer->Str(tag);
    return size_t{1};
  });
}

std::string Written(std::string_view iv, const ClientEntries& entries) {
  std::string frame = WriteFrame("key", 0, entries);
  const std::string good(12, '\x07');
  std::string bin;
  Writer(&bin).Bin(iv);
  std::string old;
  Writer(&old).Bin(good);
  return frame.replace(frame.find(old), old.size(), bin);
}

std::string Chunk(int64_t part, int64_t parts, std::string_view data = "x") {
  return Map([&](Writer* writer) {
    writer->Str("id");
    writer->Int(1);
    writer->Str("part");
    writer->Array(2);
    writer->Int(part);
    writer->Int(parts);
    writer->Str("data");
    writer->Bin(data);
    writer->Str("_tag");
    writer->Str("ChunkedMessage");
    return size_t{4};
  });
}

std::vector<Case> Cases() {
  const std::string good = WriteFrame("key", 0, {{EntryId(1), "data"}});
  return {
      {"nothing", "", "1007", "invalid_frame"},
      {"garbage", "\xc1\xff\x00garbage", "1007", "invalid_frame"},
      {"truncated", good.substr(0, good.size() - 3), "1007", "invalid_frame"},
      {"trailing", good + "\xc0", "1007", "invalid_frame"},
      {"an array", "\x93\x01\x02\x03", "1007", "invalid_frame"},
      {"a map of 2^31 keys", "\xdf\x80\x00\x00\x00", "1007", "invalid_frame"},
      {"no tag", "\x80", "1007", "invalid_frame"},
      {"an unknown tag", Tagged("Nonsense"), "1007", "invalid_frame"},
      {"a tag of the server", Tagged("Hello"), "1007", "invalid_frame"},
      {"a field missing", Tagged("Ping"), "1007", "invalid_frame"},
      {"an iv of 11 bytes", Written(std::string(11, 'i'), {}), "1007", "invalid_frame"},
      {"an iv of 13 bytes", Written(std::string(13, 'i'), {}), "1007", "invalid_frame"},
      {"an id of 15 bytes", WriteFrame("key", 0, {{std::string(15, 'i'), "data"}}), "1007",
       "invalid_frame"},
      {"no key", RequestFrame("", 1), "1007", "invalid_frame"},
      {"a key that is too long", RequestFrame(std::string(1'025, 'k'), 1), "1007", "invalid_frame"},
      {"a key that is no text", RequestFrame("\xff\xfe", 1), "1007", "invalid_frame"},
      {"a key of a megabyte", RequestFrame(std::string(1 << 20, 'k'), 1), "1009",
       "frame_too_large"},
      {"part 7 of 3", Chunk(7, 3), "1007", "invalid_frame"},
      {"part 0 of 0", Chunk(0, 0), "1007", "invalid_frame"},
      {"part -1", Chunk(-1, 3), "1007", "invalid_frame"},
      {"parts without end", Chunk(0, 1 << 30), "1007", "invalid_frame"},
      {"a chunk of chunks", Chunk(0, 1, Chunk(0, 1)), "1007", "invalid_frame"},
      {"a chunk of garbage", Chunk(0, 1, "\xc1"), "1007", "invalid_frame"},
      {"a frame that is too large", std::string(limits::kEventFrameBytesMax + 1, '\xc0'), "1009",
       "frame_too_large"},
  };
}

TEST(BadFrame, EndsItsOwnSocketWithAReasonAndNoOther) {
  EventHarness log;
  EventSocket& writer = log.Join();
  EventSocket& reader = log.Join();
  log.Send(reader, RequestFrame("key", 1));
  for (const Case& each : Cases()) {
    EventSocket& bad = log.Join();
    log.Send(bad, each.frame);
    EXPECT_EQ(bad.close, each.close) << each.name;
    EXPECT_EQ(bad.reason.substr(0, bad.reason.find(':')), each.reason) << each.name;
    EXPECT_LE(bad.reason.size(), 123U) << each.name;
    log.Leave(bad);
  }
  EXPECT_EQ(log.engine.live(), 0U);
  EXPECT_TRUE(log.store.Rows("SELECT * FROM event_chunk").empty());
  log.Send(writer, WriteFrame("key", 0, {{EntryId(1), "data"}}));
  EXPECT_EQ(reader.Entries("key").size(), 1U);
}

TEST(BadFrame, AnEntryBeyondARowIsRefusedWithItsSizeAndTheBound) {
  EventHarness log;
  EventSocket& writer = log.Join();
  const std::string large =
      WriteFrame("key", 0, {{EntryId(1), "small"}, {EntryId(2), std::string(3'000'000, 'x')}});
  for (const std::string& chunk : ChunkFrames(large, 0, 512'000)) log.Send(writer, chunk);
  EXPECT_EQ(writer.close, "1009");
  EXPECT_EQ(writer.reason, "entry_too_large: an entry of 3000000 bytes; at most 1900000");
  EXPECT_TRUE(log.Rows("SELECT * FROM event_log").empty());
}

TEST(BadFrame, ChunksAreBoundedInBytesInNumberAndInTime) {
  EventHarness log;
  EventSocket& fat = log.Join();
  const std::string megabyte(900'000, 'x');
  int sent = 0;
  for (; fat.close.empty() && sent < 60; ++sent) log.Send(fat, Chunk(sent, 60, megabyte));
  EXPECT_EQ(fat.close, "1009");
  EXPECT_EQ(sent, limits::kEventMessageBytesMax / 900'000 + 1);
  log.Leave(fat);

  EventSocket& slow = log.Join();
  log.Send(slow, Chunk(0, 2));
  ASSERT_EQ(log.alarm_at, log.now_ms + limits::kEventChunkMs);
  log.now_ms = log.alarm_at;
  log.Tick();
  EXPECT_EQ(slow.close, "1008");
  EXPECT_EQ(slow.reason.substr(0, 14), "chunk_timeout:");
  EXPECT_TRUE(log.store.Rows("SELECT * FROM event_chunk").empty());

  EventSocket& differs = log.Join();
  log.Send(differs, Chunk(0, 2));
  log.Send(differs, Chunk(1, 3));
  EXPECT_EQ(differs.close, "1007");
}

TEST(BadFrame, ASocketFollowsSoManyKeysAndNoMore) {
  EventHarness log;
  EventSocket& socket = log.Join();
  for (int64_t i = 0; i <= limits::kEventSubscriptionsMax && socket.close.empty(); ++i) {
    log.SendAlone(socket, RequestFrame("key-" + std::to_string(i), 1));
  }
  EXPECT_EQ(socket.close, "1008");
  EXPECT_EQ(socket.reason.substr(0, 22), "too_many_subscriptions");
}

}  // namespace
}  // namespace tidemark::testing
