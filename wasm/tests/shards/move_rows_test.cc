// Which rows move, as what, and what is refused.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "shards/slot_table.h"
#include "tests/shards/move_of_a.h"
#include "tests/shards/move_settled.h"
#include "tests/support/move_harness.h"

namespace tidemark::testing {
namespace {

// What a statement gives of a shard's staging, `{stage}`; nothing where there is none.
std::vector<std::string> Staged(MoveHarness* world, const std::string& shard, std::string sql) {
  native::SqliteStore& store = world->database(shard);
  const std::vector<std::string> names = store.Rows(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'tidemark_stage_%'");
  if (names.empty()) return {};
  sql.replace(sql.find("{stage}"), 7, names[0]);
  return store.Rows(sql);
}

TEST(MovedRows, ValuesOfAllTypesSurvive) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute("CREATE TABLE things (id TEXT PRIMARY KEY, v, w REAL, x INTEGER, y BLOB)");
  const char* const values[] = {
      "NULL, 1.0, 9007199254740993, x'00ff'",         "1, 0.1, -9223372036854775808, x''",
      "1.0, 1e300, 9223372036854775807, NULL",        "'1', -2.5e-300, 0, 'text'",
      "'a' || char(0) || 'b', NULL, NULL, x'61'",     "'', 3, 1.5, zeroblob(70000)",
      "'\u00e9\u4e16', 123456.789, 'no number', '{}'"};
  int at = 0;
  for (const char* value : values) {
    a.Execute("INSERT INTO things VALUES ('" + KeyOfA(at++) + "', " + value + ")");
  }
  MakeSlots(&world);
  const std::string exactly =
      "SELECT id, typeof(v), hex(v), v = 1, typeof(w), printf('%!.20g', w), typeof(x), x, "
      "typeof(y), hex(y) FROM things";
  const std::vector<std::string> before = world.Everywhere(exactly);
  world.Post("/moves", kAllToB);
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  EXPECT_EQ(world.database("b").Rows("SELECT 1 FROM things").size(), std::size(values));
  EXPECT_EQ(world.Everywhere(exactly), before);
  ExpectSettled(&world, {{"things", "id"}});
}

TEST(MovedRows, TablesWithoutRowNumbersAndCompositeKeysGoByTheirDeclaredColumn) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute(
      "CREATE TABLE cells (n INTEGER, owner TEXT, part BLOB, value, PRIMARY KEY (n, owner, part)) "
      "WITHOUT ROWID; CREATE INDEX by_owner ON cells (owner)");
  for (int i = 0; i < 1'200; ++i) {
    a.Execute("INSERT INTO cells VALUES (" + std::to_string(i % 7) + ", '" + KeyOfA(i % 40) +
              "', " + (i % 2 == 0 ? "x'" : "'") + std::to_string(1'000 + i) + "', " +
              std::to_string(i) + ")");
  }
  EXPECT_EQ(world.CodeOf("/slots", {{"availableShards", {"a", "b"}}}), "no_routing_key");
  world.Post("/routes", {{"tables", {{"CELLS", "Owner"}}}});
  MakeSlots(&world);
  const std::vector<std::string> before = world.Everywhere("SELECT *, typeof(part) FROM cells");
  world.Post("/moves", kAllToB);
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  EXPECT_EQ(world.Everywhere("SELECT *, typeof(part) FROM cells"), before);
  EXPECT_TRUE(a.Rows("SELECT 1 FROM cells").empty());
  EXPECT_EQ(world.database("b").Rows("SELECT 1 FROM sqlite_master WHERE name = 'by_owner'").size(),
            1U);
}

TEST(MovedRows, RowsThatReferToTheirOwnersGoWithThem) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute(
      "CREATE TABLE users (id TEXT PRIMARY KEY);"
      "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL REFERENCES "
      "users ON DELETE CASCADE, title TEXT);"
      "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, post INTEGER REFERENCES "
      "posts (id) ON DELETE CASCADE)");
  world.Post("/routes", {{"tables", {{"notes", "owner"}}}});
  for (int i = 0; i < 30; ++i) {
    const std::string key = KeyOfA(i);
    a.Execute("INSERT INTO users VALUES ('" + key +
              "'); INSERT INTO posts (owner, title) VALUES ('" + key + "', 'one'), ('" + key +
              "', 'two'); INSERT INTO notes (owner, post) SELECT '" + key +
              "', max(id) FROM posts");
  }
  MakeSlots(&world);
  const std::string all =
      "SELECT 'u', id, '' FROM users UNION ALL SELECT id, owner, title FROM posts UNION ALL SELECT "
      "id, owner, post FROM notes";
  const std::vector<std::string> before = world.Everywhere(all);
  world.Post("/moves", kAllToB);
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  EXPECT_EQ(world.Everywhere(all), before);
  EXPECT_EQ(world.database("b").Rows("SELECT 1 FROM notes").size(), 30U);
  EXPECT_TRUE(world.database("b").Rows("PRAGMA foreign_key_check").empty());
}

TEST(MovedRows, RowThatRowsOfOtherSlotsReferToStaysWithThem) {
  const json half = {{"kind", "rebalance"}, {"weights", {{"a", 3}, {"b", 5}}}};
  const auto key_between = [](size_t least, size_t most) {
    std::string key = "k";
    while (SlotOf(key) < least || SlotOf(key) >= most) key += "k";
    return key;
  };
  const std::string stays = key_between(0, kSlots * 3 / 8);
  const std::string goes = key_between(kSlots * 3 / 8, kSlots / 2);
  for (const bool parent_goes : {true, false}) {
    MoveHarness world;
    native::SqliteStore& a = world.database("a");
    a.Execute(
        "CREATE TABLE things (id TEXT PRIMARY KEY, other TEXT REFERENCES things ON DELETE "
        "CASCADE)");
    const std::string parent = parent_goes ? goes : stays;
    const std::string child = parent_goes ? stays : goes;
    a.Execute("INSERT INTO things VALUES ('" + parent + "', NULL), ('" + child + "', '" + parent +
              "')");
    MakeSlots(&world);
    const std::vector<std::string> before = world.Everywhere("SELECT * FROM things");
    world.Post("/moves", half);
    const std::string error = FailureOf(&world);
    EXPECT_TRUE(error.starts_with(parent_goes ? "rows_referenced" : "refused")) << error;
    EXPECT_EQ(a.Rows("SELECT * FROM things").size(), 2U);
    EXPECT_EQ(world.Everywhere("SELECT * FROM things"), before);
    ExpectSettled(&world, {{"things", "id"}});
    // Together they may go.
    world.Post("/moves", kAllToB);
    ASSERT_TRUE(world.Settle());
    EXPECT_EQ(world.State(), "cleaned") << world.Moves();
    EXPECT_EQ(world.Everywhere("SELECT * FROM things"), before);
  }
}

TEST(MovedRows, ReferenceWithoutRegardToCaseHoldsItsOwnerBack) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute(
      "CREATE TABLE users (id TEXT PRIMARY KEY COLLATE NOCASE);"
      "CREATE TABLE posts (id INTEGER PRIMARY KEY, owner TEXT REFERENCES users ON DELETE CASCADE)");
  // Both of a; only the slot of the owner goes.
  std::string owner = "k";
  std::string upper = "K";
  while (SlotOf(owner) < kSlots * 3 / 8 || SlotOf(owner) >= kSlots / 2 ||
         SlotOf(upper) >= kSlots * 3 / 8) {
    owner += "k";
    upper += "K";
  }
  a.Execute("INSERT INTO users VALUES ('" + owner + "'); INSERT INTO posts VALUES (1, '" + upper +
            "')");
  MakeSlots(&world);
  world.Post("/moves", {{"kind", "rebalance"}, {"weights", {{"a", 3}, {"b", 5}}}});
  EXPECT_TRUE(FailureOf(&world).starts_with("rows_referenced")) << world.Moves();
  EXPECT_EQ(a.Rows("SELECT * FROM users"), std::vector<std::string>{owner});
  EXPECT_EQ(a.Rows("SELECT * FROM posts"), std::vector<std::string>{"1|" + upper});
}

TEST(MovedRows, RowThatWasTamperedWithInStagingIsFoundAndNothingIsLost) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute("CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT)");
  for (int i = 0; i < 50; ++i) {
    a.Execute("INSERT INTO users VALUES ('" + KeyOfA(i) + "', 'name')");
  }
  MakeSlots(&world);
  const std::vector<std::string> before = world.Everywhere("SELECT * FROM users");
  for (const std::string change :
       {"UPDATE {stage} SET c1 = 'other' WHERE k0 = 7", "DELETE FROM {stage}",
        "UPDATE {stage} SET c1 = CAST(c1 AS BLOB) WHERE k0 = 9"}) {
    if (world.Moves().empty()) world.Post("/moves", kAllToB);
    bool done = false;
    world.before = [&](const std::string&) -> std::optional<Failure> {
      const bool staged = Staged(&world, "b", "SELECT 1 FROM {stage}").size() == 50;
      if (staged && !done) Staged(&world, "b", change);
      done = done || staged;
      return std::nullopt;
    };
    EXPECT_TRUE(FailureOf(&world).starts_with("copy_differs")) << change;
    EXPECT_TRUE(done);
    world.before = nullptr;
    EXPECT_EQ(world.Everywhere("SELECT * FROM users"), before);
    ExpectSettled(&world, {{"users", "id"}});
    world.Post("/moves/retry", {{"id", world.Moves().back()["id"]}});
  }
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned");
  EXPECT_EQ(world.Everywhere("SELECT * FROM users"), before);
  EXPECT_TRUE(a.Rows("SELECT 1 FROM users").empty());
}

TEST(MovedRows, ReplacedRowOfAUniqueColumnDoesNotComeBack) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute("CREATE TABLE users (id TEXT PRIMARY KEY, mail TEXT UNIQUE)");
  a.Execute("INSERT INTO users VALUES ('" + KeyOfA(0) + "', 'm'), ('" + KeyOfA(2) + "', 'n')");
  MakeSlots(&world);
  world.Post("/moves", kAllToB);
  bool done = false;
  world.before = [&](const std::string&) -> std::optional<Failure> {
    const bool staged = Staged(&world, "b", "SELECT 1 FROM {stage}").size() == 2;
    // No trigger sees the row that goes.
    if (staged && !done) a.Execute("REPLACE INTO users VALUES ('" + KeyOfA(1) + "', 'm')");
    done = done || staged;
    return std::nullopt;
  };
  ASSERT_TRUE(world.Settle());
  EXPECT_TRUE(done);
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  std::vector<std::string> expected = {KeyOfA(1) + "|m", KeyOfA(2) + "|n"};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(world.Everywhere("SELECT * FROM users"), expected);
}

TEST(MovedRows, RowsWithoutARoutingKeyAreCountedAndStay) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT)");
  a.Execute("INSERT INTO notes (owner) VALUES (NULL), (x'00'), ('" + KeyOfA(0) + "')");
  world.Post("/routes", {{"tables", {{"notes", "owner"}}}});
  MakeSlots(&world);
  world.Post("/moves", kAllToB);
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.Moves().back()["copied"], 1);
  EXPECT_EQ(world.Moves().back()["stayed"], 2);
  EXPECT_EQ(a.Rows("SELECT 1 FROM notes").size(), 2U);
}

TEST(MovedRows, LargeRowsThatWereWrittenAreCarriedInParts) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute("CREATE TABLE users (id TEXT PRIMARY KEY, picture BLOB)");
  for (int i = 0; i < 20; ++i) {
    a.Execute("INSERT INTO users VALUES ('" + KeyOfA(i) + "', zeroblob(300000))");
  }
  MakeSlots(&world);
  world.Post("/moves", kAllToB);
  bool done = false;
  world.before = [&](const std::string&) -> std::optional<Failure> {
    const bool staged = Staged(&world, "b", "SELECT 1 FROM {stage}").size() == 20;
    if (staged && !done) a.Execute("UPDATE users SET picture = randomblob(300001)");
    done = done || staged;
    return std::nullopt;
  };
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  EXPECT_EQ(world.database("b").Rows("SELECT 1 FROM users WHERE length(picture) = 300001").size(),
            20U);
  ExpectSettled(&world, {{"users", "id"}});
}

TEST(MovedRows, ShardThatHasRowsIsNotAdded) {
  MoveHarness world;
  world.database("a").Execute("CREATE TABLE users (id TEXT PRIMARY KEY)");
  MakeSlots(&world);
  world.database("c").Execute("CREATE TABLE users (id TEXT PRIMARY KEY)");
  world.database("c").Execute("INSERT INTO users VALUES ('anybody')");
  const json add_c = {{"kind", "add"}, {"shard", "c"}};
  EXPECT_EQ(world.CodeOf("/moves", add_c), "rows_misplaced");
  EXPECT_EQ(json::parse(world.Ask("GET", "/slots").body)["table"]["shards"], json({"a", "b"}));
  world.database("c").Execute("DELETE FROM users");
  EXPECT_EQ(world.Post("/moves", add_c)["moves"].size(), 2U);
  ASSERT_TRUE(world.Settle());
  ExpectSettled(&world, {{"users", "id"}});
}

TEST(MovedRows, RowThatTheTargetRefusesStaysWhereItIs) {
  MoveHarness world;
  for (const char* name : {"a", "b"}) {
    world.database(name).Execute("CREATE TABLE users (id TEXT PRIMARY KEY, mail TEXT UNIQUE)");
  }
  std::string theirs = "t";
  while (SlotOf(theirs) < kSlots / 2) theirs += "t";
  world.database("a").Execute("INSERT INTO users VALUES ('" + KeyOfA(0) + "', 'same')");
  world.database("b").Execute("INSERT INTO users VALUES ('" + theirs + "', 'same')");
  MakeSlots(&world);
  world.Post("/moves", kAllToB);
  EXPECT_TRUE(FailureOf(&world).starts_with("refused")) << world.Moves();
  ExpectSettled(&world, {{"users", "id"}});
  world.database("b").Execute("UPDATE users SET mail = 'other'");
  world.Post("/moves/retry", {{"id", 1}});
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  ExpectSettled(&world, {{"users", "id"}});
}

TEST(MovedRows, SlotsWithManyRowsGoInGroups) {
  MoveHarness world;
  native::SqliteStore& a = world.database("a");
  a.Execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, owner TEXT, text TEXT)");
  world.Post("/routes", {{"tables", {{"rows", "owner"}}}});
  for (int i = 0; i < 12; ++i) {
    a.Execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 599) "
        "INSERT INTO rows (owner, text) SELECT '" +
        KeyOfA(i) + "', 'text ' || i FROM n");
  }
  MakeSlots(&world);
  const std::vector<std::string> before = world.Everywhere("SELECT * FROM rows");
  world.Post("/moves", kAllToB);
  ASSERT_TRUE(world.Settle());
  EXPECT_EQ(world.State(), "cleaned") << world.Moves();
  EXPECT_EQ(world.Moves().back()["rows"], 7'200);
  EXPECT_EQ(world.Everywhere("SELECT * FROM rows"), before);
  ExpectSettled(&world, {{"rows", "owner"}});
}

}  // namespace
}  // namespace tidemark::testing
