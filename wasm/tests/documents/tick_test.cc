// A document's alarm: the journal to R2, the activity of writes to D1, the document to its readers;
// with stores that fail, lose answers, and objects that die between any two steps.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "documents/app.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

const Failure kDown{"unavailable", "down"};

// Everything has arrived, once.
void ExpectSentOn(DocumentHarness* documents, size_t writes) {
  EXPECT_EQ(documents->PublishedText(), documents->View());
  EXPECT_EQ(documents->Published().Header("etag"), documents->Tag());
  EXPECT_EQ(Replayed(documents->JournalObjects()), documents->View());
  EXPECT_EQ(documents->Activity().size(), writes);
  EXPECT_EQ(CountIn(&documents->store(), "SELECT count(*) FROM journal"), 1);
  EXPECT_EQ(documents->db.Rows("SELECT app FROM documents"),
            std::vector<std::string>{documents->app});
}

void WriteThrice(DocumentHarness* documents) {
  documents->Put(R"({"a":[{"id":"x"},{"id":"y"}],"v":1})");
  ++documents->now_ms;
  documents->Patch(Upsert("a", {{"id", "z"}}));
  ++documents->now_ms;
  documents->MergePatch(R"({"v":2})");
}

TEST(TickDocument, SendsEverythingOnAndComesToRest) {
  DocumentHarness documents;
  EXPECT_EQ(documents.main().alarm_at, 0);
  WriteThrice(&documents);
  EXPECT_EQ(documents.main().alarm_at, kNow + limits::kFlushDelayMs);
  const native::Answer ticked = documents.Tick();
  EXPECT_EQ(ticked.status, 200);
  EXPECT_EQ(ticked.data.at("flushed"), "1");
  EXPECT_EQ(ticked.data.at("recorded"), "1");
  EXPECT_EQ(documents.main().alarm_at, 0);
  ExpectSentOn(&documents, 3);
  EXPECT_EQ(documents.Activity(), (std::vector<std::string>{"PUT|/db.json|default|201|user-1",
                                                            "PATCH|/db.json|default|200|user-1",
                                                            "PATCH|/db.json|default|200|user-1"}));
  ASSERT_EQ(documents.r2.Keys().size(), 1U);
  const std::string key = documents.r2.Keys().front();
  EXPECT_EQ(key.substr(0, 19), "journal/" + DayOf(kNow) + "/");
  EXPECT_EQ(key.size(), 19U + 36 + 5);
  const json object = json::parse(documents.r2.Find(key)->bytes, nullptr, false);
  EXPECT_EQ(object.at("object"), "default/manifest");
  EXPECT_EQ(object.at("first"), kNow);
  EXPECT_EQ(object.at("last"), kNow + 2);
  EXPECT_EQ(object.at("entries").size(), 5U);
}

TEST(TickDocument, OfAnotherAppKeepsToItsKeys) {
  DocumentHarness documents("blog");
  WriteThrice(&documents);
  EXPECT_TRUE(documents.RunUntilIdle());
  ExpectSentOn(&documents, 3);
  EXPECT_EQ(documents.kv.Keys(), std::vector<std::string>{"apps/blog/db.json"});
  EXPECT_EQ(documents.r2.Keys("apps/blog/journal/").size(), documents.r2.Keys().size());
  EXPECT_EQ(documents.Activity().front(), "PUT|/apps/blog/db.json|blog|201|user-1");
}

TEST(TickDocument, WithNothingToDoDoesNothing) {
  DocumentHarness documents;
  documents.Tick();
  EXPECT_TRUE(documents.r2.Keys().empty());
  EXPECT_TRUE(documents.kv.Keys().empty());
  WriteThrice(&documents);
  EXPECT_TRUE(documents.RunUntilIdle());
  const auto before = Stored(&documents);
  const auto keys = documents.r2.Keys();
  documents.now_ms += 10'000;
  documents.Tick();
  EXPECT_EQ(Stored(&documents), before);
  EXPECT_EQ(documents.r2.Keys(), keys);
  EXPECT_EQ(documents.main().alarm_at, 0);
}

// A key of KV takes a write a second: what comes in between waits, and readers wait little.
TEST(TickDocument, PublishesNoMoreOftenThanKvTakes) {
  DocumentHarness documents;
  std::vector<int64_t> puts;
  documents.kv.after = [&](const std::string& verb, const std::string&) -> std::optional<Failure> {
    if (verb == "close" || verb == "put") puts.push_back(documents.now_ms);
    return std::nullopt;
  };
  int64_t behind_ms = 0;
  int64_t unseen_since = 0;
  for (int i = 0; i < 400; ++i) {
    documents.now_ms += 50;
    documents.Patch(Upsert("a", {{"id", std::to_string(i % 7)}, {"n", i}}));
    if (documents.main().alarm_at <= documents.now_ms) documents.Tick();
    const bool seen = documents.PublishedText() == documents.View();
    if (seen) unseen_since = documents.now_ms;
    behind_ms = std::max(behind_ms, documents.now_ms - unseen_since);
    if (i == 0) behind_ms = 0, unseen_since = documents.now_ms;
  }
  for (size_t i = 1; i < puts.size(); ++i) EXPECT_GE(puts[i] - puts[i - 1], 1'000);
  EXPECT_GE(puts.size(), 8U);
  EXPECT_LE(behind_ms, 5'000);
  EXPECT_TRUE(documents.RunUntilIdle());
  ExpectSentOn(&documents, 400);
}

// Dies after each number of steps in turn, and is rung again.
TEST(TickDocument, ThatDiesAtAnyStepIsDoneAgainWithoutHarm) {
  int steps = 1;
  for (int dies_at = 0; dies_at < steps; ++dies_at) {
    SCOPED_TRACE(dies_at);
    DocumentHarness documents;
    WriteThrice(&documents);
    documents.now_ms += 1'000;
    {
      auto tick = documents.BeginTick();
      while (!tick->done() && tick->steps() < dies_at) tick->Step();
      if (!tick->done()) ++steps;
    }
    documents.now_ms += 2'000;
    documents.Tick();
    EXPECT_TRUE(documents.RunUntilIdle());
    ExpectSentOn(&documents, 3);
    EXPECT_EQ(documents.JournalObjects().size(), 1U);
  }
  EXPECT_GT(steps, 15);
}

// The same with a write between death and the next alarm: what was sent twice is the same.
TEST(TickDocument, ThatDiesBeforeAnotherWriteSendsBothOn) {
  int steps = 1;
  for (int dies_at = 0; dies_at < steps; ++dies_at) {
    SCOPED_TRACE(dies_at);
    DocumentHarness documents;
    WriteThrice(&documents);
    documents.now_ms += 1'000;
    {
      auto tick = documents.BeginTick();
      while (!tick->done() && tick->steps() < dies_at) tick->Step();
      if (!tick->done()) ++steps;
    }
    ++documents.now_ms;
    EXPECT_EQ(documents.Patch({Deletion("a", "x"), Upsert("b", {{"id", "new"}})}).status, 200);
    EXPECT_TRUE(documents.RunUntilIdle());
    ExpectSentOn(&documents, 4);
  }
}

enum class Where : uint8_t { kKv, kR2, kD1 };

// The nth use of a store fails, with its work done or not.
void ExpectSurvives(Where where, bool done, int nth) {
  SCOPED_TRACE(std::to_string(static_cast<int>(where)) + (done ? " done " : " not done ") +
               std::to_string(nth));
  DocumentHarness documents;
  WriteThrice(&documents);
  int left = nth;
  const auto fails = [&left] { return left-- == 0 ? std::optional<Failure>(kDown) : std::nullopt; };
  const auto on_store = [&fails](const std::string&, const std::string&) { return fails(); };
  const auto on_d1 = [&fails](const std::vector<native::HostStatement>&) { return fails(); };
  if (where == Where::kD1) (done ? documents.after_d1 : documents.before_d1) = on_d1;
  if (where != Where::kD1) {
    native::BlobStore& store = where == Where::kKv ? documents.kv : documents.r2;
    (done ? store.after : store.before) = on_store;
  }
  documents.now_ms += 1'000;
  const native::Answer ticked = documents.Tick();
  const bool failed = left < 0;
  left = -1;
  EXPECT_EQ(ticked.status, 200);
  EXPECT_EQ(documents.main().alarm_at > 0, failed);
  if (failed && where == Where::kR2) EXPECT_EQ(ticked.data.at("flushed"), "0");
  if (failed && where == Where::kD1) EXPECT_EQ(ticked.data.at("recorded"), "0");
  if (failed && where == Where::kKv) EXPECT_EQ(ticked.data.at("published"), "0");
  // One failing store keeps nothing from the others.
  if (where != Where::kR2) EXPECT_EQ(Replayed(documents.JournalObjects()), documents.View());
  if (where != Where::kD1) EXPECT_EQ(documents.Activity().size(), 3U);
  if (where != Where::kKv) EXPECT_EQ(documents.PublishedText(), documents.View());
  EXPECT_TRUE(documents.RunUntilIdle());
  ExpectSentOn(&documents, 3);
}

TEST(TickDocument, EachFailureOfAStoreIsMadeGoodByTheNextAlarm) {
  for (const bool done : {false, true}) {
    for (int nth = 0; nth < 10; ++nth) ExpectSurvives(Where::kKv, done, nth);
    for (int nth = 0; nth < 2; ++nth) ExpectSurvives(Where::kR2, done, nth);
    for (int nth = 0; nth < 2; ++nth) ExpectSurvives(Where::kD1, done, nth);
  }
}

TEST(TickDocument, StoreThatStaysDownIsAskedLessAndLess) {
  DocumentHarness documents;
  WriteThrice(&documents);
  bool down = true;
  documents.r2.before = [&](const std::string&, const std::string&) {
    return down ? std::optional<Failure>(kDown) : std::nullopt;
  };
  int64_t last = 0;
  for (int i = 0; i < 12; ++i) {
    documents.now_ms = documents.main().alarm_at;
    documents.Tick();
    const int64_t waits = documents.main().alarm_at - documents.now_ms;
    EXPECT_GE(waits, last);
    EXPECT_LE(waits, 10 * limits::kMinuteMs);
    last = waits;
  }
  EXPECT_GT(last, 30'000);
  down = false;
  EXPECT_TRUE(documents.RunUntilIdle());
  ExpectSentOn(&documents, 3);
}

// What is written while it runs sets the alarm again.
TEST(TickDocument, WriteBetweenItsStepsIsSentOnToo) {
  bool written = true;
  for (int at = 0; written; ++at) {
    SCOPED_TRACE(at);
    written = false;
    DocumentHarness documents;
    WriteThrice(&documents);
    documents.now_ms += 1'000;
    auto tick = documents.BeginTick();
    while (!tick->done()) {
      if (tick->steps() == at) {
        written = true;
        ++documents.now_ms;
        documents.Patch({Deletion("a", "y"), Upsert("a", {{"id", "late"}})});
      }
      tick->Step();
    }
    EXPECT_EQ(documents.main().alarm_at > 0, written);
    EXPECT_TRUE(documents.RunUntilIdle());
    ExpectSentOn(&documents, written ? 4 : 3);
  }
}

// Above what KV takes the document lies in R2, and KV says so; and back.
TEST(TickDocument, LargeDocumentIsPublishedInR2) {
  DocumentHarness documents;
  documents.Put(R"({"a":[{"id":"small"}]})");
  EXPECT_TRUE(documents.RunUntilIdle());
  json operations = json::array();
  std::string text = R"({"a":[{"id":"small"})";
  for (int i = 0; i < 22; ++i) {
    operations.push_back(
        Upsert("a", {{"id", "big" + std::to_string(i)}, {"s", std::string(990'000, 's')}}));
    text += "," + operations.back().at("record").dump();
  }
  text += "]}";
  ++documents.now_ms;
  ASSERT_EQ(documents.Patch(operations).status, 200);
  EXPECT_TRUE(documents.RunUntilIdle());
  const auto* marker = documents.kv.Find("db.json");
  EXPECT_EQ(marker->meta.at("in"), "r2");
  EXPECT_EQ(marker->meta.at("version"), documents.Version());
  EXPECT_EQ(marker->bytes, "");
  EXPECT_EQ(documents.r2.Find("db.json")->meta.at("version"), documents.Version());
  EXPECT_TRUE(documents.PublishedText() == text);
  EXPECT_EQ(documents.Published().Header("etag"), documents.Tag());
  EXPECT_EQ(documents.Published({{"if_none_match", documents.Tag()}}).status, 304);
  EXPECT_EQ(documents.Published({{"method", "HEAD"}}).Header("etag"), documents.Tag());
  EXPECT_TRUE(Replayed(documents.JournalObjects()) == text);
  // Back: R2's copy is no longer what readers get.
  json deletions = json::array();
  for (int i = 0; i < 22; ++i) deletions.push_back(Deletion("a", "big" + std::to_string(i)));
  documents.now_ms += 5'000;
  ASSERT_EQ(documents.Patch(deletions, {{"allow_large", "true"}}).status, 200);
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(documents.PublishedText(), R"({"a":[{"id":"small"}]})");
  EXPECT_FALSE(documents.kv.Find("db.json")->meta.contains("in"));
}

}  // namespace
}  // namespace tidemark::testing
