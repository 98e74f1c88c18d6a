// The database as the commands open and ask it.

#include "store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>

#include "sql.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

constexpr int64_t kNow = 1'795'000'000'000;

class StoreTest : public testing::Test {
 protected:
  StoreTest() : path_(testing::TempDir() + "samedi-store-" + std::to_string(getpid())) {
    std::remove(path_.c_str());
    auto opened = Store::Open(path_, "phone");
    EXPECT_TRUE(opened.ok());
    store_ = std::move(*opened);
  }
  ~StoreTest() override { std::remove(path_.c_str()); }

  // What the server has, without a pending edit of it.
  void PutBase(const std::string& collection, const std::string& id, const std::string& data) {
    store_->database().Run(
        "INSERT INTO base (owner, collection, id, data, ms, counter, device) "
        "VALUES ('', ?1, ?2, ?3, 1, 0, 'x')",
        {collection, id, data});
    EXPECT_FALSE(store_->database().faulty());
  }
  std::vector<std::string> Ids(const char* sql, std::initializer_list<SqlValue> params) {
    std::vector<std::string> ids;
    const auto rows = store_->Select(sql, params);
    for (const json& row : *rows) {
      ids.push_back(row.at("id").get<std::string>());
    }
    return ids;
  }

  std::string path_;
  std::unique_ptr<Store> store_;
};

// Every statement prepares; joins with plans go by key, whichever table has the plan.
TEST_F(StoreTest, StatementsReadPlansByKey) {
  for (const char* statement : {sql::kFindRecord, sql::kFindPlan, sql::kListPlans, sql::kRunning,
                                sql::kListSessions, sql::kStudied, sql::kListCards, sql::kCountDue,
                                sql::kExport, sql::kNotices, sql::kDropRejectedOf}) {
    const std::string explain = "EXPLAIN QUERY PLAN " + std::string(statement);
    std::vector<std::string> steps;
    const int code = sqlite3_exec(
        store_->database().handle(), explain.c_str(),
        [](void* out, int, char** cells, char**) {
          static_cast<std::vector<std::string>*>(out)->emplace_back(cells[3]);
          return 0;
        },
        &steps, nullptr);
    ASSERT_EQ(code, SQLITE_OK) << statement;
    for (const std::string& step : steps) {
      for (const char* table : {"SCAN b", "SCAN o", "SCAN pb", "SCAN po"}) {
        EXPECT_NE(step, table) << statement;
      }
    }
  }
}

TEST_F(StoreTest, ChildrenAreSeenWhileTheirPlanIs) {
  const std::string plan = R"({"title":"P"})";
  const std::string card = R"({"plan_id":"p","question":"q","answer":"a","next_review":1})";
  PutBase("cards", "c", card);
  const auto cards = [&] { return Ids(sql::kListCards, {"", int64_t{0}, int64_t{10}}); };
  EXPECT_TRUE(cards().empty());  // its plan has never been here
  PutBase("plans", "p", plan);
  EXPECT_EQ(cards(), std::vector<std::string>{"c"});
  ASSERT_TRUE(store_->replica().Edit({"plans", "p"}, plan, kNow).ok());
  EXPECT_EQ(cards(), std::vector<std::string>{"c"});
  ASSERT_TRUE(store_->replica().Remove({"plans", "p"}, kNow).ok());
  EXPECT_TRUE(cards().empty());
  ASSERT_TRUE(store_->replica().Edit({"plans", "p"}, plan, kNow).ok());
  EXPECT_EQ(cards(), std::vector<std::string>{"c"});
}

TEST_F(StoreTest, TimesInSecondsAndMillisecondsCompareAlike) {
  PutBase("plans", "p", R"({"title":"P"})");
  PutBase("cards", "s", R"({"plan_id":"p","next_review":1795000000})");
  PutBase("cards", "m", R"({"plan_id":"p","next_review":1795000000500})");
  EXPECT_EQ(Ids(sql::kListCards, {"", kNow, int64_t{10}}), std::vector<std::string>{"s"});
  EXPECT_EQ(Ids(sql::kListCards, {"", kNow + 500, int64_t{10}}).size(), 2U);
  EXPECT_EQ(store_->Select(sql::kCountDue, {kNow})->at(0).at("due"), 1);
}

TEST_F(StoreTest, ADatabaseOfAnotherProgramIsNotTouched) {
  const std::string other = path_ + ".other";
  std::remove(other.c_str());
  {
    auto database = std::move(*Database::Open(other, 0));
    database->Script("CREATE TABLE mine (x)");
  }
  const auto opened = Store::Open(other, "phone");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), "damaged");
  std::remove(other.c_str());
}

TEST_F(StoreTest, TheDeviceIsTheOneThatMadeIt) {
  store_.reset();
  const auto again = Store::Open(path_, "laptop");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->replica().State()->device, "phone");
}

}  // namespace
}  // namespace tidemark::samedi
