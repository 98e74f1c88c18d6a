// A log as its clients see it, over each storage: sequences, acknowledgements, who is sent what.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "tests/support/event_harness.h"

namespace tidemark::testing {
namespace {

class EventLog : public ::testing::TestWithParam<const char*> {
 protected:
  EventHarness log{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Storages, EventLog, ::testing::Values("object", "d1", "memory"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(EventLog, HelloComesFirstAndNamesTheLogByAVersion4Uuid) {
  EventSocket& a = log.Join();
  EventSocket& b = log.Join();
  const ServerMessage hello = a.Messages().at(0);
  ASSERT_EQ(hello.tag, "Hello");
  ASSERT_EQ(hello.remote_id.size(), 16U);
  EXPECT_EQ(hello.remote_id[6] & 0xf0, 0x40);
  EXPECT_EQ(static_cast<uint8_t>(hello.remote_id[8]) & 0xc0, 0x80);
  EXPECT_EQ(b.Messages().at(0).remote_id, hello.remote_id);
}

TEST_P(EventLog, AWriteIsAcknowledgedAndReachesThoseWhoFollowItsKey) {
  EventSocket& writer = log.Join();
  EventSocket& follower = log.Join();
  EventSocket& other = log.Join();
  for (EventSocket* socket : {&writer, &follower}) log.Send(*socket, RequestFrame("key", 0));
  log.Send(other, RequestFrame("another", 0));
  const ClientEntries entries = EntriesOf(1, 3);
  log.Send(writer, WriteFrame("key", 0, entries));
  EXPECT_EQ(writer.Acks()[0], Range(1, 3));
  EXPECT_TRUE(writer.Entries("key").empty());
  const auto got = follower.Entries("key");
  ASSERT_EQ(SequencesOf(got), Range(1, 3));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(got[i].id, entries[i].first);
    EXPECT_EQ(got[i].data, entries[i].second);
    EXPECT_EQ(got[i].iv, std::string(12, '\x07'));
  }
  EXPECT_EQ(other.frames.size(), 1U);
}

TEST_P(EventLog, AnEmptyWriteIsAcknowledgedAtOnce) {
  EventSocket& socket = log.Join("read");
  log.Send(socket, WriteFrame("key", 7, {}));
  EXPECT_EQ(socket.Acks().at(7), std::vector<int64_t>{});
  EXPECT_TRUE(log.Rows("SELECT * FROM event_log").empty());
}

TEST_P(EventLog, WhatComesAgainIsNotStoredAgainButAcknowledgedWithItsSequence) {
  EventSocket& writer = log.Join();
  EventSocket& follower = log.Join();
  log.Send(follower, RequestFrame("key", 1));
  log.Send(writer, WriteFrame("key", 0, EntriesOf(1, 4)));
  ClientEntries mixed = EntriesOf(2, 4);  // 2 to 4 are known, 5 is new
  mixed.push_back(EntriesOf(9, 1)[0]);
  mixed.push_back(EntriesOf(5, 1)[0]);  // twice in one write
  std::reverse(mixed.begin(), mixed.end());
  log.Send(writer, WriteFrame("key", 1, mixed));
  EXPECT_EQ(writer.Acks()[1], (std::vector<int64_t>{5, 6, 5, 4, 3, 2}));
  EXPECT_EQ(SequencesOf(follower.Entries("key")), Range(1, 6));
  // The same of another connection, after a reply was lost.
  EventSocket& again = log.Join();
  log.Send(again, WriteFrame("key", 0, EntriesOf(1, 4)));
  EXPECT_EQ(again.Acks()[0], Range(1, 4));
  EXPECT_EQ(SequencesOf(follower.Entries("key")), Range(1, 6));
}

TEST_P(EventLog, KeysHaveSequencesOfTheirOwnInOneSetOfTables) {
  const std::vector<std::string> tables =
      log.log().Rows("SELECT name FROM sqlite_schema ORDER BY name");
  for (int key = 0; key < 100; ++key) {
    EventSocket& writer = log.Join();
    log.Send(writer, WriteFrame("key-" + std::to_string(key), 0, EntriesOf(1, 2)));
    EXPECT_EQ(writer.Acks()[0], Range(1, 2));
  }
  EXPECT_EQ(log.log().Rows("SELECT name FROM sqlite_schema ORDER BY name"), tables);
}

TEST_P(EventLog, TheBacklogComesInPagesInOrderFromTheSequenceAskedFor) {
  EventSocket& writer = log.Join();
  for (int i = 0; i < 12; ++i) {
    log.Send(writer, WriteFrame("key", i, EntriesOf(static_cast<uint64_t>(i) * 10, 10, 15'000)));
  }
  for (const int64_t start : {0, 1, 2, 57, 60, 61, 120}) {
    EventSocket& late = log.Join();
    log.Send(late, RequestFrame("key", start));
    EXPECT_EQ(SequencesOf(late.Entries("key")), Range(std::max<int64_t>(start, 1), 120)) << start;
    for (const std::string& frame : late.frames) EXPECT_LE(frame.size(), 512'000U);
  }
  EventSocket& last = log.Join();
  log.Send(last, RequestFrame("key", -5));
  EXPECT_EQ(SequencesOf(last.Entries("key")), Range(116, 120));
  EventSocket& beyond = log.Join();
  log.Send(beyond, RequestFrame("key", 500));
  log.Send(writer, WriteFrame("key", 99, EntriesOf(1000, 1)));
  EXPECT_EQ(SequencesOf(beyond.Entries("key")), Range(121, 121));
}

TEST_P(EventLog, WhatIsWrittenDuringABacklogComesAfterItWithoutGapOrRepetition) {
  EventSocket& writer = log.Join();
  for (int i = 0; i < 8; ++i) {
    log.Send(writer, WriteFrame("key", i, EntriesOf(static_cast<uint64_t>(i) * 10, 10, 30'000)));
  }
  EventSocket& late = log.Join();
  log.SendAlone(late, RequestFrame("key", 1));
  for (int i = 8; i < 20; ++i) {
    log.SendAlone(writer, WriteFrame("key", i, EntriesOf(static_cast<uint64_t>(i) * 10, 10, 900)));
    log.DeliverOne();
  }
  log.Deliver();
  EXPECT_EQ(SequencesOf(late.Entries("key")), Range(1, 200));
}

TEST_P(EventLog, AWriterThatCatchesUpIsNotSentItsOwn) {
  EventSocket& other = log.Join();
  log.Send(other, WriteFrame("key", 0, EntriesOf(1, 5)));
  EventSocket& both = log.Join();
  log.SendAlone(both, RequestFrame("key", 1));
  log.SendAlone(both, WriteFrame("key", 0, EntriesOf(100, 3)));
  log.SendAlone(other, WriteFrame("key", 1, EntriesOf(6, 1)));
  log.SendAlone(both, WriteFrame("key", 1, EntriesOf(200, 1)));
  log.Deliver();
  EXPECT_EQ(SequencesOf(both.Entries("key")), (std::vector<int64_t>{1, 2, 3, 4, 5, 9}));
  EXPECT_EQ(both.Acks()[0], Range(6, 8));
}

TEST_P(EventLog, AnOlderStartSendsOnlyWhatWasNotSentYet) {
  EventSocket& writer = log.Join();
  log.Send(writer, WriteFrame("key", 0, EntriesOf(1, 50)));
  EventSocket& reader = log.Join();
  log.Send(reader, RequestFrame("key", 40));
  log.Send(reader, RequestFrame("key", 45));
  log.SendAlone(reader, RequestFrame("key", 30));
  log.SendAlone(reader, RequestFrame("key", 10));
  log.Send(writer, WriteFrame("key", 1, EntriesOf(51, 2)));
  std::vector<int64_t> got = SequencesOf(reader.Entries("key"));
  std::sort(got.begin(), got.end());
  EXPECT_EQ(got, Range(10, 52));
}

TEST_P(EventLog, AfterStopChangesNothingComesAndNothingStays) {
  EventSocket& writer = log.Join();
  EventSocket& reader = log.Join();
  log.Send(reader, RequestFrame("key", 1));
  log.Send(reader, StopFrame("key"));
  log.Send(writer, WriteFrame("key", 0, EntriesOf(1, 2)));
  EXPECT_EQ(reader.frames.size(), 1U);
  EXPECT_TRUE(log.store.Rows("SELECT * FROM event_subscription").empty());
  log.Send(reader, RequestFrame("key", 2));
  EXPECT_EQ(SequencesOf(reader.Entries("key")), Range(2, 2));
  log.Leave(reader);
  EXPECT_TRUE(log.store.Rows("SELECT * FROM event_subscription").empty());
}

TEST_P(EventLog, PingsAreAnsweredWithTheirIds) {
  EventSocket& socket = log.Join("read");
  log.Send(socket, PingFrame(3));
  log.Send(socket, PingFrame(int64_t{1} << 40));
  EXPECT_EQ(socket.Messages().at(1).tag, "Pong");
  EXPECT_EQ(socket.Messages().at(1).id, 3);
  EXPECT_EQ(socket.Messages().at(2).id, int64_t{1} << 40);
}

TEST_P(EventLog, TenThousandEntriesInOneWriteComeInChunksAndAreAcknowledgedTogether) {
  EventSocket& writer = log.Join();
  EventSocket& reader = log.Join();
  log.Send(reader, RequestFrame("key", 1));
  const std::string message = WriteFrame("key", 3, EntriesOf(1, 10'000, 120));
  ASSERT_GT(message.size(), 512'000U);
  std::vector<std::string> chunks = ChunkFrames(message, 3, 512'000);
  std::reverse(chunks.begin(), chunks.end());
  chunks.insert(chunks.begin() + 1, chunks.front());  // a part that comes twice
  for (const std::string& chunk : chunks) log.Send(writer, chunk);
  EXPECT_EQ(writer.Acks()[3], Range(1, 10'000));
  EXPECT_EQ(SequencesOf(reader.Entries("key")), Range(1, 10'000));
  EXPECT_TRUE(log.store.Rows("SELECT * FROM event_chunk").empty());
}

TEST_P(EventLog, AnEntryOfAlmostARowIsStoredAndComesBackInChunks) {
  EventSocket& writer = log.Join();
  EventSocket& reader = log.Join();
  log.Send(reader, RequestFrame("key", 1));
  ClientEntries entries = EntriesOf(1, 1, limits::kEventEntryBytesMax);
  for (const std::string& chunk : ChunkFrames(WriteFrame("key", 0, entries), 0, 512'000)) {
    log.Send(writer, chunk);
  }
  log.Send(writer, WriteFrame("key", 1, EntriesOf(2, 1)));
  EventSocket& late = log.Join();
  log.Send(late, RequestFrame("key", 1));
  for (EventSocket* socket : {&reader, &late}) {
    const auto got = socket->Entries("key");
    ASSERT_EQ(SequencesOf(got), Range(1, 2));
    EXPECT_EQ(got[0].data, entries[0].second);
    EXPECT_EQ(socket->close, "");
  }
}

TEST_P(EventLog, TwoThatSendChunksAtOnceUnderOneIdDoNotMeet) {
  EventSocket& a = log.Join();
  EventSocket& b = log.Join();
  const auto first = ChunkFrames(WriteFrame("a", 0, EntriesOf(1, 40)), 0, 700);
  const auto second = ChunkFrames(WriteFrame("b", 0, EntriesOf(1, 40)), 0, 700);
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    log.Send(a, first[i]);
    log.Send(b, second[second.size() - 1 - i]);
  }
  EXPECT_EQ(a.Acks()[0], Range(1, 40));
  EXPECT_EQ(b.Acks()[0], Range(1, 40));
}

TEST_P(EventLog, AConnectionWritesUnderOneKey) {
  EventSocket& writer = log.Join();
  log.Send(writer, WriteFrame("key", 0, EntriesOf(1, 1)));
  log.Send(writer, WriteFrame("another", 1, EntriesOf(1, 1)));
  EXPECT_EQ(writer.close, "1008");
  EXPECT_EQ(writer.reason.substr(0, 10), "key_bound:");
  EXPECT_EQ(log.Rows("SELECT key FROM event_log"), std::vector<std::string>{"key"});
}

TEST_P(EventLog, WhoOnlyReadsWritesNothing) {
  EventSocket& reader = log.Join("read");
  log.Send(reader, WriteFrame("key", 0, EntriesOf(1, 1)));
  EXPECT_EQ(reader.close, "1008");
  EXPECT_EQ(reader.reason.substr(0, 10), "read_only:");
  EXPECT_TRUE(log.Rows("SELECT * FROM event_log").empty());
}

TEST_P(EventLog, WhatIsTooOldOrTooManyIsPrunedAndWhoAsksForItIsTold) {
  log.config["keep_entries"] = "25";
  EventSocket& writer = log.Join();
  for (int i = 0; i < 10; ++i) {
    log.Send(writer, WriteFrame("key", i, EntriesOf(static_cast<uint64_t>(i) * 10, 10)));
  }
  ASSERT_GT(log.alarm_at, 0);
  log.now_ms = log.alarm_at;
  log.Tick();
  EXPECT_EQ(log.Rows("SELECT min(id) & 4294967295, count(*) FROM event_batch"),
            std::vector<std::string>{"71|3"});
  EXPECT_EQ(log.Rows("SELECT count(*), min(sequence) FROM event_entry"),
            std::vector<std::string>{"30|71"});
  EventSocket& old = log.Join();
  log.Send(old, RequestFrame("key", 70));
  EXPECT_EQ(old.close, "4409");
  EXPECT_EQ(old.reason, "cursor_expired: 71 is the first sequence that is kept");
  EventSocket& late = log.Join();
  log.Send(late, RequestFrame("key", 71));
  EXPECT_EQ(SequencesOf(late.Entries("key")), Range(71, 100));
  // By age, all but the newest batch goes.
  log.config["keep_days"] = "2";
  log.now_ms += 3 * limits::kDayMs;
  log.Tick();
  EXPECT_EQ(log.Rows("SELECT min(id) & 4294967295, count(*) FROM event_batch"),
            std::vector<std::string>{"91|1"});
  log.Send(writer, WriteFrame("key", 50, EntriesOf(500, 1)));
  EXPECT_EQ(writer.Acks()[50], Range(101, 101));
}

TEST_P(EventLog, WhoIsOvertakenByPruningIsTold) {
  EventSocket& writer = log.Join();
  for (int i = 0; i < 8; ++i) {
    log.Send(writer, WriteFrame("key", i, EntriesOf(static_cast<uint64_t>(i) * 10, 10, 40'000)));
  }
  EventSocket& slow = log.Join();
  log.SendAlone(slow, RequestFrame("key", 1));
  log.DeliverOne();
  log.config["keep_entries"] = "1";
  log.Tick();
  EXPECT_EQ(slow.close, "4409");
  const auto got = SequencesOf(slow.Entries("key"));
  EXPECT_EQ(got, Range(1, static_cast<int64_t>(got.size())));
}

}  // namespace
}  // namespace tidemark::testing
