// The journal within the object: an entry a write, in its own transaction, and what a write costs.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "documents/app.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

// Rows that SQLite has written so far, those of indices apart.
int64_t Written(DocumentHarness* documents) {
  return CountIn(&documents->store(), "SELECT total_changes()");
}

TEST(Journal, EntryHasWhatWasAskedAndWhatCameOfIt) {
  DocumentHarness documents;
  documents.Patch(Upsert("a", {{"id", "x"}}));
  documents.now_ms += 5;
  documents.user = "user-2";
  documents.Patch({Deletion("a", "x"), Upsert("a", {{"id", "y"}, {"n", 1}})},
                  {{"allow_empty", "true"}});
  const std::vector<json> entries = EntriesOf(&documents);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0],
            json::parse(R"({"seq":1795000000000,"at":1795000000000,"user":"user-1","op":"patch",
              "part":0,"last":true,"changes":[{"op":"set","member":"a","place":1048576},
              {"op":"upsert","collection":"a","id":"x","before":null,"place":1048576,
               "record":{"id":"x"}}]})"));
  EXPECT_EQ(entries[1],
            json::parse(R"({"seq":1795000000005,"at":1795000000005,"user":"user-2","op":"patch",
              "part":0,"last":true,"changes":[
              {"op":"delete","collection":"a","id":"x","before":1795000000000},
              {"op":"upsert","collection":"a","id":"y","before":null,"place":2097152,
               "record":{"id":"y","n":1}}]})"));
}

TEST(Journal, VersionsGrowWhateverTheClockSays) {
  DocumentHarness documents;
  std::vector<int64_t> versions;
  for (const int64_t step : {0, 0, 0, 7, -500, 1, 1'000, 0}) {
    documents.now_ms += step;
    documents.Patch(Upsert("a", {{"id", "x"}, {"n", versions.size()}}));
    versions.push_back(EntriesOf(&documents).back().at("seq"));
  }
  EXPECT_EQ(versions, (std::vector<int64_t>{kNow, kNow + 1, kNow + 2, kNow + 7, kNow + 8, kNow + 9,
                                            kNow + 508, kNow + 509}));
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(documents.Activity().size(), versions.size());
  EXPECT_EQ(Replayed(documents.JournalObjects()), documents.View());
}

TEST(Journal, APatchWritesItsRecordAndItsEntry) {
  DocumentHarness documents;
  documents.Put(Numbered("a", 100));
  const auto rows = [&documents](const json& operations) {
    ++documents.now_ms;
    const int64_t before = Written(&documents);
    EXPECT_EQ(documents.Patch(operations).status, 200);
    return Written(&documents) - before;
  };
  EXPECT_EQ(rows(Upsert("a", {{"id", "u5"}, {"n", -1}})), 2);
  EXPECT_EQ(rows(Upsert("a", {{"id", "new"}})), 2);
  EXPECT_EQ(rows(Deletion("a", "u6")), 2);
  EXPECT_EQ(rows(Upsert("b", {{"id", "new"}})), 3);
  EXPECT_EQ(rows({Upsert("a", {{"id", "u7"}}), Upsert("a", {{"id", "u8"}})}), 3);
  EXPECT_EQ(rows(Upsert("a", {{"id", "u7"}})), 0);
  const int64_t before = Written(&documents);
  ++documents.now_ms;
  documents.JsonPatch(R"([{"op":"replace","path":"/a/3/n","value":5}])");
  EXPECT_EQ(Written(&documents) - before, 2);
}

// Each write on its own, since its entry is in its own transaction.
TEST(Journal, WriteThatDiesAtAnyStepHasDoneNothing) {
  const std::tuple<const char*, const char*, const char*> writes[] = {
      {"put_document", "application/json", R"({"a":[{"id":"y"},{"id":"x"}],"w":[1]})"},
      {"patch_document", "application/json",
       R"([{"op":"delete","collection":"a","id":"y"},)"
       R"({"op":"upsert","collection":"b","id":"z","record":{"id":"z"}}])"},
      {"patch_document", "application/json-patch+json", R"([{"op":"remove","path":"/a/0"}])"},
      {"patch_document", "application/merge-patch+json", R"({"a":null,"b":[{"id":"q"}]})"},
  };
  for (const auto& [operation, type, body] : writes) {
    bool died = true;
    for (int dies_at = 0; died; ++dies_at) {
      SCOPED_TRACE(std::string(body) + " " + std::to_string(dies_at));
      DocumentHarness documents;
      documents.Put(R"({"a":[{"id":"x"},{"id":"y"}],"v":1})");
      const auto before = Stored(&documents);
      const Params params{{"content_type", type}, {"if_match", "*"}, {"method", "PATCH"}};
      auto running = documents.Begin(operation, params, body);
      while (!running->done() && running->steps() < dies_at) running->Step();
      died = !running->done();
      if (died) running.reset();
      if (died) EXPECT_EQ(Stored(&documents), before);
      if (!died) EXPECT_EQ(running->Take().status, 200);
    }
  }
}

// Entries of many bytes are sent as objects of a bounded size.
TEST(Journal, IsSentInObjectsOfABoundedSize) {
  DocumentHarness documents;
  for (int i = 0; i < 12; ++i) {
    json operations = json::array();
    for (int k = 0; k < 8; ++k) {
      operations.push_back(
          Upsert("a", {{"id", std::to_string(i * 8 + k)}, {"s", std::string(60'000, 's')}}));
    }
    ++documents.now_ms;
    ASSERT_LT(documents.Patch(operations).status, 300);
  }
  EXPECT_TRUE(documents.RunUntilIdle());
  const auto objects = documents.JournalObjects();
  EXPECT_GT(objects.size(), 2U);
  int64_t last = 0;
  for (const std::string& object : objects) {
    EXPECT_LT(object.size(), size_t{4} << 20);
    const auto members = TextsOf(object);
    EXPECT_GT(std::stoll(members.at("first")), last);
    last = std::stoll(members.at("last"));
  }
  EXPECT_TRUE(Replayed(objects) == documents.View());
}

}  // namespace
}  // namespace tidemark::testing
