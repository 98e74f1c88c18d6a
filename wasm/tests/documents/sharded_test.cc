// A sharded document as its callers see it: where its parts lie, what it answers, and that it is
// the same document whatever the layout.

#include <gtest/gtest.h>

#include <array>

#include "base/limits.h"
#include "base/uuid.h"
#include "tests/support/documents.h"
#include "tests/support/sharded_harness.h"

namespace tidemark::testing {
namespace {

constexpr int64_t kDayMs = 86'400'000;

std::string IdOfDay(int64_t day, uint8_t number) {
  const std::array<uint8_t, 10> random{number, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  return UuidV7(kNow + day * kDayMs, random);
}

json Record(const std::string& id, int n) { return {{"id", id}, {"n", n}}; }

void ExpectPublished(ShardedHarness* app) {
  ASSERT_TRUE(app->RunUntilIdle());
  const native::Answer view = app->View();
  ASSERT_EQ(view.status, 200);
  EXPECT_EQ(app->documents.PublishedText(), view.body);
  EXPECT_EQ(app->documents.Published().Header("etag"), view.Header("etag"));
  EXPECT_EQ(app->Replayed(), view.body);
}

TEST(Sharded, APutByCollectionIsReadBackAsItWentIn) {
  ShardedHarness app("collection");
  const std::string text =
      R"({"v":1,"b":[{"id":"2"},{"id":"1"}],"w":"x","a":[{"id":"9"}],"none":[],"z":[1,2]})";
  const native::Answer put = app.Put(text);
  EXPECT_EQ(put.status, 201);
  EXPECT_EQ(app.View().body, text);
  EXPECT_EQ(app.View().Header("etag"), put.Header("etag"));
  EXPECT_EQ(app.Shards(), (std::vector<std::string>{"_root", "a", "b", "none"}));
  EXPECT_EQ(app.Shard("a").body, R"({"a":[{"id":"9"}]})");
  EXPECT_EQ(app.Shard("_root").body, R"({"v":1,"w":"x","z":[1,2]})");
  EXPECT_EQ(app.Shard("none").body, R"({"none":[]})");
  EXPECT_EQ(app.Shard("other").status, 404);
  ExpectPublished(&app);
}

TEST(Sharded, AFirstRecordMakesTheDocument) {
  ShardedHarness app("collection");
  EXPECT_EQ(app.View().status, 404);
  EXPECT_EQ(app.Patch(Upsert("users", Record("u1", 1))).status, 201);
  EXPECT_EQ(app.Patch(Upsert("users", Record("u2", 2))).status, 200);
  EXPECT_EQ(app.Patch(Upsert("posts", Record("p1", 1))).status, 200);
  EXPECT_EQ(app.Text(),
            R"({"users":[{"id":"u1","n":1},{"id":"u2","n":2}],"posts":[{"id":"p1","n":1}]})");
  ExpectPublished(&app);
}

TEST(Sharded, AWriteInOneShardTouchesNoOther) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})");
  app.calls.clear();
  EXPECT_EQ(app.Patch(Upsert("a", Record("x", 2))).status, 200);
  EXPECT_EQ(app.calls, (std::map<std::string, int>{{app.ObjectOf("a") + " patch_document", 1}}));
}

TEST(Sharded, ByDayRecordsComeDayByDay) {
  ShardedHarness app("day");
  const std::string late = IdOfDay(2, 1);
  const std::string early = IdOfDay(0, 2);
  app.Put(json{{"log", {Record(late, 1), Record("none", 2), Record(early, 3)}}}.dump());
  const json whole = json::parse(app.Text());
  std::vector<std::string> ids;
  for (const json& record : whole["log"]) ids.push_back(record["id"]);
  EXPECT_EQ(ids, (std::vector<std::string>{early, late, "none"}));
  EXPECT_EQ(app.Shards().size(), 4U);
  EXPECT_EQ(app.Patch(Upsert("log", Record(IdOfDay(1, 3), 4))).status, 200);
  EXPECT_EQ(app.Shards().size(), 5U);
  ExpectPublished(&app);
}

TEST(Sharded, ARecordStaysWhereItIsWhateverDayItNames) {
  ShardedHarness app("day:at");
  app.Put(R"({"log":[{"id":"a","at":"2026-01-01"},{"id":"b","at":"2026-01-02"}]})");
  EXPECT_EQ(app.Patch(Upsert("log", {{"id", "a"}, {"at", "2026-05-05"}})).status, 200);
  EXPECT_EQ(app.Shard("2026-01-01").body, R"({"log":[{"at":"2026-05-05","id":"a"}]})");
  EXPECT_EQ(app.Patch(Deletion("log", "a")).status, 200);
  EXPECT_EQ(app.Shard("2026-01-01").body, R"({"log":[]})");
  const size_t shards = app.Shards().size();
  // What is nowhere is deleted without a trace.
  const native::Answer nothing = app.Patch(Deletion("log", "never"));
  EXPECT_EQ(nothing.status, 200);
  EXPECT_EQ(json::parse(nothing.body)["results"].size(), 1U);
  EXPECT_EQ(app.Shards().size(), shards);
  EXPECT_EQ(app.Patch(Upsert("log", {{"id", "never"}, {"at", "2026-01-02"}})).status, 200);
  EXPECT_EQ(app.Shards().size(), shards);
  ExpectPublished(&app);
}

TEST(Sharded, ADeletionOfWhatIsNotThereMakesNoShard) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}]})");
  const std::string tag = app.Tag();
  EXPECT_EQ(app.Patch(Deletion("b", "x")).status, 200);
  EXPECT_EQ(app.Shards(), (std::vector<std::string>{"_root", "a"}));
  EXPECT_EQ(app.Tag(), tag);
}

TEST(Sharded, OperationsForSeveralShardsAreRefused) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})");
  const std::string text = app.Text();
  EXPECT_EQ(ErrorOf(app.Patch({Upsert("a", Record("x", 2)), Upsert("b", Record("y", 2))})),
            "spans_shards");
  EXPECT_EQ(ErrorOf(app.Patch(Upsert("a", Record("x", 2)), {{"shard", "b"}})), "spans_shards");
  EXPECT_EQ(ErrorOf(app.TreePatch("merge-patch", "{}", {{"if_match", app.Tag()}})), "spans_shards");
  EXPECT_EQ(app.Text(), text);
}

TEST(Sharded, NoNameIsBothAValueAndACollection) {
  ShardedHarness app("collection");
  app.Put(R"({"v":1,"c":[{"id":"x"}]})");
  EXPECT_EQ(ErrorOf(app.Patch(Upsert("v", Record("x", 1)))), "not_a_collection");
  const Params root{{"shard", "_root"}, {"if_match", app.Shard("_root").Header("etag")}};
  EXPECT_EQ(ErrorOf(app.TreePatch("merge-patch", R"({"c":2})", root)), "spans_shards");
  EXPECT_EQ(app.TreePatch("merge-patch", R"({"v":null,"w":3})", root).status, 200);
  EXPECT_EQ(app.Text(), R"({"w":3,"c":[{"id":"x"}]})");
  // The name is free again.
  EXPECT_EQ(app.Patch(Upsert("v", Record("x", 1))).status, 200);
  EXPECT_EQ(app.Text(), R"({"w":3,"c":[{"id":"x"}],"v":[{"id":"x","n":1}]})");
  ExpectPublished(&app);
}

TEST(Sharded, AValueThatIsAddedIsInTheView) {
  ShardedHarness app("collection");
  app.Put(R"({"v":1,"c":[{"id":"x"}],"d":[]})");
  for (const char* key : {"w", "x", "y"}) {
    const Params root{{"shard", "_root"}, {"if_match", app.Shard("_root").Header("etag")}};
    const std::string patch = R"([{"op":"add","path":"/)" + std::string(key) + R"(","value":2}])";
    EXPECT_EQ(app.TreePatch("json-patch", patch, root).status, 200);
  }
  EXPECT_EQ(json::parse(app.Text()).size(), 6U);
  ExpectPublished(&app);
  const json before = json::parse(app.Text());
  app.layout = "";
  EXPECT_EQ(app.Relayout().status, 200);
  EXPECT_EQ(json::parse(app.Text()), before);
}

TEST(Sharded, ValuesMayComeFirst) {
  ShardedHarness app("collection");
  app.Patch(Upsert("c", Record("x", 1)));
  const Params root{{"shard", "_root"}, {"if_none_match", "*"}};
  EXPECT_EQ(app.TreePatch("merge-patch", R"({"v":1})", root).status, 200);
  EXPECT_EQ(json::parse(app.Text()), json::parse(R"({"c":[{"id":"x","n":1}],"v":1})"));
}

TEST(Sharded, APatchOfOneShardSeesOnlyThat) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x","n":1}],"b":[{"id":"y"}]})");
  const Params shard{{"shard", "a"}, {"if_match", app.Shard("a").Header("etag")}};
  const native::Answer done =
      app.TreePatch("json-patch", R"([{"op":"replace","path":"/a/0/n","value":7}])", shard);
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.Header("etag"), app.Shard("a").Header("etag"));
  EXPECT_EQ(
      app.TreePatch("json-patch", R"([{"op":"replace","path":"/a/0/n","value":8}])", shard).status,
      412);
  EXPECT_EQ(app.TreePatch("json-patch", "[]", {{"shard", "zz"}, {"if_match", "*"}}).status, 404);
  EXPECT_EQ(app.Text(), R"({"a":[{"id":"x","n":7}],"b":[{"id":"y"}]})");
}

TEST(Sharded, APutIsGuardedByTheTagOfTheWhole) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})");
  const std::string tag = app.Tag();
  EXPECT_EQ(app.Patch(Upsert("b", Record("y", 2))).status, 200);
  const std::string text = app.Text();
  EXPECT_NE(app.Tag(), tag);
  EXPECT_EQ(app.Put(R"({"a":[{"id":"z"}]})", {{"if_match", tag}}).status, 412);
  EXPECT_EQ(app.Text(), text);
  EXPECT_TRUE(app.Locked().empty());
  EXPECT_EQ(app.Put(R"({"a":[{"id":"z"}]})").status, 200);
  EXPECT_EQ(app.Text(), R"({"a":[{"id":"z"}]})");
}

TEST(Sharded, AWholeTagHoldsForAShardUntilThatIsWritten) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})");
  app.Patch(Upsert("b", Record("y", 1)));
  const std::string tag = app.Tag();
  app.Patch(Upsert("b", Record("y", 2)));
  EXPECT_EQ(app.Patch(Upsert("a", Record("x", 2)), {{"if_match", tag}}).status, 200);
  EXPECT_EQ(app.Patch(Upsert("a", Record("x", 3)), {{"if_match", tag}}).status, 412);
  EXPECT_EQ(app.Patch(Upsert("b", Record("y", 3)), {{"if_match", tag}}).status, 412);
}

TEST(Sharded, APutOfWhatIsThereChangesNothing) {
  ShardedHarness app("collection");
  const std::string text = R"({"v":1,"a":[{"id":"x"},{"id":"w"}],"b":[{"id":"y"}]})";
  const std::string tag = app.Put(text).Header("etag");
  ++app.documents.now_ms;
  EXPECT_EQ(app.Put(text).Header("etag"), tag);
  EXPECT_EQ(app.Tag(), tag);
  // Another order is another document.
  const std::string turned = R"({"v":1,"a":[{"id":"w"},{"id":"x"}],"b":[{"id":"y"}]})";
  EXPECT_NE(app.Put(turned).Header("etag"), tag);
  EXPECT_EQ(app.Text(), turned);
  const std::string swapped = R"({"b":[{"id":"y"}],"v":1,"a":[{"id":"w"},{"id":"x"}]})";
  app.Put(swapped);
  EXPECT_EQ(app.Text(), swapped);
  ExpectPublished(&app);
}

TEST(Sharded, TheSameTagIsTheSameDocument) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})");
  std::map<std::string, std::string> seen;
  for (int i = 0; i < 30; ++i) {
    const native::Answer view = app.View();
    const auto [at, is_new] = seen.try_emplace(view.Header("etag"), view.body);
    EXPECT_EQ(at->second, view.body);
    if (i % 3 != 0) app.Patch(Upsert(i % 2 == 0 ? "a" : "b", Record("r", i)));
  }
  EXPECT_EQ(seen.size(), 20U);
}

TEST(Sharded, TheLastRecordOfAShardMayGoButNotThatOfTheDocument) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}],"v":1})");
  EXPECT_EQ(app.Patch(Deletion("a", "x")).status, 200);
  EXPECT_EQ(ErrorOf(app.Patch(Deletion("b", "y"))), "empty_write_denied");
  const Params shard{{"shard", "b"}, {"if_match", "*"}};
  EXPECT_EQ(ErrorOf(app.TreePatch("merge-patch", R"({"b":[]})", shard)), "empty_write_denied");
  EXPECT_EQ(ErrorOf(app.Put(R"({"v":1})")), "empty_write_denied");
  EXPECT_EQ(app.Patch(Upsert("a", Record("x", 1))).status, 200);
  EXPECT_EQ(app.TreePatch("merge-patch", R"({"b":[]})", shard).status, 200);
  EXPECT_EQ(app.Patch(Deletion("a", "x"), {{"allow_empty", "true"}}).status, 200);
}

TEST(Sharded, AllMembersAreNotClearedEither) {
  ShardedHarness app("collection");
  app.Put(R"({"v":1,"w":2})");
  EXPECT_EQ(ErrorOf(app.Put("{}")), "empty_write_denied");
  const Params root{{"shard", "_root"}, {"if_match", "*"}};
  EXPECT_EQ(ErrorOf(app.TreePatch("merge-patch", R"({"v":null,"w":null})", root)),
            "empty_write_denied");
  app.Patch(Upsert("c", Record("x", 1)));
  EXPECT_EQ(app.TreePatch("merge-patch", R"({"v":null,"w":null})", root).status, 200);
}

TEST(Sharded, ALargeDeletionIsMeasuredByTheDocument) {
  ShardedHarness app("collection");
  json many = json::array();
  for (int i = 0; i < 30; ++i) many.push_back(Record("r" + std::to_string(i), i));
  app.Put(json{{"a", many}, {"b", {Record("y", 1)}}}.dump());
  json gone = json::array();
  for (int i = 0; i < 30; ++i) gone.push_back(Deletion("a", "r" + std::to_string(i)));
  EXPECT_EQ(ErrorOf(app.Patch(gone)), "large_delete_denied");
  for (json& record : many) record["id"] = "s" + record["id"].get<std::string>();
  const std::string others = json{{"a", many}, {"b", {Record("y", 1)}}}.dump();
  EXPECT_EQ(ErrorOf(app.Put(others)), "large_delete_denied");
  EXPECT_EQ(app.Put(others, {{"allow_large", "true"}}).status, 200);
  app.Put(json{{"a", many}, {"b", many}}.dump());
  for (json& deletion : gone) deletion["id"] = "s" + deletion["id"].get<std::string>();
  EXPECT_EQ(app.Patch(gone).status, 200);
}

TEST(Sharded, ThereIsARoomForShards) {
  ShardedHarness app("collection");
  json whole;
  for (int i = 0; i < limits::kShardsMax; ++i) whole["c" + std::to_string(i)] = json::array();
  EXPECT_EQ(ErrorOf(app.Put(whole.dump())), "too_many_shards");
  EXPECT_TRUE(app.Locked().empty());
  EXPECT_EQ(app.View().status, 404);
  whole.erase("c0");
  EXPECT_EQ(app.Put(whole.dump()).status, 201);
  EXPECT_EQ(ErrorOf(app.Patch(Upsert("c0", Record("x", 1)))), "too_many_shards");
  EXPECT_EQ(app.Patch(Upsert("c1", Record("x", 1))).status, 200);
}

TEST(Sharded, EachLayoutHoldsTheSameRecords) {
  ShardedHarness app("");
  const std::string first = IdOfDay(0, 1);
  const std::string second = IdOfDay(1, 2);
  const std::string text = R"({"v":{"a": 1},"log":[{"id":")" + first + R"(","n": 1},{"id":")" +
                           second + R"("},{"id":"z"}],"w":null,"none":[],"x":[{"id":")" + second +
                           R"("}]})";
  app.documents.Put(text);
  std::string tag = app.Tag();
  for (const char* layout :
       {"collection", "day", "", "day:n", "collection", "", "day", "collection", ""}) {
    ++app.documents.now_ms;
    app.layout = layout;
    EXPECT_EQ(app.Relayout().status, 200) << layout;
    EXPECT_EQ(app.Text(), text) << layout;
    EXPECT_GT(app.Tag(), tag) << layout;
    tag = app.Tag();
    EXPECT_TRUE(app.Locked().empty());
    ExpectPublished(&app);
  }
}

TEST(Sharded, AShardThatWasDroppedJoinsAgainWithNothing) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})");
  app.layout = "";
  app.Relayout();
  ASSERT_EQ(app.documents.Patch(Deletion("a", "x")).status, 200);
  app.layout = "collection";
  app.Relayout();
  EXPECT_EQ(app.Text(), R"({"a":[],"b":[{"id":"y"}]})");
  EXPECT_EQ(app.Patch(Upsert("a", Record("w", 1))).status, 200);
  EXPECT_EQ(app.Text(), R"({"a":[{"id":"w","n":1}],"b":[{"id":"y"}]})");
  ExpectPublished(&app);
}

TEST(Sharded, WhatWasDeletedBeforeARelayoutIsNotUndoneByAnOldCopy) {
  ShardedHarness app("collection");
  app.Put(R"({"a":[{"id":"x"},{"id":"w"}]})");
  std::string made = app.Tag();
  made = made.substr(1, made.size() - 2);
  app.Patch(Deletion("a", "x"));
  app.layout = "";
  app.Relayout();
  app.layout = "collection";
  app.Relayout();
  EXPECT_EQ(app.Patch(Upsert("a", Record("x", 1), made)).status, 412);
}

TEST(Sharded, AMomentInWhichItWasShardedIsRestored) {
  ShardedHarness app("");
  app.documents.Put(R"({"a":[{"id":"x"},{"id":"w"}]})");
  app.documents.now_ms += 1'000;
  app.layout = "collection";
  app.Relayout();
  app.documents.now_ms += 10'000;
  app.Patch(Deletion("a", "x"));
  const int64_t sharded = app.documents.now_ms + 2'000;
  app.documents.now_ms += 20'000;
  app.layout = "";
  app.Relayout();
  app.documents.Patch(Upsert("a", {{"id", "later"}}));
  ASSERT_TRUE(app.RunUntilIdle());
  ASSERT_EQ(app.Restore({{"at", std::to_string(sharded)}}).status, 200);
  EXPECT_EQ(app.Text(), R"({"a":[{"id":"w"}]})");
  app.documents.now_ms += 10;
  ASSERT_EQ(app.Restore({{"at", std::to_string(kNow)}}).status, 200);
  EXPECT_EQ(app.Text(), R"({"a":[{"id":"x"},{"id":"w"}]})");
}

}  // namespace
}  // namespace tidemark::testing
