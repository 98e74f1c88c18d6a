// What the Worker does for documents without their objects: the crons' rounds, lists of snapshots.

#include <gtest/gtest.h>

#include <algorithm>

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
