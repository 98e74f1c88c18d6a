// Plans as the library reads them.

#include "shards/sql_plan.h"

#include <gtest/gtest.h>

#include <ctime>

#include "base/json_tree.h"
#include "base/limits.h"

namespace tidemark::testing {
namespace {

using sqltext::PlanOf;

nlohmann::json Planned(std::string_view sql) {
  const Result<std::string> plan = PlanOf(sql);
  Check(plan.ok());
  Result<nlohmann::json> tree = ParseTree(*plan, 8);
  Check(tree.ok());
  return *tree;
}

// One member of a plan, as JSON.
std::string Member(std::string_view sql, const char* key) { return DumpTree(Planned(sql)[key]); }

TEST(SqlPlan, EveryMemberStandsInItsPlace) {
  EXPECT_EQ(*PlanOf("SELECT * FROM users u WHERE u.id = ? AND city = 'a' "
                    "ORDER BY 2, u.name COLLATE NOCASE DESC NULLS LAST, lower(city) LIMIT ? "
                    "OFFSET 5"),
            R"({"statements":1,"kind":"read","explain":false,"inserts":false,)"
            R"("returning":false,"table":"users",)"
            R"("tables":["users"],"equals":{"id":{"param":0},"city":{"literal":"a"}},)"
            R"("inserted":null,"sets":{},)"
            R"("order":[{"term":2,"descending":false,"collation":null,"nulls":null},)"
            R"({"term":"name","descending":true,"collation":"NOCASE","nulls":"last"},)"
            R"({"term":null,"descending":false,"collation":null,"nulls":null}],)"
            R"("limit":{"param":1},"offset":5,"parameters":2})");
  EXPECT_EQ(*PlanOf("UPDATE users SET name = ? WHERE id = -5 RETURNING id;"),
            R"({"statements":1,"kind":"write","explain":false,"inserts":false,)"
            R"("returning":true,"table":"users",)"
            R"("tables":["users"],"equals":{"id":{"literal":-5}},"inserted":null,)"
            R"("sets":{"name":{"param":0}},"order":[],"limit":null,"offset":null,"parameters":1})");
  EXPECT_EQ(*PlanOf("-- nothing\n;"),
            R"({"statements":0,"kind":"empty","explain":false,"inserts":false,)"
            R"("returning":false,"table":null,)"
            R"("tables":[],"equals":{},"inserted":null,"sets":{},"order":[],"limit":null,)"
            R"("offset":null,"parameters":0})");
  const nlohmann::json upsert = Planned(
      "INSERT INTO users (id, name, age, city) VALUES (?, 'a', NULL, lower(?)) "
      "ON CONFLICT (id) DO UPDATE SET name = excluded.name, age = ?, city = NULL, email = -5");
  EXPECT_EQ(DumpTree(upsert["equals"]), R"({"id":{"param":0},"name":{"literal":"a"}})");
  EXPECT_EQ(DumpTree(upsert["inserted"]),
            R"({"age":{"literal":null},"city":{"expression":true},"id":{"param":0},)"
            R"("name":{"literal":"a"}})");
  EXPECT_EQ(DumpTree(upsert["sets"]),
            R"({"age":{"param":2},"city":{"literal":null},"email":{"literal":-5},)"
            R"("name":{"excluded":"name"}})");
}

TEST(SqlPlan, OnlyWhatCanAddARowInserts) {
  EXPECT_EQ(Member("INSERT INTO t (id) VALUES (1)", "inserts"), "true");
  EXPECT_EQ(Member("WITH a AS (SELECT 1) REPLACE INTO t SELECT * FROM a", "inserts"), "true");
  EXPECT_EQ(Member("INSERT INTO t (id) VALUES (1) ON CONFLICT DO UPDATE SET a = 1", "inserts"),
            "true");
  EXPECT_EQ(Member("UPDATE t SET a = 1", "inserts"), "false");
  EXPECT_EQ(Member("DELETE FROM t WHERE id = 1", "inserts"), "false");
  EXPECT_EQ(Member("EXPLAIN INSERT INTO t (id) VALUES (1)", "inserts"), "false");
  EXPECT_EQ(Member("SELECT 'INSERT INTO t'", "inserts"), "false");
}

TEST(SqlPlan, AnOrderTellsItsTerms) {
  const std::pair<std::string, std::string> rows[] = {
      {"ORDER BY name", R"({"term":"name","d":0})"},
      {"ORDER BY name ASC", R"({"term":"name","d":0})"},
      {"ORDER BY name desc", R"({"term":"name","d":1})"},
      {"ORDER BY (\"na\"\"me\")", R"({"term":"na\"me","d":0})"},
      {"ORDER BY desc", R"({"term":"desc","d":0})"},
      {"ORDER BY desc DESC", R"({"term":"desc","d":1})"},
      {"ORDER BY main.users.name", R"({"term":"name","d":0})"},
      {"ORDER BY name || 'a' DESC", R"({"term":null,"d":1})"},
      {"ORDER BY ?", R"({"term":null,"d":0})"},
      {"ORDER BY 'name'", R"({"term":null,"d":0})"},
      {"ORDER BY 3 DESC", R"({"term":3,"d":1})"},
      {"ORDER BY (1)", R"({"term":1,"d":0})"},
      {"ORDER BY 1.5", R"({"term":null,"d":0})"},
  };
  for (const auto& [order, expected] : rows) {
    const nlohmann::json plan = Planned("SELECT a, b, c FROM users " + order);
    ASSERT_EQ(plan["order"].size(), 1U) << order;
    const nlohmann::json& term = plan["order"][0];
    EXPECT_EQ(R"({"term":)" + DumpTree(term["term"]) + R"(,"d":)" +
                  (term["descending"] == true ? "1}" : "0}"),
              expected)
        << order;
  }
  EXPECT_EQ(Member("SELECT sum(a) OVER (ORDER BY b) FROM t", "order"), "[]");
  EXPECT_EQ(Member("SELECT * FROM (SELECT * FROM t ORDER BY a)", "order"), "[]");
  EXPECT_EQ(Planned("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1, a")["order"].size(), 2U);
}

TEST(SqlPlan, ALimitTellsItsNumbers) {
  struct Row {
    std::string sql;
    std::string limit;
    std::string offset;
  };
  const Row rows[] = {
      {"SELECT 1", "null", "null"},
      {"SELECT 1 LIMIT 5", "5", "null"},
      {"SELECT 1 LIMIT 5 OFFSET 6", "5", "6"},
      {"SELECT 1 LIMIT 6, 5", "5", "6"},
      {"SELECT 1 LIMIT -1", "-1", "null"},
      {"SELECT 1 LIMIT (5) OFFSET (0x10)", "5", "16"},
      {"SELECT ? LIMIT ? OFFSET ?", R"({"param":1})", R"({"param":2})"},
      {"SELECT 1 LIMIT ?2, ?1", R"({"param":0})", R"({"param":1})"},
      {"SELECT 1 LIMIT 5 + 5", R"({"expression":true})", "null"},
      {"SELECT 1 LIMIT '5'", R"({"expression":true})", "null"},
      {"SELECT 1 LIMIT max(1, 2) OFFSET (SELECT 1)", R"({"expression":true})",
       R"({"expression":true})"},
      {"SELECT * FROM (SELECT 1 LIMIT 5)", "null", "null"},
      {"SELECT 1 UNION SELECT 2 LIMIT 5", "5", "null"},
      {"INSERT INTO t SELECT * FROM u LIMIT 5", "null", "null"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Member(row.sql, "limit"), row.limit) << row.sql;
    EXPECT_EQ(Member(row.sql, "offset"), row.offset) << row.sql;
  }
}

TEST(SqlPlan, ReturningIsOfAWriteItself) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"INSERT INTO t (a) VALUES (1) RETURNING a", "true"},
      {"INSERT INTO t (a) VALUES (1) ON CONFLICT DO UPDATE SET a = 2 RETURNING *", "true"},
      {"DELETE FROM t RETURNING a", "true"},
      {"INSERT INTO t (a) VALUES ('RETURNING a')", "false"},
      {"INSERT INTO t (\"returning\") VALUES (1)", "false"},
      {"SELECT 1", "false"},
  };
  for (const auto& [sql, returning] : rows) EXPECT_EQ(Member(sql, "returning"), returning) << sql;
}

TEST(SqlPlan, SeveralStatementsAreAsStrongAsTheStrongestAndHaveNoKey) {
  const std::string_view sql =
      "SELECT * FROM users WHERE id = ?; INSERT INTO posts (id) VALUES (?, ?) RETURNING id; "
      "SELECT * FROM USERS";
  const nlohmann::json plan = Planned(sql);
  EXPECT_EQ(plan["statements"], 3);
  EXPECT_EQ(plan["kind"], "write");
  EXPECT_EQ(plan["table"], nullptr);
  EXPECT_EQ(DumpTree(plan["tables"]), R"(["users","posts"])");
  EXPECT_EQ(DumpTree(plan["equals"]), "{}");
  EXPECT_EQ(plan["inserted"], nullptr);
  EXPECT_EQ(Member("UPDATE a SET b = 1; UPDATE a SET b = 2", "sets"), "{}");
  EXPECT_EQ(plan["returning"], true);
  EXPECT_EQ(plan["parameters"], 2);
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"SELECT 1; SELECT 2", "\"read\""},
      {"SELECT 1; DELETE FROM a", "\"write\""},
      {"DROP TABLE a; DELETE FROM a", "\"schema\""},
      {"VACUUM; DROP TABLE a", "\"other\""},
      {"BEGIN; DROP TABLE a; VACUUM", "\"transaction\""},
  };
  for (const auto& [text, kind] : rows) EXPECT_EQ(Member(text, "kind"), kind) << text;
}

TEST(SqlPlan, NamesAreQuotedForJson) {
  EXPECT_EQ(Member("SELECT * FROM \"a\"\"b\\c\"", "table"), R"("a\"b\\c")");
  EXPECT_EQ(Member("SELECT * FROM größe WHERE `x\ny` = 'é\"'", "equals"),
            R"({"x\ny":{"literal":"é\""}})");
}

TEST(SqlPlan, WhatCannotBeReadHasItsCode) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"SELECT 'a", "invalid_sql"},
      {"SELECT (1; SELECT 2", "invalid_sql"},
      {"SELECT ?101", "too_many_parameters"},
      {"SELECT '" + std::string(limits::kSqlTextBytesMax, 'a') + "'", "sql_too_long"},
  };
  for (const auto& [sql, code] : rows) EXPECT_EQ(PlanOf(sql).status().code(), code);
  std::string tables = "SELECT 1";
  for (int i = 0; i < 300; ++i) tables += "; SELECT * FROM t" + std::to_string(i);
  EXPECT_EQ(PlanOf(tables).status().code(), "sql_too_complex");
  std::string sets = "UPDATE t SET c0 = ?";
  for (int i = 1; i < 100; ++i) sets += ", c" + std::to_string(i) + " = ?";
  EXPECT_EQ(Planned(sets)["sets"].size(), 100U);
  EXPECT_EQ(PlanOf(sets + ", d = 1").status().code(), "sql_too_complex");
  std::string columns = "a";
  for (int i = 0; i < 100; ++i) columns += ",c" + std::to_string(i);
  const std::string insert = "INSERT INTO t (" + columns + ") SELECT * FROM u";
  EXPECT_EQ(PlanOf(insert).status().code(), "sql_too_complex");
}

// Texts of the largest size, each made to be as much work as such a text can be.
TEST(SqlPlan, TheLargestTextsAreReadInTime) {
  const auto repeat = [](std::string_view head, std::string_view part, std::string_view tail) {
    std::string sql(head);
    while (sql.size() + part.size() + tail.size() <= limits::kSqlTextBytesMax) sql += part;
    return sql.append(tail);
  };
  const size_t depth = limits::kSqlTextBytesMax / 2 - 20;
  const std::string rows[] = {
      repeat("SELECT * FROM t WHERE a = 1", " AND b = 2", ""),
      repeat("SELECT * FROM t WHERE ", "(a=1)AND", "b=2"),
      repeat("SELECT * FROM a", ",a", ""),
      repeat("SELECT ", "a b,", "c FROM t"),
      repeat("SELECT 1 FROM t ORDER BY a", ",a", ""),
      repeat("WITH a AS(SELECT 1)", ",a AS(SELECT 1)", "SELECT 1"),
      repeat("UPDATE t SET a=1", ",a=1", ""),
      repeat("UPDATE t ", "SET a ", ""),
      repeat("UPDATE t SET ", "(a,b)=((1,2)),", "c=1"),
      repeat("INSERT INTO t(a)VALUES(1)", ",(1)", ""),
      repeat("INSERT INTO t(a", ",a", ")VALUES(1)"),
      repeat("SELECT ", "CASE ", "1"),
      "SELECT " + std::string(depth, '(') + "1" + std::string(depth, ')'),
      "SELECT * FROM t WHERE " + std::string(depth, '(') + "1" + std::string(depth, ')'),
      "SELECT * FROM " + std::string(depth, '(') + "t" + std::string(depth, ')'),
  };
  for (const std::string& sql : rows) {
    const std::clock_t begin = std::clock();
    const Result<std::string> plan = PlanOf(sql);
    EXPECT_TRUE(plan.ok() || plan.status().code() == "sql_too_complex") << sql.substr(0, 60);
    // A hundred times what it takes, so that only what grows with the square is found.
    EXPECT_LT(std::clock() - begin, 5 * CLOCKS_PER_SEC);
  }
}

}  // namespace
}  // namespace tidemark::testing
