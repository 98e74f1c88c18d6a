// How many keys each shard of a slot table has, as its shards tell when somebody asks.

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/shards/move_of_a.h"
#include "tests/shards/move_posts.h"

namespace tidemark::testing {
namespace {

using Counted = std::map<std::string, int64_t>;

constexpr int64_t kMinuteMs = 60'000;

json Stats(MoveHarness* world) {
  const native::Answer answer = world->Ask("GET", "/stats");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.data.contains("then"));
  return json::parse(answer.body, nullptr, false);
}

Counted CountsOf(const json& stats) {
  Counted counts;
  for (const json& shard : stats) counts[shard["binding"]] = shard["count"].get<int64_t>();
  return counts;
}

Counted Counts(MoveHarness* world) { return CountsOf(Stats(world)); }

int64_t UpdatedAt(MoveHarness* world, const std::string& shard) {
  for (const json& each : Stats(world)) {
    if (each["binding"] == shard) return each["lastUpdated"].get<int64_t>();
  }
  return -1;
}

void AddUser(MoveHarness* world, const std::string& shard, const std::string& key) {
  world->database(shard).Execute("INSERT INTO users VALUES ('" + key + "', NULL)");
}

// Users and their posts in a and b, without rows, and a slot table over them.
void Begin(MoveHarness* world) {
  for (const char* shard : {"a", "b"}) {
    world->database(shard).Execute(kUsers);
    world->database(shard).Execute(kPosts);
  }
  MakeSlots(world);
}

TEST(CountSlots, EachKeyOnceWhateverTablesItIsIn) {
  MoveHarness world;
  for (const char* shard : {"a", "b"}) {
    world.database(shard).Execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT)");
  }
  world.Post("/routes", {{"tables", {{"notes", "owner"}}}});
  Begin(&world);
  auto& a = world.database("a");
  for (const char* key : {"x", "y", "z"}) AddUser(&world, "a", key);
  a.Execute("INSERT INTO posts VALUES (1, 'x', ''), (2, 'x', ''), (3, NULL, '')");
  a.Execute("INSERT INTO notes (owner) VALUES ('x'), ('w'), (NULL)");
  AddUser(&world, "b", "v");
  EXPECT_EQ(Counts(&world), (Counted{{"a", 4}, {"b", 1}}));
  EXPECT_EQ(UpdatedAt(&world, "a"), world.now_ms);
}

// 1, 1.0 and '1' are one key; what differs in case alone is two, and a blob none.
TEST(CountSlots, KeysAreTheTextsThatTheyAreRoutedBy) {
  MoveHarness world;
  for (const char* shard : {"a", "b"}) {
    auto& database = world.database(shard);
    database.Execute("CREATE TABLE whole (id INTEGER PRIMARY KEY)");
    database.Execute("CREATE TABLE reals (id REAL PRIMARY KEY)");
    database.Execute("CREATE TABLE texts (id TEXT COLLATE NOCASE, at INTEGER PRIMARY KEY)");
    database.Execute("CREATE TABLE any (id PRIMARY KEY)");
  }
  world.Post("/routes", {{"tables", {{"texts", "id"}}}});
  MakeSlots(&world);
  auto& a = world.database("a");
  a.Execute("INSERT INTO whole VALUES (1), (2)");
  a.Execute("INSERT INTO reals VALUES (1), (2.5)");
  a.Execute("INSERT INTO texts (id) VALUES ('1'), ('2'), ('Ann'), ('ann'), ('ANN'), (NULL)");
  a.Execute("INSERT INTO any VALUES (2), (2.5), ('2'), (x'31'), ('')");
  EXPECT_EQ(Counts(&world), (Counted{{"a", 6}, {"b", 0}}));
}

TEST(CountSlots, TablesThatCameSinceCountAndThoseThatAShardLacksAreSkipped) {
  MoveHarness world;
  Begin(&world);
  world.database("a").Execute("CREATE TABLE \"the \"\"teams\"\"\" (\"the id\" TEXT PRIMARY KEY)");
  world.database("a").Execute("INSERT INTO \"the \"\"teams\"\"\" VALUES ('red'), ('blue')");
  AddUser(&world, "a", "red");
  AddUser(&world, "b", "v");
  world.database("b").Execute("DROP TABLE posts");
  EXPECT_EQ(Counts(&world), (Counted{{"a", 2}, {"b", 1}}));
}

// Without its own text a name would be read as a text, which every row has.
TEST(CountSlots, TableThatHasLostItsColumnIsSkipped) {
  MoveHarness world;
  Begin(&world);
  AddUser(&world, "a", "x");
  auto& a = world.database("a");
  a.Execute("DROP TABLE posts");
  a.Execute("CREATE TABLE posts (id INTEGER PRIMARY KEY, author TEXT)");
  a.Execute("INSERT INTO posts VALUES (1, 'y'), (2, 'z')");
  EXPECT_EQ(Counts(&world).at("a"), 1);
}

TEST(CountSlots, ShardWithoutTablesHasNoKeys) {
  MoveHarness world;
  Begin(&world);
  AddUser(&world, "a", "x");
  EXPECT_EQ(Counts(&world).at("a"), 1);
  for (const char* table : {"posts", "users"}) {
    world.database("a").Execute(std::string("DROP TABLE ") + table);
  }
  world.now_ms += 10 * kMinuteMs;
  EXPECT_EQ(Counts(&world).at("a"), 0);
}

// D1 takes compounds of five terms, and so does the store here.
TEST(CountSlots, AnyNumberOfTablesIsOneStatement) {
  MoveHarness world;
  for (int tables : {1, 5, 6, 25, 26, 130}) {
    for (int i = 0; i < tables; ++i) {
      std::string name = "t" + std::to_string(tables);
      name.append("_").append(std::to_string(i));
      std::string text = "CREATE TABLE " + name;
      text.append(" (id TEXT PRIMARY KEY); INSERT INTO ").append(name);
      text.append(" VALUES ('").append(name).append("'), ('of all')");
      world.database("a").Execute(text);
    }
  }
  MakeSlots(&world);
  EXPECT_EQ(Counts(&world).at("a"), 1 + 1 + 5 + 6 + 25 + 26 + 130);
}

TEST(CountSlots, NothingIsAskedWhileCountsAreYoungOrNobodyAsks) {
  MoveHarness world;
  Begin(&world);
  const int before = world.batches;
  EXPECT_EQ(Counts(&world), (Counted{{"a", 0}, {"b", 0}}));
  EXPECT_EQ(world.batches, before + 4);
  AddUser(&world, "a", "x");
  world.now_ms += 10 * kMinuteMs - 1;
  EXPECT_EQ(Counts(&world).at("a"), 0);
  world.Ask("GET", "/slots");
  world.Ask("POST", "/slots", {{"availableShards", {"a", "b"}}});
  world.Ask("GET", "/shards");
  world.now_ms += 1;
  world.Ask("GET", "/slots");
  EXPECT_EQ(world.batches, before + 4);
  EXPECT_EQ(Counts(&world).at("a"), 1);
  EXPECT_EQ(world.batches, before + 8);
}

TEST(CountSlots, ShardThatFailsKeepsItsCountAndIsNotAskedAgainAtOnce) {
  MoveHarness world;
  Begin(&world);
  for (const char* shard : {"a", "b"}) AddUser(&world, shard, "x");
  EXPECT_EQ(Counts(&world), (Counted{{"a", 1}, {"b", 1}}));
  const int64_t counted_at = world.now_ms;
  for (const char* shard : {"a", "b"}) AddUser(&world, shard, "y");
  world.now_ms += 10 * kMinuteMs;
  world.before = [](const std::string& shard) {
    return shard == "b" ? std::optional(Failure{"unavailable", "D1 is down"}) : std::nullopt;
  };
  EXPECT_EQ(Counts(&world), (Counted{{"a", 2}, {"b", 1}}));
  EXPECT_EQ(UpdatedAt(&world, "b"), counted_at);
  world.before = nullptr;
  const int before = world.batches;
  world.now_ms += 5 * kMinuteMs;
  EXPECT_EQ(Counts(&world).at("b"), 1);
  EXPECT_EQ(world.batches, before);
  world.now_ms += 5 * kMinuteMs;
  EXPECT_EQ(Counts(&world), (Counted{{"a", 2}, {"b", 2}}));
}

// It is asked which tables it has, and then fails to count.
TEST(CountSlots, ShardThatFailsHalfwayKeepsItsCountToo) {
  MoveHarness world;
  Begin(&world);
  AddUser(&world, "b", "x");
  EXPECT_EQ(Counts(&world).at("b"), 1);
  AddUser(&world, "b", "y");
  world.now_ms += 10 * kMinuteMs;
  int asked = 0;
  world.before = [&](const std::string& shard) {
    const bool fails = shard == "b" && ++asked == 2;
    return fails ? std::optional(Failure{"unavailable", "D1 is down"}) : std::nullopt;
  };
  EXPECT_EQ(Counts(&world).at("b"), 1);
  EXPECT_EQ(asked, 2);
}

TEST(CountSlots, CountsFollowWhatMoves) {
  MoveHarness world;
  Begin(&world);
  for (int i = 0; i < 20; ++i) AddUser(&world, "a", KeyOfA(i));
  EXPECT_EQ(Counts(&world), (Counted{{"a", 20}, {"b", 0}}));
  world.Post("/moves", kAllToB);
  ASSERT_TRUE(world.Settle());
  world.now_ms += 10 * kMinuteMs;
  EXPECT_EQ(Counts(&world), (Counted{{"a", 0}, {"b", 20}}));
}

TEST(CountSlots, ShardsThatAreRegisteredNoMoreAreNotAsked) {
  MoveHarness world;
  Begin(&world);
  world.Ask("DELETE", "/shards", {{"shard", "b"}});
  const int before = world.batches;
  EXPECT_EQ(Counts(&world), (Counted{{"a", 0}}));
  EXPECT_EQ(world.batches, before + 2);
}

TEST(CountSlots, WithoutASlotTableCountsAreWhatWasPlaced) {
  MoveHarness world;
  world.Post("/shards", {{"shard", "a"}});
  world.Post("/allocate", {{"primaryKey", "k"}});
  EXPECT_EQ(Counts(&world), (Counted{{"a", 1}}));
  EXPECT_EQ(world.batches, 0);
}

// A hundred at once, a minute apart, whoever waits longest first.
TEST(CountSlots, ManyShardsAreCountedInTurns) {
  MoveHarness world;
  world.shards.clear();
  for (int i = 0; i < 150; ++i) world.shards.push_back("shard " + std::to_string(1000 + i));
  world.Post("/slots", {{"availableShards", world.shards}});
  std::vector<std::string> asked;
  world.before = [&](const std::string& shard) -> std::optional<Failure> {
    asked.push_back(shard);
    return std::nullopt;
  };
  const auto turn = [&](int first, int last) {
    asked.clear();
    Counts(&world);
    const auto begin = world.shards.begin();
    EXPECT_EQ(asked, std::vector(begin + first, begin + last));
  };
  turn(0, 100);
  turn(0, 0);
  world.now_ms += kMinuteMs;
  turn(100, 150);
  world.now_ms += 9 * kMinuteMs;
  turn(0, 100);
  world.now_ms += 60 * kMinuteMs;
  asked.clear();
  Counts(&world);
  EXPECT_EQ(asked.size(), 100U);
  EXPECT_EQ(asked.front(), world.shards[100]);
}

}  // namespace
}  // namespace tidemark::testing
