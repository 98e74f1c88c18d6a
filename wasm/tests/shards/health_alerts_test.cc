// Alerts and the balance: what is told, when, and once; and the moves that even shards out.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/json_tree.h"
#include "shards/health_moves.h"
#include "tests/shards/pure.h"

namespace tidemark::testing {
namespace {

constexpr int64_t kMinute = limits::kMinuteMs;

std::string Report(const std::string& overall, const std::string& checks,
                   const std::string& ratios = "") {
  return "{\"overall\":\"" + overall + "\",\"timestamp\":\"t\",\"checks\":" + checks + ratios + '}';
}

// Reports one after the other, each with the state that the one before left.
class Watch {
 public:
  // The messages of the alerts, with ";" between.
  std::string At(int64_t minute, const std::string& report) {
    const auto answer = RunPure("sql_alerts", {{"report", report}, {"state", state_}}, 1,
                                kPureNow + minute * kMinute);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto body = ParseTree(answer.body, 5);
    Check(body.ok());
    state_ = DumpTree((*body)["state"]);
    std::string messages;
    for (const nlohmann::json& alert : (*body)["alerts"]) {
      if (!messages.empty()) messages += ';';
      messages += *StringField(alert, "message");
    }
    return messages;
  }

 private:
  std::string state_;
};

const std::string kGood = Report("healthy", R"({"a":"healthy"})");
const std::string kBad = Report("unhealthy", R"({"a":"unhealthy","b":"healthy"})");
const std::string kBadToo = Report("unhealthy", R"({"a":"unhealthy","b":"unhealthy"})");
const std::string kSlow = Report("degraded", R"({"kv":"degraded","a":"healthy"})");
const std::string kBadText = R"(System unhealthy: {"a":"unhealthy","b":"healthy"})";
const std::string kSlowText = R"(System degraded: {"kv":"degraded","a":"healthy"})";

TEST(HealthAlerts, AnAlertHasTheBodiesOfBothWebhooks) {
  EXPECT_EQ(
      RunPure("sql_alerts", {{"report", kBad}}).body,
      R"({"alerts":[{"severity":"critical","message":"System unhealthy: {\"a\":\"unhealthy\",)"
      R"(\"b\":\"healthy\"}","slack":{"text":"🚨 CollegeDB CRITICAL: System unhealthy: )"
      R"({\"a\":\"unhealthy\",\"b\":\"healthy\"}","username":"CollegeDB Monitor"},)"
      R"("monitoring":{"service":"collegedb","severity":"critical","message":)"
      R"("System unhealthy: {\"a\":\"unhealthy\",\"b\":\"healthy\"}",)"
      R"("timestamp":"2026-11-18T11:06:40.000Z"}}],"state":{"overall":"unhealthy",)"
      R"("checks":{"a":"unhealthy","b":"healthy"},"alerted_ms":1795000000000,)"
      R"("imbalanced":false,"imbalance_alerted_ms":0}})");
  const auto slow = ParseTree(RunPure("sql_alerts", {{"report", kSlow}}).body, 5);
  const nlohmann::json& alert = (*slow)["alerts"][0];
  EXPECT_EQ(alert["severity"], "warning");
  EXPECT_EQ(alert["slack"]["text"], "🚨 CollegeDB WARNING: " + kSlowText);
  EXPECT_EQ(RunPure("sql_alerts", {{"report", kGood}}).body,
            R"({"alerts":[],"state":{"overall":"healthy","checks":{},"alerted_ms":0,)"
            R"("imbalanced":false,"imbalance_alerted_ms":0}})");
}

TEST(HealthAlerts, AChangeIsToldOnceAndAgainAfterAnHour) {
  Watch watch;
  EXPECT_EQ(watch.At(0, kGood), "");
  EXPECT_EQ(watch.At(1, kBad), kBadText);
  EXPECT_EQ(watch.At(2, kBad), "");
  EXPECT_EQ(watch.At(60, kBad), "");
  EXPECT_EQ(watch.At(61, kBad), kBadText);
  EXPECT_EQ(watch.At(120, kBad), "");
  EXPECT_EQ(watch.At(121, kSlow), kSlowText);
  EXPECT_EQ(watch.At(122, kSlow), "");
  EXPECT_EQ(watch.At(123, kBad), kBadText);
  EXPECT_EQ(watch.At(124, kGood), "");
  EXPECT_EQ(watch.At(125, kGood), "");
  EXPECT_EQ(watch.At(126, kBad), kBadText);
}

TEST(HealthAlerts, APartThatGetsWorseIsToldAndOneThatComesAndGoesIsNot) {
  Watch watch;
  EXPECT_EQ(watch.At(0, kBad), kBadText);
  EXPECT_EQ(watch.At(1, kBadToo), R"(System unhealthy: {"a":"unhealthy","b":"unhealthy"})");
  EXPECT_EQ(watch.At(2, kBad), "");
  EXPECT_EQ(watch.At(3, kBadToo), "");
  EXPECT_EQ(watch.At(4, Report("unhealthy", R"({"a":"unhealthy","distribution":"unknown"})")), "");
}

TEST(HealthAlerts, AnImbalanceAboveFiveIsToldByEitherRatio) {
  const auto told = [](const std::string& ratios) {
    return Watch().At(0, Report("healthy", "{}", ratios));
  };
  EXPECT_EQ(told(R"(,"distributionRatio":5,"imbalanceRatio":5)"), "");
  EXPECT_EQ(told(R"(,"distributionRatio":5.000001)"),
            "Severe shard imbalance detected: 5.000001x difference");
  EXPECT_EQ(told(R"(,"distributionRatio":6,"imbalanceRatio":50)"),
            "Severe shard imbalance detected: 6x difference");
  // Three shards cannot be further than three averages apart.
  EXPECT_EQ(told(R"(,"distributionRatio":2.7,"imbalanceRatio":90)"),
            "Severe shard imbalance detected: 90x difference");
  EXPECT_EQ(told(""), "");
}

TEST(HealthAlerts, AnImbalanceIsToldOnceAndAgainAfterAnHour) {
  const std::string uneven = Report("healthy", "{}", R"(,"distributionRatio":6)");
  Watch watch;
  EXPECT_NE(watch.At(0, uneven), "");
  EXPECT_EQ(watch.At(59, uneven), "");
  EXPECT_NE(watch.At(60, uneven), "");
  EXPECT_EQ(watch.At(61, kGood), "");
  EXPECT_NE(watch.At(62, uneven), "");
  const std::string both = Report("degraded", "{}", R"(,"distributionRatio":6)");
  EXPECT_EQ(Watch().At(0, both),
            "System degraded: {};Severe shard imbalance detected: 6x difference");
}

TEST(HealthAlerts, AStateThatCannotBeReadSilencesNothing) {
  for (const std::string state : {"", "{", "[]", "{\"overall\":1}", "{\"checks\":[]}"}) {
    const auto answer = RunPure("sql_alerts", {{"report", kBad}, {"state", state}});
    EXPECT_NE(answer.body.find("System unhealthy"), std::string::npos) << state;
  }
}

TEST(HealthAlerts, AReportThatIsNoneIsRefused) {
  for (const std::string report : {"[]", "{}", R"({"overall":"healthy"})", R"({"checks":{}})",
                                   R"({"overall":"fine","checks":{}})"}) {
    EXPECT_EQ(RunPure("sql_alerts", {{"report", report}}).status, 400) << report;
  }
  EXPECT_EQ(RunPure("sql_alerts", {}).status, 400);
}

std::string Stat(const std::string& binding, int64_t count, int64_t age_ms) {
  return "{\"binding\":\"" + binding + "\",\"count\":" + std::to_string(count) +
         ",\"lastUpdated\":" + std::to_string(kPureNow - age_ms) + "}";
}

TEST(HealthBalance, EveryMemberStandsInItsPlace) {
  const std::string a = Stat("a", 130, 0);
  const std::string b = Stat("b", 70, 61 * kMinute);
  EXPECT_EQ(RunPure("sql_balance", {{"stats", "[" + a + "," + b + "]"}}).body,
            R"({"totalKeys":200,"avgKeysPerShard":100,"balance":false,"freshStats":false,)"
            R"("shards":[)" +
                a + "," + b + R"(],"warnings":[{"message":"Shard imbalance detected:","shards":[)" +
                a + "," + b + R"(]},{"message":"Stale shard statistics detected:","shards":[)" + b +
                R"(]}],"moves":[{"from":"a","to":"b","keys":30}]})");
  EXPECT_EQ(RunPure("sql_balance", {{"stats", "[]"}}).body,
            R"({"totalKeys":0,"avgKeysPerShard":0,"balance":true,"freshStats":true,"shards":[],)"
            R"("warnings":[],"moves":[]})");
}

TEST(HealthBalance, AFifthFromTheAverageIsBalancedAndAnHourIsFresh) {
  const auto balance = [](int64_t most, int64_t least, int64_t age_ms) {
    const auto body = ParseTree(
        RunPure("sql_balance",
                {{"stats", "[" + Stat("a", most, age_ms) + "," + Stat("b", least, age_ms) + "]"}})
            .body,
        6);
    return *BoolField(*body, "balance") * 2 + *BoolField(*body, "freshStats");
  };
  EXPECT_EQ(balance(120, 80, 3'600'000), 3);
  EXPECT_EQ(balance(121, 79, 3'600'000), 1);
  EXPECT_EQ(balance(120, 80, 3'600'001), 2);
  EXPECT_EQ(balance(6, 4, 0), 3);
  EXPECT_EQ(balance(0, 0, 0), 3);
}

std::vector<health::ShardStat> Shards(const std::vector<int64_t>& counts) {
  std::vector<health::ShardStat> stats;
  for (const int64_t count : counts) stats.push_back({"", count, 0});
  return stats;
}

std::vector<int64_t> Moved(std::vector<int64_t> counts) {
  for (const health::Move& move : health::PlanMoves(Shards(counts))) {
    EXPECT_GT(move.keys, 0);
    EXPECT_GE(counts[move.from] - move.keys, counts[move.to] + move.keys - 1);
    counts[move.from] -= move.keys;
    counts[move.to] += move.keys;
  }
  return counts;
}

TEST(HealthBalance, MovesEvenOutWhatIsUnevenAndNothingElse) {
  using Counts = std::vector<int64_t>;
  EXPECT_EQ(Moved({}), Counts({}));
  EXPECT_EQ(Moved({0, 0}), Counts({0, 0}));
  EXPECT_EQ(Moved({119, 81}), Counts({119, 81}));
  EXPECT_EQ(Moved({120, 80}), Counts({100, 100}));
  EXPECT_EQ(Moved({300, 0, 0}), Counts({100, 100, 100}));
  EXPECT_EQ(Moved({2, 0, 0}), Counts({1, 1, 0}));
  EXPECT_EQ(Moved({1, 0, 0}), Counts({1, 0, 0}));
  // One that has too few is filled, though none has too many.
  const Counts filled = Moved({110, 110, 110, 110, 110, 110, 110, 110, 110, 10});
  EXPECT_EQ(*std::min_element(filled.begin(), filled.end()), 80);
}

TEST(HealthBalance, AfterTheMovesTheLargestIsBelowOnePointTwoAverages) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<int64_t> counts(1 + random() % 40);
    const uint64_t most = uint64_t{1} << random() % 40;
    for (int64_t& count : counts) count = static_cast<int64_t>(random() % most);
    const health::Spread before = health::SpreadOf(Shards(counts));
    const std::vector<int64_t> moved = Moved(counts);
    const health::Spread after = health::SpreadOf(Shards(moved));
    ASSERT_EQ(after.total, before.total);
    ASSERT_LE(health::PlanMoves(Shards(counts)).size(), 2 * counts.size());
    if (before.average < 10) {  // a key more is much
      const auto above = static_cast<int64_t>(std::ceil(before.average));
      ASSERT_TRUE(after.to_average < health::kMovedBelow || after.most <= above);
      continue;
    }
    ASSERT_LT(after.to_average, health::kMovedBelow);
    for (const int64_t count : moved) ASSERT_FALSE(health::Deviates(count, after));
    ASSERT_TRUE(health::PlanMoves(Shards(moved)).empty());
  }
}

}  // namespace
}  // namespace tidemark::testing
