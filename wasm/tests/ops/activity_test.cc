// What an entry of the activity says, whatever was asked, and that it is kept once.

#include "ops/activity.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "ops/sql_activity.h"
#include "tests/ops/activity_fixtures.h"

namespace tidemark::testing {
namespace {

json LineOf(ActivityEntry entry) {
  if (entry.time_ms == 0) entry.time_ms = kNow;
  return json::parse(ActivityLine(entry));
}

std::string PathOf(std::string path) { return LineOf({.path = std::move(path)})["path"]; }

std::vector<std::string> RowsOf(AccountsHarness* harness) {
  return harness->database.Rows(
      "SELECT time, method, path, app, status, size, user, duration_ms, error FROM activity "
      "ORDER BY id");
}

TEST(ActivityLine, SaysWhatWasAskedAndHowItWasAnswered) {
  const ActivityEntry entry = {.time_ms = kNow,
                               .source = "blog/manifest",
                               .number = kNow + 7,
                               .method = "PUT",
                               .path = "/apps/blog/db.json",
                               .app = "blog",
                               .status = 412,
                               .size = 120,
                               .user = "user-1",
                               .duration_ms = 9,
                               .error = "precondition_failed"};
  json line = LineOf(entry);
  EXPECT_EQ(UuidV7Time(line["id"].get<std::string>()), kNow);
  line.erase("id");
  EXPECT_EQ(line, json::parse(R"({"time": 1795000000000, "method": "PUT",
    "path": "/apps/blog/db.json", "app": "blog", "status": 412, "size": 120, "user": "user-1",
    "duration_ms": 9, "error": "precondition_failed"})"));
}

TEST(ActivityLine, HasAnIdOfItsTimeSourceAndNumberAlone) {
  const auto id = [](int64_t time, std::string source, int64_t number) {
    return LineOf({.time_ms = time, .source = std::move(source), .number = number})["id"]
        .get<std::string>();
  };
  EXPECT_EQ(id(kNow, "a", 1), id(kNow, "a", 1));
  EXPECT_NE(id(kNow, "a", 1), id(kNow, "b", 1));
  EXPECT_NE(id(kNow, "a", 1), id(kNow, "a", 1 + 4096));
  EXPECT_LT(id(kNow, "a", 1), id(kNow, "b", 2));
  EXPECT_LT(id(kNow, "a", 255), id(kNow, "a", 256));
  EXPECT_LT(id(kNow, "a", 4095), id(kNow + 1, "a", 0));
}

TEST(ActivityLine, TellsNoSecretThatCameInThePath) {
  const std::string secret = Secret(1);
  EXPECT_EQ(PathOf("/auth/verify?token=" + secret), "/auth/verify");
  EXPECT_EQ(PathOf("/auth/verify%3Ftoken=" + secret), "/auth/verify");
  EXPECT_EQ(PathOf("/auth/verify%3ftoken=" + secret), "/auth/verify");
  EXPECT_EQ(PathOf("/auth/verify/" + secret), "/auth/verify/*");
  EXPECT_EQ(PathOf("/sync/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln/x"), "/sync/*/x");
  EXPECT_EQ(PathOf("/sync/bearer.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln"), "/sync/*");
  EXPECT_EQ(PathOf("/" + std::string(600, 'a') + "/" + secret).find(secret), std::string::npos);
  EXPECT_EQ(PathOf("/history/17/restore"), "/history/17/restore");
  EXPECT_EQ(PathOf("/" + secret + "x"), "/" + secret + "x");
}

TEST(ActivityLine, IsShortAndCleanWhateverCame) {
  std::string umlauts = "/";
  for (int i = 0; i < 1000; ++i) umlauts += "\xc3\xa4";
  const std::string path = PathOf(umlauts);
  EXPECT_EQ(path.size(), limits::kActivityPathBytesMax - 1);
  EXPECT_EQ(ValidUtf8Prefix(path), path.size());
  EXPECT_EQ(PathOf(std::string("/a\0b\n\x7f", 6)), "/a_b__");
  EXPECT_EQ(PathOf("/a\xff/b"), "/a");
  EXPECT_EQ(PathOf(""), "/");

  const json line = LineOf({.method = std::string(100, 'X'),
                            .app = "No App",
                            .status = -1,
                            .size = int64_t{1} << 60,
                            .user = "user 1",
                            .error = std::string(100, 'e')});
  EXPECT_EQ(line["method"], std::string(16, 'X'));
  EXPECT_EQ(line["app"], nullptr);
  EXPECT_EQ(line["status"], 0);
  EXPECT_EQ(line["size"], limits::kIntegerMax);
  EXPECT_EQ(line["user"], nullptr);
  EXPECT_EQ(line["error"], std::string(64, 'e'));
  EXPECT_EQ(LineOf({.user = std::string(129, 'u')})["user"], nullptr);
  const std::string worst = ActivityLine({.time_ms = kNow, .path = std::string(900, '"')});
  EXPECT_LT(worst.size(), 1'500U);
}

TEST(ActivityLine, KnowsTheAppOfAPath) {
  const auto app = [](std::string path) { return LineOf({.path = std::move(path)})["app"]; };
  EXPECT_EQ(app("/db.json"), "default");
  EXPECT_EQ(app("/db.json?view=full"), "default");
  EXPECT_EQ(app("/snapshots"), "default");
  EXPECT_EQ(app("/snapshots/2026-11-21/restore"), "default");
  EXPECT_EQ(app("/apps/blog/db.json"), "blog");
  EXPECT_EQ(app("/apps/blog"), "blog");
  EXPECT_EQ(app("/apps/NO/db.json"), nullptr);
  EXPECT_EQ(app("/apps/"), nullptr);
  EXPECT_EQ(app("/snapshotsx"), nullptr);
  EXPECT_EQ(app("/plans"), nullptr);
}

TEST(RecordActivity, KeepsEachEntry) {
  AccountsHarness harness;
  const json entries = {
      EntryOf(1, {{"method", "PUT"}, {"path", "/db.json?x=1"}, {"size", 120}, {"user", "user-1"}}),
      EntryOf(2, {{"status", 404}, {"error", "not_found"}})};
  EXPECT_EQ(Record(&harness, entries).status, 200);
  EXPECT_EQ(RowsOf(&harness),
            (std::vector<std::string>{"1795000000001|PUT|/db.json|default|200|120|user-1|3|",
                                      "1795000000002|GET|/health||404|0||3|not_found"}));
}

TEST(RecordActivity, ABatchThatIsSentAgainAddsNothing) {
  AccountsHarness harness;
  json entries = {EntryOf(1), EntryOf(2)};
  Record(&harness, entries);
  entries.push_back(EntryOf(3));
  EXPECT_EQ(Record(&harness, entries).status, 200);
  EXPECT_EQ(RowsOf(&harness).size(), 3U);
  EXPECT_EQ(Record(&harness, entries, "another isolate").status, 200);
  EXPECT_EQ(RowsOf(&harness).size(), 6U);
}

TEST(RecordActivity, WhatIsNoEntryIsDroppedAndTheOthersAreKept) {
  AccountsHarness harness;
  const json entries = {5,
                        nullptr,
                        "text",
                        json::object(),
                        json::array({1}),
                        {{"time", "now"}},
                        {{"time", -1}},
                        {{"time", 1e300}},
                        {{"time", int64_t{1} << 48}},
                        EntryOf(1, {{"status", "ok"}, {"size", 1.5}, {"path", 7}})};
  EXPECT_EQ(Record(&harness, entries).status, 200);
  EXPECT_EQ(RowsOf(&harness), (std::vector<std::string>{"1795000000001|GET|/||0|0||3|"}));
}

TEST(RecordActivity, RefusesWhatIsNoBatch) {
  AccountsHarness harness;
  EXPECT_EQ(Record(&harness, json::object()).status, 400);
  EXPECT_EQ(harness.Run("record_activity", {}, "nonsense").status, 400);
  EXPECT_EQ(harness.Run("record_activity", {}, std::string((1 << 20) + 1, ' ')).status, 413);
  json entries = json::array();
  for (size_t i = 0; i < limits::kActivityBatchRows; ++i) {
    entries.push_back(EntryOf(static_cast<int>(i)));
  }
  EXPECT_EQ(Record(&harness, entries).status, 200);
  entries.push_back(EntryOf(1000));
  EXPECT_EQ(Record(&harness, entries).status, 400);
  EXPECT_EQ(RowsOf(&harness).size(), limits::kActivityBatchRows);
}

TEST(RecordActivity, IsForNoCaller) {
  AccountsHarness harness;
  const auto answer =
      harness.Run("record_activity", {}, json({EntryOf(1)}).dump(), UserNamed("user-1"), "admin");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(harness.Run("prune_activity", {}, "", UserNamed("user-1"), "admin").status, 403);
  EXPECT_EQ(RowsOf(&harness).size(), 0U);
}

TEST(RecordActivity, SaysWhenTheDatabaseIsDown) {
  AccountsHarness harness;
  harness.database_down = true;
  EXPECT_EQ(Record(&harness, json::array({EntryOf(1)})).status, 503);
  EXPECT_EQ(ListOf(&harness, {}).status, 503);
  EXPECT_EQ(ListOf(&harness, {}, "viewer").status, 503);
  EXPECT_EQ(harness.Run("prune_activity", {}).status, 503);
}

TEST(ActivityStatements, EachPreparesAndWalksTheKey) {
  AccountsHarness harness;
  for (const Sql& statement : sql::kActivityStatements) {
    std::string plan;
    for (const std::string& step : harness.database.Plan(statement.text)) plan += step + '\n';
    EXPECT_EQ(plan.find("SCAN activity"), std::string::npos) << statement.name << ": " << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << statement.name << ": " << plan;
  }
}

}  // namespace
}  // namespace tidemark::testing
