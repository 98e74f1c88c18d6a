// Shares: who sees what, and that they see all of it.

#include <algorithm>

#include "base/limits.h"
#include "tests/shares/fixtures.h"

namespace tidemark::testing {
namespace {

TEST_F(Shares, APlanComesWithItsChildrenAndNothingElse) {
  Share();
  const std::vector<json> rows = people_.Pull("bob");
  ASSERT_EQ(rows.size(), 3U);
  for (const json& row : rows) {
    EXPECT_EQ(row.at("owner"), People::IdOf("ann"));
    EXPECT_EQ(row.at("permission"), "read");
    EXPECT_EQ(row.at("action"), "create");
    EXPECT_EQ(row.at("device"), "phone");
    EXPECT_EQ(row.at("updated_at"), kNow);
  }
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("ann", "p"));
}

TEST_F(Shares, TheAnswerAndTheListsSayWhatIsShared) {
  const native::Answer put = people_.Put("ann", "p", "bob");
  const json share = {{"plan_id", "p"},
                      {"email", "bob@example.com"},
                      {"user_id", People::IdOf("bob")},
                      {"permission", "edit"},
                      {"created_at", kNow}};
  EXPECT_EQ(json::parse(put.body, nullptr, false), share);
  people_.Settle();
  EXPECT_EQ(Shown("ann").at("given"), json::array({share}));
  EXPECT_EQ(Shown("bob").at("received"), json::array({{{"owner", People::IdOf("ann")},
                                                       {"owner_email", "ann@example.com"},
                                                       {"plan_id", "p"},
                                                       {"permission", "edit"},
                                                       {"created_at", kNow}}}));
  EXPECT_EQ(Shown("bob").at("given"), json::array());
}

TEST_F(Shares, WhatCannotBeSharedIsRefusedByItsCode) {
  const auto put = [&](const std::string& body, std::string_view role = "user") {
    return Error(people_.Run("ann", "put_share", {}, body, role));
  };
  EXPECT_EQ(put(R"({"plan_id":"nope","email":"b@example.com","permission":"read"})"),
            "404 not_found");
  EXPECT_EQ(put(R"({"plan_id":"p-0","email":"b@example.com","permission":"read"})"),
            "404 not_found");
  EXPECT_EQ(put(R"({"plan_id":"p","email":"b@example.com","permission":"own"})"),
            "400 invalid_share");
  EXPECT_EQ(put(R"({"plan_id":"","email":"b@example.com","permission":"read"})"),
            "400 invalid_share");
  EXPECT_EQ(put(R"({"plan_id":"p","email":" Ann@Example.com","permission":"read"})"),
            "400 invalid_share");
  EXPECT_EQ(put(R"({"plan_id":"p","email":"nobody","permission":"read"})"), "400 invalid_email");
  EXPECT_EQ(put("{}"), "400 invalid_share");
  EXPECT_EQ(put("{"), "400 invalid_json");
  EXPECT_EQ(put("\"" + std::string(5000, 'x') + "\""), "400 invalid_share");
  EXPECT_EQ(put(R"({"plan_id":"p","email":"b@example.com","permission":"read"})", "viewer"),
            "403 forbidden");
  people_.Sync("ann", "phone", Body("plans", {Removal("q", kNow + 1)}));
  EXPECT_EQ(Error(people_.Put("ann", "q", "bob")), "404 not_found");
  EXPECT_EQ(Error(people_.Take("ann", "p", "bob")), "404 not_found");
  EXPECT_EQ(Shown("ann").at("given"), json::array());
}

TEST_F(Shares, ThereAreBoundsOfAPlanAndOfASpace) {
  const auto fill = [&](const std::string& plan, int64_t count) {
    people_.Of("ann").space.Execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
        std::to_string(count) + ") INSERT INTO plan_shares SELECT '" + plan +
        "', 'u' || i, 'read', 'u' || i, 0, 'plans', '', 1, 0, NULL, 0, 1, 0, 0, 0 FROM n");
  };
  fill("p", limits::kSharesOfPlanMax);
  EXPECT_EQ(Error(people_.Put("ann", "p", "bob")), "409 too_many_shares");
  EXPECT_EQ(people_.Put("ann", "q", "bob").status, 200);
  fill("x", limits::kSharesOfSpaceMax - limits::kSharesOfPlanMax - 1);
  EXPECT_EQ(Error(people_.Put("ann", "q", "cem")), "409 too_many_shares");
}

TEST_F(Shares, WhatChangesFollows) {
  Share();
  people_.Sync("ann", "laptop", Body("cards", {Update("p-0", CardData("p", "new"), kNow + 1, 0)}));
  people_.Sync("ann", "laptop", Body("cards", {Update("p-9", CardData("p", "more"), kNow + 1, 0)}));
  people_.Sync("ann", "laptop", Body("sessions", {Update("s", SessionData("p"), kNow + 1, 0)}));
  people_.Sync("ann", "laptop",
               Body("notes", {Update("n", {{"text", "A"}, {"plan_id", "p"}}, kNow + 1, 0)}));
  ExpectEqual(&people_, "ann", "p", "bob");
  people_.Sync("ann", "laptop", Body("cards", {Removal("p-1", kNow + 2)}));
  people_.Sync("ann", "laptop", Body("notes", {Update("n", {{"plan_id", nullptr}}, kNow + 2, 0)}));
  ExpectEqual(&people_, "ann", "p", "bob");
  const Strings copies = people_.Copies("bob");
  EXPECT_EQ(copies.size(), 4U);
}

TEST_F(Shares, WhatLeavesThePlanIsGoneAndMayComeBack) {
  Share();
  const json seen = people_.Sync("bob", "tablet", json::object());
  people_.Sync("ann", "phone", Body("cards", {Update("p-0", CardData("q", "away"), kNow + 1, 0)}));
  people_.Settle();
  const json answer = people_.Sync("bob", "tablet", {{"cursor", seen.at("cursor")}});
  ASSERT_EQ(Ids(answer.at("cards")), Strings{"p-0"});
  EXPECT_EQ(answer.at("cards")[0].at("action"), "delete");
  EXPECT_EQ(answer.at("cards")[0].at("owner"), People::IdOf("ann"));
  EXPECT_FALSE(answer.at("cards")[0].contains("permission"));
  EXPECT_EQ(answer.at("deleted_ids"), json::array());  // these name one's own
  people_.Sync("ann", "phone", Body("cards", {Update("p-0", CardData("p", "back"), kNow + 2, 0)}));
  ExpectEqual(&people_, "ann", "p", "bob");
  EXPECT_EQ(people_.Copies("bob").size(), 3U);
}

TEST_F(Shares, AMoveBetweenTwoSharedPlansIsNoLoss) {
  Share();
  people_.Put("ann", "q", "bob", "edit");
  people_.Settle();
  for (int i = 0; i < 4; ++i) {
    const std::string plan = i % 2 == 0 ? "q" : "p";
    people_.Sync("ann", "phone", Body("cards", {Update("p-0", CardData(plan, "x"), kNow + i, 1)}));
    people_.Settle();
    const Strings copies = people_.Copies("bob");
    EXPECT_EQ(copies.size(), 5U);
    EXPECT_EQ(std::count_if(copies.begin(), copies.end(),
                            [&](const std::string& copy) {
                              return copy.find("p-0|") != std::string::npos &&
                                     copy.find("\"plan_id\":\"" + plan) != std::string::npos;
                            }),
              1);
  }
}

TEST_F(Shares, WhatLeftThePlanBeforeIsNeverTold) {
  people_.Put("ann", "p", "cem");
  people_.Sync("ann", "phone",
               Body("cards", {Update("secret", CardData("p", "x"), kNow, 0),
                              Update("gone", CardData("p", "x"), kNow, 0)}));
  people_.Sync(
      "ann", "phone",
      With(Body("cards", {Update("secret", CardData("q", "x"), kNow, 1), Removal("gone", kNow, 1)}),
           "cursor", nullptr));
  Share();
  people_.Sync("ann", "phone", Body("cards", {Update("secret", CardData("q", "y"), kNow, 2)}));
  people_.Settle();
  for (const json& row : people_.Pull("bob")) {
    EXPECT_NE(row.at("id"), "secret");
    EXPECT_NE(row.at("id"), "gone");
  }
  ExpectEqual(&people_, "ann", "p", "bob");
}

TEST_F(Shares, APermissionThatChangesIsTold) {
  Share("read");
  const json seen = people_.Sync("bob", "tablet", json::object());
  EXPECT_EQ(people_.Put("ann", "p", "bob", "edit").status, 200);
  people_.Settle();
  const json answer = people_.Sync("bob", "tablet", {{"cursor", seen.at("cursor")}});
  ASSERT_EQ(Ids(answer.at("plans")), Strings{"p"});
  EXPECT_EQ(answer.at("plans")[0].at("permission"), "edit");
  EXPECT_EQ(answer.at("cards"), json::array());
  EXPECT_EQ(Shown("bob").at("received")[0].at("permission"), "edit");
}

TEST_F(Shares, AShareThatEndsTakesTheCopiesAway) {
  Share();
  people_.Sync("bob", "tablet", PlanWith("p", 1));  // Bob has a plan of the same id
  const json seen = people_.Sync("bob", "tablet", json::object());
  ASSERT_EQ(people_.Take("ann", "p", "bob").status, 200);
  EXPECT_EQ(Shown("ann").at("given"), json::array());
  people_.Settle();
  const json answer = people_.Sync("bob", "tablet", {{"cursor", seen.at("cursor")}});
  EXPECT_EQ(answer.at("cards").size(), 2U);
  EXPECT_EQ(answer.at("plans").size(), 1U);
  for (const char* collection : {"plans", "cards"}) {
    for (const json& row : answer.at(collection)) {
      EXPECT_EQ(row.at("action"), "delete");
      EXPECT_EQ(row.at("owner"), People::IdOf("ann"));
    }
  }
  EXPECT_EQ(Shown("bob").at("received"), json::array());
  EXPECT_EQ(people_.Of("bob").Records().size(), 2U);
  EXPECT_EQ(people_.Of("ann").space.Rows("SELECT * FROM plan_shares"), Strings{});
}

TEST_F(Shares, AShareMayBeginAgain) {
  Share();
  people_.Take("ann", "p", "bob");
  people_.Put("ann", "p", "bob", "edit");  // before its end was told
  ExpectEqual(&people_, "ann", "p", "bob");
  people_.Take("ann", "p", "bob");
  people_.Settle();
  EXPECT_EQ(people_.Copies("bob"), Strings{});
  people_.Sync("ann", "phone", Body("cards", {Removal("p-0", kNow + 1)}));
  people_.Put("ann", "p", "bob", "read");
  ExpectEqual(&people_, "ann", "p", "bob");
  EXPECT_EQ(people_.Copies("bob").size(), 2U);
}

TEST_F(Shares, TwoMayShareAPlanAndTwoMayShareWithEachOther) {
  Share();
  people_.Put("ann", "p", "cem");
  people_.Sync("bob", "tablet", PlanWith("p", 3));
  people_.Put("bob", "p", "ann");
  ExpectEqual(&people_, "ann", "p", "bob");
  ExpectEqual(&people_, "ann", "p", "cem");
  ExpectEqual(&people_, "bob", "p", "ann");
  people_.Take("ann", "p", "bob");
  people_.Settle();
  EXPECT_EQ(people_.Copies("bob"), Strings{});
  ExpectEqual(&people_, "ann", "p", "cem");
  ExpectEqual(&people_, "bob", "p", "ann");
}

TEST_F(Shares, ADeletedPlanIsDeletedForAllAndComesBack) {
  Share();
  people_.Sync("ann", "phone", Body("plans", {Removal("p", kNow + 1)}));
  ExpectEqual(&people_, "ann", "p", "bob");
  for (const std::string& copy : people_.Copies("bob")) EXPECT_FALSE(copy.starts_with("plans"));
  const json history = json::parse(people_.Run("ann", "list_history", {}).body, nullptr, false);
  const std::string entry = std::to_string(history[0].at("id").get<int64_t>());
  ASSERT_EQ(people_.Run("ann", "restore_history", {{"id", entry}}).status, 200);
  ExpectEqual(&people_, "ann", "p", "bob");
  EXPECT_EQ(people_.Copies("bob").size(), 3U);
}

TEST_F(Shares, DataComeByteForByte) {
  people_.Post("ann", "phone",
               R"({"cards":[{"action":"update","id":"odd \"id\", é","updated_at":1795000000000,
 "data": {"plan_id" : "p", "question":"a,\u0000]é😀",  "answer":"\"\\", "next_review":1e3 }}]})");
  people_.Post("ann", "phone",
               R"({"cards":[{"action":"update","id":"odd 2","updated_at":1795000000000,
 "data": {"plan_id" : "p", "question":"été",  "answer":"", "next_review":12 }}]})");
  Share();
  const char* sql = "SELECT id, data, updated_at, counter, device FROM %s ORDER BY id";
  const auto rows = [&](const std::string& name, const std::string& from) {
    std::string text = sql;
    text.replace(text.find("%s"), 2, from);
    return people_.Of(name).space.Rows(text);
  };
  EXPECT_EQ(rows("bob", "shared_records"), rows("ann", "records WHERE id = 'p' OR parent = 'p'"));
}

TEST_F(Shares, ALargePlanComesInPagesAndIsPulledInPages) {
  people_.Sync("ann", "phone", PlanWith("big", 5000));
  people_.Sync("bob", "phone", PlanWith("own", 40));
  people_.Put("ann", "big", "bob");
  people_.Settle();
  people_.Sync("bob", "phone", PlanWith("own", 40, kNow + 1));
  people_.Sync("ann", "phone", Body("cards", {Update("big-7", CardData("big", "x"), kNow + 9)}));
  people_.Settle();
  const std::vector<json> rows = people_.Pull("bob", 700);
  EXPECT_EQ(rows.size(), 5001U + 41U);
  for (size_t i = 1; i < rows.size(); ++i) ASSERT_LT(rows[i - 1].at("seq"), rows[i].at("seq"));
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("ann", "big"));
  EXPECT_EQ(people_.Sync("bob", "phone", {{"limit", 3}}).at("has_more"), true);
}

TEST_F(Shares, LiveDevicesAreToldAtOnce) {
  Share("read");
  people_.published.clear();
  people_.Sync("ann", "phone", Body("cards", {Update("p-0", CardData("p", "live"), kNow + 1)}));
  people_.Settle();
  json frame;
  for (const auto& [name, told] : people_.published) {
    if (name == "bob") frame = told;
  }
  ASSERT_TRUE(frame.is_object());
  ASSERT_EQ(Ids(frame.at("cards")), Strings{"p-0"});
  EXPECT_EQ(frame.at("cards")[0].at("owner"), People::IdOf("ann"));
  EXPECT_EQ(frame.at("cards")[0].at("permission"), "read");
  EXPECT_EQ(frame.at("cards")[0].at("data").at("question"), "live");
}

}  // namespace
}  // namespace tidemark::testing
