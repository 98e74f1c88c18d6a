// The operations on SQL texts, as the library asks them.

#include <gtest/gtest.h>

#include "base/json_tree.h"
#include "tests/shards/pure.h"

namespace tidemark::testing {
namespace {

std::string CodeOf(const std::string& operation, Params params) {
  const auto answer = RunPure(operation, std::move(params));
  const auto body = ParseTree(answer.body, 2);
  const std::string* code = body.ok() ? StringField(*body, "error") : nullptr;
  return std::to_string(answer.status) + ' ' + (code == nullptr ? "" : *code);
}

TEST(SqlOperations, APlanIsAnswered) {
  const auto answer = RunPure("plan_sql", {{"sql", "DELETE FROM users WHERE id = ?"}});
  EXPECT_EQ(answer.status, 200);
  const auto plan = ParseTree(answer.body, 4);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ((*plan)["kind"], "write");
  EXPECT_EQ(DumpTree((*plan)["equals"]), R"({"id":{"param":0}})");
  EXPECT_EQ(CodeOf("plan_sql", {{"sql", "SELECT 'a"}}), "400 invalid_sql");
  EXPECT_EQ(CodeOf("plan_sql", {{"sql", "SELECT ?101"}}), "400 too_many_parameters");
  EXPECT_EQ(RunPure("plan_sql", {}).status, 200);
}

TEST(SqlOperations, AScriptIsAnsweredAsItsStatements) {
  EXPECT_EQ(RunPure("split_sql", {{"sql", "SELECT ';\"'; -- two\nSELECT 2;"}}).body,
            R"(["SELECT ';\"'","-- two\nSELECT 2"])");
  EXPECT_EQ(RunPure("split_sql", {{"sql", ""}}).body, "[]");
  EXPECT_EQ(CodeOf("split_sql", {{"sql", "SELECT 1; /*"}}), "400 invalid_sql");
  EXPECT_EQ(CodeOf("split_sql", {{"sql", std::string(1'000'001, ' ')}}), "413 sql_too_long");
}

TEST(SqlOperations, AStatementToPushIsAnsweredWithItsKeys) {
  EXPECT_EQ(
      RunPure("push_limit", {{"sql", "SELECT a FROM t"},
                             {"sort", R"([{"term":"a","descending":true,"nulls":"last"},)"
                                      R"({"term":"b","collation":"NOCASE"}])"},
                             {"limit", "10"},
                             {"offset", "5"}})
          .body,
      R"({"sql":"SELECT a, `b` AS __tidemark_sort_1 FROM t ORDER BY `a` COLLATE `BINARY` DESC )"
      R"(NULLS LAST, `__tidemark_sort_1` COLLATE `NOCASE` LIMIT 15","keys":[{"column":"a",)"
      R"("added":false,"descending":true,"collation":"BINARY","nulls":"last"},{"column":)"
      R"("__tidemark_sort_1","added":true,"descending":false,"collation":"NOCASE",)"
      R"("nulls":null}]})");
  EXPECT_EQ(RunPure("push_limit", {{"sql", "SELECT a FROM t ORDER BY a LIMIT 5 OFFSET 5"}}).body,
            R"({"sql":"SELECT a FROM t ORDER BY a LIMIT 10","keys":[{"column":"a","added":false,)"
            R"("descending":false,"collation":null,"nulls":null}]})");
}

TEST(SqlOperations, ASortOrALimitThatIsNoneIsRefused) {
  const Params rows[] = {
      {{"sort", "{}"}},
      {{"sort", "[1]"}},
      {{"sort", R"([{"term":1}])"}},
      {{"sort", R"([{"term":""}])"}},
      {{"sort", R"([{"term":"a\u0000b"}])"}},
      {{"sort", R"([{"term":"a","nulls":"middle"}])"}},
      {{"limit", "-1"}},
      {{"limit", "1.5"}},
      {{"offset", "-1"}},
  };
  for (Params params : rows) {
    params["sql"] = "SELECT a FROM t";
    EXPECT_EQ(CodeOf("push_limit", params), "400 invalid_parameter");
  }
  EXPECT_EQ(CodeOf("push_limit", {{"sql", "SELECT a FROM t"}, {"sort", "["}}), "400 invalid_json");
  EXPECT_EQ(CodeOf("push_limit", {{"sql", "DROP TABLE t"}}), "400 not_a_select");
  EXPECT_EQ(CodeOf("push_limit", {{"sql", "SELECT * FROM t ORDER BY 1"}}), "400 unsupported_order");
}

TEST(SqlOperations, AStatementIsAnsweredWithItsFences) {
  const auto read =
      ParseTree(RunPure("fence_sql", {{"sql", "SELECT a FROM t WHERE id = ?"}}).body, 2);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)["read"],
            "SELECT a, (SELECT CASE WHEN writable < 0 THEN NULL ELSE epoch END FROM "
            "tidemark_slots WHERE slot = ?2 AND part IN ('', ?3) ORDER BY part DESC LIMIT 1) AS "
            "__tidemark_epoch FROM t WHERE id = ?1");
  EXPECT_EQ((*read)["parameter"], 1);
  const auto write = ParseTree(RunPure("fence_sql", {{"sql", "DELETE FROM t"}}).body, 2);
  ASSERT_TRUE(write.ok());
  EXPECT_TRUE((*write)["read"].is_null());
  EXPECT_TRUE((*write)["parameter"].is_null());
  for (const char* fence :
       {"before_write", "before_write_all", "after_write", "before_read", "before_all", "moved"}) {
    EXPECT_TRUE((*write)[fence].is_string()) << fence;
  }
  EXPECT_EQ(CodeOf("fence_sql", {{"sql", "SELECT [a"}}), "400 invalid_sql");
}

TEST(SqlOperations, AKeyIsLookedForInAllTablesAndInOne) {
  const native::Answer told = RunPure(
      "locate_sql", {{"tables", R"({"posts":"user_id","us\"ers":"id"})"}, {"table", "POSTS"}});
  const std::string of = " IN (?2, CAST(?2 AS INTEGER), CAST(?2 AS REAL)))";
  EXPECT_EQ(told.data.at("sql"),
            "SELECT EXISTS (SELECT 1 FROM tidemark_slots WHERE slot = ?1 AND part = '') AS here, "
            "EXISTS (SELECT 1 FROM \"posts\" WHERE \"user_id\"" +
                of +
                " AS own, "
                "((EXISTS (SELECT 1 FROM \"posts\" WHERE \"user_id\"" +
                of +
                " OR "
                "EXISTS (SELECT 1 FROM \"us\"\"ers\" WHERE \"id\"" +
                of + ")) AS \"any\"");
  EXPECT_EQ(CodeOf("locate_sql", {{"tables", "["}}), "400 invalid_json");
}

}  // namespace
}  // namespace tidemark::testing
