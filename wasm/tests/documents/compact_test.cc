// The nightly compaction, which may end anywhere and be done again.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/preconditions.h"
#include "tests/support/backups.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

constexpr int64_t kDay = limits::kDayMs;

TEST(Compact, ChangesNoTagAndDoneTwiceIsDoneOnce) {
  DocumentHarness documents;
  documents.Put(Numbered("users", 50));
  documents.Patch({Deletion("users", "u7")});
  const std::string tag = documents.Tag();
  const std::string text = documents.View();
  native::Answer first = Compact(&documents);
  EXPECT_EQ(first.status, 200) << first.body;
  const auto stored = Stored(&documents);
  const std::vector<std::string> keys = documents.r2.Keys();
  EXPECT_EQ(TextIn(documents, "db.json"), text);
  EXPECT_EQ('"' + documents.r2.Find("db.json")->meta.at("version") + '"', tag);
  native::Answer second = Compact(&documents);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(Stored(&documents), stored);
  EXPECT_EQ(documents.r2.Keys(), keys);
  EXPECT_EQ(documents.Tag(), tag);
  EXPECT_EQ(documents.Patch({Upsert("users", {{"id", "u1"}})}, {{"if_match", tag}}).status, 200);
}

// A few writes and ticks a day, a snapshot and a compaction each night.
void RunDays(DocumentHarness* documents, Writer* writer, int days, const std::string& kept = {}) {
  constexpr int kWrites = 3;
  for (int day = 0; day < days; ++day) {
    for (int i = 0; i < kWrites; ++i) {
      documents->now_ms += kDay / kWrites;
      writer->Write();
      documents->Tick();
    }
    Daily(documents);
    Compact(documents, kept);
  }
}

TEST(Compact, JournalOfTheDaysThatAreKeptStaysAndTheRestGoes) {
  DocumentHarness documents;
  Writer writer(&documents, 7);
  RunDays(&documents, &writer, 12);
  const std::vector<std::string> keys = documents.r2.Keys("journal/");
  ASSERT_FALSE(keys.empty());
  const std::string oldest = keys.front().substr(8, 10);
  EXPECT_GE(oldest, DayOf(documents.now_ms - 9 * kDay));
  EXPECT_LE(oldest, DayOf(documents.now_ms - 7 * kDay));
  EXPECT_EQ(documents.r2.Keys("snapshots/2").size(), 12U);
  const std::string text = documents.View();
  EXPECT_EQ(RestoreAt(&documents, documents.now_ms - 7 * kDay).status, 200);
  const native::Answer answer = RestoreAt(&documents, kNow + kDay / 2);
  EXPECT_EQ(answer.status, 410) << answer.body;
  EXPECT_EQ(ErrorOf(answer), "moment_not_kept");
  EXPECT_EQ(Restore(&documents, {{"day", DayOf(kNow + kDay)}}).status, 200);
}

TEST(Compact, WithoutSnapshotsOfDaysNothingGoes) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  documents.RunUntilIdle();
  documents.now_ms += 40 * kDay;
  Compact(&documents);
  documents.Put(R"({"a":2})");
  documents.now_ms += 40 * kDay;
  native::Answer answer = Compact(&documents);
  EXPECT_EQ(answer.data["folded"], "0");
  EXPECT_EQ(documents.r2.Keys("journal/").size(), 2U);
  ASSERT_EQ(RestoreAt(&documents, kNow).status, 200);
  EXPECT_EQ(documents.View(), R"({"a":1})");
}

TEST(Compact, DamagedSnapshotTakesNothingOfTheJournalWithIt) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  documents.RunUntilIdle();
  Daily(&documents);
  const std::string key = "snapshots/" + DayOf(documents.now_ms) + ".json";
  const auto meta = documents.r2.Find(key)->meta;
  documents.r2.Put(key, R"({"a":7})", meta);
  documents.now_ms += 9 * kDay;
  native::Answer answer = Compact(&documents);
  EXPECT_EQ(answer.data["folded"], "0");
  documents.r2.Put(key, R"({"a":1})", meta);
  answer = Compact(&documents);
  EXPECT_EQ(answer.data["folded"], "1");
}

TEST(Compact, WhereNoDaysAreKeptTheJournalGoesAtOnce) {
  DocumentHarness documents;
  Writer writer(&documents, 9);
  RunDays(&documents, &writer, 2, "0");
  EXPECT_EQ(documents.r2.Keys("journal/"), std::vector<std::string>());
  documents.Put(R"({"a":1})", {{"allow_empty", "true"}, {"allow_large", "true"}});
  const int64_t at = VersionOf(&documents);
  documents.RunUntilIdle();
  documents.now_ms += 1'000;
  documents.Put(R"({"a":2})");
  documents.RunUntilIdle();
  ASSERT_EQ(RestoreAt(&documents, at).status, 200);
  EXPECT_EQ(documents.View(), R"({"a":1})");
}

TEST(Compact, WrongDaysAreSaid) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  for (const char* days : {"-1", "week", "1.5", "4000"}) {
    const native::Answer answer = Compact(&documents, days);
    EXPECT_EQ(answer.status, 503) << days;
    EXPECT_EQ(ErrorOf(answer), "not_configured");
  }
}

// What must hold after a night that ended anywhere: the document is as it was, and each moment that
// was kept comes back.
TEST(Compact, MayEndBetweenAnyTwoSteps) {
  for (int steps = 0;; ++steps) {
    DocumentHarness documents;
    Writer writer(&documents, 3);
    RunDays(&documents, &writer, 5);
    documents.now_ms += kDay;
    const std::string tag = documents.Tag();
    const std::string text = documents.View();
    bool done = false;
    {
      const auto running =
          documents.Begin("compact_document", {{"journal_days", "2"}}, {}, "", false);
      for (int i = 0; i < steps && !running->done(); ++i) running->Step();
      done = running->done();
    }
    EXPECT_EQ(documents.Tag(), tag);
    EXPECT_EQ(documents.View(), text);
    const int64_t since = documents.now_ms - 2 * kDay;
    DocumentHarness lost;
    lost.r2 = documents.r2;
    lost.now_ms = documents.now_ms;
    LoseObject(&lost);
    ASSERT_EQ(RestoreAt(&lost, lost.now_ms).status, 201) << steps;
    EXPECT_EQ(lost.View(), text) << steps;
    ASSERT_EQ(RestoreAt(&documents, since).status, 200) << steps;
    const std::string then = documents.View();
    documents.now_ms += 1'000;
    ASSERT_EQ(RestoreAt(&documents, documents.now_ms - 1'001).status, 200) << steps;
    EXPECT_EQ(documents.View(), text);
    ASSERT_EQ(Compact(&documents, "2").status, 200);
    EXPECT_EQ(documents.View(), text);
    ASSERT_EQ(RestoreAt(&documents, since).status, 200);
    EXPECT_EQ(documents.View(), then) << steps;
    if (done) break;
  }
}

TEST(Compact, R2ThatFailsAtAnyCallLosesNothing) {
  for (int failing = 0;; ++failing) {
    DocumentHarness documents;
    Writer writer(&documents, 5);
    RunDays(&documents, &writer, 3);
    documents.now_ms += kDay;
    writer.Write();
    const std::string text = documents.View();
    int calls = 0;
    bool failed = false;
    documents.r2.before = [&](const std::string&, const std::string&) -> std::optional<Failure> {
      if (calls++ != failing) return std::nullopt;
      failed = true;
      return Failure{"unavailable", "down"};
    };
    const native::Answer answer = Compact(&documents, "1");
    documents.r2.before = nullptr;
    EXPECT_TRUE(answer.status == 200 || answer.status == 503) << answer.status;
    EXPECT_EQ(documents.View(), text);
    ASSERT_EQ(Compact(&documents, "1").status, 200);
    EXPECT_EQ(documents.View(), text);
    LoseObject(&documents);
    ASSERT_EQ(RestoreAt(&documents, documents.now_ms).status, 201) << failing;
    EXPECT_EQ(documents.View(), text) << failing;
    if (!failed) break;
  }
}

TEST(Compact, OldDeletionsAreForgottenAndAnOldCopyIsOutdated) {
  DocumentHarness documents;
  documents.Put(Numbered("users", 40));
  const std::string old = documents.Version();
  documents.now_ms += 1'000;
  json deletions = json::array();
  for (int i = 0; i < 8; ++i) deletions.push_back(Deletion("users", "u" + std::to_string(i)));
  documents.Patch(deletions);
  const std::string seen = documents.Version();
  documents.now_ms += limits::kForgetDeletedDays * kDay - 1;
  documents.Patch({Deletion("users", "u9")});
  native::Answer early = Compact(&documents);
  EXPECT_EQ(early.data["forgotten"], "0");
  documents.now_ms += 1;
  const std::string text = documents.View();
  native::Answer due = Compact(&documents);
  EXPECT_EQ(due.data["forgotten"], "8");
  EXPECT_EQ(CountIn(&documents.store(), "SELECT count(*) FROM record WHERE data IS NULL"), 1);
  EXPECT_EQ(documents.View(), text);
  EXPECT_EQ(documents.Patch({Upsert("users", {{"id", "u3"}}, old)}).status, 412);
  EXPECT_EQ(documents.Patch({Upsert("users", {{"id", "u3"}}, seen)}).status, 200);
}

TEST(Compact, ReadersThatMissedACopyGetIt) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  documents.RunUntilIdle();
  documents.kv.Delete("db.json");
  EXPECT_EQ(documents.PublishedText(), "");
  native::Answer answer = Compact(&documents);
  EXPECT_EQ(answer.data["republishes"], "1");
  documents.RunUntilIdle();
  EXPECT_EQ(documents.PublishedText(), R"({"a":1})");
  answer = Compact(&documents);
  EXPECT_FALSE(answer.data.contains("republishes"));
}

}  // namespace
}  // namespace tidemark::testing
