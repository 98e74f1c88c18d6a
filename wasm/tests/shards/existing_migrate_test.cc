// A record from one database to another: as it is, whatever it holds; once, whatever dies in
// between; and without losing what others write meanwhile.

#include <gtest/gtest.h>

#include "tests/support/existing_harness.h"

namespace tidemark::testing {
namespace {

using Texts = std::vector<std::string>;

constexpr const char* kUsers = "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT, n INTEGER)";
constexpr const char* kAnn = "INSERT INTO users VALUES ('u1', 'Ann', 1), ('u2', 'Bob', 2)";

Params Of(const std::string& key, Params more = {}) {
  Params params = {{"source", "old"}, {"target", "new"}, {"table", "users"}, {"key", key}};
  for (const auto& [name, value] : more) params[name] = value;
  return params;
}

std::string Migrate(ExistingHarness* harness, const std::string& key, Params more = {}) {
  const native::Answer answer = harness->Run("migrate_record", Of(key, std::move(more)));
  return answer.status == 200 ? "moved:" + answer.data.at("moved") : answer.data.at("error");
}

Texts Rows(ExistingHarness* harness, const std::string& shard,
           const std::string& sql = "SELECT * FROM users ORDER BY id") {
  return harness->database(shard).Rows(sql);
}

void Prepare(ExistingHarness* harness) {
  harness->database("old").Execute(std::string(kUsers) + ";" + kAnn);
  harness->database("new").Execute(kUsers);
}

int Notes(ExistingHarness* harness) {
  return std::stoi(Rows(harness, "new", "SELECT count(*) FROM tidemark_moves").front());
}

TEST(Migrate, MovesOneRecordAndLeavesTheOthers) {
  ExistingHarness harness;
  Prepare(&harness);
  EXPECT_EQ(Migrate(&harness, "u1"), "moved:1");
  EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|1"});
  EXPECT_EQ(Notes(&harness), 0);
  EXPECT_TRUE(harness.mapped.empty());
  EXPECT_EQ(Migrate(&harness, "u1"), "moved:");
}

TEST(Migrate, LeadsTheKeyToItsNewPlaceWhereItIsAskedTo) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.mapped["u1"] = "old";
  EXPECT_EQ(Migrate(&harness, "u1", {{"map", "1"}}), "moved:1");
  EXPECT_EQ(harness.mapped.at("u1"), "new");
}

TEST(Migrate, MakesTheTableWhereThereIsNone) {
  ExistingHarness harness;
  harness.database("old").Execute(std::string(kUsers) + "; CREATE INDEX by_n ON users (n);" + kAnn);
  EXPECT_EQ(Migrate(&harness, "u2"), "moved:1");
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u2|Bob|2"});
  EXPECT_EQ(Rows(&harness, "new", "SELECT name FROM sqlite_master WHERE name = 'by_n'"),
            Texts{"by_n"});
}

// A value of every type and size, in columns of every affinity.
TEST(Migrate, ARecordArrivesAsItWas) {
  for (const char* end : {")", ") WITHOUT ROWID"}) {
    ExistingHarness harness;
    for (const char* shard : {"old", "new"}) {
      harness.database(shard).Execute(
          "CREATE TABLE users (id PRIMARY KEY, a, b TEXT, c INTEGER, \"the d\" REAL, e BLOB, "
          "f NUMERIC, g, h, i COLLATE NOCASE, x AS (c + 1)" +
          std::string(end));
    }
    harness.database("old").Execute(R"sql(
      INSERT INTO users VALUES
        ('k', 9007199254740993, '007', -9223372036854775807, 1e300, x'00ff', 0.1, NULL, '',
         'MiXed'),
        (42, 1.0, 'it''s "é"', 0, -0.5, 'text', '1x', 1, x'', ''),
        ('42x', 3.0, NULL, NULL, 2, 7, 1e20, 'null', 0.30000000000000004, X'41'))sql");
    const std::string dump =
        "SELECT quote(id), quote(a), quote(b), quote(c), quote(\"the d\"), quote(e), quote(f), "
        "quote(g), quote(h), quote(i), x, typeof(a), typeof(h) FROM users ORDER BY 1";
    const Texts before = Rows(&harness, "old", dump);
    for (const char* key : {"k", "42", "42x"}) EXPECT_EQ(Migrate(&harness, key), "moved:1") << key;
    EXPECT_EQ(Rows(&harness, "new", dump), before);
    EXPECT_TRUE(Rows(&harness, "old").empty());
  }
}

TEST(Migrate, ATableOfAHundredColumns) {
  ExistingHarness harness;
  std::string columns = "id TEXT PRIMARY KEY";
  std::string values = "'u1'";
  for (int i = 1; i < 100; ++i) {
    columns += ", \"column " + std::to_string(i) + "\" INTEGER";
    values += ", " + std::to_string(i);
  }
  harness.database("old").Execute("CREATE TABLE users (" + columns + ")");
  harness.database("old").Execute("INSERT INTO users VALUES (" + values + ")");
  const Texts before = Rows(&harness, "old");
  EXPECT_EQ(Migrate(&harness, "u1"), "moved:1");
  EXPECT_EQ(Rows(&harness, "new"), before);
}

TEST(Migrate, AnotherKeyThanId) {
  ExistingHarness harness;
  harness.database("old").Execute(R"sql(
    CREATE TABLE "my orders" ("order no" INTEGER PRIMARY KEY, total REAL);
    INSERT INTO "my orders" VALUES (7, 1.5), (8, 2.5);)sql");
  EXPECT_EQ(Migrate(&harness, "7", {{"table", "MY ORDERS"}}), "moved:1");
  EXPECT_EQ(Rows(&harness, "new", "SELECT * FROM \"my orders\""), Texts{"7|1.5"});
  EXPECT_EQ(Migrate(&harness, "7x", {{"table", "my orders"}}), "record_not_found");
}

TEST(Migrate, WhatCannotBeMovedIsRefusedAndStays) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.database("old").Execute(R"sql(
    CREATE TABLE keyless (id TEXT);
    CREATE TABLE wide (id TEXT PRIMARY KEY, more TEXT);
    INSERT INTO wide VALUES ('w', 'x');
    CREATE TABLE loose (id PRIMARY KEY);
    INSERT INTO loose VALUES ('1'), (1);
    CREATE TABLE endless (id TEXT PRIMARY KEY, n REAL);
    INSERT INTO endless VALUES ('e', 9e999);
    CREATE TABLE odd (id TEXT PRIMARY KEY, n TEXT);
    INSERT INTO odd VALUES ('o', '01');)sql");
  harness.database("new").Execute(R"sql(
    CREATE TABLE wide (id TEXT PRIMARY KEY);
    CREATE TABLE odd (id TEXT PRIMARY KEY, n INTEGER);
    INSERT INTO users VALUES ('u2', 'Another Bob', 2);)sql");
  const std::pair<Params, const char*> rows[] = {
      {Of("u9"), "record_not_found"},
      {Of("u1", {{"table", "none"}}), "invalid_table_name"},
      {Of("u1", {{"table", "keyless"}}), "invalid_table_name"},
      {Of("u1", {{"table", "users; DROP TABLE users"}}), "invalid_table_name"},
      {Of("w", {{"table", "wide"}}), "schema_differs"},
      {Of("1", {{"table", "loose"}}), "ambiguous_key"},
      {Of("o", {{"table", "odd"}}), "copy_differs"},
      {Of("u2"), "record_exists"},
  };
  for (const auto& [params, error] : rows) {
    const native::Answer answer = harness.Run("migrate_record", params);
    EXPECT_GE(answer.status, 400);
    EXPECT_EQ(answer.data.at("error"), error);
  }
  EXPECT_EQ(Rows(&harness, "old").size(), 2U);
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u2|Another Bob|2"});
  EXPECT_EQ(Rows(&harness, "old", "SELECT * FROM odd"), Texts{"o|01"});
  EXPECT_TRUE(Rows(&harness, "new", "SELECT * FROM odd").empty());
  EXPECT_EQ(Notes(&harness), 0);
}

// A parent that is deleted would take its children with it, or be refused.
TEST(Migrate, ARecordThatOthersReferToStays) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.database("old").Execute(R"sql(
    CREATE TABLE posts (id TEXT PRIMARY KEY,
      author TEXT REFERENCES users (id) ON DELETE CASCADE, editor TEXT REFERENCES users);
    INSERT INTO posts VALUES ('p', 'u1', NULL);
    CREATE TABLE staff (id TEXT PRIMARY KEY, boss TEXT REFERENCES staff (id));
    INSERT INTO staff VALUES ('self', 'self'), ('top', NULL), ('low', 'top');)sql");
  EXPECT_EQ(Migrate(&harness, "u1"), "record_referenced");
  EXPECT_EQ(Rows(&harness, "old", "SELECT id FROM posts"), Texts{"p"});
  EXPECT_EQ(Migrate(&harness, "u2"), "moved:1");
  EXPECT_EQ(Migrate(&harness, "top", {{"table", "staff"}}), "record_referenced");
  EXPECT_EQ(Migrate(&harness, "self", {{"table", "staff"}}), "moved:1");
}

// Dies after each step, and is run again: at no moment is the record nowhere, and in the end it is
// in one place.
TEST(Migrate, ThatDiesBetweenAnyTwoStepsIsRunAgain) {
  for (const bool one_by_one : {false, true}) {
    for (const char* map : {"", "1"}) {
      for (int died = 0;; ++died) {
        SCOPED_TRACE("dies after step " + std::to_string(died));
        ExistingHarness harness;
        harness.one_by_one = one_by_one;
        harness.database("old").Execute(std::string(kUsers) + ";" + kAnn);
        harness.mapped["u1"] = "old";
        auto running = harness.Begin("migrate_record", Of("u1", {{"map", map}}));
        while (!running->done() && running->steps() < died) running->Step();
        const bool ended = running->done();
        running.reset();
        EXPECT_TRUE(died < 4 || !Rows(&harness, harness.mapped.at("u1")).empty());
        EXPECT_EQ(Migrate(&harness, "u1", {{"map", map}}).substr(0, 6), "moved:");
        EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
        EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|1"});
        EXPECT_EQ(Notes(&harness), 0);
        if (*map != '\0') EXPECT_EQ(harness.mapped.at("u1"), "new");
        if (HasFailure()) return;
        if (ended) break;
      }
    }
  }
}

// Whoever follows the mapping writes to the record between any two steps, whether the move goes on
// or dies and is run again.
TEST(Migrate, NoWriteThatFollowsTheMappingIsLost) {
  for (const bool dies : {false, true}) {
    for (int at = 0;; ++at) {
      SCOPED_TRACE("a write after step " + std::to_string(at));
      ExistingHarness harness;
      Prepare(&harness);
      harness.mapped["u1"] = "old";
      auto running = harness.Begin("migrate_record", Of("u1", {{"map", "1"}}));
      while (!running->done() && running->steps() < at) running->Step();
      const bool ended = running->done();
      harness.database(harness.mapped.at("u1")).Execute("UPDATE users SET n = 99 WHERE id = 'u1'");
      if (dies) running.reset();
      while (running != nullptr && !running->done()) running->Step();
      EXPECT_EQ(Migrate(&harness, "u1", {{"map", "1"}}).substr(0, 6), "moved:");
      EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|99"});
      EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
      EXPECT_EQ(Notes(&harness), 0);
      if (HasFailure()) return;
      if (ended) break;
    }
  }
}

// A write that comes late to the old place, after the key was led to the new one.
TEST(Migrate, ALateWriteToTheOldPlaceIsTakenAlong) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.on_call = [&](const std::string&) -> std::optional<Failure> {
    harness.on_call = nullptr;
    harness.database("old").Execute("UPDATE users SET n = 7 WHERE id = 'u1'");
    return std::nullopt;
  };
  EXPECT_EQ(Migrate(&harness, "u1", {{"map", "1"}}), "moved:1");
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|7"});
  EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
}

TEST(Migrate, ARecordThatIsWrittenToInBothPlacesIsLeftInBoth) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.on_call = [&](const std::string&) -> std::optional<Failure> {
    harness.database("old").Execute("UPDATE users SET n = 7 WHERE id = 'u1'");
    harness.database("new").Execute("UPDATE users SET n = 8 WHERE id = 'u1'");
    return std::nullopt;
  };
  EXPECT_EQ(Migrate(&harness, "u1", {{"map", "1"}}), "record_conflict");
  EXPECT_EQ(Rows(&harness, "old").size(), 2U);
  EXPECT_EQ(Rows(&harness, "new"), Texts{"u1|Ann|8"});
}

// Deleted where the key leads: the copy that was left behind does not bring it back.
TEST(Migrate, ARecordThatIsDeletedInItsNewPlaceStaysDeleted) {
  ExistingHarness harness;
  Prepare(&harness);
  harness.on_call = [&](const std::string&) -> std::optional<Failure> {
    harness.mapped["u1"] = "new";
    return Failure{"unavailable", "the answer was lost"};
  };
  EXPECT_EQ(Migrate(&harness, "u1", {{"map", "1"}}), "unavailable");
  harness.database("new").Execute("DELETE FROM users WHERE id = 'u1'");
  harness.on_call = nullptr;
  EXPECT_EQ(Migrate(&harness, "u1", {{"map", "1"}}), "moved:1");
  EXPECT_TRUE(Rows(&harness, "new").empty());
  EXPECT_EQ(Rows(&harness, "old"), Texts{"u2|Bob|2"});
}

}  // namespace
}  // namespace tidemark::testing
