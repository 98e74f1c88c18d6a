// Copies made a page at a time while writes go on: each is the document of one moment, to the byte.

#include "documents/copy.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/random.h"
#include "documents/app.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

// A write drawn at random, of any form.
native::Answer WriteSomething(DocumentHarness* documents, Random* random, int64_t number) {
  const Params allowed{{"allow_empty", "true"}, {"allow_large", "true"}};
  const std::string collection = random->Below(2) == 0 ? "a" : "b";
  const std::string id = "u" + std::to_string(random->Below(30));
  const json record = {{"id", id}, {"n", number}, {"s", std::string(random->Below(40), 'x')}};
  const auto index = std::to_string(random->Below(6));
  switch (random->Below(12)) {
    case 0:
      return documents->Patch(Deletion(collection, id), allowed);
    case 1:
      return documents->JsonPatch(R"([{"op":"move","from":"/)" + collection + "/" + index +
                                      R"(","path":"/)" + collection + R"(/0"}])",
                                  allowed);
    case 2:
      return documents->JsonPatch(R"([{"op":"replace","path":"/)" + collection + "/" + index +
                                      R"(/n","value":)" + std::to_string(-number) + "}]",
                                  allowed);
    case 3:
      return documents->MergePatch(json({{"v" + index, number}}).dump(), allowed);
    case 4:
      return documents->MergePatch(json({{"v" + index, nullptr}}).dump(), allowed);
    case 5:
      return documents->MergePatch(json({{collection, number}}).dump(), allowed);
    case 6: {
      nlohmann::ordered_json document =
          nlohmann::ordered_json::parse(documents->View(), nullptr, false);
      nlohmann::ordered_json reversed = nlohmann::ordered_json::object();
      for (auto member = document.rbegin(); member != document.rend(); ++member) {
        reversed[member.key()] = *member;
      }
      return documents->Put(reversed.dump(), allowed);
    }
    case 7:
      return documents->Put(Numbered(collection, static_cast<int>(random->Below(60))), allowed);
    case 8:
      return documents->JsonPatch(
          R"([{"op":"move","from":"/)" + collection + R"(","path":"/c)" + index + R"("}])",
          allowed);
    default:
      return documents->Patch(Upsert(collection, record), allowed);
  }
}

void ExpectCopyOf(DocumentHarness* documents, const std::string& text, const std::string& version) {
  const auto* copy = documents->kv.Find(SnapshotKey(documents->app));
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->bytes, text);
  EXPECT_EQ(copy->meta.at("version"), version);
  EXPECT_EQ(copy->meta.at("bytes"), std::to_string(text.size()));
}

// The steps of a copy, each followed by writes: what it holds is what there was when it began.
void CopyWhileWriting(uint64_t seed) {
  SCOPED_TRACE(seed);
  Random random(seed);
  DocumentHarness documents;
  documents.Put(Numbered("a", 12));
  int64_t number = 0;
  for (int round = 0; round < 6; ++round) {
    for (uint64_t left = random.Below(5); left > 0; --left) {
      ++documents.now_ms;
      WriteSomething(&documents, &random, ++number);
    }
    documents.now_ms += limits::kPublishEveryMs;
    std::string text;
    std::string version;
    auto tick = documents.BeginTick();
    const bool stops = random.Below(3) == 0;
    while (!tick->done()) {
      const bool frozen =
          !documents.store().Rows("SELECT 1 FROM meta WHERE key = 'frozen'").empty();
      if (frozen && random.Below(2) == 0) {
        ++documents.now_ms;
        WriteSomething(&documents, &random, ++number);
      }
      if (!frozen) {
        text = documents.View();
        version = documents.Version();
      }
      if (stops && frozen && random.Below(6) == 0) {
        documents.main().alarm_at = documents.now_ms;  // the platform rings it again
        break;
      }
      const std::string before = text;
      tick->Step();
      const auto* copy = documents.kv.Find(SnapshotKey(documents.app));
      if (copy != nullptr && copy->meta.at("version") == version && frozen) {
        ExpectCopyOf(&documents, before, version);
      }
    }
    if (::testing::Test::HasFailure()) return;
    tick.reset();
  }
  EXPECT_TRUE(documents.RunUntilIdle());
  ExpectCopyOf(&documents, documents.View(), documents.Version());
  EXPECT_EQ(documents.PublishedText(), documents.View());
  EXPECT_EQ(Replayed(documents.JournalObjects()), documents.View());
  for (const char* table : {"frozen", "frozen_member", "staged", "staged_member"}) {
    EXPECT_EQ(CountIn(&documents.store(), std::string("SELECT count(*) FROM ") + table), 0);
  }
  EXPECT_TRUE(documents.store().Rows("SELECT 1 FROM meta WHERE key = 'frozen'").empty());
}

TEST(Copy, IsOfTheMomentAtWhichItBeganWhateverIsWrittenMeanwhile) {
  for (uint64_t seed = 1; seed <= 25; ++seed) CopyWhileWriting(seed);
}

// Its pages are read one after the other: several of records, with a write between any two.
TEST(Copy, OfManyPagesIsOfOneMoment) {
  DocumentHarness documents;
  std::string text = R"({"first":1,"a":[)";
  for (int i = 0; i < 25'000; ++i) {
    text += std::string(i > 0 ? "," : "") + R"({"id":"u)" + std::to_string(i) + "\"}";
  }
  text += R"(],"last":[2]})";
  ASSERT_EQ(documents.Put(text).status, 201);
  const std::string version = documents.Version();
  auto tick = documents.BeginTick();
  int writes = 0;
  while (!tick->done()) {
    tick->Step();
    if (documents.store().Rows("SELECT 1 FROM meta WHERE key = 'frozen'").empty()) continue;
    ++documents.now_ms;
    const auto id = [](int number) { return "u" + std::to_string(number); };
    const int at = ++writes * 700;
    documents.Patch({Deletion("a", id(24'999 - at)), Upsert("a", {{"id", id(at)}, {"n", 1}}),
                     Upsert("a", {{"id", "n" + id(at)}})});
    documents.MergePatch(json({{"last", writes}, {"first", nullptr}}).dump());
  }
  EXPECT_GT(writes, 6);
  ExpectCopyOf(&documents, text, version);
  EXPECT_TRUE(documents.RunUntilIdle());
  ExpectCopyOf(&documents, documents.View(), documents.Version());
  EXPECT_EQ(Replayed(documents.JournalObjects()), documents.View());
}

// What is kept for a copy is nothing that the owner has now.
TEST(Copy, OwnerAnswersWhatItHasWhileOneIsMade) {
  DocumentHarness documents;
  documents.Put(R"({"v":1,"a":[{"id":"x"},{"id":"y"}],"b":[{"id":"z"}]})");
  auto tick = documents.BeginTick();
  while (documents.store().Rows("SELECT 1 FROM meta WHERE key = 'frozen'").empty()) tick->Step();
  ++documents.now_ms;
  documents.Patch({Deletion("a", "x"), Upsert("a", {{"id", "y"}, {"n", 1}})});
  documents.MergePatch(R"({"v":2,"b":null})");
  EXPECT_EQ(documents.View(), R"({"v":2,"a":[{"id":"y","n":1}]})");
  EXPECT_EQ(documents.Get({{"shard", "a"}}).body, R"({"a":[{"id":"y","n":1}]})");
  EXPECT_EQ(documents.Get({{"shard", "b"}}).status, 404);
}

}  // namespace
}  // namespace tidemark::testing
