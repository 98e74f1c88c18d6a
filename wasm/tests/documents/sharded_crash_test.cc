// Changes of a sharded document that die: between any two steps of the manifest, at any call that
// is lost, whose answer is lost, or that comes late. The document is the old one or the new one,
// what was acknowledged is in it, and nothing stays locked.

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>

#include "tests/support/documents.h"
#include "tests/support/sharded_harness.h"

namespace tidemark::testing {
namespace {

using Fate = ShardedHarness::Fate;

constexpr const char* kOld = R"({"v":1,"a":[{"id":"x","n":0},{"id":"y"}],"b":[{"id":"w"}]})";
constexpr const char* kNew = R"({"a":[{"id":"y","n":5},{"id":"z"}],"v":2,"c":[{"id":"w"}]})";

struct Act {
  const char* name;
  const char* before;  // the layouts
  const char* after;
  bool puts;
};
constexpr Act kActs[] = {
    {"put by collection", "collection", "collection", true},
    {"put by day", "day:d", "day:d", true},
    {"first put", "", "collection", true},
    {"relayout to collections", "", "collection", false},
    {"relayout to days", "", "day", false},
    {"relayout back", "collection", "", false},
    {"relayout from days", "day:d", "", false},
};

std::unique_ptr<ShardedHarness> Prepared(const Act& act) {
  auto app = std::make_unique<ShardedHarness>(act.before);
  if (app->layout.empty()) app->documents.Put(kOld);
  if (!app->layout.empty()) app->Put(kOld);
  EXPECT_TRUE(app->RunUntilIdle());
  app->layout = act.after;
  app->documents.now_ms += 10;
  return app;
}

std::unique_ptr<native::Running> Begun(const Act& act, ShardedHarness* app) {
  return act.puts ? app->BeginPut(kNew, {{"if_match", "*"}}) : app->BeginRelayout();
}

// As members: the order of records changes with days, and that of members stays.
std::string Sorted(const std::string& text) { return json::parse(text).dump(); }

native::Answer PatchIn(ShardedHarness* app, const json& operation) {
  return app->layout.empty() ? app->documents.Patch(operation) : app->Patch(operation);
}

// What must hold when all has come to rest. `added`: the record `k` of `b`, if it was acknowledged.
void ExpectWhole(const Act& act, ShardedHarness* app, bool added) {
  ASSERT_TRUE(app->RunUntilIdle());
  EXPECT_TRUE(app->Locked().empty());
  app->DeliverLate();
  EXPECT_TRUE(app->Locked().empty());
  if (!act.puts) EXPECT_EQ(app->Relayout().status, 200);
  const native::Answer view = app->View();
  ASSERT_EQ(view.status, 200) << view.body;
  json is = json::parse(view.body);
  bool found = false;
  if (is.contains("b")) {
    for (size_t i = 0; i < is["b"].size(); ++i) {
      if (is["b"][i]["id"] != "k") continue;
      found = true;
      is["b"].erase(i);
    }
    if (is["b"].empty()) is.erase("b");
  }
  EXPECT_EQ(found, added);
  const bool whole = is.dump() == Sorted(kOld) || (act.puts && is.dump() == Sorted(kNew));
  EXPECT_TRUE(whole) << view.body;
  EXPECT_EQ(PatchIn(app, Upsert("a", {{"id", "last"}})).status, 200);
  EXPECT_EQ(PatchIn(app, Upsert("b", {{"id", "last"}})).status, 200);
  ASSERT_TRUE(app->RunUntilIdle());
  EXPECT_EQ(app->documents.PublishedText(), app->Text());
  EXPECT_EQ(app->Replayed(), app->Text());
}

enum class Next { kAlarm, kView, kWrite };

TEST(ShardedCrash, AChangeThatDiesBetweenTwoStepsIsWholeOrNone) {
  for (const Act& act : kActs) {
    for (int died = 0;; ++died) {
      const Next next =
          std::array{Next::kAlarm, Next::kView, Next::kWrite}[static_cast<size_t>(died) % 3];
      SCOPED_TRACE(std::string(act.name) + ", dies after step " + std::to_string(died));
      auto app = Prepared(act);
      auto running = Begun(act, app.get());
      while (!running->done() && running->steps() < died) running->Step();
      const bool ended = running->done();
      running.reset();
      app->Forget();
      app->documents.now_ms += 10;
      bool added = false;
      if (next == Next::kView) app->View();
      if (next == Next::kWrite) {
        added = PatchIn(app.get(), Upsert("b", {{"id", "k"}})).status < 300;
        EXPECT_TRUE(added || app->layout.empty());
      }
      ExpectWhole(act, app.get(), added);
      if (HasFailure()) return;
      if (ended) break;
    }
  }
}

TEST(ShardedCrash, WritersBetweenTwoStepsLoseNothing) {
  for (const Act& act : kActs) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE(std::string(act.name) + ", a writer after step " + std::to_string(at));
      auto app = Prepared(act);
      auto running = Begun(act, app.get());
      while (!running->done() && running->steps() < at) running->Step();
      const bool ended = running->done();
      const native::Answer added = PatchIn(app.get(), Upsert("b", {{"id", "k"}}));
      while (!running->done()) running->Step();
      running.reset();
      app->Forget();
      // A put on any tag replaces what was written before it took the document.
      if (!act.puts || ended) ExpectWhole(act, app.get(), added.status < 300);
      if (HasFailure()) return;
      if (ended) break;
    }
  }
}

TEST(ShardedCrash, ACallThatIsLostOrLateIsMadeUpFor) {
  for (const Act& act : kActs) {
    int calls = 0;
    for (int bad = 0; bad <= calls; ++bad) {
      for (const Fate fate : {Fate::kLost, Fate::kMute, Fate::kLate}) {
        // Of the many, all of the first and the last, and of those between one each.
        if (bad % 3 != static_cast<int>(fate) % 3 && bad > 3 && bad + 3 < calls) continue;
        SCOPED_TRACE(std::string(act.name) + ", call " + std::to_string(bad) + ", fate " +
                     std::to_string(static_cast<int>(fate)));
        auto app = Prepared(act);
        calls = 0;
        app->fate = [&](const std::string&, const std::string&) {
          return calls++ == bad ? fate : Fate::kMade;
        };
        auto running = Begun(act, app.get());
        while (!running->done()) running->Step();
        running.reset();
        app->Forget();
        app->fate = nullptr;
        ExpectWhole(act, app.get(), false);
        if (HasFailure()) return;
      }
    }
  }
}

TEST(ShardedCrash, AFirstWriteInAShardIsMadeOrNot) {
  for (const char* layout : {"collection", "day", "day:d"}) {
    for (int died = 0;; ++died) {
      SCOPED_TRACE(std::string(layout) + ", dies after step " + std::to_string(died));
      ShardedHarness app(layout);
      auto running = app.BeginPatch(Upsert("c", {{"id", "x"}, {"d", "2026-01-01"}}));
      while (!running->done() && running->steps() < died) running->Step();
      const bool ended = running->done();
      running.reset();
      ASSERT_TRUE(app.RunUntilIdle());
      if (ended) EXPECT_EQ(app.Text(), R"({"c":[{"d":"2026-01-01","id":"x"}]})");
      EXPECT_LT(app.Patch(Upsert("c", {{"id", "y"}, {"d", "2026-01-01"}})).status, 300);
      const json whole = json::parse(app.Text());
      EXPECT_GE(whole["c"].size(), 1U);
      ASSERT_TRUE(app.RunUntilIdle());
      EXPECT_EQ(app.documents.PublishedText(), app.Text());
      EXPECT_EQ(app.Replayed(), app.Text());
      if (HasFailure()) return;
      if (ended) break;
    }
  }
}

// A record whose shard was told before the whole document was changed is asked for again.
TEST(ShardedCrash, APlaceIsForgottenWithTheDocumentThatItWasIn) {
  for (int at = 0; at < 4; ++at) {
    ShardedHarness app("day:d");
    app.Put(R"({"c":[{"id":"x","d":"2026-01-01"}],"e":[{"id":"p","d":"2026-01-02"}]})");
    auto running = app.BeginPatch(Upsert("c", {{"id", "k"}, {"d", "2026-01-01"}}));
    while (!running->done() && running->steps() < at) running->Step();
    app.Put(R"({"c":[{"id":"x","d":"2026-01-01"}],"e":[]})");
    EXPECT_EQ(app.Patch(Upsert("c", {{"id", "k"}, {"d", "2026-01-02"}})).status, 200);
    while (!running->done()) running->Step();
    EXPECT_EQ(running->Take().status, 200);
    const json whole = json::parse(app.Text());
    EXPECT_EQ(whole["c"].size(), at == 4 ? 3U : 2U) << whole;
  }
}

// What a copy reads stays of its moment, whoever writes meanwhile.
TEST(ShardedCrash, AViewIsOfOneMomentWhoeverWrites) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE(at);
    ShardedHarness app("collection");
    app.Put(kOld);
    const std::string tag = app.Tag();
    const std::string old = app.Text();
    app.documents.now_ms += 5;
    auto running = app.BeginView();
    while (!running->done() && running->steps() < at) running->Step();
    const bool ended = running->done();
    // The second follows the first: no view has it alone.
    EXPECT_EQ(app.Patch(Upsert("a", {{"id", "first"}})).status, 200);
    EXPECT_EQ(app.Patch(Upsert("b", {{"id", "second"}})).status, 200);
    EXPECT_EQ(app.Patch(Upsert("fresh", {{"id", "third"}})).status, 200);
    while (!running->done()) running->Step();
    const native::Answer view = running->Take();
    running.reset();
    app.Forget();
    ASSERT_EQ(view.status, 200);
    const bool first = view.body.find("first") != std::string::npos;
    const bool second = view.body.find("second") != std::string::npos;
    const bool third = view.body.find("third") != std::string::npos;
    EXPECT_TRUE(first || !second);
    EXPECT_TRUE(second || !third);
    EXPECT_EQ(view.Header("etag") == tag, view.body == old);
    EXPECT_EQ(view.Header("etag") == app.Tag(), view.body == app.Text());
    if (HasFailure() || ended) return;
  }
}

TEST(ShardedCrash, ACallOfACopyThatDiedDoesNotDisturbTheNext) {
  ShardedHarness app("collection");
  app.Put(kOld);
  app.fate = [](const std::string&, const std::string& operation) {
    return operation == "freeze_shard" || operation == "thaw_shard" ? Fate::kLate : Fate::kMade;
  };
  EXPECT_EQ(app.View().status, 503);
  app.fate = nullptr;
  const std::string old = app.Text();
  app.calls.clear();
  auto running = app.BeginView();
  while (app.calls[app.ObjectOf("b") + " freeze_shard"] == 0) running->Step();
  app.Patch(Upsert("a", {{"id", "x"}, {"n", 9}}));
  app.DeliverLate();
  while (!running->done()) running->Step();
  EXPECT_EQ(running->Take().body, old);
  running.reset();
  app.Forget();
}

}  // namespace
}  // namespace tidemark::testing
