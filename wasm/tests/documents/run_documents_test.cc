// What the Worker does for documents without their objects: the crons' rounds, lists of snapshots.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "documents/app.h"
#include "tests/support/backups.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

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

// As a platform that allows an invocation so many subrequests.
class Rounds : public ::testing::Test {
 protected:
  Rounds() {
    for (int i = 0; i < 100; ++i) {
      documents_.db.Execute("INSERT INTO documents VALUES ('app-" + std::to_string(i) + "', 0)");
    }
    documents_.before_d1 = [this](const auto&) { return Spend(); };
  }
  native::Answer Run(const std::string& at, int allowed, bool resumes = false) {
    left_ = allowed;
    Params params{{"run", "compact_document"}, {"at", at}};
    if (resumes) params["resume"] = "1";
    const Request request = documents_.RequestOf("run_documents", params, {}, "");
    native::Stores stores = documents_.StoresOf({});
    stores.call = [this](const native::HostCommand& command,
                         native::Held* held) -> std::variant<CallReply, Failure> {
      if (auto failure = Spend()) return *std::move(failure);
      ++runs_[command.space + " " + command.params.at("at")];
      EXPECT_FALSE(command.params.contains("resume"));
      held->texts.emplace_back();
      return CallReply{200, {}, {static_cast<uint32_t>(held->texts.size() - 1)}};
    };
    return native::RunToEnd(&documents_.engine, request, "", "", stores, false);
  }
  std::optional<Failure> Spend() {
    if (left_-- > 0) return std::nullopt;
    return Failure{"unavailable", "Too many subrequests"};
  }

  DocumentHarness documents_;
  int left_ = 0;
  std::map<std::string, int> runs_;  // of each app and time
};

TEST_F(Rounds, ARunGoesOnWhereTheLastOneStopped) {
  native::Answer answer = Run("5", 50);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.data["unfinished"], "1");
  EXPECT_EQ(answer.data["failed"], "0");
  size_t before = 0;
  int runs = 1;
  for (; answer.data.contains("unfinished") && runs < 9; ++runs) {
    EXPECT_GT(runs_.size(), before);
    before = runs_.size();
    answer = Run("99", 50, /*resumes=*/true);
  }
  EXPECT_LE(runs, 4);
  // All of them for the day that the round is of.
  EXPECT_EQ(runs_.size(), 100U);
  EXPECT_EQ(runs_.count("app-99/manifest 5"), 1U);
  EXPECT_EQ(Run("99", 50, /*resumes=*/true).data["documents"], "0");
  EXPECT_EQ(runs_.size(), 100U);
  Run("7", 1'000);
  EXPECT_EQ(runs_.size(), 200U);
}

TEST_F(Rounds, ANewOneBeginsWhereTheOldOneEndedAndComesRound) {
  Run("5", 50);
  const size_t done = runs_.size();
  ASSERT_LT(done, 60U);
  // Days that are never resumed: nobody is always last.
  for (int day = 6; day < 12; ++day) Run(std::to_string(day), 50);
  std::map<std::string, int> apps;
  for (const auto& [run, times] : runs_) apps[run.substr(0, run.find(' '))] += 1;
  EXPECT_EQ(apps.size(), 100U);
  const auto least = std::min_element(
      apps.begin(), apps.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  EXPECT_GE(least->second, 2);
  runs_.clear();
  EXPECT_FALSE(Run("20", 1'000).data.contains("unfinished"));
  EXPECT_EQ(runs_.size(), 100U);
  for (const auto& [run, times] : runs_) EXPECT_EQ(times, 1) << run;
}

TEST_F(Rounds, AnOlderOneThatStillRunsLeavesTheNewerOnesNoteAlone) {
  Run("7", 50);
  const std::string note = "SELECT at || ' ' || begins || ' ' || after FROM rounds";
  const std::vector<std::string> noted = documents_.db.Rows(note);
  ASSERT_EQ(noted.size(), 1U);
  EXPECT_FALSE(Run("5", 1'000).data.contains("unfinished"));
  EXPECT_EQ(documents_.db.Rows(note), noted);
  Run("99", 1'000, /*resumes=*/true);
  EXPECT_TRUE(documents_.db.Rows(note).empty());
  EXPECT_EQ(runs_.count("app-99/manifest 7"), 1U);
}

TEST_F(Rounds, AnyAllowanceIsEnoughInTheEnd) {
  for (int allowed = 15; allowed < 45; ++allowed) {
    runs_.clear();
    native::Answer answer = Run(std::to_string(allowed), allowed);
    for (int i = 0; answer.data.contains("unfinished") && i < 20; ++i) {
      answer = Run("99", allowed, /*resumes=*/true);
    }
    EXPECT_EQ(runs_.size(), 100U) << allowed;
  }
  EXPECT_EQ(Run("5", 0).status, 503);
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
