// The coordinator's operations: shards, keys, numbers, its state, and requests that make no sense.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "shards/coordinator_sql.h"
#include "tests/shards/coordinator_harness.h"

namespace tidemark::testing {
namespace {

json Key(const std::string& key) { return {{"primaryKey", key}}; }
TEST(CoordinatorShards, AreListedAsRegisteredAndEachOnce) {
  Coordinator coordinator;
  EXPECT_EQ(coordinator.Get("/shards"), json::array());
  coordinator.Register({"db-west", "db-east", "db-west"});
  EXPECT_EQ(coordinator.Get("/shards"), json({"db-west", "db-east"}));
  EXPECT_EQ(coordinator.Ask("DELETE", "/shards", R"({"shard":"db-west"})").body,
            R"({"success":true})");
  EXPECT_EQ(coordinator.Ask("DELETE", "/shards", R"({"shard":"db-west"})").status, 200);
  EXPECT_EQ(coordinator.Get("/shards"), json({"db-east"}));
  EXPECT_EQ(coordinator.Get("/stats").size(), 1U);
}

TEST(CoordinatorShards, StatsTellCountsAndWhenTheyChanged) {
  Coordinator coordinator;
  coordinator.Register({"db-east"});
  coordinator.now_ms += 5;
  EXPECT_EQ(coordinator.Post("/stats", {{"shard", "db-east"}, {"count", 1'600}}).status, 200);
  EXPECT_EQ(coordinator.Get("/stats"),
            json::parse(R"([{"binding":"db-east","count":1600,"lastUpdated":1795000000005}])"));
}

TEST(CoordinatorShards, ACountThatIsNoneIsRefused) {
  Coordinator coordinator;
  coordinator.Register({"a"});
  for (const json& count : {json(-1), json("1"), json(1.5), json(nullptr), json(9e15), json()}) {
    const native::Answer answer = coordinator.Post("/stats", {{"shard", "a"}, {"count", count}});
    EXPECT_EQ(answer.status, 400) << count;
    EXPECT_TRUE(json::parse(answer.body)["error"].is_string());
  }
  EXPECT_EQ(coordinator.Post("/stats", {{"shard", "a"}}).status, 400);
  const native::Answer unknown = coordinator.Post("/stats", {{"shard", "b"}, {"count", 1}});
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(json::parse(unknown.body)["error"], "Shard b not found");
  EXPECT_EQ(coordinator.CountOf("a"), 0);
}

TEST(CoordinatorShards, CountsGoUpAndDownButNotBelowNone) {
  Coordinator coordinator;
  coordinator.Register({"a"});
  const auto count = [&](const char* by, const char* shard = "a") {
    return coordinator.Run("count_shard", {{"shard", shard}, {"by", by}}).status;
  };
  EXPECT_EQ(count("-1"), 200);
  EXPECT_EQ(coordinator.CountOf("a"), 0);
  EXPECT_EQ(count("1"), 200);
  EXPECT_EQ(count("1"), 200);
  EXPECT_EQ(count("-1"), 200);
  EXPECT_EQ(coordinator.CountOf("a"), 1);
  EXPECT_EQ(count("2"), 400);
  EXPECT_EQ(count("1", "nobody"), 200);
  EXPECT_EQ(coordinator.Get("/shards"), json({"a"}));
}

TEST(CoordinatorShards, ThereAreSoManyAtMost) {
  json names = json::array();
  for (size_t i = 0; i < limits::kSqlShardsMax; ++i) names.push_back("db-" + std::to_string(i));
  Coordinator coordinator(json({{"knownShards", names}}).dump());
  EXPECT_EQ(coordinator.Get("/shards").size(), limits::kSqlShardsMax);
  EXPECT_EQ(coordinator.Post("/shards", {{"shard", "one more"}}).status, 409);
  EXPECT_EQ(coordinator.Post("/shards", {{"shard", "db-1"}}).status, 200);
  EXPECT_EQ(coordinator.Allocate({{"primaryKey", "k"}, {"availableShards", {"one more"}}}),
            "too_many_shards");
}

TEST(CoordinatorShards, TheLastThousandRetiredAreKnown) {
  Coordinator coordinator;
  for (int i = 0; i < 1'005; ++i) {
    const std::string body = json({{"shard", "db-" + std::to_string(i)}}).dump();
    coordinator.Ask("POST", "/shards", body);
    coordinator.Ask("DELETE", "/shards", body);
  }
  EXPECT_EQ(coordinator.store.Rows("SELECT count(*), min(name = 'db-4') FROM retired_shard"),
            std::vector<std::string>{"1000|0"});
}

TEST(CoordinatorKeys, AreMovedAndForgottenWithTheirCounts) {
  Coordinator coordinator;
  coordinator.Register({"a", "b"});
  EXPECT_EQ(coordinator.Allocate(Key("k")), "a");
  EXPECT_EQ(coordinator.Post("/keys", {{"primaryKey", "k"}, {"shard", "b"}}).status, 200);
  EXPECT_EQ(coordinator.Post("/keys", {{"primaryKey", "k"}, {"shard", "b"}}).status, 200);
  EXPECT_EQ(coordinator.Allocate(Key("k")), "b");
  EXPECT_EQ(coordinator.CountOf("a"), 0);
  EXPECT_EQ(coordinator.CountOf("b"), 1);
  const json key = {{"primaryKey", "k"}};
  const json moved = {{"shard", "b"}, {"movedAt", coordinator.now_ms}};
  EXPECT_EQ(json::parse(coordinator.Post("/keys/find", key).body), moved);
  EXPECT_EQ(coordinator.Post("/keys/find", {{"primaryKey", "l"}}).body, R"({"shard":null})");
  EXPECT_EQ(coordinator.Post("/keys", {{"primaryKey", "k"}, {"shard", "c"}}).status, 404);
  for (const json& available : {json{"a", "b"}, json("c")}) {
    const json body = {{"primaryKey", "k"}, {"shard", "c"}, {"availableShards", available}};
    EXPECT_GE(coordinator.Post("/keys", body).status, 400);
  }
  // The caller has it, and no key was placed there yet.
  for (int i = 0; i < 2; ++i) {
    const json body = {{"primaryKey", "l"}, {"shard", "c"}, {"availableShards", {"b", "c"}}};
    EXPECT_EQ(coordinator.Post("/keys", body).status, 200);
    EXPECT_EQ(coordinator.CountOf("c"), 1);
  }
  EXPECT_EQ(coordinator.Ask("DELETE", "/keys", R"({"primaryKey":"l"})").status, 200);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(coordinator.Ask("DELETE", "/keys", R"({"primaryKey":"k"})").status, 200);
    EXPECT_EQ(coordinator.CountOf("b"), 0);
  }
  EXPECT_TRUE(coordinator.store.Rows("SELECT shard FROM placed").empty());
}

TEST(CoordinatorKeys, AreCountedAgainWhenTheirShardIsBack) {
  Coordinator coordinator;
  coordinator.Register({"a"});
  for (int key = 0; key < 3; ++key) coordinator.Allocate(Key(std::to_string(key)));
  coordinator.Ask("DELETE", "/shards", R"({"shard":"a"})");
  coordinator.Register({"a"});
  EXPECT_EQ(coordinator.CountOf("a"), 3);
}

TEST(CoordinatorSequence, GivesEachNumberOnce) {
  Coordinator coordinator;
  const auto lease = [&](const json& body) { return coordinator.Post("/sequence", body).body; };
  EXPECT_EQ(lease({{"name", "users.id"}}), R"({"value":1})");
  EXPECT_EQ(lease({{"name", "users.id"}}), R"({"value":2})");
  EXPECT_EQ(lease({{"name", "users.id"}, {"count", 100}}), R"({"value":3})");
  EXPECT_EQ(lease({{"name", "users.id"}, {"min", 50}}), R"({"value":103})");
  EXPECT_EQ(lease({{"name", "users.id"}, {"min", 1'000}, {"count", 2}}), R"({"value":1000})");
  EXPECT_EQ(lease({{"name", "users.id"}}), R"({"value":1002})");
  EXPECT_EQ(lease({{"name", "posts.id"}}), R"({"value":1})");
}

TEST(CoordinatorSequence, EndsWhereNumbersAreNoLongerExact) {
  Coordinator coordinator;
  const json last = {{"name", "n"}, {"min", limits::kIntegerMax - 1}};
  EXPECT_EQ(coordinator.Post("/sequence", last).body, R"({"value":9007199254740990})");
  EXPECT_EQ(coordinator.Post("/sequence", last).status, 409);
  for (const json& body : std::vector<json>{{{"name", ""}},
                                            {{"min", 1}},
                                            {{"name", "n"}, {"min", -1}},
                                            {{"name", "n"}, {"count", 0}},
                                            {{"name", "n"}, {"count", 1'000'001}},
                                            {{"name", "n"}, {"min", "1"}},
                                            {{"name", std::string(257, 'n')}}}) {
    EXPECT_EQ(coordinator.Post("/sequence", body).status, 400) << body;
  }
}

TEST(CoordinatorRequests, ElsewhereAndOtherwiseAreRefused) {
  Coordinator coordinator;
  for (const char* path : {"/", "", "/shard", "/shards/", "/stats/a"}) {
    EXPECT_EQ(coordinator.Ask("GET", path).status, 404) << path;
  }
  const native::Answer put = coordinator.Ask("PUT", "/shards", "{}");
  EXPECT_EQ(put.status, 405);
  EXPECT_EQ(put.Header("allow"), "GET, POST, DELETE");
  EXPECT_TRUE(json::parse(put.body)["error"].is_string());
  EXPECT_EQ(coordinator.Ask("GET", "/allocate").status, 405);
  EXPECT_EQ(coordinator.Ask("POST", "/health").status, 405);
}

TEST(CoordinatorRequests, HealthIsOk) {
  Coordinator coordinator;
  EXPECT_EQ(coordinator.Ask("GET", "/health").body, "OK");
}

TEST(CoordinatorRequests, BodiesThatAreNoneAreRefused) {
  Coordinator coordinator;
  for (const char* body : {"", "{", "null", "[]", "\"a\"", "{\"shard\":\"\"}", "{\"shard\":1}",
                           "{\"shard\":\"\xff\"}", "{\"shard\":[[[[1]]]]}"}) {
    for (const char* path : {"/shards", "/stats", "/allocate", "/keys", "/sequence"}) {
      const native::Answer answer = coordinator.Ask("POST", path, body);
      EXPECT_EQ(answer.status, 400) << path << " " << body;
      EXPECT_TRUE(json::parse(answer.body)["error"].is_string());
    }
  }
  const std::string long_name(limits::kSqlShardNameBytesMax + 1, 'a');
  EXPECT_EQ(coordinator.Post("/shards", {{"shard", long_name}}).status, 400);
  const std::string huge(limits::kCoordinatorBodyBytesMax, 'k');
  EXPECT_EQ(coordinator.Post("/allocate", Key(huge)).status, 413);
  EXPECT_EQ(coordinator.Get("/shards"), json::array());
}

TEST(CoordinatorRequests, FlushForgetsAllButNeverInProduction) {
  Coordinator coordinator;
  coordinator.Register({"a", "b"});
  coordinator.Allocate(Key("k"));
  coordinator.Post("/sequence", {{"name", "n"}});
  const Params production = {{"method", "POST"}, {"path", "/flush"}, {"environment", "production"}};
  EXPECT_EQ(coordinator.Run("coordinator_request", production).status, 403);
  EXPECT_EQ(coordinator.Get("/shards").size(), 2U);
  EXPECT_EQ(coordinator.Ask("POST", "/flush").body, R"({"success":true})");
  EXPECT_EQ(coordinator.Get("/shards"), json::array());
  EXPECT_EQ(coordinator.state["shardStats"], json::object());
  coordinator.Register({"b"});
  EXPECT_EQ(coordinator.Allocate(Key("k")), "b");
  EXPECT_EQ(coordinator.Post("/sequence", {{"name", "n"}}).body, R"({"value":1})");
}

TEST(CoordinatorState, IsToldAsOthersReadIt) {
  Coordinator coordinator;
  EXPECT_EQ(coordinator.state, json::parse(R"({"knownShards":[],"shardStats":{},
    "strategy":"round-robin","roundRobinIndex":0})"));
  coordinator.Register({"b", "a"});
  coordinator.Allocate(Key("k"));
  EXPECT_EQ(coordinator.state, json::parse(R"({"knownShards":["b","a"],"shardStats":{
    "b":{"binding":"b","count":0,"lastUpdated":1795000000000},
    "a":{"binding":"a","count":1,"lastUpdated":1795000000000}},
    "strategy":"round-robin","roundRobinIndex":1})"));
}

TEST(CoordinatorState, OfAnEarlierLifeIsTakenOverOnce) {
  Coordinator coordinator(R"({"knownShards":["b","a","b",7,""],"shardStats":{
    "a":{"binding":"a","count":12,"lastUpdated":99},"b":{"count":-3},"z":1},
    "strategy":{"read":"random","write":"hash"},"roundRobinIndex":0})");
  EXPECT_EQ(coordinator.Get("/stats"), json::parse(R"([
    {"binding":"b","count":0,"lastUpdated":1795000000000},
    {"binding":"a","count":12,"lastUpdated":99}])"));
  EXPECT_EQ(coordinator.state["strategy"], "hash");
  EXPECT_EQ(coordinator.Allocate({{"primaryKey", "k"}, {"strategy", "round-robin"}}), "b");
  coordinator.Run("open_coordinator", {{"state", R"({"knownShards":["other"]})"}});
  EXPECT_EQ(coordinator.Get("/shards"), json({"b", "a"}));
}

TEST(CoordinatorState, WhatIsNoneIsNotTakenOver) {
  for (const char* text : {"", "null", "[]", "{", "{\"knownShards\":1,\"shardStats\":[]}",
                           "{\"roundRobinIndex\":-1,\"strategy\":\"unheard of\"}"}) {
    Coordinator coordinator(text);
    EXPECT_EQ(coordinator.Get("/shards"), json::array());
    EXPECT_EQ(coordinator.state["strategy"], "round-robin");
  }
}

TEST(CoordinatorStatements, EachReadsNoTableInFullUnexpectedly) {
  Coordinator coordinator;
  for (const sql::CoordinatorStatement& statement : sql::kCoordinatorStatements) {
    for (const std::string& step : coordinator.store.Plan(statement.sql.text)) {
      const bool expected =
          !statement.scans.empty() && step.starts_with("SCAN " + std::string(statement.scans));
      EXPECT_TRUE(!step.starts_with("SCAN ") || expected || step == "SCAN CONSTANT ROW")
          << statement.sql.name << ": " << step;
    }
  }
}

}  // namespace
}  // namespace tidemark::testing
