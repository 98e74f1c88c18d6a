// Who is let in: tokens of the present version, and a hundred requests in the minute that the first
// one opens, whatever the object forgets.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/accounts.h"

namespace tidemark::testing {
namespace {

const std::string kUser = "user-1";

// The object of a user, which remembers what it was answered last.
class Object {
 public:
  explicit Object(AccountsHarness* accounts) : accounts_(accounts) {}

  native::Answer Admit(int64_t version = 0, const std::string& limit = {}) {
    native::Answer answer =
        accounts_->RunIn(kUser, "admit", {{"admission", memory_}, {"requests_max", limit}},
                         UserNamed(kUser, version));
    if (answer.status == 200) memory_ = answer.data.at("admission");
    return answer;
  }
  // Takes so many at once.
  native::Answer Lease(const std::string& requests, const std::string& limit = {}) {
    native::Answer answer = accounts_->RunIn(
        kUser, "admit", {{"admission", memory_}, {"requests_max", limit}, {"requests", requests}},
        UserNamed(kUser, 0));
    if (answer.status == 200) memory_ = answer.data.at("admission");
    return answer;
  }
  // How many of so many get through.
  int AdmitMany(int count) {
    int through = 0;
    for (int i = 0; i < count; ++i) through += Admit().status == 200 ? 1 : 0;
    return through;
  }
  void Forget() { memory_.clear(); }
  native::Answer Revoke(int64_t version = 0) {
    native::Answer answer = accounts_->RunIn(kUser, "revoke_tokens", {}, UserNamed(kUser, version));
    if (answer.status == 200) memory_ = answer.data.at("admission");
    return answer;
  }

 private:
  AccountsHarness* accounts_;
  std::string memory_;
};

std::string CodeOf(const native::Answer& answer) {
  return json::parse(answer.body, nullptr, false).value("error", "");
}

TEST(Admit, LetsAHundredThroughInAMinute) {
  AccountsHarness accounts;
  Object object(&accounts);
  EXPECT_EQ(object.AdmitMany(200), 100);
  const native::Answer refused = object.Admit();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(json::parse(refused.body),
            json({{"error", "rate_limited"}, {"message", "Rate limit exceeded"}}));
  accounts.now_ms += limits::kMinuteMs - 1;
  EXPECT_EQ(object.AdmitMany(1), 0);
  accounts.now_ms += 1;
  EXPECT_EQ(object.AdmitMany(200), 100);
}

TEST(Admit, OpensAWindowAtTheFirstRequestAndNotAtTheClocksMinute) {
  AccountsHarness accounts;
  accounts.now_ms = kNow - kNow % limits::kMinuteMs + 59'000;
  Object object(&accounts);
  EXPECT_EQ(object.AdmitMany(60), 60);
  accounts.now_ms += 30'000;
  EXPECT_EQ(object.AdmitMany(60), 40);
}

TEST(Admit, NeverLetsMoreThroughWhenTheObjectForgets) {
  AccountsHarness accounts;
  Object object(&accounts);
  int through = 0;
  for (int i = 0; i < 50; ++i) {
    through += object.AdmitMany(7);
    object.Forget();
  }
  EXPECT_LE(through, 100);
  EXPECT_GE(through, 70);
  accounts.now_ms += limits::kMinuteMs;
  EXPECT_EQ(object.AdmitMany(200), 100);
}

TEST(Admit, KnowsAFullWindowAgainAfterTheObjectForgot) {
  AccountsHarness accounts;
  Object object(&accounts);
  EXPECT_EQ(object.AdmitMany(100), 100);
  object.Forget();
  EXPECT_EQ(object.AdmitMany(100), 0);
}

TEST(Admit, WritesARowForTenRequests) {
  AccountsHarness accounts;
  Object object(&accounts);
  object.Admit();
  accounts.ObjectOf(kUser).Execute(
      "CREATE TABLE writes (n); CREATE TRIGGER counts AFTER UPDATE ON meta BEGIN "
      "INSERT INTO writes VALUES (1); END");
  object.AdmitMany(150);
  EXPECT_EQ(accounts.ObjectOf(kUser).Rows("SELECT count(*) FROM writes"),
            std::vector<std::string>{"9"});
}

TEST(Admit, TakesABoundFromConfiguration) {
  AccountsHarness accounts;
  Object object(&accounts);
  int through = 0;
  for (int i = 0; i < 9; ++i) through += object.Admit(0, "3").status == 200 ? 1 : 0;
  EXPECT_EQ(through, 3);
  for (const char* limit : {"0", "-1", "many", "1e3"}) {
    const native::Answer answer = object.Admit(0, limit);
    EXPECT_EQ(answer.status, 503) << limit;
    EXPECT_EQ(CodeOf(answer), "not_configured");
  }
}

TEST(Admit, LeasesCountAsUsed) {
  AccountsHarness accounts;
  Object object(&accounts);
  int64_t granted = 0;
  for (int i = 0; i < 12; ++i) {
    const native::Answer answer = object.Lease("9");
    if (answer.status != 200) break;
    granted += std::stoll(answer.data.at("granted"));
  }
  EXPECT_EQ(granted, 100);
  EXPECT_EQ(object.Admit().status, 429);
  object.Forget();
  EXPECT_EQ(object.Lease("1").status, 429);
  accounts.now_ms += limits::kMinuteMs;
  EXPECT_EQ(object.Lease("10").data.at("granted"), "10");
  EXPECT_EQ(object.AdmitMany(200), 90);
}

TEST(Admit, GivesWhatIsLeftWhereALeaseAsksForMore) {
  AccountsHarness accounts;
  Object object(&accounts);
  EXPECT_EQ(object.Lease("10", "3").data.at("granted"), "3");
  EXPECT_EQ(object.Lease("10", "3").status, 429);
}

TEST(Admit, EndsALeaseAfterTenSecondsOrWithTheWindow) {
  AccountsHarness accounts;
  Object object(&accounts);
  EXPECT_EQ(object.Lease("2").data.at("granted_until"), std::to_string(kNow + limits::kLeaseMs));
  accounts.now_ms += limits::kMinuteMs - 1;
  EXPECT_EQ(object.Lease("2").data.at("granted_until"), std::to_string(kNow + limits::kMinuteMs));
}

TEST(Admit, EndsALeaseWithItsToken) {
  AccountsHarness accounts;
  Identity identity = UserNamed(kUser);
  identity.expires_ms = kNow + 2'000;
  const native::Answer answer = accounts.RunIn(kUser, "admit", {{"requests", "3"}}, identity);
  EXPECT_EQ(answer.data.at("granted_until"), std::to_string(kNow + 2'000));
}

TEST(Admit, LeasesNeverLetMoreThroughWhenTheObjectForgets) {
  AccountsHarness accounts;
  Object object(&accounts);
  int64_t granted = 0;
  for (int i = 0; i < 50; ++i) {
    const native::Answer answer = object.Lease("7");
    if (answer.status == 200) granted += std::stoll(answer.data.at("granted"));
    if (i % 2 == 0) object.Forget();
  }
  EXPECT_LE(granted, 100);
  EXPECT_GE(granted, 50);
}

TEST(Admit, RefusesALeaseOfNoneOrOfTooMany) {
  AccountsHarness accounts;
  Object object(&accounts);
  for (const char* requests : {"0", "-1", "11", "all"}) {
    const native::Answer answer = object.Lease(requests);
    EXPECT_EQ(answer.status, 400) << requests;
    EXPECT_EQ(CodeOf(answer), "invalid_parameter");
  }
}

TEST(Admit, IsForTheSpacesUserAlone) {
  AccountsHarness accounts;
  EXPECT_EQ(accounts.RunIn(kUser, "admit", {}, UserNamed("user-2")).status, 403);
  EXPECT_EQ(accounts.RunIn(kUser, "revoke_tokens", {}, UserNamed("user-2")).status, 403);
  EXPECT_EQ(accounts.RunIn(kUser, "admit", {}).status, 401);
  EXPECT_EQ(accounts.RunIn(kUser, "token_version", {}, UserNamed(kUser)).status, 403);
}

TEST(Revoke, MakesEveryTokenSoFarInvalid) {
  AccountsHarness accounts;
  Object object(&accounts);
  EXPECT_EQ(object.Admit().status, 200);
  const native::Answer revoked = object.Revoke();
  EXPECT_EQ(revoked.data.at("close_sockets"), "1");
  const native::Answer refused = object.Admit();
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(CodeOf(refused), "invalid_token");
  EXPECT_EQ(accounts.RunIn(kUser, "token_version", {}).data.at("version"), "1");
  EXPECT_EQ(object.Admit(1).status, 200);
  object.Revoke(1);
  object.Forget();
  EXPECT_EQ(object.Admit(1).status, 401);
  EXPECT_EQ(object.Admit(2).status, 200);
}

TEST(Revoke, ByATokenOfAVersionTheSpaceHasForgottenIsStillAStepOn) {
  AccountsHarness accounts;
  Object object(&accounts);
  EXPECT_EQ(object.Admit(7).status, 200);
  object.Revoke(7);
  EXPECT_EQ(object.Admit(7).status, 401);
  EXPECT_EQ(object.Admit(8).status, 200);
}

TEST(Revoke, OpensNoWindow) {
  AccountsHarness accounts;
  Object object(&accounts);
  EXPECT_EQ(object.AdmitMany(100), 100);
  object.Revoke();
  EXPECT_EQ(object.Admit(1).status, 429);
}

TEST(Counter, IsForgottenWhenItsWindowHasEnded) {
  AccountsHarness accounts;
  EXPECT_EQ(accounts.RunIn("ip:a", "count_link", {}).status, 200);
  EXPECT_EQ(accounts.alarms.at("ip:a"), kNow + limits::kLinkWindowMs);
  EXPECT_FALSE(accounts.RunIn("ip:a", "forget_count", {}).data.contains("empty"));
  accounts.now_ms += limits::kLinkWindowMs;
  EXPECT_TRUE(accounts.RunIn("ip:a", "forget_count", {}).data.contains("empty"));
  EXPECT_TRUE(accounts.RunIn("ip:b", "forget_count", {}).data.contains("empty"));
  // A window that was opened just before the alarm is kept, and has an alarm of its own.
  accounts.RunIn("ip:a", "count_link", {});
  accounts.alarms.clear();
  EXPECT_FALSE(accounts.RunIn("ip:a", "forget_count", {}).data.contains("empty"));
  EXPECT_EQ(accounts.alarms.at("ip:a"), accounts.now_ms + limits::kLinkWindowMs);
}

TEST(Counter, IsNotForCallers) {
  AccountsHarness accounts;
  EXPECT_EQ(accounts.RunIn("ip:a", "count_link", {}, UserNamed(kUser)).status, 403);
  EXPECT_EQ(accounts.RunIn("ip:a", "forget_count", {}, UserNamed(kUser)).status, 403);
}

}  // namespace
}  // namespace tidemark::testing
