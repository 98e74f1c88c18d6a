// Restores from a journal of large writes, and from one with a fault.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "documents/app.h"
#include "tests/support/backups.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

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
    documents_.Put(Large(120, 'x'));
    documents_.RunUntilIdle();
    keys_ = documents_.r2.Keys("journal/");
    ASSERT_GT(keys_.size(), 3U);
  }

  DocumentHarness documents_;
  int64_t large_ = 0;
  std::vector<std::string> keys_;
};

TEST_F(LargeWrite, ItsPartsLieInTheirOrderByName) {
  std::pair<int64_t, int64_t> last{0, -1};
  for (const std::string& object : documents_.JournalObjects()) {
    const json tree = json::parse(object, nullptr, false);
    for (const json& entry : tree["entries"]) {
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
  EXPECT_EQ(documents_.View(), Large(120, 'x'));
}

TEST_F(LargeWrite, WithoutItsLastPartItIsToldAndNothingIsRestored) {
  LoseObject(&documents_);
  documents_.now_ms += 1'000;
  documents_.r2.Delete(keys_.back());
  const native::Answer answer = RestoreAt(&documents_, documents_.now_ms);
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(ErrorOf(answer), "backup_damaged");
  const std::string before = std::to_string(large_ - 1);
  EXPECT_NE(answer.body.find("at=" + before), std::string::npos) << answer.body;
  EXPECT_EQ(documents_.View(), "");
  ASSERT_EQ(RestoreAt(&documents_, large_ - 1).status, 201);
  EXPECT_EQ(documents_.View(), R"({"users":[{"id":"first"}],"a":1})");
}

TEST_F(LargeWrite, WithoutItsLastPartItIsToldWhateverFollows) {
  documents_.now_ms += 1'000;
  documents_.Patch({Upsert("users", {{"id", "after"}})});
  documents_.RunUntilIdle();
  const std::string key = documents_.r2.Keys("journal/").back();
  std::string next = TextIn(documents_, key);
  // Of the object before, so that none seems to be missing.
  const std::string previous = "\"previous\":" + std::to_string(large_);
  ASSERT_NE(next.find(previous), std::string::npos);
  documents_.r2.Delete(keys_.back());
  const native::Answer answer = RestoreAt(&documents_, documents_.now_ms);
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(ErrorOf(answer), "backup_damaged");
}

TEST_F(LargeWrite, OfALifeThatIsOverHindersNoMomentOfTheNext) {
  documents_.r2.Delete(keys_.back());
  LoseObject(&documents_);
  documents_.now_ms += 1'000;
  documents_.Put(R"({"new":1})");
  documents_.RunUntilIdle();
  const int64_t at = documents_.now_ms;
  EXPECT_EQ(ErrorOf(RestoreAt(&documents_, large_)), "backup_damaged");
  ASSERT_EQ(RestoreAt(&documents_, at).status, 200);
  EXPECT_EQ(documents_.View(), R"({"new":1})");
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
  for (size_t cut = 0; cut < text.size(); cut += 3) {
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

}  // namespace
}  // namespace tidemark::testing
