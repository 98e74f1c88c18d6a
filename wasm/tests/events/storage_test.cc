// What each storage of a log has of its own: what outlives what, and who writes beside whom.

#include <gtest/gtest.h>

#include "tests/support/event_harness.h"

namespace tidemark::testing {
namespace {

TEST(EventLogMemory, IsWipedWhenItsObjectStarts) {
  EventHarness log("memory");
  EventSocket& writer = log.Join();
  const std::string remote = writer.Messages().at(0).remote_id;
  log.Send(writer, WriteFrame("key", 0, EntriesOf(1, 3)));
  log.Evict();
  EXPECT_EQ(writer.close, "1012");
  EXPECT_TRUE(log.Rows("SELECT * FROM event_batch").empty());
  EXPECT_NE(log.Join().Messages().at(0).remote_id, remote);
}

TEST(EventLogObject, OutlivesItsMemoryWithSubscriptionsAndChunks) {
  EventHarness log;
  EventSocket& writer = log.Join();
  EventSocket& reader = log.Join();
  log.Send(reader, RequestFrame("key", 1));
  const auto chunks = ChunkFrames(WriteFrame("key", 0, EntriesOf(1, 40)), 0, 900);
  for (const std::string& chunk : chunks) {
    log.Send(writer, chunk);
    log.Evict();
  }
  EXPECT_EQ(writer.Acks()[0], Range(1, 40));
  EXPECT_EQ(SequencesOf(reader.Entries("key")), Range(1, 40));
  log.Crash();
  EXPECT_TRUE(log.store.Rows("SELECT * FROM event_subscription").empty());
  EXPECT_TRUE(log.store.Rows("SELECT * FROM event_socket").empty());
}

TEST(EventLogD1, TwoObjectsOverOneDatabaseGiveNoSequenceTwiceAndSeeEachOther) {
  EventHarness first("d1");
  EventHarness second("d1", "default", first.database);
  second.seed = 77;
  EventSocket& a = first.Join();
  EventSocket& b = second.Join();
  EXPECT_EQ(a.Messages()[0].remote_id, b.Messages()[0].remote_id);
  first.Send(a, RequestFrame("key", 1));
  second.Send(b, RequestFrame("key", 1));
  // The other writes between this one's read and its write.
  bool meets = true;
  first.before_d1 = [&](const std::vector<native::HostStatement>& batch) {
    if (meets && batch.front().sql.find("INSERT") != std::string::npos &&
        batch.front().sql.find("event_remote") == std::string::npos) {
      meets = false;
      second.Send(b, WriteFrame("key", 0, EntriesOf(100, 2)));
    }
    return std::optional<Failure>();
  };
  first.Send(a, WriteFrame("key", 0, EntriesOf(1, 2)));
  EXPECT_EQ(b.Acks()[0], Range(1, 2));
  EXPECT_EQ(a.Acks()[0], Range(3, 4));
  EXPECT_EQ(SequencesOf(a.Entries("key")), Range(1, 2));
  EXPECT_TRUE(b.Entries("key").empty());
  ASSERT_GT(second.alarm_at, 0);
  second.Tick();
  EXPECT_EQ(SequencesOf(b.Entries("key")), Range(3, 4));
  EXPECT_GT(second.alarm_at, 0);
}

TEST(EventLogD1, AFailureBetweenWriteAndAckIsHealedByWritingAgain) {
  EventHarness log("d1");
  EventSocket& reader = log.Join();
  log.Send(reader, RequestFrame("key", 1));
  EventSocket& writer = log.Join();
  const std::string frame = WriteFrame("key", 0, EntriesOf(1, 2));
  auto running = log.Begin("event_frame",
                           {{"socket", std::to_string(writer.number)}, {"access", "write"}}, frame);
  while (log.Rows("SELECT * FROM event_batch").empty()) running->Step();
  running.reset();  // the object dies with the entries stored and no word of it
  log.Crash();
  EventSocket& again = log.Join();
  EventSocket& late = log.Join();
  log.Send(late, RequestFrame("key", 1));
  log.Send(again, frame);
  EXPECT_EQ(again.Acks()[0], Range(1, 2));
  EXPECT_EQ(SequencesOf(late.Entries("key")), Range(1, 2));

  log.before_d1 = [](const auto&) { return Failure{"unavailable", "down"}; };
  log.Send(again, WriteFrame("key", 1, EntriesOf(3, 1)));
  EXPECT_EQ(again.close, "1013");
}

TEST(EventLogObject, AStepThatIsCutOffLeavesNothingBehind) {
  for (int stop = 0;; ++stop) {
    EventHarness log;
    EventSocket& writer = log.Join();
    EventSocket& reader = log.Join();
    log.Send(reader, RequestFrame("key", 1));
    const std::string frame = WriteFrame("key", 0, EntriesOf(1, 2));
    auto running = log.Begin(
        "event_frame", {{"socket", std::to_string(writer.number)}, {"access", "write"}}, frame);
    for (int step = 0; step < stop && !running->done(); ++step) running->Step();
    const bool done = running->done();
    running.reset();
    EXPECT_EQ(log.engine.live(), 0U);
    EXPECT_EQ(log.Rows("SELECT * FROM event_batch").size(), done ? 1U : 0U);
    EXPECT_EQ(SequencesOf(reader.Entries("key")), done ? Range(1, 2) : std::vector<int64_t>());
    if (done) break;
    log.Evict();
    log.Send(writer, frame);
    EXPECT_EQ(writer.Acks()[0], Range(1, 2));
  }
}

}  // namespace
}  // namespace tidemark::testing
