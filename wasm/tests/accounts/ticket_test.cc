// Tickets: who has one is who asked for it, once, for 30 seconds.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/accounts.h"

namespace tidemark::testing {
namespace {

native::Answer Issue(AccountsHarness* accounts, int number, const Identity& identity,
                     std::string_view role = "user") {
  return accounts->Run("issue_ticket", {{"secret", Secret(number)}}, "", identity, role);
}

native::Answer Redeem(AccountsHarness* accounts, int number) {
  return accounts->Run("redeem_ticket", {{"ticket", Secret(number)}});
}

void ExpectInvalid(const native::Answer& answer) {
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(json::parse(answer.body, nullptr, false).value("error", ""), "invalid_ticket");
}

TEST(Ticket, IsItsOwnersIdentityOnce) {
  AccountsHarness accounts;
  Identity identity = UserNamed("user-1", 3);
  identity.org = "org \"1\"";
  const native::Answer issued = Issue(&accounts, 1, identity, "viewer");
  EXPECT_EQ(issued.status, 200);
  EXPECT_EQ(json::parse(issued.body), json({{"ticket", Secret(1)}, {"expires_in", 30}}));
  const native::Answer redeemed = Redeem(&accounts, 1);
  EXPECT_EQ(redeemed.status, 200);
  EXPECT_EQ(json::parse(redeemed.body), json::array({"user-1", "viewer", "org \"1\"", nullptr,
                                                     "you@example.com", 3, kNow + limits::kDayMs}));
  ExpectInvalid(Redeem(&accounts, 1));
}

TEST(Ticket, EndsAfter30SecondsOrWithItsToken) {
  AccountsHarness accounts;
  Identity brief = UserNamed("user-1");
  brief.expires_ms = kNow + 10'000;
  Issue(&accounts, 1, UserNamed("user-1"));
  Issue(&accounts, 2, UserNamed("user-1"));
  Issue(&accounts, 3, brief);
  Issue(&accounts, 4, brief);
  accounts.now_ms += 9'999;
  EXPECT_EQ(Redeem(&accounts, 3).status, 200);
  accounts.now_ms += 1;
  ExpectInvalid(Redeem(&accounts, 4));
  accounts.now_ms += 19'999;
  EXPECT_EQ(Redeem(&accounts, 1).status, 200);
  accounts.now_ms += 1;
  ExpectInvalid(Redeem(&accounts, 2));
}

TEST(Ticket, ThatWasNotIssuedIsInvalid) {
  AccountsHarness accounts;
  Issue(&accounts, 1, UserNamed("user-1"));
  ExpectInvalid(Redeem(&accounts, 2));
  ExpectInvalid(accounts.Run("redeem_ticket", {}));
  ExpectInvalid(accounts.Run("redeem_ticket", {{"ticket", "user-1"}}));
}

TEST(Ticket, IsNotIssuedToNobody) {
  AccountsHarness accounts;
  EXPECT_EQ(Issue(&accounts, 1, {}).status, 401);
  EXPECT_EQ(Issue(&accounts, 1, UserNamed("user-1"), "none").status, 403);
  EXPECT_TRUE(accounts.Secrets().empty());
}

TEST(Ticket, RedeemedTwiceAtOnceLetsOneIn) {
  AccountsHarness accounts;
  Issue(&accounts, 1, UserNamed("user-1"));
  const auto one = accounts.Begin("redeem_ticket", {{"ticket", Secret(1)}});
  const auto two = accounts.Begin("redeem_ticket", {{"ticket", Secret(1)}});
  two->Step();
  one->Step();
  EXPECT_EQ(one->Take().status, 401);
  EXPECT_EQ(two->Take().status, 200);
}

TEST(Ticket, NeedsTheDatabase) {
  AccountsHarness accounts;
  accounts.database_down = true;
  EXPECT_EQ(Issue(&accounts, 1, UserNamed("user-1")).status, 503);
  EXPECT_EQ(Redeem(&accounts, 1).status, 503);
}

}  // namespace
}  // namespace tidemark::testing
