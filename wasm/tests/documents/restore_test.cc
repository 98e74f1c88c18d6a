// Getting a document back: from the snapshot of a day, or as it was at any moment.

#include <gtest/gtest.h>

#include <map>

#include "base/limits.h"
#include "documents/app.h"
#include "tests/support/backups.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

constexpr int64_t kHour = limits::kDayMs / 24;

// The document after each version that it had.
using Moments = std::map<int64_t, std::string>;

class History {
 public:
  History(DocumentHarness* documents, uint64_t seed)
      : documents_(documents), writer_(documents, seed) {}

  void Step() {
    documents_->now_ms += writer_.Below(3) == 0 ? writer_.Below(5) * kHour : writer_.Below(3);
    writer_.Write();
    Note();
    if (writer_.Below(4) == 0) documents_->Tick();
    if (writer_.Below(8) == 0) Daily(documents_);
    if (writer_.Below(12) == 0) Compact(documents_);
  }
  void Note() {
    if (const int64_t version = VersionOf(documents_)) moments[version] = documents_->View();
  }

  Moments moments;

 private:
  DocumentHarness* documents_;
  Writer writer_;
};

TEST(Restore, EveryMomentOfASeededHistoryComesBackToTheByte) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    DocumentHarness documents;
    History history(&documents, seed);
    for (int i = 0; i < 30; ++i) history.Step();
    const Moments moments = history.moments;
    ASSERT_GT(moments.size(), 10U);
    const int64_t kept = documents.now_ms - limits::kJournalDays * limits::kDayMs;
    for (const auto& [version, text] : moments) {
      const auto next = moments.upper_bound(version);
      if (next != moments.end() && next->first <= kept) continue;
      const native::Answer answer = RestoreAt(&documents, version);
      ASSERT_EQ(answer.status, 200) << answer.body;
      ASSERT_EQ(documents.View(), text) << "of version " << version;
      documents.now_ms += 1;
    }
    // What was restored is a moment like any other.
    for (int i = 0; i < 10; ++i) history.Step();
    for (const auto& [version, text] : history.moments) {
      if (moments.contains(version)) continue;
      ASSERT_EQ(RestoreAt(&documents, version).status, 200);
      ASSERT_EQ(documents.View(), text) << "of version " << version;
    }
  }
}

TEST(Restore, JournalOfASeededHistoryIsTheDocument) {
  for (uint64_t seed = 100; seed < 104; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    DocumentHarness documents;
    Writer writer(&documents, seed);
    for (int i = 0; i < 40; ++i) {
      writer.Write();
      if (writer.Below(3) == 0) documents.Tick();
    }
    const std::string text = documents.View();
    documents.RunUntilIdle();
    EXPECT_EQ(Replayed(documents.JournalObjects()), text);
    LoseObject(&documents);
    EXPECT_EQ(documents.View(), "");
    documents.now_ms += 1'000;
    ASSERT_EQ(RestoreAt(&documents, documents.now_ms).status, 201);
    EXPECT_EQ(documents.View(), text);
  }
}

TEST(Restore, MomentBetweenTwoWritesIsThatOfTheEarlierOne) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  documents.now_ms += 1'000;
  documents.Put(R"({"a":2})");
  ASSERT_EQ(Restore(&documents, {{"at", "2026-11-18T11:06:40.999Z"}}).status, 200);
  EXPECT_EQ(documents.View(), R"({"a":1})") << kNow;
}

TEST(Restore, BeforeTheFirstWriteThereIsNothingToRestore) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  const native::Answer answer = RestoreAt(&documents, kNow - 1);
  EXPECT_EQ(answer.status, 404) << answer.body;
  EXPECT_EQ(documents.View(), R"({"a":1})");
}

TEST(Restore, WhatIsThereAlreadyKeepsItsTag) {
  DocumentHarness documents;
  documents.Put(R"({"a":1,"b":[{"id":"x"}]})");
  const std::string tag = documents.Tag();
  documents.now_ms += 5;
  const native::Answer answer = RestoreAt(&documents, documents.now_ms);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("etag"), tag);
  EXPECT_EQ(documents.Tag(), tag);
}

TEST(Restore, MayClearTheDocumentAndIsInTheActivity) {
  DocumentHarness documents;
  documents.Put("{}");
  documents.now_ms += 10;
  documents.Put(Numbered("users", 30));
  documents.now_ms += 10;
  ASSERT_EQ(RestoreAt(&documents, kNow).status, 200);
  EXPECT_EQ(documents.View(), "{}");
  documents.RunUntilIdle();
  EXPECT_EQ(documents.Activity().back(), "POST|/restore|default|200|user-1");
}

TEST(Restore, WriteThatIsStillOnItsWayToR2IsNotLost) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  documents.r2.before = [](const std::string& verb, const std::string&) {
    return verb == "put" ? std::optional(Failure{"unavailable", "down"}) : std::nullopt;
  };
  const auto before = Stored(&documents);
  const native::Answer answer = RestoreAt(&documents, kNow);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(ErrorOf(answer), "unavailable");
  EXPECT_EQ(Stored(&documents), before);
}

TEST(Restore, LifeAfterALossBeginsWithNothing) {
  DocumentHarness documents;
  documents.Put(R"({"old":[{"id":"x"}],"both":1})");
  documents.RunUntilIdle();
  const int64_t first = documents.now_ms;
  LoseObject(&documents);
  documents.now_ms += limits::kDayMs;
  documents.Put(R"({"new":1})");
  documents.RunUntilIdle();
  const int64_t second = documents.now_ms;
  documents.now_ms += 1'000;
  documents.Put("{}", {{"allow_empty", "true"}});
  ASSERT_EQ(RestoreAt(&documents, second).status, 200);
  EXPECT_EQ(documents.View(), R"({"new":1})");
  ASSERT_EQ(RestoreAt(&documents, first).status, 200);
  EXPECT_EQ(documents.View(), R"({"old":[{"id":"x"}],"both":1})");
}

TEST(Restore, DroppedAtAnyStepChangesNothingAndCanBeDoneAgain) {
  DocumentHarness documents;
  documents.Put(R"({"users":[{"id":"a"},{"id":"b"}]})");
  documents.RunUntilIdle();
  Daily(&documents);
  documents.now_ms += 1'000;
  documents.Patch({Upsert("users", {{"id", "c"}})});
  const int64_t at = VersionOf(&documents);
  const std::string text = documents.View();
  documents.now_ms += 1'000;
  documents.Put(R"({"users":[{"id":"z"}]})");
  documents.RunUntilIdle();
  const std::string now = documents.View();
  const Params params{{"at", std::to_string(at)}};
  for (int steps = 0;; ++steps) {
    const auto running = documents.Begin("restore_document", params, {}, "admin", false);
    for (int i = 0; i < steps && !running->done(); ++i) running->Step();
    ASSERT_EQ(documents.View(), now);
    if (running->done()) break;
    // A day's snapshot in between has it as it is: nothing of what is staged.
    if (steps % 3 == 0) documents.Get();
  }
  ASSERT_EQ(RestoreAt(&documents, at).status, 200);
  EXPECT_EQ(documents.View(), text);
  EXPECT_EQ(CountIn(&documents.store(), "SELECT count(*) FROM staged"), 0);
  EXPECT_EQ(CountIn(&documents.store(), "SELECT count(*) FROM staged_member"), 0);
}

TEST(Restore, WritesWhileItIsStagedAreReplacedWhole) {
  DocumentHarness documents;
  documents.Put(R"({"users":[{"id":"a"},{"id":"b"}],"x":1})");
  documents.RunUntilIdle();
  const int64_t at = documents.now_ms;
  documents.now_ms += 1'000;
  const Params params{{"at", std::to_string(at)}, {"method", "POST"}};
  const auto running = documents.Begin("restore_document", params, {}, "admin", false);
  for (int i = 0; !running->done(); ++i) {
    documents.Patch({Upsert("users", {{"id", "w" + std::to_string(i)}})});
    documents.Put("{\"users\":[{\"id\":\"p" + std::to_string(i) + "\"}]}");
    running->Step();
  }
  EXPECT_EQ(running->Take().status, 200);
  EXPECT_EQ(documents.Run("replace_document", params).status, 200);
  EXPECT_EQ(documents.View(), R"({"users":[{"id":"a"},{"id":"b"}],"x":1})");
}

TEST(Restore, DayHasWhatItsSnapshotHas) {
  DocumentHarness documents;
  const std::string text = R"({"users":[{"id":"a","t":"\u00e9"} , {"id":"b"}],"x": 1.0})";
  documents.Put(text);
  Daily(&documents);
  const std::string day = DayOf(documents.now_ms);
  const std::string kept = TextIn(documents, "snapshots/" + day + ".json");
  documents.now_ms += 1'000;
  documents.Put("{}", {{"allow_empty", "true"}});
  ASSERT_EQ(Restore(&documents, {{"day", day}}).status, 200);
  EXPECT_EQ(documents.View(), kept);
  EXPECT_EQ(ErrorOf(Restore(&documents, {{"day", "2020-01-01"}})), "not_found");
  EXPECT_EQ(ErrorOf(Restore(&documents, {{"day", "yesterday"}})), "invalid_parameter");
}

TEST(Restore, DamagedSnapshotIsNoticedAndAnEarlierOneServesAMoment) {
  DocumentHarness documents;
  documents.Put(R"({"a":1,"users":[{"id":"x"}]})");
  Daily(&documents);
  documents.now_ms += limits::kDayMs;
  documents.Put(R"({"a":2,"users":[{"id":"x"}]})");
  Daily(&documents);
  documents.RunUntilIdle();
  documents.now_ms += 1'000;
  const std::string text = documents.View();
  const std::string day = DayOf(documents.now_ms);
  const std::string key = "snapshots/" + day + ".json";
  native::BlobStore::Entry entry = *documents.r2.Find(key);
  entry.bytes[5] = '7';  // JSON still
  documents.r2.Put(key, entry.bytes, entry.meta);
  const native::Answer answer = Restore(&documents, {{"day", day}});
  EXPECT_EQ(answer.status, 502) << answer.body;
  EXPECT_EQ(ErrorOf(answer), "backup_damaged");
  EXPECT_EQ(documents.View(), text);
  documents.Put("{}", {{"allow_empty", "true"}});
  ASSERT_EQ(RestoreAt(&documents, documents.now_ms - 1).status, 200);
  EXPECT_EQ(documents.View(), text);
  // One that nobody sealed is checked as JSON.
  documents.r2.Put("snapshots/2020-02-29.json", R"({"a":[{"id":"x"})");
  EXPECT_EQ(ErrorOf(Restore(&documents, {{"day", "2020-02-29"}})), "backup_damaged");
  documents.r2.Put("snapshots/2020-02-29.json", R"({"a":[{"id":"x"}]})");
  EXPECT_EQ(Restore(&documents, {{"day", "2020-02-29"}}).status, 200);
  EXPECT_EQ(documents.View(), R"({"a":[{"id":"x"}]})");
}

// A copy that is older than what was deleted of the journal, and a document that nobody wrote
// since.
TEST(Restore, WhatIsForgottenIsNotTakenForWhatWasBefore) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  Daily(&documents);
  documents.now_ms += 1'000;
  documents.Put(R"({"a":2})");
  const int64_t at = documents.now_ms;
  documents.RunUntilIdle();
  documents.now_ms += limits::kDayMs;
  documents.Put(R"({"a":3})");
  documents.RunUntilIdle();
  EXPECT_EQ(Compact(&documents, "0").status, 200);
  const native::Answer answer = RestoreAt(&documents, at);
  EXPECT_EQ(answer.status, 410) << documents.View();
  EXPECT_EQ(ErrorOf(answer), "moment_not_kept");
  ASSERT_EQ(RestoreAt(&documents, kNow).status, 200);
  EXPECT_EQ(documents.View(), R"({"a":1})");
}

TEST(Restore, SnapshotOfAMuchLaterDayServesWhereTheDaysBetweenHaveNone) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  documents.now_ms += 1'000;
  documents.Put(R"({"a":2})");
  documents.RunUntilIdle();
  const int64_t at = VersionOf(&documents);
  documents.now_ms += 5 * limits::kDayMs;
  Daily(&documents);
  documents.now_ms += 9 * limits::kDayMs;
  documents.Put(R"({"a":3})");
  documents.RunUntilIdle();
  EXPECT_EQ(Compact(&documents).status, 200);
  ASSERT_EQ(RestoreAt(&documents, at).status, 200);
  EXPECT_EQ(documents.View(), R"({"a":2})");
}

TEST(Restore, OfOneAppReadsNothingOfAnother) {
  DocumentHarness documents("blog");
  documents.Put(R"({"blog":1})");
  documents.RunUntilIdle();
  documents.r2.Put("journal/2026-11-18/019aa0d8-5e00-7000-8000-000000000000.json", "damaged");
  documents.r2.Put("snapshots/2026-11-18.json", "damaged");
  documents.now_ms += 1'000;
  documents.Put("{}", {{"allow_empty", "true"}});
  ASSERT_EQ(RestoreAt(&documents, kNow).status, 200);
  EXPECT_EQ(documents.View(), R"({"blog":1})");
}

}  // namespace
}  // namespace tidemark::testing
