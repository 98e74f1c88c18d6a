// Backups of sharded documents: the crons' copies and what they fold, and every moment had back,
// whatever way the document was laid out then.

#include <gtest/gtest.h>

#include <map>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/preconditions.h"
#include "tests/support/backups.h"
#include "tests/support/documents.h"
#include "tests/support/sharded_harness.h"

namespace tidemark::testing {
namespace {

constexpr const char* kLayouts[] = {"collection", "day", "day:d"};

int64_t VersionIn(const native::Answer& view) {
  const std::string tag = view.Header("etag");
  return ParseVersion(tag.substr(1, tag.size() - 2))->version;
}

native::Answer RestoreAt(ShardedHarness* app, int64_t at) {
  return app->Restore({{"at", std::to_string(at)}});
}

// Somebody's writes in shards: records that change their day, values, whole documents.
class ShardedWriter {
 public:
  ShardedWriter(ShardedHarness* app, uint64_t seed) : app_(app), random_(seed) {}

  void Write() {
    const Params clears{{"allow_empty", "true"}, {"allow_large", "true"}};
    const std::string collection = std::string(1, static_cast<char>('a' + Below(3)));
    const std::string id = "r" + std::to_string(Below(6));
    switch (Below(7)) {
      case 0:
        app_->Put(Whole(), clears);
        break;
      case 1:
        app_->Patch(Deletion(collection, id), clears);
        break;
      case 2:
        app_->TreePatch("merge-patch",
                        R"({"w)" + std::to_string(Below(3)) + R"(":)" + Number() + "}",
                        {{"shard", "_root"}, {"if_match", "*"}});
        break;
      default:
        app_->Patch(Upsert(collection, json::parse(Record(id))), clears);
    }
  }
  int Below(int bound) { return static_cast<int>(random_.Below(static_cast<uint64_t>(bound))); }

 private:
  std::string Number() { return std::to_string(++written_); }
  std::string Record(const std::string& id) {
    return R"({"id":")" + id + R"(","n":)" + Number() + R"(,"d":"2026-01-0)" +
           std::to_string(1 + Below(4)) + R"("})";
  }
  std::string Whole() {
    std::string text = R"({"v": )" + Number();
    for (const char* collection : {"c", "a", "b"}) {
      if (Below(3) == 0) continue;
      text += std::string(",\"") + collection + "\":[";
      for (int i = 0; i < 6; ++i) {
        if (Below(2) == 0) continue;
        text += (text.back() == '[' ? "" : ", ") + Record("r" + std::to_string((i * 5) % 6));
      }
      text += "]";
    }
    return text + ",\"last\":[1]}";
  }

  ShardedHarness* app_;
  Random random_;
  int written_ = 0;
};

class ShardedHistory {
 public:
  ShardedHistory(ShardedHarness* app, uint64_t seed) : writer(app, seed), app_(app) {}

  void Step() {
    app_->documents.now_ms +=
        writer.Below(3) == 0 ? writer.Below(4) * limits::kDayMs / 24 : writer.Below(3);
    writer.Write();
    const native::Answer view = app_->View();
    if (view.status == 200) moments[VersionIn(view)] = view.body;
    if (writer.Below(4) == 0) app_->RunUntilIdle();
    if (writer.Below(8) == 0) EXPECT_EQ(app_->Snapshot().status, 200);
    if (writer.Below(12) == 0) EXPECT_EQ(app_->Compact().status, 200);
  }

  std::map<int64_t, std::string> moments;
  ShardedWriter writer;

 private:
  ShardedHarness* app_;
};

TEST(ShardedBackup, EveryMomentOfASeededHistoryComesBackToTheByte) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ShardedHarness app(kLayouts[seed % 3]);
    app.Put(R"({"a":[]})");
    ShardedHistory history(&app, seed);
    for (int i = 0; i < 30; ++i) history.Step();
    const auto moments = history.moments;
    ASSERT_GT(moments.size(), 10U);
    for (const auto& [version, text] : moments) {
      const native::Answer answer = RestoreAt(&app, version);
      ASSERT_EQ(answer.status, 200) << answer.body;
      ASSERT_EQ(app.Text(), text) << "of version " << version;
      app.documents.now_ms += 1;
    }
    for (int i = 0; i < 10; ++i) history.Step();
    for (const auto& [version, text] : history.moments) {
      if (moments.contains(version)) continue;
      ASSERT_EQ(RestoreAt(&app, version).status, 200);
      ASSERT_EQ(app.Text(), text) << "of version " << version;
    }
    EXPECT_EQ(CountIn(&app.documents.store(), "SELECT count(*) FROM staged"), 0);
    EXPECT_EQ(CountIn(&app.documents.store(), "SELECT count(*) FROM staged_member"), 0);
  }
}

TEST(ShardedBackup, AMomentOfAnotherLayoutComesBack) {
  ShardedHarness app("");
  std::map<int64_t, json> moments;
  int n = 0;
  for (const char* layout : {"", "collection", "day", "", "day:d", "collection", ""}) {
    app.layout = layout;
    for (int i = 0; i < 3; ++i) {
      app.documents.now_ms += 1'500;
      const json record{{"id", "r" + std::to_string(n)},
                        {"d", "2026-01-0" + std::to_string(1 + i)}};
      if (*layout == '\0') {
        app.Relayout();
        app.documents.Patch(Upsert(i == 1 ? "b" : "a", record));
      } else {
        ASSERT_LT(app.Patch(Upsert(i == 1 ? "b" : "a", record)).status, 300);
      }
      ++n;
      const native::Answer view = app.View();
      moments[VersionIn(view)] = json::parse(view.body);
    }
  }
  ASSERT_EQ(moments.size(), 21U);
  const auto sorted = [](json whole) {
    for (auto& [key, records] : whole.items()) std::sort(records.begin(), records.end());
    return whole;
  };
  for (const char* layout : {"", "collection", "day:d"}) {
    app.layout = layout;
    app.Relayout();
    for (const auto& [version, whole] : moments) {
      SCOPED_TRACE(std::string(layout) + " " + std::to_string(version));
      app.documents.now_ms += 1'500;
      ASSERT_EQ(RestoreAt(&app, version).status, 200);
      EXPECT_EQ(sorted(json::parse(app.Text())), sorted(whole));
    }
  }
}

TEST(ShardedBackup, ARelayoutJustNowHidesNothingOfTheMomentBefore) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"v":1})");
  app.RunUntilIdle();
  app.documents.now_ms += 5'000;
  app.Patch(Upsert("a", {{"id", "late"}}));
  const native::Answer view = app.View();
  // What the shard has not sent yet it has to send once it is none any more.
  app.layout = "day";
  ASSERT_EQ(RestoreAt(&app, VersionIn(view)).status, 200);
  EXPECT_EQ(app.Text(), view.body);
}

TEST(ShardedBackup, DayHasWhatItsSnapshotHas) {
  for (const char* layout : kLayouts) {
    ShardedHarness app(layout);
    app.Put(R"({"a":[{"id":"x","d":"2026-01-02"},{"id":"y","d":"2026-01-01"}],"v": 1,"e":[]})");
    app.documents.now_ms += 5;
    app.Patch(Upsert("a", {{"id", "x"}, {"d", "2026-01-03"}}));
    const std::string text = app.Text();
    native::Answer snapshot = app.Snapshot();
    EXPECT_EQ(snapshot.status, 200) << snapshot.body;
    const std::string day = DayOf(app.documents.now_ms);
    const std::string kept = TextIn(app.documents, "snapshots/" + day + ".json");
    EXPECT_EQ(kept, text);
    EXPECT_EQ(app.Snapshot().data["skipped"], "there");
    app.documents.now_ms += 1'000;
    app.Put(R"({"v":2})", {{"allow_empty", "true"}});
    app.Put(R"({"a":[{"id":"y","d":"2026-01-01"}]})");
    ASSERT_EQ(app.Restore({{"day", day}}).status, 200);
    EXPECT_EQ(app.Text(), text);
    EXPECT_EQ(ErrorOf(app.Restore({{"day", "2020-01-01"}})), "not_found");
    // Without its seal it counts by its text.
    app.documents.r2.Delete("snapshots/places/" + day + ".json");
    app.Put(R"({"v":2})", {{"allow_empty", "true"}});
    ASSERT_EQ(app.Restore({{"day", day}}).status, 200);
    EXPECT_EQ(json::parse(app.Text())["a"].size(), 2U);
  }
}

// By the day in their ids records of such ids have one shard, wherever they lay before.
TEST(ShardedBackup, AMomentByDaysThatRecordsNameIsRestoredByDaysOfIds) {
  ShardedHarness app("day:d");
  app.Put(R"({"a":[{"id":"x","d":"2026-01-01"},{"id":"y","d":"2026-01-02"}]})");
  const int64_t at = VersionIn(app.View());
  app.RunUntilIdle();
  app.documents.now_ms += 5'000;
  app.layout = "day";
  app.Relayout();
  ASSERT_EQ(RestoreAt(&app, at).status, 200);
  ASSERT_EQ(app.Patch(Upsert("a", {{"id", "x"}, {"d", "2026-01-03"}})).status, 200);
  EXPECT_EQ(app.Text(), R"({"a":[{"d":"2026-01-03","id":"x"},{"id":"y","d":"2026-01-02"}]})");
}

TEST(ShardedBackup, CompactionFoldsWhatItsCopyHas) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})");
  app.RunUntilIdle();
  app.documents.now_ms += 1'000;
  const std::string text = app.Text();
  const std::string tag = app.Tag();
  native::Answer compacted = app.Compact("0");
  ASSERT_EQ(compacted.status, 200) << compacted.body;
  EXPECT_GT(std::stoi(compacted.data["folded"]), 0);
  EXPECT_TRUE(app.documents.r2.Keys("journal/").empty());
  EXPECT_EQ(app.Tag(), tag);
  const int64_t at = VersionIn(app.View());
  app.documents.now_ms += 1'000;
  app.Patch(Upsert("b", {{"id", "z"}}));
  const native::Answer second = app.View();
  app.documents.now_ms += 1'000;
  app.Put("{}", {{"allow_empty", "true"}});
  ASSERT_EQ(RestoreAt(&app, VersionIn(second)).status, 200);
  EXPECT_EQ(app.Text(), second.body);
  ASSERT_EQ(RestoreAt(&app, at).status, 200);
  EXPECT_EQ(app.Text(), text);
  EXPECT_EQ(ErrorOf(RestoreAt(&app, at - 1)), "moment_not_kept");
  EXPECT_EQ(app.Text(), text);
}

TEST(ShardedBackup, RestoreOfWhatIsThereIsNoChange) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"v":1})");
  const std::string tag = app.Tag();
  app.documents.now_ms += 9'000;
  const native::Answer answer = RestoreAt(&app, app.documents.now_ms);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("etag"), tag);
  EXPECT_EQ(app.Tag(), tag);
}

TEST(ShardedBackup, AShardThatCannotSendItsJournalStopsARestore) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[]})");
  const int64_t at = VersionIn(app.View());
  app.documents.now_ms += 1'000;
  app.Put(R"({"a":[{"id":"z"}],"b":[]})");
  const std::string text = app.Text();
  app.fate = [](const std::string& object, const std::string& operation) {
    return object == "default/shards/a" && operation == "flush_shard" ? ShardedHarness::Fate::kLost
                                                                      : ShardedHarness::Fate::kMade;
  };
  const native::Answer answer = RestoreAt(&app, at);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(ErrorOf(answer), "unavailable");
  app.fate = nullptr;
  EXPECT_TRUE(app.Locked().empty());
  EXPECT_EQ(app.Text(), text);
}

// All objects are lost, and what is in R2 is not.
void LoseAll(ShardedHarness* app, const std::vector<std::string>& shards) {
  const auto lose = [](native::SqliteStore* store, const std::string& epoch) {
    for (const char* table : {"member", "record", "journal", "frozen", "frozen_member", "staged",
                              "staged_member", "shard", "placed", "meta"}) {
      store->Execute(std::string("DELETE FROM ") + table);
    }
    store->Execute("INSERT INTO meta (key, value) VALUES ('epoch', '" + epoch + "')");
  };
  lose(&app->documents.store(), "00000000000000ee");
  for (const std::string& shard : shards) lose(&app->StoreOf(shard), "00000000000000ff");
}

TEST(ShardedBackup, ComesBackAfterALossOfAllOrOfSomeObjects) {
  for (const std::vector<std::string>& lost :
       {std::vector<std::string>{"_root", "a", "b"}, {"a"}, {}}) {
    SCOPED_TRACE(lost.size());
    ShardedHarness app("collection");
    app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}],"v":1})");
    app.documents.now_ms += 10;
    app.Patch(Upsert("b", {{"id", "w"}}));
    ASSERT_TRUE(app.RunUntilIdle());
    const native::Answer first = app.View();
    app.documents.now_ms += 5'000;
    LoseAll(&app, lost);
    EXPECT_EQ(app.View().status, 404);
    ASSERT_LT(RestoreAt(&app, VersionIn(first)).status, 300);
    EXPECT_EQ(app.Text(), first.body);
    app.documents.now_ms += 5'000;
    app.Put(R"({"b":[{"id":"new"}]})");
    const native::Answer second = app.View();
    app.documents.now_ms += 5'000;
    ASSERT_TRUE(app.RunUntilIdle());
    ASSERT_EQ(RestoreAt(&app, VersionIn(first)).status, 200);
    EXPECT_EQ(app.Text(), first.body);
    ASSERT_EQ(RestoreAt(&app, VersionIn(second)).status, 200);
    EXPECT_EQ(app.Text(), second.body);
  }
}

TEST(ShardedBackup, ShardsThatALostManifestLeftCountInItsNextLife) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}],"v":1})");
  ASSERT_TRUE(app.RunUntilIdle());
  const native::Answer first = app.View();
  app.documents.now_ms += 5'000;
  LoseAll(&app, {});
  ASSERT_LT(RestoreAt(&app, VersionIn(first)).status, 300);
  const native::Answer restored = app.View();
  EXPECT_EQ(restored.body, first.body);
  app.documents.now_ms += 5'000;
  ASSERT_EQ(app.Patch(Upsert("a", {{"id", "z"}})).status, 200);
  const native::Answer patched = app.View();
  app.documents.now_ms += 5'000;
  ASSERT_EQ(RestoreAt(&app, VersionIn(restored)).status, 200);
  EXPECT_EQ(app.Text(), restored.body);
  ASSERT_EQ(RestoreAt(&app, VersionIn(patched)).status, 200);
  EXPECT_EQ(app.Text(), patched.body);
  app.documents.now_ms += 5'000;
  ASSERT_EQ(RestoreAt(&app, app.documents.now_ms).status, 200);
  EXPECT_EQ(app.Text(), patched.body);
}

TEST(ShardedBackup, ADocumentOfValuesOnlyComesBackAfterTheLossOfItsManifest) {
  ShardedHarness app("collection");
  app.Put(R"({"v":1})");
  ASSERT_TRUE(app.RunUntilIdle());
  const native::Answer first = app.View();
  app.documents.now_ms += 5'000;
  LoseAll(&app, {});
  ASSERT_EQ(app.View().status, 404);
  EXPECT_EQ(RestoreAt(&app, VersionIn(first)).status, 201);
  EXPECT_EQ(app.Text(), first.body);
  const std::string tag = app.Tag();
  EXPECT_EQ(RestoreAt(&app, VersionIn(first)).status, 200);
  EXPECT_EQ(app.Tag(), tag);
}

TEST(ShardedBackup, ALostShardIsHadBack) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}],"v":1})");
  ASSERT_TRUE(app.RunUntilIdle());
  const native::Answer first = app.View();
  app.documents.now_ms += 5'000;
  app.StoreOf("a").Execute("DELETE FROM record");
  app.StoreOf("a").Execute("DELETE FROM journal");
  app.StoreOf("a").Execute("DELETE FROM meta");
  app.StoreOf("a").Execute("INSERT INTO meta (key, value) VALUES ('epoch', '00000000000000ff')");
  ASSERT_LT(app.Patch(Upsert("a", {{"id", "new"}})).status, 300);
  const native::Answer second = app.View();
  EXPECT_EQ(second.body, R"({"a":[{"id":"new"}],"b":[{"id":"y"}],"v":1})");
  app.documents.now_ms += 5'000;
  ASSERT_EQ(RestoreAt(&app, VersionIn(first)).status, 200);
  EXPECT_EQ(app.Text(), first.body);
  app.documents.now_ms += 5'000;
  ASSERT_EQ(RestoreAt(&app, VersionIn(second)).status, 200);
  EXPECT_EQ(app.Text(), second.body);
}

}  // namespace
}  // namespace tidemark::testing
