// Statements as each shard is asked them: the rows of three shards hold the first of the whole, as
// one database with all rows tells them.

#include "shards/sql_push.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "shards/sql_fence.h"
#include "tests/shards/sql_oracle.h"

namespace tidemark::testing {
namespace {

using sqltext::FenceRead;
using sqltext::Nulls;
using sqltext::Push;
using sqltext::Pushed;
using sqltext::PushLimit;
using sqltext::Sort;

class SqlPush : public ::testing::Test {
 protected:
  SqlPush() {
    // Forty users in three shards, with values that repeat, null and of either case among them.
    for (size_t i = 0; i < 40; ++i) {
      const std::string id = "u" + std::to_string((i * 17) % 40 + 10);
      const std::string name = i % 9 == 0 ? "NULL" : "'n" + std::to_string(i % 7) + "'";
      const std::string city = std::array{"'Bonn'", "'bonn'", "'Aachen'", "'aue'"}[i % 4];
      const std::string row = "INSERT INTO users (id, name, city, age) VALUES ('" + id + "', " +
                              name + ", " + city + ", " + std::to_string(i * 7 % 11) + ");";
      whole_.Execute(row);
      shards_[i * i % 3].Execute(row);
    }
  }

  // The whole's rows, in order, are what the shards' rows begin with once they are merged: each is
  // there, and each shard has its own in the order of the whole.
  void ExpectFirst(const std::string& sql, const Push& push, const std::string& whole,
                   size_t rows_max, const std::vector<std::string>& parameters = {}) {
    SCOPED_TRACE(sql);
    const Result<Pushed> pushed = PushLimit(sql, push);
    ASSERT_TRUE(pushed.ok()) << pushed.status().message();
    SCOPED_TRACE(pushed->sql);
    SqlRow names;
    const auto expected = whole_.Rows(whole, parameters, &names);
    ASSERT_TRUE(expected) << whole << whole_.error();
    ASSERT_FALSE(expected->empty());
    std::vector<SqlRow> left = *expected;
    for (SqlOracle& shard : shards_) {
      SqlRow columns;
      const auto rows = shard.Rows(pushed->sql, parameters, &columns);
      ASSERT_TRUE(rows) << shard.error();
      EXPECT_LE(rows->size(), rows_max);
      for (const auto& key : pushed->keys) {
        EXPECT_NE(std::find(columns.begin(), columns.end(), key.column), columns.end());
        EXPECT_EQ(key.added, key.column.starts_with("__tidemark_"));
      }
      ASSERT_GE(columns.size(), names.size());
      EXPECT_TRUE(std::equal(names.begin(), names.end(), columns.begin()));
      auto at = expected->begin();
      for (SqlRow row : *rows) {
        row.resize(names.size());
        const auto found = std::find(at, expected->end(), row);
        if (found == expected->end()) break;  // behind the last that is asked for
        at = found + 1;
        const auto here = std::find(left.begin(), left.end(), row);
        ASSERT_NE(here, left.end());
        left.erase(here);
      }
    }
    EXPECT_TRUE(left.empty()) << left.size() << " rows are missing";
  }

  SqlOracle whole_;
  std::array<SqlOracle, 3> shards_;
};

TEST_F(SqlPush, AStatementsOwnLimitAndOffsetBecomeOneLimit) {
  const std::pair<std::string, size_t> rows[] = {
      {"SELECT id, name FROM users ORDER BY id LIMIT 5", 5},
      {"SELECT id, name FROM users ORDER BY id LIMIT 5 OFFSET 7", 12},
      {"SELECT id FROM users ORDER BY id LIMIT 7, 5", 12},
      {"SELECT id FROM users ORDER BY id LIMIT 5 OFFSET -3", 5},
      {"SELECT id FROM users ORDER BY id LIMIT -1 OFFSET 3", 40},
      {"SELECT id FROM users ORDER BY id LIMIT 9007199254740991 OFFSET 9007199254740991", 40},
      {"SELECT id FROM users ORDER BY id LIMIT 2 + 3 OFFSET 3 + 4", 12},
      {"SELECT id FROM users ORDER BY name DESC NULLS LAST, id LIMIT 6 OFFSET 6 -- the end", 12},
      {"SELECT id, city FROM users ORDER BY city, id DESC LIMIT 11 OFFSET 2;", 13},
      {"SELECT id, city FROM users ORDER BY city COLLATE BINARY, id LIMIT 11 OFFSET 2", 13},
      {"SELECT id FROM users ORDER BY age % 4, 1 LIMIT 9 OFFSET 3", 12},
      {"SELECT lower(id) AS l FROM users ORDER BY l LIMIT 9 OFFSET 3", 12},
      {"SELECT u.id i FROM users AS u ORDER BY u.age, u.id LIMIT 9 OFFSET 3", 12},
      {"SELECT id, age + 1 FROM users ORDER BY 2, 1 LIMIT 9 OFFSET 3", 12},
      {"SELECT * FROM users ORDER BY age DESC, id LIMIT 9 OFFSET 3", 12},
      {"SELECT *, upper(name) AS n FROM users ORDER BY n, id LIMIT 9 OFFSET 3", 12},
      {"SELECT DISTINCT id, age FROM users ORDER BY age, id LIMIT 9 OFFSET 3", 12},
      {"SELECT id FROM users WHERE age > 3 UNION ALL SELECT id FROM users WHERE age <= 3 "
       "ORDER BY id LIMIT 9 OFFSET 3",
       12},
      {"WITH u AS (SELECT * FROM users LIMIT 100) SELECT id FROM u ORDER BY id LIMIT 4 OFFSET 2",
       6},
      {"SELECT id FROM users WHERE id IN (SELECT id FROM users ORDER BY id LIMIT 99) ORDER BY id "
       "LIMIT 3 OFFSET 2",
       5},
  };
  for (const auto& [sql, most] : rows) {
    // The whole without its offset: what stands before it has to come as well.
    std::string whole = sql.substr(0, sql.rfind(" LIMIT"));
    whole += " LIMIT " + std::to_string(most);
    ExpectFirst(sql, {}, whole, most);
  }
}

TEST_F(SqlPush, ParametersStayWhatTheyAre) {
  ExpectFirst("SELECT id FROM users WHERE age > ? ORDER BY age % ?, id LIMIT ? OFFSET ?", {},
              "SELECT id FROM users WHERE age > ?1 ORDER BY age % ?2, id LIMIT ?3 + ?4", 7,
              {"2", "3", "4", "3"});
  ExpectFirst("SELECT id, :a FROM users WHERE age > @b ORDER BY age % @b, id LIMIT :c, :d", {},
              "SELECT id, ?1 AS \":a\" FROM users WHERE age > ?2 ORDER BY age % ?2, id "
              "LIMIT ?3 + ?4",
              7, {"x", "2", "3", "4"});
  EXPECT_EQ(PushLimit("SELECT a FROM t WHERE b = ? ORDER BY c = ? LIMIT ?", {})->sql,
            "SELECT a, c = ?2 AS __tidemark_sort_0 FROM t WHERE b = ?1 ORDER BY c = ?2 LIMIT ?3");
}

TEST_F(SqlPush, ANegativeLimitThatIsBoundIsNone) {
  ExpectFirst("SELECT id FROM users ORDER BY id LIMIT ? OFFSET ?", {},
              "SELECT id FROM users ORDER BY id LIMIT 40 + 0 * (?1 + ?2)", 40, {"-1", "5"});
  ExpectFirst("SELECT id FROM users ORDER BY id LIMIT ? OFFSET ?", {},
              "SELECT id FROM users ORDER BY id LIMIT ?1 + 0 * ?2", 4, {"4", "-5"});
}

TEST_F(SqlPush, ASortIsPutToAStatementThatHasNone) {
  const auto asked = [](std::vector<Sort> sort, int64_t limit, int64_t offset) {
    return Push{.sort = std::move(sort), .limit = limit, .offset = offset};
  };
  const std::vector<Sort> by_id = {{.column = "id"}};
  ExpectFirst("SELECT id, name FROM users", asked(by_id, 5, 3),
              "SELECT id, name FROM users ORDER BY id LIMIT 8", 8);
  ExpectFirst("SELECT * FROM users WHERE age > 2 -- old", asked(by_id, 5, 3),
              "SELECT * FROM users WHERE age > 2 ORDER BY id LIMIT 8", 8);
  ExpectFirst("SELECT name FROM users", asked({{.column = "ID", .descending = true}}, 5, 0),
              "SELECT name FROM users ORDER BY id DESC LIMIT 5", 5);
  // By bytes, whatever the column's own collation is: so the shards' rows are merged.
  ExpectFirst("SELECT id, city FROM users", asked({{.column = "city"}, {.column = "id"}}, 15, 5),
              "SELECT id, city FROM users ORDER BY city COLLATE BINARY, id LIMIT 20", 20);
  ExpectFirst(
      "SELECT id, name FROM users",
      asked({{.column = "name", .collation = "NOCASE", .nulls = Nulls::kLast}, {.column = "id"}},
            15, 5),
      "SELECT id, name FROM users ORDER BY name NULLS LAST, id LIMIT 20", 20);
  ExpectFirst("SELECT id, count(*) AS n FROM users GROUP BY id", asked(by_id, 5, 0),
              "SELECT id, count(*) AS n FROM users GROUP BY id ORDER BY id LIMIT 5", 5);
  // No row is lost where no limit is asked for.
  ExpectFirst("SELECT id FROM users", {.sort = by_id}, "SELECT id FROM users ORDER BY id", 40);
}

TEST_F(SqlPush, AStatementWithAnOrderOfItsOwnIsSortedAsATable) {
  const Push push{.sort = {{.column = "id"}}, .limit = 5, .offset = 3};
  const std::string rows[] = {
      "SELECT id, name FROM users ORDER BY name", "SELECT DISTINCT id, name FROM users",
      "SELECT id, name FROM users LIMIT 100",
      "SELECT id, name FROM users WHERE age > 3 UNION SELECT id, name FROM users",
      "WITH u AS (SELECT * FROM users) SELECT id, name FROM u ORDER BY age"};
  for (const std::string& sql : rows) {
    ExpectFirst(sql, push, "SELECT * FROM (" + sql + ") ORDER BY id LIMIT 8", 8);
  }
  ExpectFirst("SELECT name || id AS both FROM users ORDER BY age", push,
              "SELECT name || id AS both FROM users ORDER BY id LIMIT 8", 8);
  EXPECT_EQ(PushLimit("VALUES (1), (2)", {.sort = {{.column = "column1"}}, .limit = 2})->sql,
            "SELECT * FROM (VALUES (1), (2)) ORDER BY `column1` COLLATE `BINARY` LIMIT 2");
}

TEST_F(SqlPush, ALimitOfALimitedStatementTakesTheFirstOfEachShards) {
  ExpectFirst("SELECT id FROM users ORDER BY id LIMIT 30", {.limit = 4, .offset = 2},
              "SELECT id FROM users ORDER BY id LIMIT 6", 6);
  ExpectFirst("SELECT id FROM users ORDER BY id", {.limit = 4, .offset = 2},
              "SELECT id FROM users ORDER BY id LIMIT 6", 6);
  const Result<Pushed> pushed = PushLimit("SELECT id FROM users LIMIT 30", {.limit = 4});
  EXPECT_EQ(pushed->sql, "SELECT * FROM (SELECT id FROM users LIMIT 30) LIMIT 4");
  EXPECT_TRUE(pushed->keys.empty());
}

TEST_F(SqlPush, ASortIsANameAndNeverSql) {
  const std::string evil = "id` DESC; DROP TABLE users; --";
  const Result<Pushed> pushed =
      PushLimit("SELECT * FROM users", {.sort = {{.column = evil, .collation = evil}}});
  ASSERT_TRUE(pushed.ok());
  EXPECT_FALSE(whole_.Rows(pushed->sql)) << "there is no such column";
  EXPECT_EQ(whole_.Rows("SELECT count(*) FROM users")->front().front(), "40");
  // No text stands in for a column that there is not.
  EXPECT_FALSE(
      whole_.Rows(PushLimit("SELECT * FROM users", {.sort = {{.column = "nothing"}}})->sql));
}

TEST_F(SqlPush, WhatCannotBeAskedInOrderIsRefused) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"DELETE FROM users", "not_a_select"},
      {"WITH u AS (SELECT 1) UPDATE users SET name = 1", "not_a_select"},
      {"PRAGMA table_info(users)", "not_a_select"},
      {"EXPLAIN SELECT 1", "not_a_select"},
      {"", "not_a_select"},
      {"SELECT 1; SELECT 2", "not_a_select"},
      {"SELECT * FROM users ORDER BY 2", "unsupported_order"},
      {"SELECT id FROM users ORDER BY 2", "unsupported_order"},
      {"SELECT DISTINCT id FROM users ORDER BY age", "unsupported_order"},
      {"SELECT DISTINCT id FROM users ORDER BY lower(id)", "unsupported_order"},
      {"SELECT 'a", "invalid_sql"},
  };
  for (const auto& [sql, code] : rows) {
    const Result<Pushed> pushed = PushLimit(sql, {});
    ASSERT_FALSE(pushed.ok()) << sql;
    EXPECT_EQ(pushed.status().code(), code) << sql;
  }
  std::string many = "1";
  for (int i = 1; i < 100; ++i) many += ", 1";
  EXPECT_TRUE(PushLimit("SELECT " + many + " ORDER BY " + many, {}).ok());
  EXPECT_EQ(PushLimit("SELECT 1, " + many, {}).status().code(), "sql_too_complex");
  EXPECT_EQ(PushLimit("SELECT 1 ORDER BY 1, " + many, {}).status().code(), "sql_too_complex");
  const std::string longest = "SELECT '" + std::string(limits::kSqlTextBytesMax - 9, 'a') + "'";
  EXPECT_TRUE(PushLimit(longest, {}).ok());
  EXPECT_EQ(PushLimit(longest, {.limit = 5}).status().code(), "sql_too_long");
}

// The parameters of the slot and of the key's part are the last ones.
TEST_F(SqlPush, AFencedReadAnswersTheSameWithTheEpochOfItsSlot) {
  whole_.Execute(
      "INSERT INTO tidemark_slots VALUES (77, '', 5, 1), (77, 'kgone', 6, -1), "
      "(78, 'khere', 7, 0), (77, 'kfrozen', 8, 0)");
  const std::pair<std::string, std::vector<std::string>> rows[] = {
      {"SELECT * FROM users WHERE id = ?", {"u12"}},
      {"SELECT name -- the name\nFROM users WHERE id = ? AND age >= ?", {"u12", "0"}},
      {"SELECT :a, @b, ?, name FROM users WHERE id = :a", {"u12", "x", "y"}},
      {"SELECT ?2 FROM users WHERE id = ?1 /* one */;", {"u12", "x"}},
      {"SELECT count(*) FROM users", {}},
      {"SELECT DISTINCT city FROM users ORDER BY 1 LIMIT ?", {"2"}},
      {"SELECT city, max(age) FROM users GROUP BY city HAVING max(age) > ?", {"1"}},
      {"SELECT name, rank() OVER (ORDER BY id) FROM users ORDER BY 2 LIMIT 3", {}},
      {"WITH u AS (SELECT * FROM users WHERE age > ?) SELECT u.id FROM u ORDER BY u.id", {"3"}},
      {"SELECT 1", {}},
      {"SELECT (SELECT max(id) FROM users) AS m WHERE ? = 1", {"1"}},
      {"SELECT ? || 'a', :b AS b, max(age, ?) FROM users LIMIT 1", {"x", "y", "3"}},
  };
  for (const auto& [sql, parameters] : rows) {
    SCOPED_TRACE(sql);
    const auto fenced = FenceRead(sql);
    ASSERT_TRUE(fenced.ok() && *fenced);
    ASSERT_EQ((*fenced)->parameter, static_cast<int>(parameters.size()) + 1);
    const std::string places[][3] = {{"77", "kany", "5"},
                                     {"78", "kany", "NULL"},
                                     {"77", "kgone", "NULL"},
                                     {"78", "khere", "7"},
                                     {"77", "kfrozen", "8"}};
    for (const auto& [slot, part, epoch] : places) {
      std::vector<std::string> more = parameters;
      more.push_back(slot);
      more.push_back(part);
      SqlRow columns;
      const auto found = whole_.Rows((*fenced)->sql, more, &columns);
      ASSERT_TRUE(found) << (*fenced)->sql << whole_.error();
      EXPECT_EQ(columns.back(), "__tidemark_epoch");
      SqlRow names;
      auto expected = whole_.Rows(sql, parameters, &names);
      ASSERT_TRUE(expected && !expected->empty());
      columns.pop_back();
      EXPECT_EQ(columns, names);
      for (SqlRow& row : *expected) row.emplace_back(epoch);
      EXPECT_EQ(*found, *expected);
    }
  }
}

TEST_F(SqlPush, TheEpochIsLookedUpByItsSlot) {
  const auto fenced = FenceRead("SELECT name FROM users WHERE id = ?");
  const auto plan = whole_.Rows("EXPLAIN QUERY PLAN " + (*fenced)->sql, {"a", "1", "k"});
  ASSERT_TRUE(plan);
  std::string steps;
  for (const SqlRow& step : *plan) steps += step.back() + "; ";
  EXPECT_EQ(steps,
            "SEARCH users USING INDEX sqlite_autoindex_users_1 (id=?); SCALAR SUBQUERY 1; "
            "SEARCH tidemark_slots USING PRIMARY KEY (slot=? AND part=?); ");
}

TEST_F(SqlPush, WhatIsNoPlainSelectIsNotFenced) {
  std::string wide = "SELECT 0";
  for (int i = 1; i < 100; ++i) wide += ", " + std::to_string(i);
  const std::string rows[] = {"SELECT 1 UNION SELECT 2",
                              "VALUES (1)",
                              "DELETE FROM users",
                              "WITH u AS (SELECT 1) INSERT INTO users (id) SELECT * FROM u",
                              "EXPLAIN SELECT 1",
                              "PRAGMA user_version",
                              "SELECT 1; SELECT 2",
                              "",
                              "SELECT",
                              "SELECT ?99",
                              wide,
                              "SELECT '" + std::string(limits::kSqlTextBytesMax - 9, 'a') + "'"};
  for (const std::string& sql : rows) {
    const auto fenced = FenceRead(sql);
    ASSERT_TRUE(fenced.ok()) << sql;
    EXPECT_FALSE(*fenced) << sql;
  }
  EXPECT_EQ(FenceRead("SELECT 'a").status().code(), "invalid_sql");
}

}  // namespace
}  // namespace tidemark::testing
