// Backups of sharded documents that die between any two steps, or whose calls are lost: what is in
// R2 always gives every moment back, a restore happens wholly or not at all, and all can be done
// again.

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <memory>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/preconditions.h"
#include "tests/support/backups.h"
#include "tests/support/documents.h"
#include "tests/support/sharded_harness.h"

namespace tidemark::testing {
namespace {

using Fate = ShardedHarness::Fate;

int64_t VersionIn(const native::Answer& view) {
  const std::string tag = view.Header("etag");
  return ParseVersion(tag.substr(1, tag.size() - 2))->version;
}

native::Answer RestoreAt(ShardedHarness* app, int64_t at) {
  return app->Restore({{"at", std::to_string(at)}});
}

// A document of some moments, part of whose journal is in R2.
struct Prepared {
  explicit Prepared(const char* layout) : app(layout) {
    app.Put(R"({"v":1,"a":[{"id":"x","d":"2026-01-01"},{"id":"y"}],"b":[{"id":"w"}]})");
    Note();
    app.RunUntilIdle();
    app.documents.now_ms += 2'000;
    app.Patch(Upsert("a", {{"id", "x"}, {"d", "2026-01-02"}}));
    Note();
    app.Patch(Upsert("c", {{"id", "z"}}));
    Note();
    app.documents.now_ms += 2'000;
    app.Put(R"({"b":[{"id":"new","d":"2026-01-03"},{"id":"w"}],"v":2})");
    Note();
  }
  void Note() {
    const native::Answer view = app.View();
    moments[VersionIn(view)] = view.body;
  }
  // None of those that may be forgotten is another document than it was.
  void ExpectAll(bool forgets) {
    app.documents.now_ms += 10;
    for (const auto& [version, text] : moments) {
      const native::Answer answer = RestoreAt(&app, version);
      if (forgets && version != moments.rbegin()->first && answer.status == 410) continue;
      ASSERT_EQ(answer.status, 200) << answer.body;
      ASSERT_EQ(app.Text(), text) << version;
    }
  }

  ShardedHarness app;
  std::map<int64_t, std::string> moments;
};

struct Work {
  const char* name;
  const char* layout;
  std::function<std::unique_ptr<native::Running>(ShardedHarness*)> begin;
  bool forgets;
};

const Work kWorks[] = {
    {"snapshot by collection", "collection",
     [](ShardedHarness* app) { return app->BeginSnapshot(app->documents.now_ms); }, false},
    {"snapshot by day", "day:d",
     [](ShardedHarness* app) { return app->BeginSnapshot(app->documents.now_ms); }, false},
    {"compaction", "day:d", [](ShardedHarness* app) { return app->BeginCompact(); }, false},
    {"compaction that keeps no days", "collection",
     [](ShardedHarness* app) { return app->BeginCompact("0"); }, true},
};

TEST(ShardedBackupCrash, WorkThatDiesBetweenTwoStepsTakesNoMomentAway) {
  for (const Work& work : kWorks) {
    for (int died = 0;; ++died) {
      SCOPED_TRACE(std::string(work.name) + ", dies after step " + std::to_string(died));
      Prepared prepared(work.layout);
      const std::string tag = prepared.app.Tag();
      auto running = work.begin(&prepared.app);
      while (!running->done() && running->steps() < died) running->Step();
      const bool ended = running->done();
      running.reset();
      prepared.app.Forget();
      EXPECT_EQ(prepared.app.Tag(), tag);
      if (died % 3 == 0) {
        running = work.begin(&prepared.app);
        while (!running->done()) running->Step();
        EXPECT_EQ(running->Take().status, 200);
        running.reset();
        prepared.app.Forget();
      }
      prepared.ExpectAll(work.forgets);
      if (HasFailure() || ended) break;
    }
    if (HasFailure()) return;
  }
}

TEST(ShardedBackupCrash, ACallThatIsLostOrLateTakesNoMomentAway) {
  for (const Work& work : kWorks) {
    int calls = 0;
    for (int bad = 0; bad <= calls; ++bad) {
      const Fate fate =
          std::array{Fate::kLost, Fate::kMute, Fate::kLate}[static_cast<size_t>(bad) % 3];
      SCOPED_TRACE(std::string(work.name) + ", call " + std::to_string(bad));
      Prepared prepared(work.layout);
      calls = 0;
      prepared.app.fate = [&](const std::string&, const std::string&) {
        return calls++ == bad ? fate : Fate::kMade;
      };
      auto running = work.begin(&prepared.app);
      while (!running->done()) running->Step();
      running.reset();
      prepared.app.Forget();
      prepared.app.fate = nullptr;
      prepared.app.DeliverLate();
      prepared.ExpectAll(work.forgets);
      if (HasFailure()) return;
    }
  }
}

TEST(ShardedBackupCrash, ACopyIsOfOneMomentWhoeverWritesMeanwhile) {
  for (const char* layout : {"collection", "day:d"}) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE(std::string(layout) + ", a writer after step " + std::to_string(at));
      Prepared prepared(layout);
      ShardedHarness& app = prepared.app;
      auto running = app.BeginSnapshot(app.documents.now_ms);
      while (!running->done() && running->steps() < at) running->Step();
      const bool ended = running->done();
      app.Patch(Upsert("b", {{"id", "w"}, {"n", 1}}));
      app.Patch(Upsert("b", {{"id", "more"}, {"d", "2026-01-05"}}));
      while (!running->done()) running->Step();
      native::Answer answer = running->Take();
      EXPECT_EQ(answer.status, 200) << answer.body;
      running.reset();
      app.Forget();
      prepared.Note();
      app.RunUntilIdle();
      const std::string kept =
          TextIn(app.documents, "snapshots/" + DayOf(app.documents.now_ms) + ".json");
      app.Put("{}", {{"allow_empty", "true"}});
      const int64_t version = std::stoll(answer.data["version"]);
      ASSERT_EQ(RestoreAt(&app, version).status, 200);
      EXPECT_EQ(app.Text(), kept);
      prepared.ExpectAll(false);
      if (HasFailure()) return;
      if (ended) break;
    }
  }
}

TEST(ShardedBackupCrash, ARestoreThatDiesBetweenTwoStepsHappensOrNot) {
  for (const char* layout : {"collection", "day", "day:d"}) {
    for (int died = 0;; ++died) {
      SCOPED_TRACE(std::string(layout) + ", dies after step " + std::to_string(died));
      Prepared prepared(layout);
      ShardedHarness& app = prepared.app;
      if (died % 2 == 0) EXPECT_EQ(app.Snapshot().status, 200);
      const auto [at, then] = *std::next(prepared.moments.begin());
      const std::string now = app.Text();
      auto running = app.BeginRestore({{"at", std::to_string(at)}});
      while (!running->done() && running->steps() < died) running->Step();
      const bool ended = running->done();
      running.reset();
      app.Forget();
      app.documents.now_ms += 10;
      ASSERT_TRUE(app.RunUntilIdle());
      EXPECT_TRUE(app.Locked().empty());
      const std::string text = app.Text();
      EXPECT_TRUE(text == now || text == then) << text;
      EXPECT_EQ(app.documents.PublishedText(), text);
      if (ended) EXPECT_EQ(text, then);
      prepared.ExpectAll(false);
      EXPECT_EQ(CountIn(&app.documents.store(), "SELECT count(*) FROM staged"), 0);
      if (HasFailure()) return;
      if (ended) break;
    }
  }
}

TEST(ShardedBackupCrash, ARestoreWhoseCallIsLostOrLateHappensOrNot) {
  int calls = 0;
  for (int bad = 0; bad <= calls; ++bad) {
    const Fate fate =
        std::array{Fate::kLost, Fate::kMute, Fate::kLate}[static_cast<size_t>(bad) % 3];
    SCOPED_TRACE("call " + std::to_string(bad));
    Prepared prepared("collection");
    ShardedHarness& app = prepared.app;
    const auto [at, then] = *std::next(prepared.moments.begin());
    const std::string now = app.Text();
    calls = 0;
    app.fate = [&](const std::string&, const std::string&) {
      return calls++ == bad ? fate : Fate::kMade;
    };
    const native::Answer answer = RestoreAt(&app, at);
    app.fate = nullptr;
    app.documents.now_ms += 10;
    ASSERT_TRUE(app.RunUntilIdle());
    app.DeliverLate();
    EXPECT_TRUE(app.Locked().empty());
    const std::string text = app.Text();
    EXPECT_TRUE(text == then || (text == now && answer.status >= 400)) << text;
    prepared.ExpectAll(false);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tidemark::testing
