// What a space takes from others at most, how its user gets rid of it, and edits that wait already.

#include "base/limits.h"
#include "shares/sql_receive.h"
#include "tests/shares/fixtures.h"

namespace tidemark::testing {
namespace {

std::string Counting(int64_t count, const std::string& insert) {
  return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
         std::to_string(count) + ") INSERT INTO " + insert + " FROM n";
}

// Shares that a user gave Bob before.
std::string SharesOf(const std::string& owner, int64_t count) {
  return Counting(count, "received_shares SELECT '" + owner +
                             "', 'x' || i, 'read', '', 0, 'plans', 1, '', 0, 0, 0");
}

// Copies of Ann's that Bob has already.
std::string CopiesOfAnn(int64_t count, const std::string& data) {
  return Counting(count, "shared_records SELECT '" + People::IdOf("ann") +
                             "', 'cards', 'x' || i, " + data + ", 1, 0, 'd', 1, 1, 1, 0, 'x', 0");
}

TEST_F(Shares, OneUserSharesABoundedNumberWithAnother) {
  people_.Of("bob").space.Execute(SharesOf(People::IdOf("ann"), limits::kReceivedOfOwnerMax));
  people_.Put("ann", "p", "bob");
  people_.Share("ann");
  EXPECT_EQ(people_.Copies("bob"), Strings{});
  people_.Sync("dan", "phone", PlanWith("w", 1));
  people_.Put("dan", "w", "bob");
  people_.Share("dan");
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("dan", "w"));
  people_.Of("bob").space.Execute("DELETE FROM received_shares WHERE plan = 'x1'");
  people_.Settle();
  EXPECT_EQ(people_.Copies("bob").size(), 5U);
}

TEST_F(Shares, TheEndOfAShareThatNeverFoundRoomIsNotRemembered) {
  people_.Of("bob").space.Execute(SharesOf("u", limits::kReceivedSharesMax));
  people_.Put("ann", "p", "bob");
  people_.Share("ann");
  people_.Take("ann", "p", "bob");
  people_.Settle();
  EXPECT_EQ(people_.Of("bob").space.Rows("SELECT count(*) FROM received_shares"),
            Strings{std::to_string(limits::kReceivedSharesMax)});
  EXPECT_EQ(people_.Of("ann").space.Rows("SELECT * FROM plan_shares"), Strings{});
}

TEST_F(Shares, ASpaceTakesABoundedNumberOfCopiesOfOneUser) {
  people_.Of("bob").space.Execute(CopiesOfAnn(limits::kCopiesOfOwnerMax, "'{}'"));
  people_.Put("ann", "p", "bob");
  people_.Share("ann");
  const auto plans = [&] {
    return people_.Of("bob").space.Rows("SELECT id FROM shared_records WHERE plan = 'p'").size();
  };
  EXPECT_EQ(plans(), 0U);
  people_.Of("bob").space.Execute("DELETE FROM shared_records WHERE id = 'x1'");
  people_.Settle();
  EXPECT_EQ(plans(), 3U);
  people_.Sync("ann", "phone", Body("cards", {Update("more", CardData("p", "x"), kNow + 1, 0)}));
  people_.Share("ann");
  EXPECT_EQ(plans(), 3U);
}

TEST_F(Shares, ASpaceTakesBoundedBytesOfOneUser) {
  people_.Of("bob").space.Execute(
      CopiesOfAnn(64, "printf('%.*c', " + std::to_string(limits::kCopiedBytesMax / 64) + ", 'x')"));
  people_.Put("ann", "p", "bob");
  people_.Share("ann");
  EXPECT_EQ(people_.Of("bob").space.Rows("SELECT id FROM shared_records WHERE plan = 'p'"),
            Strings{});
}

TEST_F(Shares, WhoLeavesAShareIsRidOfItAndTheOwnersEndsWithIt) {
  Share();
  const json seen = people_.Sync("bob", "tablet", json::object());
  const auto leave = [&](const std::string& owner) {
    return Error(people_.Run("bob", "delete_share", {{"owner", owner}, {"plan_id", "p"}}));
  };
  EXPECT_EQ(leave("nobody"), "404 not_found");
  people_.published.clear();
  EXPECT_EQ(leave(People::IdOf("ann")), "200 ");
  EXPECT_EQ(people_.Copies("bob"), Strings{});
  EXPECT_EQ(Shown("bob").at("received"), json::array());
  EXPECT_FALSE(people_.published.empty());
  const json told = people_.Sync("bob", "tablet", {{"cursor", seen.at("cursor")}});
  EXPECT_EQ(Each(told.at("cards"), "action"), (Strings{"delete", "delete"}));
  EXPECT_EQ(leave(People::IdOf("ann")), "404 not_found");
  people_.Sync("ann", "phone", Body("cards", {Update("p-0", CardData("p", "x"), kNow + 1, 0)}));
  people_.Settle();
  EXPECT_EQ(people_.Copies("bob"), Strings{});
  EXPECT_EQ(Shown("ann").at("given"), json::array());
  EXPECT_EQ(people_.Of("ann").space.Rows("SELECT * FROM plan_shares"), Strings{});
  people_.now_ms += 1000;
  Share();
  EXPECT_EQ(people_.Copies("bob"), people_.Shared("ann", "p"));
}

TEST_F(Edits, ThoseThatWaitAlreadyCountOnceAndAreAcknowledgedAgain) {
  const json body = Body("cards", {Of("ann", Update("x", CardData("p", "1"), kNow, 0)),
                                   Of("ann", Removal("x", kNow, 1))});
  people_.Sync("bob", "tablet", body);
  people_.Of("bob").space.Execute(
      "INSERT INTO outgoing (owner, collection, record_id, device, updated_at, counter, "
      "counter_given, size) VALUES ('x', 'cards', 'full', 'd', 0, 0, 1, " +
      std::to_string(limits::kOutgoingBytesMax) + ")");
  EXPECT_EQ(people_.Sync("bob", "tablet", body).at("rejected"), json::array());
  EXPECT_EQ(CodesOf("cards", Removal("x", kNow, 1)), Strings{});
  EXPECT_EQ(Waiting("bob"), (Strings{"x", "x", "full"}));
  EXPECT_EQ(CodesOf("cards", Update("c", CardData("p", "x"), kNow + 1, 0)),
            Strings{"too_many_edits"});
}

TEST_F(Edits, ThoseThatWaitAreFoundByTheirWholeStamp) {
  std::string plan;
  for (const std::string& row :
       people_.Of("bob").space.Rows("EXPLAIN QUERY PLAN " + std::string(sql::kFindWaiting.text))) {
    plan += row + "\n";
  }
  EXPECT_NE(plan.find("outgoing_edit (owner=? AND collection=? AND record_id=? AND device=? AND "
                      "updated_at=? AND counter=?)"),
            std::string::npos)
      << plan;
}

}  // namespace
}  // namespace tidemark::testing
