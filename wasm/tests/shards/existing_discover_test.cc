// What is found in a database that was there before: its tables, whether their rows can be routed,
// and every key, whatever its type and whatever the table is called.

#include <gtest/gtest.h>

#include <set>

#include "tests/support/existing_harness.h"

namespace tidemark::testing {
namespace {

using Texts = std::vector<std::string>;

std::string ErrorOf(const native::Answer& answer) {
  const auto found = answer.data.find("error");
  return found == answer.data.end() ? std::string() : found->second;
}

Texts KeysOf(ExistingHarness* harness, Params params) {
  params["shard"] = "db";
  return harness->Ask("discover_keys", std::move(params)).get<Texts>();
}

json Validate(ExistingHarness* harness, const std::string& table, const std::string& column = "") {
  return harness->Ask("validate_table", {{"shard", "db"}, {"table", table}, {"column", column}});
}

TEST(ListTables, NamesTheAppsTablesAndNoOthers) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);
    CREATE TABLE "order items" (id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY);
    CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY);
    CREATE TABLE shard_mappings (primary_key TEXT PRIMARY KEY);
    CREATE TABLE tidemark_integration (table_name TEXT PRIMARY KEY);
    CREATE TABLE cf_of_mine (id TEXT PRIMARY KEY);
    CREATE VIEW everyone AS SELECT * FROM users;
    CREATE VIRTUAL TABLE pages USING fts5(body);
    INSERT INTO users DEFAULT VALUES;)sql");
  EXPECT_EQ(harness.Ask("list_tables", {{"shard", "db"}}),
            json({"cf_of_mine", "order items", "pages", "users"}));
}

TEST(ListTables, OfADatabaseThatFailsIsItsFailure) {
  ExistingHarness harness;
  harness.on_d1 = [](const std::string&) { return Failure{"unavailable", "no such database"}; };
  const native::Answer answer = harness.Run("list_tables", {{"shard", "db"}});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(ErrorOf(answer), "unavailable");
}

TEST(Validate, ATableWithItsKeyIsValid) {
  ExistingHarness harness;
  harness.Fill("db", "users", 3, "user-");
  EXPECT_EQ(Validate(&harness, "users"), json({{"isValid", true},
                                               {"tableName", "users"},
                                               {"primaryKeyColumn", "id"},
                                               {"recordCount", 3},
                                               {"issues", json::array()}}));
}

TEST(Validate, AnEmptyTableIsValid) {
  ExistingHarness harness;
  harness.database("db").Execute("CREATE TABLE users (id TEXT PRIMARY KEY)");
  EXPECT_EQ(Validate(&harness, "users")["isValid"], true);
}

TEST(Validate, NamesAreTheSchemasWhateverTheirCase) {
  ExistingHarness harness;
  harness.Fill("db", "Users", 1, "u");
  const json found = Validate(&harness, "USERS", "ID");
  EXPECT_EQ(found["tableName"], "Users");
  EXPECT_EQ(found["isValid"], true);
}

TEST(Validate, TellsWhatIsWrongWithATable) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE plain (name TEXT);
    CREATE TABLE keyless (id TEXT, name TEXT);
    CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
    CREATE TABLE shadowed (id TEXT PRIMARY KEY, rowid TEXT, _rowid_ TEXT, oid TEXT);
    CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY);
    CREATE VIEW everyone AS SELECT * FROM keyless;
    CREATE VIRTUAL TABLE pages USING fts5(body);
    INSERT INTO plain VALUES ('x'), ('y');)sql");
  const std::pair<const char*, Texts> rows[] = {
      {"plain", {"Primary key column 'id' not found"}},
      {"keyless",
       {"Primary key column 'id' not found: the column of that name is not the primary key"}},
      {"pairs",
       {"Primary key column 'id' not found", "Table 'pairs' has a composite primary key (b, a)"}},
      {"shadowed", {"Table 'shadowed' hides its row numbers behind columns named like them"}},
      {"missing", {"Table 'missing' does not exist"}},
      {"d1_migrations", {"Table 'd1_migrations' is reserved"}},
      {"everyone", {"Table 'everyone' is a view"}},
      {"pages", {"Table 'pages' is a virtual table"}},
      {"pages_content", {"Table 'pages_content' belongs to a virtual table"}},
      {"users\"; DROP TABLE plain; --", {"Table 'users\"; DROP TABLE plain; --' does not exist"}},
  };
  for (const auto& [table, issues] : rows) {
    const json found = Validate(&harness, table);
    EXPECT_EQ(found["isValid"], false) << table;
    EXPECT_EQ(found["issues"], json(issues)) << table;
  }
  EXPECT_EQ(Validate(&harness, "plain")["recordCount"], 2);
}

TEST(Validate, TellsOfRowsWithoutAUsableKey) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE loose (id PRIMARY KEY, n);
    INSERT INTO loose (id) VALUES (NULL), (NULL), (x'00'), (''), ('fine'), (7);
    INSERT INTO loose (id) VALUES (printf('%.1024c', 'k')), (printf('%.1025c', 'k'));)sql");
  EXPECT_EQ(
      Validate(&harness, "loose")["issues"],
      json({"2 records have no primary key: it is NULL", "1 records have a blob as primary key",
            "2 records have a primary key that is empty or above 1,024 bytes"}));
}

TEST(Discover, FindsEveryKeyOverManyPages) {
  ExistingHarness harness;
  harness.Fill("db", "users", 2'500, "user-");
  const Texts keys = KeysOf(&harness, {{"table", "users"}});
  EXPECT_EQ(keys.size(), 2'500U);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 2'500U);
  EXPECT_EQ(keys.front(), "user-0");
  EXPECT_EQ(keys.back(), "user-2499");
  EXPECT_EQ(harness.queries, 1 + 3);
}

TEST(Discover, GoesOnWhereAnAnswerEnded) {
  ExistingHarness harness;
  harness.Fill("db", "users", 100, "user-");
  Texts keys;
  Params params = {{"shard", "db"}, {"table", "users"}, {"rows", "3"}};
  int answers = 0;
  do {
    const native::Answer answer = harness.Run("discover_keys", params);
    for (const json& key : json::parse(answer.body, nullptr, false)) keys.push_back(key);
    params["place"] = answer.data.at("place");
    ++answers;
  } while (!params["place"].empty());
  EXPECT_EQ(answers, 2);
  EXPECT_EQ(keys, KeysOf(&harness, {{"table", "users"}}));
  EXPECT_EQ(keys.size(), 100U);
}

// However long the pages are, of whatever types the keys.
TEST(Discover, KeysOfAllTypesComeInPagesOfAnyLength) {
  for (const char* kind : {"(id PRIMARY KEY, n)", "(id PRIMARY KEY, n) WITHOUT ROWID",
                           "(id PRIMARY KEY COLLATE NOCASE, n) WITHOUT ROWID"}) {
    ExistingHarness harness;
    harness.database("db").Execute("CREATE TABLE mixed " + std::string(kind));
    harness.database("db").Execute(R"sql(
      INSERT INTO mixed (id) VALUES ('b'), (10), (9), ('9x'), (1.5), ('10'), (-4), ('A'), (2.0),
        (9007199254740993), (9007199254740992), ('a "quoted" one'), ('é'), (x'6161'), (x'62'))sql");
    const std::set<std::string> all = {"b",
                                       "10",
                                       "9",
                                       "9x",
                                       "1.5",
                                       "-4",
                                       "A",
                                       "2",
                                       "é",
                                       "a \"quoted\" one",
                                       "9007199254740993",
                                       "9007199254740992"};
    for (int rows = 1; rows <= 16; ++rows) {
      Texts keys;
      Params params = {{"shard", "db"}, {"table", "mixed"}, {"rows", std::to_string(rows)}};
      do {
        const native::Answer answer = harness.Run("discover_keys", params);
        for (const json& key : json::parse(answer.body, nullptr, false)) keys.push_back(key);
        params["place"] = answer.data.at("place");
      } while (!params["place"].empty());
      EXPECT_EQ(keys.size(), 13U) << kind << rows;  // '10' twice: a text and a number
      EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()), all) << kind << rows;
    }
  }
}

TEST(Discover, IntegerKeysAreFoundToTheirEnds) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE numbers (id INTEGER PRIMARY KEY);
    INSERT INTO numbers VALUES (-9223372036854775807 - 1), (0), (9223372036854775807);)sql");
  const Texts all = {"-9223372036854775808", "0", "9223372036854775807"};
  EXPECT_EQ(KeysOf(&harness, {{"table", "numbers"}}), all);
  EXPECT_EQ(KeysOf(&harness, {{"table", "numbers"}, {"rows", "1"}}), all);
}

TEST(Discover, NamesWithSpacesAndQuotesAreNames) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE "my ""odd"" {table}" ("the key {key}" TEXT PRIMARY KEY);
    INSERT INTO "my ""odd"" {table}" VALUES ('x');)sql");
  EXPECT_EQ(KeysOf(&harness, {{"table", "my \"odd\" {table}"}, {"column", "the key {key}"}}),
            Texts{"x"});
}

TEST(Discover, OfAnotherColumnThanTheKeyIsRefused) {
  ExistingHarness harness;
  harness.Fill("db", "users", 3, "user-");
  harness.database("db").Execute("CREATE TABLE pairs (id TEXT, b TEXT, PRIMARY KEY (id, b))");
  const std::pair<Params, const char*> rows[] = {
      {{{"table", "users"}, {"column", "email"}}, "Primary key column 'email' not found"},
      {{{"table", "users"}, {"column", "name"}},
       "Primary key column 'name' not found: the column of that name is not the primary key"},
      {{{"table", "pairs"}}, "Table 'pairs' has a composite primary key (id, b)"},
      {{{"table", "nothing"}}, "Table 'nothing' does not exist"},
  };
  for (auto [params, message] : rows) {
    params["shard"] = "db";
    const native::Answer answer = harness.Run("discover_keys", params);
    EXPECT_EQ(ErrorOf(answer), "not_routable");
    EXPECT_EQ(json::parse(answer.body, nullptr, false)["message"], message);
  }
}

TEST(Discover, CountsRowsWithoutAKey) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE loose (id PRIMARY KEY);
    INSERT INTO loose VALUES (NULL), (x'00'), ('fine');)sql");
  const native::Answer answer = harness.Run("discover_keys", {{"shard", "db"}, {"table", "loose"}});
  EXPECT_EQ(answer.data.at("unusable"), "2");
  EXPECT_EQ(json::parse(answer.body, nullptr, false), json({"fine"}));
}

TEST(DiscoverRecords, TellsTheColumnsThatNameARow) {
  ExistingHarness harness;
  harness.database("db").Execute(R"sql(
    CREATE TABLE users (id TEXT PRIMARY KEY, Username TEXT, email TEXT, secret TEXT);
    INSERT INTO users VALUES ('u1', 'ann', NULL, 's'), ('u2', x'00', 'b@example.com', 's');)sql");
  EXPECT_EQ(harness.Ask("discover_records", {{"shard", "db"}, {"table", "users"}}),
            json({{{"id", "u1"}, {"username", "ann"}, {"email", nullptr}},
                  {{"id", "u2"}, {"username", nullptr}, {"email", "b@example.com"}}}));
}

TEST(DiscoverRecords, OfATableWithoutThemTellsTheKey) {
  ExistingHarness harness;
  harness.database("db").Execute(
      "CREATE TABLE orders (number INTEGER PRIMARY KEY); INSERT INTO orders VALUES (7)");
  EXPECT_EQ(
      harness.Ask("discover_records", {{"shard", "db"}, {"table", "orders"}, {"column", "number"}}),
      json({{{"id", "7"}}}));
}

}  // namespace
}  // namespace tidemark::testing
