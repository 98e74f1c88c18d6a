// Projection: D1 gets what the space has, whatever happens on the way.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/limits.h"
#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

using Strings = std::vector<std::string>;

// The space's live records as Projected gives D1's.
Strings Owned(SpaceHarness* space) {
  Strings rows = space->space.Rows("SELECT collection, id, seq FROM records WHERE deleted = 0");
  std::sort(rows.begin(), rows.end());
  return rows;
}

json Notes(int count, const char* colour) {
  json notes = json::array();
  for (int i = 0; i < count; ++i) {
    notes.push_back(
        Update("n" + std::to_string(100 + i), {{"text", "A"}, {"colour", colour}}, kNow));
  }
  return notes;
}

// D1 refuses rows of a table whose id begins with "bad".
void RefuseRowsWith(SpaceHarness* space, const std::string& table) {
  for (auto& [name, shard] : space->shards) {
    shard->Execute("CREATE TRIGGER refuse BEFORE INSERT ON " + table +
                   " BEGIN SELECT RAISE(ABORT, 'refused by a test') WHERE NEW.id LIKE 'bad%'; END");
  }
}
void RefuseNothing(SpaceHarness* space) {
  for (auto& [name, shard] : space->shards) shard->Execute("DROP TRIGGER refuse");
}

TEST(Project, RowsAreThoseOfTheOwner) {
  SpaceHarness space;
  space.Sync("phone", {{"cards", {Update("c", CardData("p", "?"), kNow)}},
                       {"sessions", {Update("s", SessionData("p"), kNow)}},
                       {"notes", {Update("n", {{"text", "A"}, {"plan_id", "p"}}, kNow)}},
                       {"plans", {Update("p", PlanData("A"), kNow), Removal("q", kNow)}}});
  EXPECT_EQ(space.alarm_at, kNow + limits::kProjectDelayMs);
  space.Tick();
  EXPECT_EQ(space.Projected(), Owned(&space));
  EXPECT_EQ(space.Projected().size(), 4U);
}

// The rows of each shard that has some.
std::map<std::string, size_t> RowsByShard(SpaceHarness* space) {
  std::map<std::string, size_t> rows;
  for (auto& [name, shard] : space->shards) {
    const size_t count = shard->Rows("SELECT id FROM plans").size();
    if (count > 0) rows[name] = count;
  }
  return rows;
}

std::string OtherThan(SpaceHarness* space, const std::string& shard) {
  for (const auto& [name, database] : space->shards) {
    if (name != shard) return name;
  }
  return {};
}

TEST(Project, AUserWhosePlaceChangesIsProjectedAnewAndWipedWhereItWas) {
  SpaceHarness space;
  space.Sync("phone",
             {{"plans", {Update("p", PlanData("A"), kNow), Update("q", PlanData("B"), kNow)}}});
  space.Tick();
  const std::string before = RowsByShard(&space).begin()->first;
  space.place = OtherThan(&space, before);
  const native::Answer listed = space.List({{"collection", "plans"}});
  EXPECT_EQ(listed.data.at("source"), "d1, caught up");
  EXPECT_EQ(RowsByShard(&space), (std::map<std::string, size_t>{{space.place, 2}}));
  EXPECT_EQ(space.Projected(), Owned(&space));
  // Who still reads where it was is sent on.
  const native::Answer old = space.List({{"collection", "plans"}, {"place", before}});
  EXPECT_EQ(old.body, listed.body);
  space.place = before;
  space.Sync("phone", Body("plans", {Removal("p", kNow + 1)}));
  space.Tick();
  EXPECT_EQ(RowsByShard(&space).begin()->first, before);
  EXPECT_EQ(space.Projected(), Owned(&space));
}

TEST(Project, AMoveThatDiesAnywhereIsFinishedByTheNextRun) {
  for (int step = 0;; ++step) {
    SpaceHarness space;
    space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
    space.Tick();
    const std::string before = RowsByShard(&space).begin()->first;
    space.place = OtherThan(&space, before);
    int left = step;
    bool died = false;
    space.on_d1 = [&](const std::vector<native::HostStatement>&) -> std::optional<Failure> {
      died |= left == 0;
      return left-- <= 0 ? std::optional(Failure{"unavailable", "D1 is down"}) : std::nullopt;
    };
    space.Tick();
    space.on_d1 = nullptr;
    EXPECT_EQ(space.List({{"collection", "plans"}}).status, 200);
    space.Tick();
    EXPECT_EQ(RowsByShard(&space), (std::map<std::string, size_t>{{space.place, 1}})) << step;
    EXPECT_EQ(space.Projected(), Owned(&space)) << step;
    if (!died) break;
    ASSERT_LT(step, 20);
  }
}

TEST(Project, WhileItIsMadeAnewNoReaderTakesItForWhole) {
  SpaceHarness space;
  const json seen = space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  space.Tick();
  space.place = OtherThan(&space, RowsByShard(&space).begin()->first);
  int pages = 1;  // and then nothing is written any more
  space.on_d1 = [&](const auto& statements) -> std::optional<Failure> {
    const bool writes = statements.front().sql.find("json('moved')") != std::string::npos;
    return writes && pages-- <= 0 ? std::optional(Failure{"unavailable", "D1 is down"})
                                  : std::nullopt;
  };
  space.Tick();
  EXPECT_EQ(RowsByShard(&space).size(), 2U);
  const Params query{{"collection", "plans"}, {"cursor", seen.at("cursor").get<std::string>()}};
  EXPECT_EQ(space.List(query).data.at("source"), "space");
  space.on_d1 = nullptr;
  space.Tick();
  EXPECT_EQ(space.List(query).data.at("source"), "d1");
  EXPECT_EQ(space.Projected(), Owned(&space));
}

TEST(Project, ADatabaseThatIsBoundNoMoreIsLeftWithoutBeingWiped) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  space.Tick();
  const std::string before = RowsByShard(&space).begin()->first;
  space.place = OtherThan(&space, before);
  int batches = 0;
  space.on_d1 = [&](const std::vector<native::HostStatement>&) -> std::optional<Failure> {
    // Reads its progress, sends a page, says that it is whole, and then leaves.
    return ++batches == 4 ? std::optional(Failure{"unbound", "no database"}) : std::nullopt;
  };
  space.Tick();
  EXPECT_TRUE(space.space.Rows("SELECT value FROM meta WHERE key = 'left_shard'").empty());
  EXPECT_EQ(RowsByShard(&space).size(), 2U);
}

TEST(Project, UpdatesAndDeletionsFollow) {
  SpaceHarness space;
  space.Sync("phone", {{"plans", {Update("p", PlanData("A"), kNow)}},
                       {"cards", {Update("c", CardData("p", "?"), kNow)}}});
  space.Tick();
  space.Sync("phone", {{"plans", {Update("p", PlanData("B"), kNow + 1)}},
                       {"cards", {Removal("c", kNow + 1)}}});
  space.Tick();
  EXPECT_EQ(space.Projected(), Owned(&space));
  space.Sync("phone", Body("plans", {Removal("p", kNow + 2)}));
  space.Tick();
  EXPECT_EQ(space.Projected(), Strings{});
}

TEST(Project, ASecondRunWritesNothing) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  EXPECT_NE(space.Tick().data.at("rows_written"), "0");
  EXPECT_EQ(space.Tick().data.at("rows_written"), "0");
}

TEST(Project, CatchesUpAfterD1WasDown) {
  SpaceHarness space;
  space.d1_down = true;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  int64_t delay = 0;
  for (int i = 0; i < 12; ++i) {
    space.Tick();
    EXPECT_GE(space.alarm_at - space.now_ms, delay);
    delay = space.alarm_at - space.now_ms;
    EXPECT_LE(delay, limits::kProjectRetryMaxMs);
  }
  EXPECT_EQ(delay, limits::kProjectRetryMaxMs);
  space.d1_down = false;
  space.Tick();
  EXPECT_EQ(space.Projected(), Owned(&space));
}

TEST(Project, ABatchWhoseAnswerWasLostIsNotAppliedTwice) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  Request tick = space.RequestOf("tick", {}, true);
  tick.identity = {};
  native::Stores stores = space.StoresOfSpace();
  const auto d1 = stores.d1;
  int batches = 0;
  stores.d1 = [&](const auto& shard, const auto& statements,
                  native::Held* held) -> std::variant<ResultSets, Failure> {
    auto answer = d1(shard, statements, held);
    if (++batches == 2) return Failure{"unavailable", "the answer was lost"};
    return answer;
  };
  native::RunToEnd(&space.engine, tick, "", "", stores, false);
  EXPECT_EQ(space.Projected(), Owned(&space));
  EXPECT_EQ(space.Tick().data.at("rows_written"), "0");
  EXPECT_EQ(space.Projected(), Owned(&space));
}

TEST(Project, ARefusedRowIsSetAsideAndTheRestGoesOn) {
  SpaceHarness space;
  RefuseRowsWith(&space, "plans");
  space.Sync("phone", {{"plans",
                        {Update("a", PlanData("A"), kNow), Update("bad", PlanData("B"), kNow),
                         Update("c", PlanData("C"), kNow)}}});
  const native::Answer answer = space.Tick();
  EXPECT_EQ(answer.data.at("problem").substr(0, 17), "refused by a test");
  EXPECT_EQ(space.Projected(), (Strings{"plans|a|1", "plans|c|3"}));
  EXPECT_EQ(space.space.Rows("SELECT collection, id FROM set_aside"), Strings{"plans|bad"});
  EXPECT_LE(space.alarm_at, space.now_ms + limits::kProjectRetryMaxMs);
}

TEST(Project, ARowThatWasSetAsideComesInLaterWithItsChildren) {
  SpaceHarness space;
  RefuseRowsWith(&space, "plans");
  json cards = json::array();
  for (int i = 0; i < 30; ++i) {
    cards.push_back(Update("c" + std::to_string(i), CardData("bad", "?"), kNow));
  }
  space.Sync("phone", {{"plans", {Update("bad", PlanData("B"), kNow)}}, {"cards", cards}});
  space.Tick();
  EXPECT_EQ(space.Projected(), Strings{});
  RefuseNothing(&space);
  for (int i = 0; i < 10; ++i) {
    space.now_ms += 1000;
    space.Tick();
  }
  EXPECT_EQ(space.Projected(), Owned(&space));
  EXPECT_EQ(space.space.Rows("SELECT * FROM set_aside"), Strings{});
}

TEST(Project, RowsThatStayRefusedDoNotKeepOthersWaiting) {
  SpaceHarness space;
  RefuseRowsWith(&space, "notes");
  json notes = Notes(2, "red");
  for (int i = 0; i < 25; ++i) {
    notes.push_back(Update("bad" + std::to_string(i), {{"text", "A"}}, kNow));
  }
  space.Sync("phone", Body("notes", notes));
  space.Tick();
  EXPECT_EQ(space.Projected().size(), 2U);
  RefuseNothing(&space);
  for (auto& [name, shard] : space.shards) {
    shard->Execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON notes BEGIN SELECT RAISE(ABORT, 'no')"
        " WHERE NEW.id LIKE 'bad%' AND NEW.id <> 'bad9'; END");
  }
  for (int i = 0; i < 4; ++i) {
    space.now_ms += 1000;
    space.Tick();
  }
  EXPECT_EQ(space.Projected().size(), 3U);
}

TEST(Project, ARowThatIsChangedWhileSetAsideComesInAsItIs) {
  SpaceHarness space;
  for (auto& [name, shard] : space.shards) {
    shard->Execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON plans BEGIN SELECT RAISE(ABORT, 'no')"
        " WHERE NEW.title = 'bad'; END");
  }
  space.Sync("phone", Body("plans", {Update("p", PlanData("bad"), kNow)}));
  space.Tick();
  space.Sync("phone", Body("plans", {Update("p", PlanData("good"), kNow + 1)}));
  space.Tick();
  EXPECT_EQ(space.Projected(), Owned(&space));
  EXPECT_EQ(space.space.Rows("SELECT * FROM set_aside"), Strings{});
}

TEST(Project, ParentsThatChangedLaterComeBeforeTheirChildren) {
  SpaceHarness space;
  json plans = json::array();
  json cards = json::array();
  for (int i = 0; i < 5; ++i) {
    plans.push_back(Update("p" + std::to_string(i), PlanData("A"), kNow));
    for (int j = 0; j < 600; ++j) {
      cards.push_back(
          Update("c" + std::to_string(i * 600 + j), CardData("p" + std::to_string(i), "?"), kNow));
    }
  }
  space.Sync("phone", {{"plans", plans}, {"cards", cards}});
  for (json& plan : plans) plan["updated_at"] = kNow + 1;
  space.Sync("phone", Body("plans", plans));  // each parent's seq is above its children's
  const native::Answer answer = space.Tick();
  EXPECT_FALSE(answer.data.contains("set_aside"));
  EXPECT_EQ(space.Projected(), Owned(&space));
}

TEST(Project, PagesAreBoundedInRowsAndBytes) {
  SpaceHarness space;
  json data = PlanData("A");
  data["content"] = std::string(400'000, 'x');
  json plans = json::array();
  for (int i = 0; i < 6; ++i) plans.push_back(Update("p" + std::to_string(i), data, kNow));
  data["content"] = std::string(950'000, 'x');
  plans.push_back(Update("large", data, kNow));
  space.Sync("phone", Body("plans", plans));
  int batches = 0;
  space.on_d1 = [&](const auto& /*statements*/) -> std::optional<Failure> {
    ++batches;
    return std::nullopt;
  };
  space.Tick();
  EXPECT_GE(batches, 4);  // how far D1 is, and pages of at most 900 KB
  EXPECT_EQ(space.Projected(), Owned(&space));
}

TEST(Project, ARunIsBoundedAndTheAlarmGoesOn) {
  SpaceHarness space;
  json data = PlanData("A");
  data["content"] = std::string(limits::kProjectBytesMax / 2, 'x');
  const json start = space.Sync("phone", json::object());
  for (int i = 0; i < limits::kProjectPagesMax + 2; ++i) {
    space.Sync("phone", With(Body("plans", {Update("p" + std::to_string(100 + i), data, kNow)}),
                             "cursor", start.at("cursor")));
  }
  space.Tick();
  EXPECT_EQ(space.Projected().size(), static_cast<size_t>(limits::kProjectPagesMax));
  EXPECT_EQ(space.alarm_at, space.now_ms + limits::kProjectDelayMs);
  space.Tick();
  EXPECT_EQ(space.Projected(), Owned(&space));
}

TEST(Project, AnotherEpochWipesWhatWasProjected) {
  SpaceHarness space;
  space.Sync("phone", {{"plans", {Update("p", PlanData("A"), kNow)}},
                       {"cards", {Update("c", CardData("p", "?"), kNow)}}});
  space.Tick();
  space.space.Execute("DELETE FROM records; UPDATE meta SET value = 'fe' WHERE key = 'epoch'");
  space.Sync("phone", Body("plans", {Update("q", PlanData("B"), kNow)}));
  space.Tick();
  EXPECT_EQ(space.Projected(), Owned(&space));
  EXPECT_EQ(space.Projected(), Strings{"plans|q|1"});
}

TEST(Project, TwoUsersOfOneShardDoNotMix) {
  SpaceHarness space;
  space.Sync("phone", Body("plans", {Update("p", PlanData("A"), kNow)}));
  space.Tick();
  SpaceHarness other("user-2");
  other.shards = std::move(space.shards);
  other.Sync("phone", Body("plans", {Update("p", PlanData("B"), kNow)}));
  other.Tick();
  size_t rows = 0;
  for (auto& [name, shard] : other.shards) {
    rows += shard->Rows("SELECT user_id FROM plans WHERE id = 'p'").size();
  }
  EXPECT_EQ(rows, 2U);
}

}  // namespace
}  // namespace tidemark::testing
