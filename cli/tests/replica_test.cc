// What the vectors do not reach: faults of the database, hostile answers, fields, sending all
// again.

#include "replica/replica.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>

#include "replica/sql_replica.h"

namespace tidemark {
namespace {

using nlohmann::json;

constexpr int64_t kNow = 1'795'000'000'000;
constexpr const char* kPlan = R"({"title":"A","status":"active"})";

class ReplicaTest : public testing::Test {
 protected:
  ReplicaTest() {
    database_ = std::move(*Database::Open(":memory:", 0));
    EXPECT_TRUE(Replica::Create(database_.get(), "phone").ok());
    replica_.emplace(database_.get(), &DeclaredSchema());
  }

  std::map<std::string, std::string> View() {
    std::map<std::string, std::string> view;
    EXPECT_TRUE(replica_
                    ->View([&](const RecordKey& key, std::string_view data) {
                      view[std::string(key.collection) + "/" + std::string(key.id)] = data;
                    })
                    .ok());
    return view;
  }
  ReplicaState State() { return *replica_->State(); }
  std::string Everything() {
    std::string text;
    for (const char* table : {"state", "base", "outbox", "in_flight", "rejected", "notices"}) {
      const std::string sql = std::string("SELECT * FROM ") + table;
      sqlite3_exec(
          database_->handle(), sql.c_str(),
          [](void* out, int count, char** cells, char**) {
            for (int i = 0; i < count; ++i) {
              *static_cast<std::string*>(out) += std::string(cells[i] ? cells[i] : "~") + "|";
            }
            return 0;
          },
          &text, nullptr);
    }
    return text;
  }
  // Pulls an empty state, so that edits are sent from now on.
  void Begin() {
    const auto request = replica_->Next(kNow);
    ASSERT_TRUE(replica_->Receive(request->request, Answer("e.0"), kNow).ok());
  }
  static std::string Answer(const std::string& cursor, const std::string& more = "") {
    return R"({"cursor":")" + cursor + R"(","has_more":false,"server_time":1795000000000)" + more +
           "}";
  }

  std::unique_ptr<Database> database_;
  std::optional<Replica> replica_;
};

TEST_F(ReplicaTest, KeepsDataByteForByte) {
  Begin();
  const std::string odd = R"({ "b": 1.0, "a":"é","n":12345678901234567890 })";
  const auto request = replica_->Next(kNow);
  const std::string row = R"({"action":"create","id":"p","data":)" + odd +
                          R"(,"updated_at":1795000000000,"counter":0,"device":"x","seq":1})";
  ASSERT_TRUE(
      replica_->Receive(request->request, Answer("e.1", R"(,"plans":[)" + row + "]"), kNow).ok());
  EXPECT_EQ(View().at("plans/p"), odd);
}

TEST_F(ReplicaTest, AnAnswerThatFailsInItsMiddleChangesNothing) {
  Begin();
  ASSERT_TRUE(replica_->Edit({"plans", "mine"}, kPlan, kNow).ok());
  const auto request = replica_->Next(kNow);
  std::string rows;
  for (int i = 0; i < 50; ++i) {
    rows += std::string(i == 0 ? "" : ",") + R"({"action":"create","id":"p)" + std::to_string(i) +
            R"(","data":{"title":"t"},"updated_at":1795000000000,"counter":0,"device":"x"})";
  }
  const std::string answer = Answer("e.1", R"(,"plans":[)" + rows + "]");
  const std::string before = Everything();
  int failures = 0;
  for (int steps = 3; steps < 1'000; steps += 7) {
    sqlite3_progress_handler(database_->handle(), steps, [](void*) { return 1; }, nullptr);
    const auto received = replica_->Receive(request->request, answer, kNow);
    sqlite3_progress_handler(database_->handle(), 0, nullptr, nullptr);
    if (received.ok()) break;  // so many steps are more than it takes
    ++failures;
    ASSERT_EQ(received.status().code(), "interrupted");
    ASSERT_EQ(Everything(), before) << steps;
  }
  EXPECT_GT(failures, 20);
  ASSERT_TRUE(replica_->Receive(request->request, answer, kNow).ok());
  EXPECT_EQ(View().size(), 51U);
  EXPECT_EQ(State().cursor, "e.1");
}

TEST_F(ReplicaTest, AFullDatabaseSaysSoAndLosesNothing) {
  Begin();
  ASSERT_TRUE(replica_->Edit({"plans", "p"}, kPlan, kNow).ok());
  database_->Script("PRAGMA max_page_count = 1");  // no page more than there are
  const std::string before = Everything();
  const std::string large = R"({"title":")" + std::string(500'000, 'x') + R"("})";
  EXPECT_EQ(replica_->Edit({"plans", "q"}, large, kNow).code(), "disk_full");
  EXPECT_EQ(Everything(), before);
  EXPECT_FALSE(database_->faulty());
}

TEST_F(ReplicaTest, HostileAnswersAreErrorsAndChangeNothing) {
  Begin();
  ASSERT_TRUE(replica_->Edit({"plans", "p"}, kPlan, kNow).ok());
  const auto request = replica_->Next(kNow);
  const std::string before = Everything();
  const std::string row = R"("updated_at":1795000000000,"counter":0,"device":"x")";
  const auto plans = [&](const std::string& rows) {
    return Answer("e.1", R"(,"plans":[)" + rows + "]");
  };
  const std::vector<std::string> answers{
      "",
      "null",
      "[]",
      "{}",
      Answer(""),
      Answer("e.1") + "x",
      R"({"cursor":5,"has_more":false})",
      R"({"cursor":"e.1","has_more":"no"})",
      R"({"cursor":"e.1","server_time":-1})",
      R"({"cursor":"e.1","server_time":1e300})",
      Answer("e.1", ",\"plans\":[1]"),
      plans(R"({"action":"update","id":"p",)" + row + "}"),            // no data
      plans(R"({"action":"update","id":"p","data":[],)" + row + "}"),  // no object
      plans(R"({"action":"delete","id":"p","data":{},)" + row + "}"),  // data of a deletion
      plans(R"({"action":"burn","id":"p","data":{},)" + row + "}"),    // no such action
      plans(R"({"action":"update","id":"","data":{},)" + row + "}"),   // no id
      plans(R"({"action":"update","id":"a\u0000","data":{},)" + row + "}"),
      plans(R"({"action":"update","id":"\ud800","data":{},)" + row + "}"),
      plans(R"({"action":"update","id":"p","data":{"a":"\ud800"},)" + row + "}"),
      plans(R"({"action":"update","id":"p","data":{},"updated_at":"now"})"),
      plans(R"({"action":"update","id":"p","data":{},"updated_at":1,"counter":1048576})"),
      plans(R"({"action":"update","id":"p","data":)" + std::string(101, '[') +
            std::string(101, ']') + "," + row + "}"),
      plans("{\"action\":\"update\",\"id\":\"\xff\",\"data\":{}," + row + "}"),
      Answer("e.1", R"(,"rejected":[{"index":1,"collection":"plans","code":"x","message":""}])"),
      Answer("e.1", R"(,"rejected":[{"index":0,"collection":"cards","code":"x","message":""}])"),
      Answer("e.1", R"(,"rejected":{})"),
      std::string(1'000'000, '['),
  };
  for (const std::string& answer : answers) {
    const auto received = replica_->Receive(request->request, answer, kNow);
    ASSERT_FALSE(received.ok()) << answer.substr(0, 200);
    EXPECT_EQ(received.status().code(), "invalid_answer");
    EXPECT_EQ(Everything(), before) << answer.substr(0, 200);
  }
  EXPECT_TRUE(replica_->Receive(request->request, Answer("e.1"), kNow).ok());
}

TEST_F(ReplicaTest, OnlyTheLastThousandNoticesAreKept) {
  Begin();
  std::string notices;
  for (int i = 0; i < 1'500; ++i) {
    notices += std::string(i == 0 ? "" : ",") +
               R"({"index":0,"collection":"plans","id":"p","code":"lost","message":"m"})";
  }
  const auto request = replica_->Next(kNow);
  ASSERT_TRUE(
      replica_->Receive(request->request, Answer("e.1", ",\"conflicts\":[" + notices + "]"), kNow)
          .ok());
  Rows rows = database_->Query("SELECT count(*), max(number) FROM notices");
  ASSERT_TRUE(rows.Next());
  EXPECT_EQ(rows.Integer(0), 1'000);
  EXPECT_EQ(rows.Integer(1), 1'500);
}

TEST_F(ReplicaTest, RecordsThatAreNoneAreRefused) {
  EXPECT_EQ(replica_->Edit({"plans", ""}, kPlan, kNow).code(), "invalid_record");
  EXPECT_EQ(replica_->Edit({"plans", std::string(257, 'a')}, kPlan, kNow).code(), "invalid_record");
  EXPECT_EQ(replica_->Edit({"plans", "\xff"}, kPlan, kNow).code(), "invalid_record");
  EXPECT_EQ(replica_->Edit({"decks", "d"}, kPlan, kNow).code(), "invalid_record");
  for (const char* data : {"", "[]", "{", "{}x", "null", "{\"a\":\"\\ud800\"}", "{\"a\":\xff}"}) {
    EXPECT_EQ(replica_->Edit({"plans", "p"}, data, kNow).code(), "invalid_record") << data;
  }
  EXPECT_TRUE(View().empty());
}

TEST_F(ReplicaTest, SendingAllAgainKeepsStampsAndGoesOnWhereItStopped) {
  Begin();
  for (const char* id : {"a", "b", "c"})
    ASSERT_TRUE(replica_->Edit({"plans", id}, kPlan, kNow).ok());
  auto request = replica_->Next(kNow);
  const json first = json::parse(request->body).at("plans");
  ASSERT_TRUE(replica_->Receive(request->request, Answer("e.3"), kNow).ok());
  EXPECT_TRUE(State().idle());

  ASSERT_TRUE(replica_->PushAll().ok());
  EXPECT_EQ(State().pending, 3U);
  Replica small(database_.get(), &DeclaredSchema(), {.deltas_max = 2});
  request = small.Next(kNow + 1000);
  ASSERT_TRUE(small.Receive(request->request, Answer("e.3"), kNow + 1000).ok());
  EXPECT_EQ(State().pending, 1U);
  EXPECT_EQ(State().synced_at, kNow);  // it is not marked as synced in its middle
  ASSERT_TRUE(small.PushAll().ok());
  EXPECT_EQ(State().pending, 1U);  // it goes on
  request = small.Next(kNow + 2000);
  EXPECT_EQ(json::parse(request->body).at("plans").at(0), first.at(2));
  ASSERT_TRUE(small.Receive(request->request, Answer("e.3"), kNow + 2000).ok());
  EXPECT_EQ(State().synced_at, kNow + 2000);
  ASSERT_TRUE(small.PushAll().ok());
  EXPECT_EQ(State().pending, 3U);  // all of them, once more
}

TEST_F(ReplicaTest, APushOfAllSurvivesAServerThatBeganAnew) {
  Begin();
  ASSERT_TRUE(replica_->Edit({"plans", "a"}, kPlan, kNow).ok());
  auto request = replica_->Next(kNow);
  ASSERT_TRUE(replica_->Receive(request->request, Answer("e.1"), kNow).ok());
  ASSERT_TRUE(replica_->PushAll().ok());
  request = replica_->Next(kNow);
  ASSERT_TRUE(replica_->Receive(request->request, Answer("f.1", ",\"reset\":true"), kNow).ok());
  EXPECT_EQ(View().size(), 1U);
  EXPECT_TRUE(State().idle());
}

// Every statement prepares, and none that runs for each record scans a table.
TEST_F(ReplicaTest, StatementsByKeyUseTheirKey) {
  for (const char* sql :
       {sql::kReadBase, sql::kPutBase, sql::kDeleteBase, sql::kReadOutbox, sql::kPutOutbox,
        sql::kDeleteOutbox, sql::kSetSent, sql::kRestamp, sql::kPutInFlight, sql::kMarkSent,
        sql::kKeepSentVersion, sql::kOutboxInOrder, sql::kNamedByChild, sql::kDropRejected,
        sql::kReadState}) {
    const std::string explain = "EXPLAIN QUERY PLAN " + std::string(sql);
    std::vector<std::string> steps;
    sqlite3_exec(
        database_->handle(), explain.c_str(),
        [](void* out, int, char** cells, char**) {
          static_cast<std::vector<std::string>*>(out)->emplace_back(cells[3]);
          return 0;
        },
        &steps, nullptr);
    EXPECT_TRUE(!steps.empty() || std::string_view(sql).starts_with("INSERT")) << sql;
    for (const std::string& step : steps) {
      const bool scans = step.starts_with("SCAN ") && step != "SCAN state";
      EXPECT_FALSE(scans || step.find("TEMP B-TREE") != step.npos) << sql << ": " << step;
    }
  }
}

TEST_F(ReplicaTest, TwoConnectionsDoNotLoseEachOthersEdits) {
  const std::string path = testing::TempDir() + "samedi-replica-" + std::to_string(getpid());
  auto one = std::move(*Database::Open(path, 1000));
  ASSERT_TRUE(Replica::Create(one.get(), "phone").ok());
  auto two = std::move(*Database::Open(path, 0));
  Replica first(one.get(), &DeclaredSchema());
  Replica second(two.get(), &DeclaredSchema());
  ASSERT_TRUE(first.Edit({"plans", "a"}, kPlan, kNow).ok());
  {
    Transaction held(one.get());
    EXPECT_EQ(second.Edit({"plans", "b"}, kPlan, kNow).code(), "busy");
  }
  ASSERT_TRUE(second.Edit({"plans", "b"}, kPlan, kNow).ok());
  EXPECT_EQ(first.State()->pending, 2U);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace tidemark
