// Tables that rows of many keys lie in: which can move, and what befalls them while they do.

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "tests/shards/move_of_a.h"
#include "tests/shards/move_settled.h"
#include "tests/support/move_harness.h"

namespace tidemark::testing {
namespace {

TEST(MovedTables, TablesThatCannotMoveAreToldAndNothingIsLeft) {
  const std::pair<const char*, const char*> cases[] = {
      {"CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END", "table_has_triggers"},
      {"CREATE TABLE pairs (x, y, PRIMARY KEY (x, y)); INSERT INTO pairs VALUES (1, 2)",
       "no_routing_key"},
      {"CREATE TABLE plain (x); INSERT INTO plain VALUES (1)", "no_routing_key"}};
  for (const auto& [script, code] : cases) {
    MoveHarness world;
    native::SqliteStore& a = world.database("a");
    a.Execute("CREATE TABLE users (id TEXT PRIMARY KEY)");
    a.Execute("INSERT INTO users VALUES ('" + KeyOfA(0) + "')");
    MakeSlots(&world);
    a.Execute(script);
    world.Post("/moves", kAllToB);
    EXPECT_TRUE(FailureOf(&world).starts_with(code)) << world.Moves();
    ExpectSettled(&world, {{"users", "id"}});
  }
  MoveHarness world;
  world.database("a").Execute("CREATE TABLE users (id TEXT PRIMARY KEY)");
  world.database("b").Execute("CREATE TABLE users (id TEXT PRIMARY KEY, more)");
  EXPECT_EQ(world.CodeOf("/slots", {{"availableShards", {"a", "b"}}}), "schema_differs");
  world.database("b").Execute("DROP TABLE users");
  MakeSlots(&world);
  world.database("b").Execute("ALTER TABLE users ADD COLUMN more");
  world.Post("/moves", kAllToB);
  EXPECT_TRUE(FailureOf(&world).starts_with("schema_differs")) << world.Moves();
}

TEST(MovedTables, TablesChangedWhileRowsMoveMakeItBeginAnewAndLoseNothing) {
  const std::pair<const char*, const char*> changes[] = {
      {"ALTER TABLE users ADD COLUMN more DEFAULT 5", "schema_differs"},
      {"DROP TABLE extras", ""},
      {"CREATE TABLE aaa (id TEXT PRIMARY KEY)", ""},
      // It has the same columns again, but no trigger.
      {"CREATE TABLE u (id TEXT PRIMARY KEY, name TEXT); INSERT INTO u SELECT * FROM users; "
       "DROP TABLE users; ALTER TABLE u RENAME TO users",
       ""}};
  for (const auto& [change, code] : changes) {
    std::set<std::string> states;
    for (int at = 0; at < 160; at += 4) {
      MoveHarness world;
      native::SqliteStore& a = world.database("a");
      a.Execute("CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT)");
      a.Execute("CREATE TABLE extras (id TEXT PRIMARY KEY)");
      for (int i = 0; i < 3; ++i) {
        a.Execute("INSERT INTO users VALUES ('" + KeyOfFew(i) + "', 'name')");
      }
      MakeSlots(&world);
      const std::vector<std::string> before = world.Everywhere("SELECT id, name FROM users");
      world.Post("/moves", kFewToB);
      for (int i = 0; i < at; ++i) world.StepAlarm(1);
      const std::string state = world.State();
      states.insert(state);
      world.Crash();
      a.Execute(change);
      ASSERT_TRUE(world.Settle()) << at << change << world.Moves();
      EXPECT_EQ(world.Everywhere("SELECT id, name FROM users"), before) << at << change;
      const json move = world.Moves().back();
      if (move["state"] == "failed") {
        EXPECT_TRUE(*code != '\0' && move["error"].get<std::string>().starts_with(code)) << move;
      } else {
        EXPECT_EQ(move["state"], "cleaned") << move;
      }
      ExpectSettled(&world, {{"users", "id"}});
    }
    EXPECT_TRUE(states.contains("fenced") && states.contains("switched")) << states.size();
  }
}

TEST(MovedTables, ChildThatComesWhileItsParentIsAboutToGoIsToldToWait) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute("CREATE TABLE users (id TEXT PRIMARY KEY)");
  a.Execute(
      "CREATE TABLE links (id TEXT PRIMARY KEY, other TEXT REFERENCES users (id), note TEXT)");
  world.Post("/routes", {{"tables", {{"links", "id"}}}});
  const std::string parent = KeyOfFew(0);
  a.Execute("INSERT INTO users VALUES ('" + parent + "')");
  MakeSlots(&world);
  world.Post("/moves", {{"kind", "key"}, {"key", parent}, {"shard", "b"}});
  int let_in = 0;
  int refused = 0;
  while (world.StepAlarm(1)) {
    if (!world.database("b").Rows("SELECT 1 FROM users").empty()) continue;
    native::Held held;
    const std::string key = "link " + std::to_string(let_in + refused);
    const auto ran = a.Run({{"INSERT INTO links VALUES (?1, ?2, NULL)", {key, parent}, {}}}, &held);
    const auto* failure = std::get_if<Failure>(&ran);
    if (failure == nullptr) {
      ++let_in;
      a.Execute("DELETE FROM links");
    } else {
      EXPECT_NE(failure->message.find("tidemark: moved"), std::string::npos) << failure->message;
      ++refused;
    }
  }
  EXPECT_GT(let_in, 0);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  ExpectSettled(&world, {{"users", "id"}});
}

TEST(MovedTables, RowOfATableThatComesWhileSlotsMoveIsNotLeftBehind) {
  int refused = 0;
  for (int at = 0; at < 60; at += 2) {
    MoveHarness world;
    for (const char* name : {"a", "b"}) {
      world.database(name).Execute("CREATE TABLE users (id TEXT PRIMARY KEY)");
    }
    const std::string key = KeyOfFew(0);
    world.database("a").Execute("INSERT INTO users VALUES ('" + key + "')");
    MakeSlots(&world);
    world.Post("/moves", kFewToB);
    int batch = 0;
    world.before = [&](const std::string&) -> std::optional<Failure> {
      if (batch++ != at) return std::nullopt;
      for (const char* name : {"a", "b"}) {
        native::SqliteStore& shard = world.database(name);
        shard.Execute("CREATE TABLE aaa (id TEXT PRIMARY KEY)");
        const bool taken =
            !shard
                 .Rows("SELECT 1 FROM tidemark_slots WHERE writable = 1 AND slot = " +
                       std::to_string(SlotOf(key)))
                 .empty();
        if (taken) shard.Execute("INSERT INTO aaa VALUES ('" + key + "')");
        if (!taken) ++refused;
      }
      return std::nullopt;
    };
    ASSERT_TRUE(world.Settle());
    if (batch <= at) break;
    EXPECT_EQ(world.State(), "cleaned") << world.Moves();
    ExpectSettled(&world, {{"users", "id"}, {"aaa", "id"}});
  }
  EXPECT_GT(refused, 0);
}

TEST(MovedTables, RowsOfATableThatStaysHoldTheirParentsBack) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute("CREATE TABLE users (id TEXT PRIMARY KEY)");
  a.Execute("CREATE TABLE derived (id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id))");
  world.Post("/routes", {{"tables", {{"derived", nullptr}}}});
  a.Execute("INSERT INTO users VALUES ('" + KeyOfA(0) + "')");
  a.Execute("INSERT INTO derived VALUES ('d', '" + KeyOfA(0) + "')");
  MakeSlots(&world);
  world.Post("/moves", kAllToB);
  EXPECT_TRUE(FailureOf(&world).starts_with("rows_referenced")) << world.Moves();
  ExpectSettled(&world, {{"users", "id"}});
  a.Execute("DELETE FROM derived");
  world.Post("/moves/retry", {{"id", 1}});
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
}

TEST(MovedTables, ShardWithManyEmptyTablesIsAdded) {
  MoveHarness world;
  for (int i = 0; i < 30; ++i) {
    const std::string table = "CREATE TABLE t" + std::to_string(i) + " (id TEXT PRIMARY KEY)";
    for (const char* name : {"a", "b", "c"}) world.database(name).Execute(table);
  }
  const json made = MakeSlots(&world);
  EXPECT_FALSE(made["table"].contains("gathering"));
  EXPECT_EQ(world.Post("/moves", {{"kind", "add"}, {"shard", "c"}})["moves"].size(), 2U);
  ASSERT_TRUE(world.Settle());
  ExpectSettled(&world, {});
}

TEST(MovedTables, WidestTableMovesAndOneMoreColumnIsRefused) {
  for (const int columns : {96, 97}) {
    MoveHarness world;
    native::SqliteStore& a = world.database("a");
    std::string names = "id TEXT PRIMARY KEY";
    std::string values = "'" + KeyOfA(0) + "'";
    for (int i = 1; i < columns; ++i) {
      names += ", n" + std::to_string(i);
      values += ", " + std::to_string(i) + ".5";
    }
    a.Execute("CREATE TABLE wide (" + names + ")");
    EXPECT_EQ(world.CodeOf("/slots", {{"availableShards", {"a", "b"}}}),
              columns == 96 ? "" : "table_too_wide");
    a.Execute("INSERT INTO wide VALUES (" + values + ")");
    if (columns == 97) continue;
    const std::vector<std::string> before = world.Everywhere("SELECT * FROM wide");
    world.Post("/moves", kAllToB);
    ASSERT_TRUE(world.Settle());
    EXPECT_EQ(world.State(), "cleaned") << world.Moves();
    EXPECT_EQ(world.database("b").Rows("SELECT * FROM wide"), before);
  }
}

}  // namespace
}  // namespace tidemark::testing
