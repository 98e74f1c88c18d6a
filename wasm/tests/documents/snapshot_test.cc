// A snapshot a day, which nothing overwrites, of one moment, whatever is written meanwhile.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "documents/app.h"
#include "tests/support/backups.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

constexpr int64_t kDay = limits::kDayMs;

json SealOf(const DocumentHarness& documents, const std::string& name) {
  return json::parse(TextIn(documents, "snapshots/places/" + name + ".json"), nullptr, false);
}

TEST(Daily, SnapshotIsMadeOnceAndStaysAsItIs) {
  DocumentHarness documents;
  documents.Put(R"({"users":[{"id":"a","t":"\u00e9"}],"x": 1.0})");
  const std::string version = documents.Version();
  const std::string text = documents.View();
  native::Answer made = Daily(&documents);
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(made.data["bytes"], std::to_string(text.size()));
  const std::string key = "snapshots/" + DayOf(documents.now_ms) + ".json";
  EXPECT_EQ(TextIn(documents, key), text);
  EXPECT_EQ(documents.r2.Find(key)->meta.at("version"), version);
  const std::string seal =
      TextIn(documents, "snapshots/places/" + DayOf(documents.now_ms) + ".json");
  documents.now_ms += 60'000;
  documents.Put(R"({"other":1})", {{"allow_empty", "true"}});
  native::Answer again = Daily(&documents);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.data["skipped"], "there");
  EXPECT_EQ(TextIn(documents, key), text);
  EXPECT_EQ(TextIn(documents, "snapshots/places/" + DayOf(documents.now_ms) + ".json"), seal);
  documents.now_ms += kDay;
  Daily(&documents);
  EXPECT_EQ(TextIn(documents, "snapshots/" + DayOf(documents.now_ms) + ".json"), R"({"other":1})");
}

TEST(Daily, DayIsThatForWhichTheCronWasDue) {
  DocumentHarness documents;
  documents.Put("{}");
  documents.RunSpanning("snapshot_document", {{"at", std::to_string(kNow - kDay)}});
  EXPECT_EQ(documents.r2.Keys("snapshots/2").front(), "snapshots/" + DayOf(kNow - kDay) + ".json");
}

TEST(Daily, WithoutADocumentThereIsNone) {
  DocumentHarness documents;
  native::Answer answer = Daily(&documents);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.data["skipped"], "nothing");
  EXPECT_EQ(documents.r2.Keys(), std::vector<std::string>());
}

TEST(Daily, SealHasThePlacesOfTheMomentThatWasCopied) {
  DocumentHarness documents;
  documents.Put(R"({"v":1,"users":[{"id":"a"},{"id":"b"},{"id":"c"}],"e":[]})");
  documents.Patch({Deletion("users", "a")});
  const auto running = documents.Begin("snapshot_document",
                                       {{"at", std::to_string(documents.now_ms)}}, {}, "", false);
  const char* frozen = "SELECT count(*) FROM meta WHERE key = 'frozen'";
  while (CountIn(&documents.store(), frozen) == 0) running->Step();
  for (int i = 0; !running->done(); ++i) {
    running->Step();
    const std::string n = std::to_string(i);
    documents.Patch({Upsert("users", {{"id", "n" + n}}), Upsert("more" + n, {{"id", "x"}})});
    if (i == 6) documents.JsonPatch(R"([{"op":"move","from":"/users/0","path":"/users/2"}])");
    if (i == 9) documents.Patch({Deletion("users", "b")});
  }
  EXPECT_EQ(running->Take().status, 200);
  const std::string day = DayOf(kNow);
  EXPECT_EQ(TextIn(documents, "snapshots/" + day + ".json"),
            R"({"v":1,"users":[{"id":"b"},{"id":"c"}],"e":[]})");
  const json seal = SealOf(documents, day);
  const json& changes = seal["entries"][0]["changes"];
  ASSERT_EQ(changes.size(), 5U) << seal;
  EXPECT_EQ(changes[3], json({{"op", "place"},
                              {"collection", "users"},
                              {"id", "b"},
                              {"place", 2 * limits::kPlaceStep}}));
  EXPECT_EQ(changes[2],
            json({{"op", "place"}, {"member", "e"}, {"place", 3 * limits::kPlaceStep}}));
}

TEST(Daily, OneThatCannotBeReadBackGetsNoSealAndServesNoMoment) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  documents.r2.after = [&](const std::string& verb, const std::string& key) {
    if (verb == "close" && key.starts_with("snapshots/2")) documents.r2.Put(key, R"({"a":7})");
    return std::nullopt;
  };
  EXPECT_EQ(Daily(&documents).status, 503);
  documents.r2.after = nullptr;
  EXPECT_EQ(documents.r2.Keys("snapshots/places/"), std::vector<std::string>());
  documents.now_ms += 1'000;
  documents.Put(R"({"a":2})");
  ASSERT_EQ(RestoreAt(&documents, kNow).status, 200);
  EXPECT_EQ(documents.View(), R"({"a":1})");
}

TEST(Daily, OneWhoseRunDiedBeforeItsSealIsMadeAnew) {
  DocumentHarness documents;
  documents.Put(R"({"a":1})");
  const std::string day = DayOf(documents.now_ms);
  const Params at{{"at", std::to_string(documents.now_ms)}};
  {
    const auto running = documents.Begin("snapshot_document", at, {}, "", false);
    while (TextIn(documents, "snapshots/" + day + ".json").empty()) running->Step();
  }
  documents.now_ms += 1'000;
  documents.Put(R"({"a":2})");
  native::Answer again = Daily(&documents);
  EXPECT_EQ(again.data["version"], std::to_string(VersionOf(&documents)));
  EXPECT_EQ(TextIn(documents, "snapshots/" + day + ".json"), R"({"a":2})");
  EXPECT_EQ(documents.r2.Keys("snapshots/places/").size(), 1U);
  EXPECT_EQ(Daily(&documents).data["skipped"], "there");
  // What somebody else put there stays.
  documents.r2.Delete("snapshots/places/" + day + ".json");
  documents.r2.Put("snapshots/" + day + ".json", "{}");
  EXPECT_EQ(Daily(&documents).data["skipped"], "there");
}

TEST(Copy, OwnerAnswersThePresentWhileOneIsMade) {
  DocumentHarness documents;
  documents.Put(R"({"v":1,"users":[{"id":"a"},{"id":"b"}],"e":[]})");
  {
    const auto running = documents.Begin("compact_document", {}, {}, "", false);
    while (CountIn(&documents.store(), "SELECT count(*) FROM meta WHERE key = 'frozen'") == 0) {
      running->Step();
    }
    documents.Put(R"({"users":[{"id":"b","n":2},{"id":"a"}],"v":2,"e":5})");
    EXPECT_EQ(documents.View(), R"({"users":[{"id":"b","n":2},{"id":"a"}],"v":2,"e":5})");
    running->Step();
  }
  // The copy died, and nobody has cleared what it kept.
  documents.Put(R"({"users":[{"id":"a","n":3}],"v":3})");
  EXPECT_EQ(documents.View(), R"({"users":[{"id":"a","n":3}],"v":3})");
  EXPECT_EQ(documents.Get({{"shard", "users"}}).body, R"({"users":[{"id":"a","n":3}]})");
}

TEST(Copy, IsOfItsMomentWhateverIsPutMeanwhile) {
  const std::string text = R"({"v":1,"users":[{"id":"a"},{"id":"b"}],"e":[],"w":2})";
  for (const char* put : {R"({"v":1,"users":[{"id":"a"},{"id":"b"}],"e":[],"w":2})",
                          R"({"v":1,"users":[{"id":"b"}]})",
                          R"({"w":2,"e":[],"users":[{"id":"b"},{"id":"a"}],"v":1})",
                          R"({"users":5,"v":[{"id":"a"}]})"}) {
    DocumentHarness documents;
    documents.Put(text);
    const auto running = documents.Begin("compact_document", {}, {}, "", false);
    while (CountIn(&documents.store(), "SELECT count(*) FROM meta WHERE key = 'frozen'") == 0) {
      running->Step();
    }
    EXPECT_EQ(documents.Put(put).status, 200);
    EXPECT_EQ(documents.View(), put);
    while (!running->done()) running->Step();
    EXPECT_EQ(running->Take().status, 200) << put;
    EXPECT_EQ(TextIn(documents, "db.json"), text) << put;
  }
}

}  // namespace
}  // namespace tidemark::testing
