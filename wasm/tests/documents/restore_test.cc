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
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    DocumentHarness documents;
    History history(&documents, seed);
    for (int i = 0; i < 40; ++i) history.Step();
    const Moments moments = history.moments;
    ASSERT_GT(moments.size(), 15U);
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
  for (uint64_t seed = 100; seed < 110; ++seed) {
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

// A write of several megabytes: its entry has many parts, which lie in several objects.
std::string Large(int records, char c) {
  std::string text = R"({"users":[)";
  for (int i = 0; i < records; ++i) {
    text += (i > 0 ? R"(,{"id":"u)" : R"({"id":"u)") + std::to_string(i) + R"(","text":")" +
            std::string(20'000, c) + "\"}";
  }
  return text + "]}";
}

class LargeWrite : public ::testing::Test {
 protected:
  void SetUp() override {
    documents_.Put(R"({"users":[{"id":"first"}],"a":1})");
    documents_.RunUntilIdle();
    documents_.now_ms += 1'000;
    large_ = documents_.now_ms;
    documents_.Put(Large(180, 'x'));
    documents_.RunUntilIdle();
    keys_ = documents_.r2.Keys("journal/");
    ASSERT_GT(keys_.size(), 4U);
  }

  DocumentHarness documents_;
  int64_t large_ = 0;
  std::vector<std::string> keys_;
};

TEST_F(LargeWrite, ItsPartsLieInTheirOrderByName) {
  std::pair<int64_t, int64_t> last{0, -1};
  for (const std::string& object : documents_.JournalObjects()) {
    for (const json& entry : json::parse(object, nullptr, false)["entries"]) {
      const std::pair<int64_t, int64_t> here{entry["seq"], entry["part"]};
      EXPECT_LT(last, here);
      last = here;
    }
  }
  EXPECT_EQ(last.first, large_);
}

TEST_F(LargeWrite, ComesBackToTheByte) {
  documents_.now_ms += 1'000;
  documents_.Put(R"({"b":1})", {{"allow_empty", "true"}});
  ASSERT_EQ(RestoreAt(&documents_, large_).status, 200);
  EXPECT_EQ(documents_.View(), Large(180, 'x'));
}

TEST_F(LargeWrite, WithoutItsLastPartItNeverHappened) {
  LoseObject(&documents_);
  documents_.now_ms += 1'000;
  documents_.r2.Delete(keys_.back());
  ASSERT_EQ(RestoreAt(&documents_, documents_.now_ms).status, 201);
  EXPECT_EQ(documents_.View(), R"({"users":[{"id":"first"}],"a":1})");
}

TEST_F(LargeWrite, WithAPartMissingItIsNoticed) {
  const auto before = Stored(&documents_);
  documents_.r2.Delete(keys_[2]);
  const native::Answer answer = RestoreAt(&documents_, documents_.now_ms);
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(ErrorOf(answer), "backup_damaged");
  EXPECT_EQ(Stored(&documents_), before);
}

TEST_F(LargeWrite, CountsOnceWhereItsObjectsWereSentTwice) {
  // The same entries once more, in one object with later ones.
  documents_.now_ms += 1'000;
  const std::string after =
      R"([{"op":"upsert","collection":"users","id":"u0","record":{"id":"u0"}}])";
  documents_.PatchText(after);
  const std::string text = documents_.View();
  documents_.RunUntilIdle();
  const std::string last = documents_.r2.Keys("journal/").back();
  std::string object = TextIn(documents_, last);
  const std::string part = TextIn(documents_, keys_.back());
  const std::string entries = part.substr(part.find("\"entries\":[") + 11);
  object.insert(object.find("\"entries\":[") + 11, entries.substr(0, entries.size() - 2) + ",");
  documents_.r2.Put(last, object);
  documents_.now_ms += 1'000;
  documents_.Put(R"({"b":1})", {{"allow_empty", "true"}});
  ASSERT_EQ(RestoreAt(&documents_, documents_.now_ms - 1).status, 200);
  EXPECT_EQ(documents_.View(), text);
}

TEST(Restore, MissingObjectOfTheJournalIsNoticed) {
  DocumentHarness documents;
  for (int i = 0; i < 4; ++i) {
    documents.Put("{\"a\":" + std::to_string(i) + "}");
    documents.RunUntilIdle();
    documents.now_ms += 1'000;
  }
  const std::vector<std::string> keys = documents.r2.Keys("journal/");
  ASSERT_EQ(keys.size(), 4U);
  const auto before = Stored(&documents);
  for (const size_t missing : {0U, 1U, 2U}) {
    const native::BlobStore::Entry kept = *documents.r2.Find(keys[missing]);
    documents.r2.Delete(keys[missing]);
    const native::Answer answer = RestoreAt(&documents, documents.now_ms);
    EXPECT_EQ(answer.status, 410) << missing;
    EXPECT_EQ(ErrorOf(answer), "moment_not_kept");
    documents.r2.Put(keys[missing], kept.bytes, kept.meta);
  }
  EXPECT_EQ(Stored(&documents), before);
}

TEST(Restore, DamagedObjectOfTheJournalIsNoticed) {
  DocumentHarness documents;
  documents.Put(R"({"a":[{"id":"x","t":"yz"}]})");
  documents.RunUntilIdle();
  documents.now_ms += 1'000;
  const std::string key = documents.r2.Keys("journal/").front();
  const std::string text = TextIn(documents, key);
  const auto before = Stored(&documents);
  for (size_t cut = 0; cut < text.size(); ++cut) {
    documents.r2.Put(key, text.substr(0, cut));
    const native::Answer answer = RestoreAt(&documents, documents.now_ms);
    ASSERT_EQ(answer.status, 502) << cut << answer.body;
    ASSERT_EQ(ErrorOf(answer), "backup_damaged");
  }
  for (const char* wrong :
       {"[]", "null", "{}", R"({"entries":[]})", R"({"object":5,"entries":[]})"}) {
    documents.r2.Put(key, wrong);
    EXPECT_NE(RestoreAt(&documents, documents.now_ms).status, 200) << wrong;
  }
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

TEST(Restore, ShardedAppSaysSo) {
  DocumentHarness documents("blog");
  const native::Answer answer = Restore(&documents, {{"at", "1"}, {"shards", "blog=collection"}});
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(ErrorOf(answer), "sharded");
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
