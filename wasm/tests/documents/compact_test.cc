// The crons' work on a document: a snapshot a day that nothing overwrites, and the nightly
// compaction, which may end anywhere and be done again.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/preconditions.h"
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

// A write and a tick an hour, a snapshot and a compaction each night.
void RunDays(DocumentHarness* documents, Writer* writer, int days, const std::string& kept = {}) {
  for (int hour = 0; hour < days * 24; ++hour) {
    writer->Write();
    documents->Tick();
    if (hour % 24 == 23) {
      Daily(documents);
      Compact(documents, kept);
    }
    documents->now_ms += kDay / 24;
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
    RunDays(&documents, &writer, 9);
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

TEST(Compact, ShardedAppIsPassedOver) {
  DocumentHarness documents("blog");
  documents.Put(R"({"a":1})");
  for (const char* operation : {"compact_document", "snapshot_document"}) {
    native::Answer answer = documents.RunSpanning(operation, {{"shards", "blog=collection"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.data["skipped"], "sharded");
  }
}

class Documents : public ::testing::Test {
 protected:
  native::Answer RunInWorker(std::string operation, Params params, std::string_view role) {
    const Request request = documents_.RequestOf(std::move(operation), std::move(params), {}, role);
    native::Stores stores = documents_.StoresOf({});
    stores.call = [this](const native::HostCommand& command,
                         native::Held* held) -> std::variant<CallReply, Failure> {
      called_.push_back(command.space + " " + command.operation + " " + command.params.at("at"));
      held->texts.emplace_back();
      if (command.space == "app-4/manifest") return Failure{"unavailable", "no answer"};
      const int64_t status = command.space == "app-2/manifest" ? 503 : 200;
      return CallReply{status, {}, {static_cast<uint32_t>(held->texts.size() - 1)}};
    };
    return native::RunToEnd(&documents_.engine, request, role, "", stores, false);
  }

  DocumentHarness documents_;
  std::vector<std::string> called_;
};

TEST_F(Documents, AllAreRunAndOneThatFailsStopsNoOther) {
  for (int i = 0; i < 250; ++i) {
    documents_.db.Execute("INSERT INTO documents VALUES ('app-" + std::to_string(i) + "', 0)");
  }
  native::Answer answer =
      RunInWorker("run_documents", {{"run", "compact_document"}, {"at", "5"}}, "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.data["documents"], "250");
  EXPECT_EQ(answer.data["failed"], "2");
  EXPECT_EQ(answer.data["problem"], "app-2: 503");
  std::sort(called_.begin(), called_.end());
  EXPECT_EQ(std::unique(called_.begin(), called_.end()) - called_.begin(), 250);
  EXPECT_EQ(called_.front(), "app-0/manifest compact_document 5");
  EXPECT_EQ(RunInWorker("run_documents", {{"run", "put_document"}}, "").status, 400);
}

TEST_F(Documents, SnapshotsAreListedByPageTheNewestFirst) {
  for (int day = 1; day <= 9; ++day) {
    documents_.r2.Put("snapshots/2026-11-0" + std::to_string(day) + ".json", std::string(7, ' '),
                      {{"version", "5-4ea58349eb542b4" + std::to_string(day)}});
  }
  documents_.r2.Put("snapshots/places/2026-11-01.json", "");
  documents_.r2.Put("snapshots/notes.txt", "");
  documents_.r2.Put("apps/blog/snapshots/2026-11-10.json", "");
  native::Answer answer = RunInWorker("list_snapshots", {{"limit", "8"}}, "viewer");
  EXPECT_EQ(answer.status, 200) << answer.body;
  const json page = json::parse(answer.body, nullptr, false);
  ASSERT_EQ(page.size(), 8U);
  EXPECT_EQ(page[0], json({{"day", "2026-11-09"}, {"size", 7}, {"version", "5-4ea58349eb542b49"}}));
  EXPECT_EQ(answer.data["next_before"], "2026-11-02");
  answer = RunInWorker("list_snapshots", {{"before", "2026-11-02"}}, "viewer");
  EXPECT_EQ(json::parse(answer.body, nullptr, false).size(), 1U);
  EXPECT_FALSE(answer.data.contains("next_before"));
  answer = RunInWorker("list_snapshots", {{"app", "blog"}}, "user");
  EXPECT_EQ(answer.body, R"([{"day":"2026-11-10","size":0,"version":null}])");
  EXPECT_EQ(RunInWorker("list_snapshots", {{"before", "x"}}, "user").status, 400);
  EXPECT_EQ(RunInWorker("list_snapshots", {{"app", "-"}}, "user").status, 400);
  EXPECT_EQ(RunInWorker("list_snapshots", {}, "").status, 401);
}

}  // namespace
}  // namespace tidemark::testing
