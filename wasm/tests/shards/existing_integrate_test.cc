// Rows that were there before, mapped to the database that holds them: every option, whatever dies
// in between, and whoever else is at work.

#include <gtest/gtest.h>

#include "tests/support/existing_harness.h"

namespace tidemark::testing {
namespace {

using Texts = std::vector<std::string>;

Params Options(Params more = {}) {
  more.emplace("shard", "db");
  more.emplace("notes", "1");
  return more;
}

json Integrate(ExistingHarness* harness, Params more = {}) {
  return harness->Ask("integrate_database", Options(std::move(more)));
}

Texts TablesOf(ExistingHarness* harness) {
  return harness->database("db").Rows(
      "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
}

TEST(Integrate, MapsEveryRowOfEveryTable) {
  ExistingHarness harness;
  harness.Fill("db", "users", 1'200, "user-");
  harness.Fill("db", "order items", 30, "item-");
  EXPECT_EQ(Integrate(&harness), json({{"success", true},
                                       {"shardName", "db"},
                                       {"tablesProcessed", 2},
                                       {"totalRecords", 1'230},
                                       {"mappingsCreated", 1'230},
                                       {"collisions", 0},
                                       {"complete", true},
                                       {"issues", json::array()}}));
  EXPECT_EQ(harness.MappedTo("db"), 1'230);
  EXPECT_EQ(harness.known, Texts{"db"});
  EXPECT_EQ(TablesOf(&harness),
            (Texts{"order items", "shard_mappings", "tidemark_integration", "users"}));
}

TEST(Integrate, AnEmptyDatabaseIsDoneAtOnce) {
  ExistingHarness harness;
  const json done = Integrate(&harness);
  EXPECT_EQ(done["success"], true);
  EXPECT_EQ(done["tablesProcessed"], 0);
}

TEST(Integrate, OnlyTheTablesThatAreNamed) {
  ExistingHarness harness;
  harness.Fill("db", "users", 3, "user-");
  harness.Fill("db", "temp_logs", 3, "log-");
  const json done =
      Integrate(&harness, {{"tables", R"(["users","USERS","shard_mappings","none"])"}});
  EXPECT_EQ(done["tablesProcessed"], 1);
  EXPECT_EQ(done["success"], true);
  EXPECT_EQ(done["issues"], json({"Table none: Table 'none' does not exist"}));
  EXPECT_EQ(harness.mapped.size(), 3U);
}

TEST(Integrate, ADryRunCountsAndWritesNothing) {
  ExistingHarness harness;
  harness.Fill("db", "users", 1'200, "user-");
  harness.Fill("db", "posts", 5, "post-");
  const Texts before = TablesOf(&harness);
  const json done = Integrate(&harness, {{"dry_run", "1"}});
  EXPECT_EQ(done["totalRecords"], 1'205);
  EXPECT_EQ(done["tablesProcessed"], 2);
  EXPECT_EQ(done["mappingsCreated"], 0);
  EXPECT_TRUE(harness.mapped.empty());
  EXPECT_TRUE(harness.known.empty());
  EXPECT_EQ(harness.calls, 0);
  EXPECT_EQ(TablesOf(&harness), before);
}

TEST(Integrate, WithoutNotesItMakesNoTable) {
  ExistingHarness harness;
  harness.Fill("db", "users", 30, "user-");
  const Texts before = TablesOf(&harness);
  EXPECT_EQ(Integrate(&harness, {{"notes", ""}})["totalRecords"], 30);
  EXPECT_EQ(harness.MappedTo("db"), 30);
  EXPECT_EQ(TablesOf(&harness), before);
}

TEST(Integrate, AnotherKeyThanId) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE products (product_id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO products VALUES (7, 'a'), (8, 'b');)sql");
  EXPECT_EQ(Integrate(&harness)["success"], false);
  EXPECT_EQ(Integrate(&harness)["issues"],
            json({"Table products: Primary key column 'id' not found"}));
  EXPECT_EQ(Integrate(&harness, {{"column", "product_id"}})["success"], true);
  EXPECT_EQ(harness.mapped, (std::map<std::string, std::string>{{"7", "db"}, {"8", "db"}}));
}

TEST(Integrate, OtherNamesLeadToTheRowToo) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE users (id TEXT PRIMARY KEY, username TEXT, email TEXT, name TEXT, age INTEGER);
    INSERT INTO users VALUES ('u1', 'ann', 'a@example.com', 'Ann A', 1), ('u2', 'bob', NULL, '', 2);
    CREATE TABLE plain (id TEXT PRIMARY KEY);
    INSERT INTO plain VALUES ('p1');)sql");
  EXPECT_EQ(Integrate(&harness, {{"other_names", "1"}})["mappingsCreated"], 3);
  Texts keys;
  for (const auto& [key, shard] : harness.mapped) keys.push_back(key);
  EXPECT_EQ(keys, (Texts{"email:a@example.com", "name:Ann A", "p1", "u1", "u2", "username:ann",
                         "username:bob"}));
}

TEST(Integrate, KeysThatLeadElsewhereStayAndAreToldOf) {
  ExistingHarness harness;
  harness.Fill("db", "orders", 8, "");
  harness.Fill("db", "users", 1, "u");
  for (int i = 0; i < 7; ++i) harness.mapped[std::to_string(i)] = "db-users";
  const json done = Integrate(&harness);
  EXPECT_EQ(done["collisions"], 7);
  EXPECT_EQ(done["mappingsCreated"], 2);
  EXPECT_EQ(done["success"], true);
  EXPECT_EQ(done["issues"],
            json({"Table orders: 7 keys are mapped to another shard already, and stay there: 0 "
                  "(db-users), 1 (db-users), 2 (db-users), 3 (db-users), 4 (db-users), ..."}));
  EXPECT_EQ(harness.MappedTo("db-users"), 7);
}

TEST(Integrate, RowsWithoutAKeyAreToldOf) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE loose (id PRIMARY KEY);
    INSERT INTO loose VALUES (NULL), (x'00'), ('fine');)sql");
  const json done = Integrate(&harness);
  EXPECT_EQ(done["totalRecords"], 1);
  EXPECT_EQ(done["issues"], json({"Table loose: 2 records have no key that can be routed by"}));
  EXPECT_EQ(Integrate(&harness, {{"dry_run", "1"}})["totalRecords"], 1);
}

TEST(Integrate, ASecondRunMapsNothingAnew) {
  ExistingHarness harness;
  harness.Fill("db", "users", 40, "user-");
  Integrate(&harness);
  const json again = Integrate(&harness);
  EXPECT_EQ(again["mappingsCreated"], 0);
  EXPECT_EQ(again["totalRecords"], 40);
  harness.mapped.clear();
  EXPECT_EQ(Integrate(&harness)["mappingsCreated"], 40);
}

TEST(Integrate, ABoundOnSubrequestsHoldsAndEachRunGetsFurther) {
  ExistingHarness harness;
  harness.Fill("db", "users", 300, "user-");
  harness.Fill("db", "zebras", 10, "zebra-");
  int runs = 0;
  for (bool complete = false; !complete; ++runs) {
    ASSERT_LT(runs, 100);
    harness.queries = harness.calls = harness.lookups = 0;
    const json done = Integrate(&harness, {{"cost_max", "50"}});
    complete = done["complete"] == true;
    // A key that is looked up is written as well; telling of the shard is a read and a write.
    EXPECT_LE(harness.queries + 2 * harness.lookups + 2, 50);
    EXPECT_TRUE(complete || harness.lookups > 0);
    if (!complete) continue;
    EXPECT_EQ(done["totalRecords"], 310);
    EXPECT_EQ(done["mappingsCreated"], 310);
  }
  EXPECT_EQ(harness.MappedTo("db"), 310);
  EXPECT_LE(runs, 20);
}

TEST(Integrate, EvenAHopelessBoundGetsFurther) {
  ExistingHarness harness;
  harness.Fill("db", "users", 3, "user-");
  for (int i = 0; i < 4; ++i) Integrate(&harness, {{"cost_max", "1"}});
  EXPECT_EQ(harness.MappedTo("db"), 3);
}

TEST(Integrate, ABoundOnRecordsHolds) {
  ExistingHarness harness;
  harness.Fill("db", "users", 25, "user-");
  EXPECT_EQ(Integrate(&harness, {{"records_max", "10"}})["complete"], false);
  EXPECT_EQ(harness.MappedTo("db"), 10);
  EXPECT_EQ(Integrate(&harness, {{"records_max", "10"}})["totalRecords"], 20);
  EXPECT_EQ(Integrate(&harness, {{"records_max", "10"}})["complete"], true);
  EXPECT_EQ(harness.MappedTo("db"), 25);
}

TEST(Integrate, OtherOptionsBeginAnew) {
  ExistingHarness harness;
  harness.Fill("db", "users", 25, "user-");
  Integrate(&harness, {{"records_max", "10"}});
  const json done = Integrate(&harness, {{"other_names", "1"}});
  EXPECT_EQ(done["totalRecords"], 25);
}

TEST(Integrate, AHostThatFailsIsToldOfAndGoneOnFrom) {
  ExistingHarness harness;
  harness.Fill("db", "users", 25, "user-");
  int calls = 0;
  harness.on_call = [&](const std::string& operation) -> std::optional<Failure> {
    if (operation != "map_keys" || ++calls != 2) return std::nullopt;
    return Failure{"unavailable", "Too many subrequests"};
  };
  const json done = Integrate(&harness, {{"rows", "10"}});
  EXPECT_EQ(done["success"], false);
  EXPECT_EQ(done["complete"], false);
  EXPECT_EQ(done["issues"], json({"Failed to process table users: Too many subrequests"}));
  calls = 10;
  harness.lookups = 0;
  EXPECT_EQ(Integrate(&harness, {{"rows", "10"}})["totalRecords"], 25);
  EXPECT_EQ(harness.lookups, 15);
}

// Dies after each step; then it is run again, by itself or by whoever finds the turn free.
TEST(Integrate, ThatDiesBetweenAnyTwoStepsIsGoneOnWith) {
  for (const bool one_by_one : {false, true}) {
    for (const bool wait : {false, true}) {
      for (int died = 0;; ++died) {
        SCOPED_TRACE("dies after step " + std::to_string(died));
        ExistingHarness harness;
        harness.one_by_one = one_by_one;
        harness.Fill("db", "users", 25, "user-");
        harness.Fill("db", "posts", 7, "post-");
        harness.mapped["post-3"] = "db-other";
        const Params options = Options({{"rows", "10"}, {"wait", wait ? "1" : ""}});
        auto running = harness.Begin("integrate_database", options);
        while (!running->done() && running->steps() < died) running->Step();
        const bool ended = running->done();
        running.reset();
        const int first = harness.MappedTo("db");
        const bool held =
            died > 2 && !ended &&
            harness.database("db").Rows(
                "SELECT holder FROM tidemark_integration WHERE table_name = ''") != Texts{""};
        if (wait && held) {
          EXPECT_EQ(harness.Run("integrate_database", options).data.count("busy"), 1U);
          EXPECT_EQ(harness.MappedTo("db"), first);
        }
        harness.now_ms += 60'001;
        const json done = harness.Ask("integrate_database", options);
        EXPECT_EQ(done["complete"], true);
        EXPECT_EQ(done["totalRecords"], 32);
        EXPECT_EQ(done["tablesProcessed"], 2);
        EXPECT_EQ(done["collisions"], 1);
        EXPECT_EQ(harness.MappedTo("db"), 31);
        EXPECT_EQ(harness.mapped.at("post-3"), "db-other");
        EXPECT_EQ(harness.known.back(), "db");
        if (HasFailure()) return;
        if (ended) break;
      }
    }
  }
}

TEST(Integrate, WhoeverWasTakenOverFromStops) {
  ExistingHarness harness;
  harness.Fill("db", "users", 25, "user-");
  const Params options = Options({{"rows", "5"}});
  auto old = harness.Begin("integrate_database", options);
  for (int i = 0; i < 6; ++i) old->Step();
  const json done = harness.Ask("integrate_database", options);
  EXPECT_EQ(done["complete"], true);
  const Texts notes = harness.database("db").Rows(
      "SELECT table_name, state, place, records FROM tidemark_integration");
  while (!old->done()) old->Step();
  const json late = json::parse(old->Take().body, nullptr, false);
  EXPECT_EQ(late["complete"], false);
  EXPECT_EQ(late["issues"], json({"Another integration of this database has taken over"}));
  EXPECT_EQ(harness.database("db").Rows(
                "SELECT table_name, state, place, records FROM tidemark_integration"),
            notes);
}

TEST(Integrate, ARunThatWaitsLeavesADatabaseThatIsDoneAlone) {
  ExistingHarness harness;
  harness.Fill("db", "users", 25, "user-");
  const Params options = {{"wait", "1"}, {"again", "never"}};
  EXPECT_EQ(Integrate(&harness, options)["mappingsCreated"], 25);
  harness.lookups = 0;
  EXPECT_EQ(Integrate(&harness, options)["tablesProcessed"], 1);
  EXPECT_EQ(harness.lookups, 0);
}

// However small its pieces are, the same call gets to the end, once.
TEST(Integrate, TablesThatAreDoneAreNotGoneThroughAgainBeforeAllAre) {
  for (const char* again : {"", "never"}) {
    for (const char* cost : {"1", "20", "100"}) {
      ExistingHarness harness;
      for (const char* table : {"a", "b", "c"}) {
        harness.Fill("db", table, 40, std::string(table) + "-");
      }
      const Params options = {{"cost_max", cost}, {"again", again}};
      int runs = 1;
      while (!Integrate(&harness, options)["complete"] && runs < 200) ++runs;
      EXPECT_EQ(harness.MappedTo("db"), 120) << cost;
      EXPECT_LT(runs, 200) << cost;
      // Each is looked up once.
      EXPECT_EQ(harness.lookups, 120) << cost;
      harness.mapped.clear();
      harness.lookups = 0;
      EXPECT_EQ(Integrate(&harness, {{"again", again}})["complete"], true);
      EXPECT_EQ(harness.MappedTo("db"), *again == '\0' ? 120 : 0);
      EXPECT_EQ(Integrate(&harness, {{"again", "always"}})["mappingsCreated"],
                *again == '\0' ? 0 : 120);
    }
  }
}

// Mappings that were cleared halfway are made again, though not all tables were done.
TEST(Integrate, AllIsGoneThroughAgainWhereThatIsAskedFor) {
  ExistingHarness harness;
  for (const char* table : {"a", "b"}) harness.Fill("db", table, 40, std::string(table) + "-");
  while (harness.MappedTo("db") <= 40)
    Integrate(&harness, {{"cost_max", "40"}, {"again", "never"}});
  harness.mapped.clear();
  Integrate(&harness, {{"cost_max", "40"}, {"again", "always"}});
  for (int i = 0; i < 20; ++i) Integrate(&harness, {{"cost_max", "40"}, {"again", "never"}});
  EXPECT_EQ(harness.MappedTo("db"), 80);
}

TEST(Integrate, TablesWithoutRowsCountToo) {
  ExistingHarness harness;
  for (int i = 0; i < 30; ++i) harness.Fill("db", "empty" + std::to_string(i), 0, "");
  int runs = 0;
  for (bool complete = false; !complete && runs < 50; ++runs) {
    harness.queries = 0;
    complete = Integrate(&harness, {{"cost_max", "20"}, {"again", "never"}})["complete"];
    EXPECT_LE(harness.queries, 20);
  }
  EXPECT_GT(runs, 2);
  EXPECT_LT(runs, 50);
}

TEST(Integrate, ParametersAreChecked) {
  ExistingHarness harness;
  for (const Params& more :
       {Params{{"rows", "0"}}, Params{{"rows", "1001"}}, Params{{"cost_max", "-1"}},
        Params{{"tables", "{}"}}, Params{{"again", "x"}}, Params{{"tables", "[1]"}},
        Params{{"tables", "["}}}) {
    EXPECT_EQ(harness.Run("integrate_database", Options(more)).status, 400);
  }
}

}  // namespace
}  // namespace tidemark::testing
