// A record on its way as the library moves those of a key: whatever dies in between, whoever writes
// to it meanwhile, and which rows a key has.

#include <gtest/gtest.h>

#include <functional>
#include <iterator>
#include <memory>

#include "tests/support/migrating.h"

namespace tidemark::testing {
namespace {

// Moves u1 as the library does, step by step: it is copied, noted, led to its new place, deleted.
class Reassigning {
 public:
  explicit Reassigning(ExistingHarness* harness) : harness_(harness) {
    harness->mapped[kKey] = "old";
  }

  // Between two of them, and while nobody has been led there: nothing. False when all is done.
  bool Step() {
    if (running_ == nullptr) {
      if (phase_ == std::size(kPhases)) return false;
      if (kPhases[phase_] == "led") {
        harness_->mapped[kKey] = "new";
        if (on_switch) on_switch();
      }
      running_ = harness_->Begin("migrate_record", Of(kKey, {{"until", kPhases[phase_]}}));
    }
    running_->Step();
    if (!running_->done()) return true;
    const native::Answer answer = running_->Take();
    running_.reset();
    ++phase_;
    if (answer.status != 200) {
      error = answer.data.at("error");
      phase_ = std::size(kPhases);
    }
    return true;
  }

  std::string Run() {
    while (Step()) continue;
    return error;
  }

  std::function<void()> on_switch;
  std::string error;

 private:
  static constexpr const char* kKey = "u1";
  inline static const std::string kPhases[] = {"copied", "mapped", "led"};

  ExistingHarness* harness_;
  size_t phase_ = 0;
  std::unique_ptr<native::Running> running_;
};

// Dies after each step, and is run again: at no moment is the record nowhere, and in the end it is
// in one place.
TEST(Reassign, ThatDiesBetweenAnyTwoStepsIsRunAgain) {
  for (const bool one_by_one : {false, true}) {
    for (int died = 0;; ++died) {
      SCOPED_TRACE("dies after step " + std::to_string(died));
      ExistingHarness harness;
      harness.one_by_one = one_by_one;
      harness.database("old").Execute(std::string(kUsers) + ";" + kAnn);
      bool ended = false;
      {
        Reassigning dies(&harness);
        for (int i = 0; i < died && !ended; ++i) ended = !dies.Step();
      }
      const std::string at = harness.mapped.at("u1");
      EXPECT_EQ(Rows(&harness, at, "SELECT name FROM users WHERE id = 'u1'"), Texts{"Ann"});
      // Where it had been led to its new place, only what is left is moved.
      const std::string again =
          at == "old" ? Reassigning(&harness).Run() : Migrate(&harness, "u1", {{"until", "led"}});
      EXPECT_TRUE(again.empty() || again.starts_with("moved:")) << again;
      EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
      EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|1"});
      EXPECT_EQ(Notes(&harness), 0);
      if (HasFailure()) return;
      if (ended) break;
    }
  }
}

// Whoever follows the mapping writes to the record between any two steps.
TEST(Reassign, NoWriteThatFollowsTheMappingIsLost) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("a write after step " + std::to_string(at));
    ExistingHarness harness;
    Prepare(&harness);
    Reassigning moving(&harness);
    bool ended = false;
    for (int i = 0; i < at && !ended; ++i) ended = !moving.Step();
    harness.database(harness.mapped.at("u1")).Execute("UPDATE users SET n = 99 WHERE id = 'u1'");
    EXPECT_EQ(moving.Run(), "");
    EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|99"});
    EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
    EXPECT_EQ(Notes(&harness), 0);
    if (HasFailure()) return;
    if (ended) break;
  }
}

// A write that comes late to the old place, after the key was led to the new one.
TEST(Reassign, ALateWriteToTheOldPlaceIsTakenAlong) {
  ExistingHarness harness;
  Prepare(&harness);
  Reassigning moving(&harness);
  moving.on_switch = [&] {
    harness.database("old").Execute("UPDATE users SET n = 7 WHERE id = 'u1'");
  };
  EXPECT_EQ(moving.Run(), "");
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|7"});
  EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
}

TEST(Reassign, ARecordThatIsWrittenToInBothPlacesIsLeftInBoth) {
  ExistingHarness harness;
  Prepare(&harness);
  Reassigning moving(&harness);
  moving.on_switch = [&] {
    harness.database("old").Execute("UPDATE users SET n = 7 WHERE id = 'u1'");
    harness.database("new").Execute("UPDATE users SET n = 8 WHERE id = 'u1'");
  };
  EXPECT_EQ(moving.Run(), "record_conflict");
  EXPECT_EQ(Rows(&harness, "old").size(), 2U);
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|8"});
}

// Deleted where the key leads: the copy that was left behind does not bring it back.
TEST(Reassign, ARecordThatIsDeletedInItsNewPlaceStaysDeleted) {
  ExistingHarness harness;
  Prepare(&harness);
  for (const char* until : {"copied", "mapped"}) Migrate(&harness, "u1", {{"until", until}});
  harness.database("new").Execute("DELETE FROM users WHERE id = 'u1'");
  EXPECT_EQ(Migrate(&harness, "u1", {{"until", "led"}}), "moved:1");
  EXPECT_TRUE(Rows(&harness, "new").empty());
  EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
}

// Rows of one key that refer to one another go together.
TEST(Reassign, RowsOfTheSameKeyDoNotHoldItsParentBack) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.database("old").Execute(R"sql(
    CREATE TABLE posts (id TEXT PRIMARY KEY, user_id TEXT, editor TEXT REFERENCES users (id));
    INSERT INTO posts VALUES ('p', 'u1', 'u1'), ('q', 'u2', 'u2'), ('r', 'u1', 'u2');)sql");
  const Params routed = {
      {"until", "copied"}, {"owner", "u1"}, {"routes", R"({"posts":"user_id"})"}};
  EXPECT_EQ(Migrate(&harness, "u1", routed), "moved:1");
  Params others = routed;
  others["owner"] = "u2";
  EXPECT_EQ(Migrate(&harness, "u2", others), "record_referenced");
  EXPECT_EQ(Migrate(&harness, "u1"), "record_referenced");
}

TEST(Reassign, ACopyIsTakenBackAndNothingElse) {
  const Params undone = {{"until", "undone"}};
  ExistingHarness harness;
  Prepare(&harness);
  EXPECT_EQ(Migrate(&harness, "u1", undone), "moved:");
  EXPECT_EQ(Migrate(&harness, "u1", {{"until", "copied"}}), "moved:1");
  EXPECT_EQ(Migrate(&harness, "u1", undone), "moved:1");
  EXPECT_TRUE(Rows(&harness, "new").empty());
  EXPECT_EQ(Notes(&harness), 0);
  // One that was written to, or that somebody may be led to, is no copy.
  Migrate(&harness, "u1", {{"until", "copied"}});
  harness.database("new").Execute("UPDATE users SET n = 5 WHERE id = 'u1'");
  EXPECT_EQ(Migrate(&harness, "u1", undone), "moved:");
  for (const char* until : {"copied", "mapped"}) Migrate(&harness, "u2", {{"until", until}});
  EXPECT_EQ(Migrate(&harness, "u2", undone), "moved:");
  EXPECT_EQ(Rows(&harness, "new").size(), 2U);
}

// Whoever deletes a record while there is only a copy of it has deleted that too.
TEST(Reassign, ARecordThatIsDeletedInItsOldPlaceStaysDeleted) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("deleted after step " + std::to_string(at));
    ExistingHarness harness;
    Prepare(&harness);
    auto running = harness.Begin("migrate_record", Of("u1", {{"until", "copied"}}));
    for (int i = 0; i < at && !running->done(); ++i) running->Step();
    const bool ended = running->done();
    harness.database("old").Execute("DELETE FROM users WHERE id = 'u1'");
    while (!running->done()) running->Step();
    EXPECT_EQ(Migrate(&harness, "u1", {{"until", "mapped"}}), "record_not_found");
    EXPECT_TRUE(Rows(&harness, "new").empty());
    EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
    EXPECT_EQ(Notes(&harness), 0);
    if (HasFailure()) return;
    if (ended) break;
  }
}

// A note that was left behind does not pass for a copy when the record moves again.
TEST(Reassign, AnOldNoteIsNoCopy) {
  for (const char* until : {"copied", ""}) {
    ExistingHarness harness;
    Prepare(&harness);
    for (const char* phase : {"copied", "mapped"}) Migrate(&harness, "u1", {{"until", phase}});
    harness.database("new").Execute("DELETE FROM users");
    EXPECT_EQ(Migrate(&harness, "u1", {{"until", until}}), "moved:1");
    EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|1"});
  }
}

// What came late to the old place is written to in the new one as soon as it is there.
TEST(Reassign, ALateRecordIsNotOverwrittenWhereItIsLedTo) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("written after step " + std::to_string(at));
    ExistingHarness harness;
    Prepare(&harness);
    auto running = harness.Begin("migrate_record", Of("u1", {{"until", "led"}}));
    for (int i = 0; i < at && !running->done(); ++i) running->Step();
    const bool ended = running->done();
    harness.database("new").Execute("UPDATE users SET n = 99 WHERE id = 'u1'");
    const bool there = !Rows(&harness, "new").empty();
    while (!running->done()) running->Step();
    Migrate(&harness, "u1", {{"until", "led"}});
    if (there) EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|99"});
    if (HasFailure()) return;
    if (ended) break;
  }
}

// Writes to both places: whichever comes last has seen the other, or both are left to be seen.
TEST(Reassign, WritesToBothPlacesAreNotLost) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("written after step " + std::to_string(at));
    ExistingHarness harness;
    Prepare(&harness);
    for (const char* until : {"copied", "mapped"}) Migrate(&harness, "u1", {{"until", until}});
    harness.database("old").Execute("UPDATE users SET n = 7 WHERE id = 'u1'");
    auto running = harness.Begin("migrate_record", Of("u1", {{"until", "led"}}));
    for (int i = 0; i < at && !running->done(); ++i) running->Step();
    const bool ended = running->done();
    const Texts before = Rows(&harness, "new");
    harness.database("new").Execute("UPDATE users SET n = 99 WHERE id = 'u1'");
    while (!running->done()) running->Step();
    EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|99"});
    if (Rows(&harness, "old").size() == 1) {
      EXPECT_EQ(before, Texts{"u1|Ann|7"});
    } else {
      EXPECT_EQ(running->Take().data.at("error"), "record_conflict");
    }
    if (HasFailure()) return;
    if (ended) break;
  }
}

// A row that comes to refer to the record in the last moment is not deleted with it.
TEST(Reassign, NoRowIsDeletedWithARecord) {
  for (int at = 0;; ++at) {
    SCOPED_TRACE("a child after step " + std::to_string(at));
    ExistingHarness harness;
    Prepare(&harness);
    harness.database("old").Execute(
        "CREATE TABLE posts (id TEXT PRIMARY KEY, "
        "author TEXT REFERENCES users (id) ON DELETE CASCADE)");
    auto running = harness.Begin("migrate_record", Of("u1", {{"until", "led"}}));
    for (int i = 0; i < at && !running->done(); ++i) running->Step();
    const bool ended = running->done();
    const bool there = Rows(&harness, "old").size() == 2;
    if (there) harness.database("old").Execute("INSERT INTO posts VALUES ('p', 'u1')");
    while (!running->done()) running->Step();
    if (there) EXPECT_EQ(Rows(&harness, "old", "SELECT id FROM posts"), Texts{"p"});
    if (HasFailure()) return;
    if (ended) break;
  }
}

TEST(HeldKey, IsMovedByOneAtATime) {
  ExistingHarness harness;
  const auto hold = [&](const std::string& holder, const std::string& keep = "") {
    const Params params = {{"shard", "db"}, {"key", "k"}, {"holder", holder}, {"keep", keep}};
    return harness.Run("hold_key", params).data.at("held");
  };
  const auto release = [&](const std::string& holder) {
    harness.Run("release_key", {{"shard", "db"}, {"key", "k"}, {"holder", holder}});
  };
  EXPECT_EQ(hold("a"), "1");
  EXPECT_EQ(hold("b"), "");
  release("b");
  EXPECT_EQ(hold("b"), "");
  // Who keeps it has it for two minutes more.
  harness.now_ms += 119'999;
  EXPECT_EQ(hold("a", "1"), "1");
  EXPECT_EQ(hold("b", "1"), "");
  harness.now_ms += 119'999;
  EXPECT_EQ(hold("b"), "");
  harness.now_ms += 1;
  EXPECT_EQ(hold("b"), "1");
  EXPECT_EQ(hold("a", "1"), "");
  release("a");
  EXPECT_EQ(hold("c"), "");
  // Whoever has let go of it since has moved it.
  release("b");
  EXPECT_EQ(hold("a", "1"), "");
  EXPECT_EQ(hold("c"), "1");
}

// Two runs of one move, of which one gives up: the record is somewhere at every step.
TEST(Reassign, ARunThatGivesUpTakesNothingFromAnother) {
  for (int at = 0;; ++at) {
    for (int undoing = 0; undoing < 8; ++undoing) {
      SCOPED_TRACE("after step " + std::to_string(at) + ", " + std::to_string(undoing));
      ExistingHarness harness;
      Prepare(&harness);
      Reassigning moving(&harness);
      bool ended = false;
      for (int i = 0; i < at && !ended; ++i) ended = !moving.Step();
      auto undo = harness.Begin("migrate_record", Of("u1", {{"until", "undone"}}));
      for (int i = 0; i < undoing && !undo->done(); ++i) undo->Step();
      for (int i = 0; i < 3; ++i) moving.Step();
      while (!undo->done()) undo->Step();
      moving.Run();
      const std::string where = harness.mapped.at("u1");
      EXPECT_EQ(Rows(&harness, where, "SELECT name FROM users WHERE id = 'u1'"), Texts{"Ann"});
      if (HasFailure()) return;
      if (ended) return;
    }
  }
}

std::string RowsOfKey(ExistingHarness* harness, const std::string& key, const Params& more = {}) {
  Params params = {{"shard", "old"}, {"key", key}};
  for (const auto& [name, value] : more) params[name] = value;
  const native::Answer answer = harness->Run("list_key_rows", params);
  return answer.status == 200 ? answer.body : answer.data.at("error");
}

TEST(KeyRows, AreThoseOfItsPrimaryKeyAndOfDeclaredColumns) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.database("old").Execute(R"sql(
    CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id TEXT);
    INSERT INTO posts VALUES (1, 'u1'), (2, 'u2'), (3, 'u1');
    CREATE TABLE keyless (name TEXT);
    INSERT INTO keyless VALUES ('u1');
    CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (a, b));)sql");
  EXPECT_EQ(RowsOfKey(&harness, "u1"), R"([["users","u1"]])");
  const Params routed = {{"routes", R"({"Posts":"USER_ID","users":"id"})"}};
  EXPECT_EQ(RowsOfKey(&harness, "u1", routed), R"([["posts","1"],["posts","3"],["users","u1"]])");
  EXPECT_EQ(RowsOfKey(&harness, "1"), R"([["posts","1"]])");
  EXPECT_EQ(RowsOfKey(&harness, "1", routed), "[]");
  EXPECT_EQ(RowsOfKey(&harness, "u1", {{"routes", R"({"users":null})"}}), "[]");
  EXPECT_EQ(RowsOfKey(&harness, "u1", {{"table", "USERS"}}), R"([["users","u1"]])");
  for (const Params& params : {Params{{"table", "none"}}, Params{{"table", "keyless"}},
                               Params{{"routes", R"({"posts":"none"})"}}}) {
    EXPECT_EQ(RowsOfKey(&harness, "u1", params), "invalid_table_name");
  }
  // Rows that nothing tells apart hold their own key back alone.
  const Params pairs = {{"routes", R"({"pairs":"a"})"}};
  harness.database("old").Execute("INSERT INTO pairs VALUES ('u2', 'x')");
  EXPECT_EQ(RowsOfKey(&harness, "u1", pairs), R"([["users","u1"]])");
  EXPECT_EQ(RowsOfKey(&harness, "u2", pairs), "unreadable_record");
}

TEST(KeyRows, AreThirtyAtMost) {
  ExistingHarness harness;
  harness.Fill("old", "items", 0, "x");
  harness.database("old").Execute(R"sql(
    CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id TEXT);
    INSERT INTO posts (user_id)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
    SELECT 'u1' FROM n;)sql");
  const Params routed = {{"routes", R"({"posts":"user_id"})"}};
  EXPECT_EQ(json::parse(RowsOfKey(&harness, "u1", routed)).size(), 30U);
  harness.database("old").Execute("INSERT INTO posts (user_id) VALUES ('u1')");
  EXPECT_EQ(RowsOfKey(&harness, "u1", routed), "too_many_rows");
}

}  // namespace
}  // namespace tidemark::testing
