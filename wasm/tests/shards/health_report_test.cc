// The dashboard and the health report: their members, and each bound from both sides.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/json_tree.h"
#include "shards/health_stats.h"
#include "tests/shards/pure.h"

namespace tidemark::testing {
namespace {

// Statistics of shards a, b, ..., all as old as told.
std::string Stats(const std::vector<int64_t>& counts, int64_t age_ms = 0) {
  std::string text = "[";
  for (size_t i = 0; i < counts.size(); ++i) {
    if (i > 0) text += ',';
    text += std::string("{\"binding\":\"") + static_cast<char>('a' + i) +
            "\",\"count\":" + std::to_string(counts[i]) +
            ",\"lastUpdated\":" + std::to_string(kPureNow - age_ms) + "}";
  }
  return text + ']';
}

nlohmann::json Asked(const std::string& operation, Params params) {
  const auto answer = RunPure(operation, std::move(params));
  EXPECT_EQ(answer.status, 200) << answer.body;
  auto tree = ParseTree(answer.body, 4);
  Check(tree.ok());
  return *tree;
}

nlohmann::json Monitor(const std::string& stats) {
  return Asked("sql_monitor", {{"stats", stats}, {"shards", "3"}, {"coordinator", "ok"}});
}

TEST(HealthMonitor, EveryMemberStandsInItsPlace) {
  const std::string stats =
      R"([{"binding":"db-east","count":4,"lastUpdated":1794999999000,"more":1},)"
      R"({"binding":"db-west","count":3,"lastUpdated":1794999699999}])";
  EXPECT_EQ(RunPure("sql_monitor", {{"stats", stats}, {"shards", "3"}, {"coordinator", "ok"}}).body,
            R"({"healthy":true,"totalShards":3,"totalKeys":7,"avgKeysPerShard":4,)"
            R"("distributionRatio":1.33,"isBalanced":true,"staleShards":1,"shardDetails":[)"
            R"({"binding":"db-east","count":4,"lastUpdated":1794999999000,"loadPercentage":57,)"
            R"("isStale":false},)"
            R"({"binding":"db-west","count":3,"lastUpdated":1794999699999,"loadPercentage":43,)"
            R"("isStale":true}]})");
}

TEST(HealthMonitor, NothingIsNoNumber) {
  EXPECT_EQ(RunPure("sql_monitor", {{"stats", "[]"}}).body,
            R"({"healthy":false,"totalShards":0,"totalKeys":0,"avgKeysPerShard":0,)"
            R"("distributionRatio":0,"isBalanced":true,"staleShards":0,"shardDetails":[]})");
  const nlohmann::json empty = Monitor(Stats({0, 0}));
  EXPECT_EQ(empty["shardDetails"][1]["loadPercentage"], 0);
  EXPECT_EQ(empty["distributionRatio"], 0);
}

TEST(HealthMonitor, TheRatioIsOfTheLargestToTheSmallestThatCountsAsOneAtLeast) {
  EXPECT_EQ(Monitor(Stats({10, 0}))["distributionRatio"], 10);
  EXPECT_EQ(Monitor(Stats({7, 3}))["distributionRatio"], 2.33);
  EXPECT_EQ(Monitor(Stats({3, 2}))["distributionRatio"], 1.5);
}

TEST(HealthMonitor, BalancedIsBelowOneAndAHalf) {
  EXPECT_EQ(Monitor(Stats({149, 100}))["isBalanced"], true);
  EXPECT_EQ(Monitor(Stats({1'499'999, 1'000'000}))["isBalanced"], true);
  EXPECT_EQ(Monitor(Stats({150, 100}))["isBalanced"], false);
}

TEST(HealthMonitor, StaleIsOlderThanFiveMinutes) {
  EXPECT_EQ(Monitor(Stats({1, 1}, 300'000))["staleShards"], 0);
  EXPECT_EQ(Monitor(Stats({1, 1}, 300'001))["staleShards"], 2);
  EXPECT_EQ(Monitor(Stats({1, 1}, -300'001))["staleShards"], 0);
  EXPECT_EQ(Monitor(R"([{"binding":"a","count":1}])")["shardDetails"][0]["isStale"], true);
}

TEST(HealthMonitor, StatisticsThatAreNoneAreRefused) {
  const std::string rows[] = {"{}",
                              "[1]",
                              R"([{"binding":"a"}])",
                              R"([{"count":1}])",
                              R"([{"binding":"a","count":-1}])",
                              R"([{"binding":"a","count":1.5}])",
                              R"([{"binding":"a","count":"1"}])"};
  for (const std::string& stats : rows) {
    for (const char* operation : {"sql_monitor", "sql_balance"}) {
      const auto answer = RunPure(operation, {{"stats", stats}});
      EXPECT_EQ(answer.status, 400);
      EXPECT_NE(answer.body.find("\"invalid_stats\""), std::string::npos) << answer.body;
    }
  }
  EXPECT_EQ(RunPure("sql_monitor", {{"stats", ""}}).status, 400);
}

TEST(HealthReport, EveryMemberStandsInItsPlace) {
  const auto answer =
      RunPure("sql_health", {{"probes", R"({"kv":"ok","coordinator":"ok","shards":[)"
                                        R"({"binding":"db-west","ok":true},)"
                                        R"({"binding":"db-east","ok":true}]})"},
                             {"stats", Stats({4, 2, 3})}});
  EXPECT_EQ(
      answer.body,
      R"({"overall":"healthy","timestamp":"2026-11-18T11:06:40.000Z","checks":{"kv":"healthy",)"
      R"("coordinator":"healthy","db-west":"healthy","db-east":"healthy",)"
      R"("distribution":"healthy"},"distributionRatio":1.3333333333333333,)"
      R"("imbalanceRatio":2})");
  EXPECT_EQ(answer.data.at("http_status"), "200");
  EXPECT_EQ(RunPure("sql_health", {{"probes", "{}"}}).body,
            R"({"overall":"healthy","timestamp":"2026-11-18T11:06:40.000Z","checks":{}})");
}

TEST(HealthReport, TheWorstPartIsTheWholesHealth) {
  const std::pair<std::string, int> kv[] = {{"ok", 0}, {"mismatch", 1}, {"failed", 2}, {"", 0}};
  const std::pair<std::string, int> coordinator[] = {{"ok", 0}, {"failed", 1}, {"", 0}};
  const std::pair<std::string, int> shard[] = {{"true", 0}, {"false", 2}};
  const std::pair<std::string, int> stats[] = {
      {Stats({3, 3}), 0}, {Stats({9, 1, 1, 1}), 1}, {"failed", 0}, {"", 0}};
  const std::string names[] = {"healthy", "degraded", "unhealthy"};
  const std::string statuses[] = {"200", "206", "503"};
  int seen = 0;
  for (const auto& [kv_probe, kv_rank] : kv) {
    for (const auto& [probe, rank] : coordinator) {
      for (const auto& [ok, shard_rank] : shard) {
        for (const auto& [spread, spread_rank] : stats) {
          const std::string probes = "{\"kv\":\"" + kv_probe + "\",\"coordinator\":\"" + probe +
                                     "\",\"shards\":[{\"binding\":\"x\",\"ok\":" + ok + "}]}";
          const auto answer = RunPure("sql_health", {{"probes", probes}, {"stats", spread}});
          // Statistics are those of the coordinator.
          const int worst = std::max({kv_rank, rank, shard_rank, rank == 0 ? spread_rank : 0});
          EXPECT_EQ(answer.data.at("overall"), names[worst]) << probes;
          EXPECT_EQ(answer.data.at("http_status"), statuses[worst]);
          ++seen;
        }
      }
    }
  }
  EXPECT_EQ(seen, 96);
}

TEST(HealthReport, EachPartSaysItsOwnHealth) {
  const auto checks = [](const std::string& probes, const std::string& stats = "") {
    return DumpTree(Asked("sql_health", {{"probes", probes}, {"stats", stats}})["checks"]);
  };
  EXPECT_EQ(checks(R"({"kv":"mismatch"})"), R"({"kv":"degraded"})");
  EXPECT_EQ(checks(R"({"kv":"failed"})"), R"({"kv":"unhealthy"})");
  EXPECT_EQ(checks(R"({"coordinator":"failed"})", Stats({1})), R"({"coordinator":"unhealthy"})");
  EXPECT_EQ(checks(R"({"coordinator":"ok"})", "failed"),
            R"({"coordinator":"healthy","distribution":"unknown"})");
  EXPECT_EQ(checks(R"({"shards":[{"binding":"x","ok":false},{"binding":"y","ok":true}]})"),
            R"({"x":"unhealthy","y":"healthy"})");
  EXPECT_EQ(checks(R"({"kv":"ok","shards":[{"binding":"kv","ok":false}]})"),
            R"({"kv":"healthy","shard:kv":"unhealthy"})");
  EXPECT_EQ(checks("{}", Stats({0, 0})), "{}");
  EXPECT_EQ(checks("{}", "[]"), "{}");
}

TEST(HealthReport, ASpreadBelowTwoIsHealthyAndFromThreeOnDegradesTheWhole) {
  struct Row {
    std::vector<int64_t> counts;
    std::string distribution;
    std::string overall;
    double ratio;
  };
  const Row rows[] = {
      {{1'999, 1, 1'000, 1'000}, "healthy", "healthy", 1.999},
      {{2'000, 0, 1'000, 1'000}, "degraded", "healthy", 2},
      {{2'999, 1, 500, 500}, "degraded", "healthy", 2.999},
      {{3'000, 0, 500, 500}, "degraded", "degraded", 3},
      {{7, 0, 0}, "degraded", "degraded", 3},
  };
  for (const Row& row : rows) {
    const nlohmann::json report =
        Asked("sql_health", {{"probes", "{}"}, {"stats", Stats(row.counts)}});
    EXPECT_EQ(report["checks"]["distribution"], row.distribution);
    EXPECT_EQ(report["overall"], row.overall);
    EXPECT_EQ(report["distributionRatio"], row.ratio);
  }
}

TEST(HealthReport, ProbesThatAreNoneAreRefused) {
  const std::string rows[] = {"[]",
                              R"({"kv":"fine"})",
                              R"({"coordinator":"mismatch"})",
                              R"({"shards":[1]})",
                              R"({"shards":[{"binding":"a"}]})",
                              R"({"shards":[{"ok":true}]})"};
  for (const std::string& probes : rows) {
    const auto answer = RunPure("sql_health", {{"probes", probes}});
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.body.find("\"invalid_probes\""), std::string::npos) << answer.body;
  }
  EXPECT_EQ(RunPure("sql_health", {{"probes", "{}"}, {"stats", "x"}}).status, 400);
}

TEST(HealthStats, TimesAndNumbersAreWrittenAsJavaScriptDoes) {
  EXPECT_EQ(health::IsoTime(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(health::IsoTime(1'709'208'245'006), "2024-02-29T12:04:05.006Z");
  EXPECT_EQ(health::IsoTime(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(health::NumberText(6), "6");
  EXPECT_EQ(health::NumberText(0.5), "0.5");
  EXPECT_EQ(health::NumberText(16.0 / 3), "5.333333333333333");
  EXPECT_EQ(health::NumberText(9'007'199'254'740'991), "9007199254740991");
}

}  // namespace
}  // namespace tidemark::testing
