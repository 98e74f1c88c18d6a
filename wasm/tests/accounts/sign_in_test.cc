// Links to sign in: good once, for 15 minutes, for one address; and what is left when an operation
// dies between two steps.

#include <gtest/gtest.h>

#include "accounts/email.h"
#include "base/limits.h"
#include "tests/support/accounts.h"

namespace tidemark::testing {
namespace {

const std::string kEmail = "you@example.com";
const std::string kUser = UserIdOf(kEmail);

std::string CodeOf(const native::Answer& answer) {
  const json body = json::parse(answer.body, nullptr, false);
  return body.is_object() ? body.value("error", "") : "";
}

void ExpectInvalid(const native::Answer& answer) {
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(json::parse(answer.body, nullptr, false),
            json({{"error", "invalid_magic_token"}, {"message", "Invalid or expired token"}}));
  EXPECT_TRUE(answer.data.find("user_id") == answer.data.end());
}

TEST(Link, SignsItsAddressInOnce) {
  AccountsHarness accounts;
  const native::Answer sent = accounts.RequestLink(" You@Example.com", 1);
  EXPECT_EQ(sent.status, 202);
  EXPECT_EQ(sent.body, R"({"sent":true})");
  EXPECT_EQ(sent.data.at("to"), kEmail);
  EXPECT_EQ(sent.data.at("subject"), "Login to Samedi");
  EXPECT_EQ(sent.data.at("text"),
            "Click here to login: https://samedi.dev/auth/verify?token=" + Secret(1));
  EXPECT_TRUE(accounts.Users().empty());

  const native::Answer verified = accounts.VerifyLink(1);
  EXPECT_EQ(verified.status, 200);
  EXPECT_EQ(verified.data,
            (Params{{"user_id", kUser}, {"email", kEmail}, {"role", "user"}, {"version", "0"}}));
  EXPECT_EQ(accounts.Users(), std::vector<std::string>{kUser + "|" + kEmail});
  EXPECT_TRUE(accounts.Secrets().empty());
  ExpectInvalid(accounts.VerifyLink(1));
}

TEST(Link, OfALaterTimeSignsTheSameUserIn) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  accounts.VerifyLink(1);
  const auto rows = accounts.database.Rows("SELECT * FROM users");
  accounts.now_ms += limits::kDayMs;
  accounts.RequestLink("YOU@EXAMPLE.COM", 2);
  EXPECT_EQ(accounts.VerifyLink(2).data.at("user_id"), kUser);
  EXPECT_EQ(accounts.database.Rows("SELECT * FROM users"), rows);
}

TEST(Link, ForAnAddressThatHasAnAccountKeepsItsId) {
  AccountsHarness accounts;
  accounts.database.Execute(
      "INSERT INTO users VALUES ('u-of-old', 'you@example.com', 'you', 1, 1)");
  accounts.RequestLink(kEmail, 1);
  EXPECT_EQ(accounts.VerifyLink(1).data.at("user_id"), "u-of-old");
  EXPECT_EQ(accounts.Users(), std::vector<std::string>{"u-of-old|" + kEmail});
}

TEST(Link, WhoseUserIdAnotherAddressHasSignsNobodyInAndIsNotUsedUp) {
  AccountsHarness accounts;
  accounts.database.Execute("INSERT INTO users VALUES ('" + kUser +
                            "', 'me@example.com', NULL, 1, 1)");
  accounts.RequestLink(kEmail, 1);
  for (int i = 0; i < 2; ++i) {
    const native::Answer answer = accounts.VerifyLink(1);
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(CodeOf(answer), "account_conflict");
    EXPECT_TRUE(answer.data.find("user_id") == answer.data.end());
  }
  EXPECT_EQ(accounts.Users(), std::vector<std::string>{kUser + "|me@example.com"});
  EXPECT_EQ(accounts.Secrets().size(), 1U);
}

TEST(Link, IsReadWithoutBeingUsedUp) {
  AccountsHarness accounts;
  const auto read = [&accounts](const std::string& token) {
    return accounts.Run("read_link", {{"token", token}});
  };
  accounts.RequestLink(kEmail, 1);
  const auto secrets = accounts.Secrets();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read(Secret(1)).data, (Params{{"email", kEmail}}));
  EXPECT_EQ(accounts.Secrets(), secrets);
  EXPECT_TRUE(accounts.Users().empty());
  ExpectInvalid(read(Secret(2)));
  ExpectInvalid(read("x"));
  accounts.database_down = true;
  EXPECT_EQ(CodeOf(read(Secret(1))), "unavailable");
  accounts.database_down = false;
  EXPECT_EQ(accounts.VerifyLink(1).status, 200);
  ExpectInvalid(read(Secret(1)));
  accounts.RequestLink(kEmail, 3);
  accounts.now_ms += limits::kLinkMs;
  ExpectInvalid(read(Secret(3)));
}

TEST(Link, IsAnsweredTheSameWhetherOrNotThereIsAnAccount) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  accounts.VerifyLink(1);
  const native::Answer known = accounts.RequestLink(kEmail, 2);
  const native::Answer unknown = accounts.RequestLink("me@example.com", 3);
  EXPECT_EQ(known.status, unknown.status);
  EXPECT_EQ(known.body, unknown.body);
}

TEST(Link, EndsAfter15Minutes) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  accounts.RequestLink(kEmail, 2);
  accounts.now_ms += limits::kLinkMs - 1;
  EXPECT_EQ(accounts.VerifyLink(1).status, 200);
  accounts.now_ms += 1;
  ExpectInvalid(accounts.VerifyLink(2));
}

TEST(Link, ThatWasNeverSentIsInvalid) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  ExpectInvalid(accounts.VerifyLink(2));
  for (const std::string& token :
       {std::string(), std::string("x"), Secret(1) + "A", Secret(1).substr(1), Secret(1) + "=",
        std::string("' OR 1=1 --"), std::string(10'000, 'A'), std::string("\xff\x00", 2)}) {
    ExpectInvalid(accounts.Run("verify_link", {{"token", token}}));
  }
  EXPECT_EQ(accounts.VerifyLink(1).status, 200);
}

TEST(Link, IsKeptAsItsHashAlone) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  ASSERT_EQ(accounts.Secrets().size(), 1U);
  EXPECT_EQ(accounts.Secrets()[0].find(Secret(1)), std::string::npos);
  // The hash is no link, and neither is what it was made of.
  ExpectInvalid(accounts.Run("verify_link", {{"token", accounts.Secrets()[0].substr(0, 64)}}));
}

TEST(Link, IsNotATicketNorATicketALink) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  EXPECT_EQ(accounts.Run("redeem_ticket", {{"ticket", Secret(1)}}).status, 401);
  accounts.Run("issue_ticket", {{"secret", Secret(2)}}, "", UserNamed(kUser));
  ExpectInvalid(accounts.VerifyLink(2));
  EXPECT_EQ(accounts.Secrets().size(), 2U);
}

TEST(Link, WithdrawnIsInvalid) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  accounts.RequestLink(kEmail, 2);
  EXPECT_EQ(accounts.Run("withdraw_link", {{"secret", Secret(1)}}).status, 200);
  ExpectInvalid(accounts.VerifyLink(1));
  EXPECT_EQ(accounts.VerifyLink(2).status, 200);
}

TEST(Link, ToAnAdminGivesThatRole) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  EXPECT_EQ(accounts.VerifyLink(1, "me@example.com, You@example.com").data.at("role"), "admin");
}

TEST(Link, MayBeAskedForByJson) {
  AccountsHarness accounts;
  const Params params = {{"secret", Secret(1)}, {"origin", "https://a"}, {"ip", "192.0.2.1"}};
  struct Row {
    std::string type;
    std::string body;
    int status;
    std::string code;
  };
  const Row rows[] = {
      {"application/json", R"({"email":"you@example.com"})", 202, ""},
      {"Application/JSON ; charset=utf-8", "{}", 400, "invalid_email"},
      {"application/json", R"({"email":"you@example.com\r\nBcc: me@example.com"})", 400,
       "invalid_email"},
      {"application/json", R"({"email":["you@example.com"]})", 400, "invalid_email"},
      {"application/json", R"(["you@example.com"])", 400, "invalid_email"},
      {"application/json", "", 400, "invalid_json"},
      {"application/json", R"({"email":"you@example.com")", 400, "invalid_json"},
      {"application/json", "{\"email\":\"\xff\"}", 400, "invalid_utf8"},
      {"application/json", "[[[[[]]]]]", 400, "too_deep"},
      {"application/json", R"({"email":")" + std::string(4'096, 'x') + "\"}", 413,
       "body_too_large"},
      {"text/plain", R"({"email":"you@example.com"})", 415, "unsupported_media_type"},
      {"", R"({"email":"you@example.com"})", 415, "unsupported_media_type"},
  };
  for (const Row& row : rows) {
    Params with = params;
    with["content_type"] = row.type;
    const native::Answer answer = accounts.Run("request_link", with, row.body);
    EXPECT_EQ(answer.status, row.status) << row.body;
    EXPECT_EQ(CodeOf(answer), row.code) << row.body;
  }
  EXPECT_EQ(accounts.Secrets().size(), 1U);
  const native::Answer verified = accounts.Run(
      "verify_link", {{"content_type", "application/json"}}, R"({"token":")" + Secret(1) + "\"}");
  EXPECT_EQ(verified.status, 200);
}

TEST(Link, IsAskedFor20TimesIn15MinutesForAnAddress) {
  AccountsHarness accounts;
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(accounts.RequestLink(kEmail, i).status, 202);
  const native::Answer next = accounts.RequestLink("YOU@example.com", 21);
  EXPECT_EQ(next.status, 429);
  EXPECT_EQ(CodeOf(next), "rate_limited");
  EXPECT_EQ(accounts.Secrets().size(), 20U);
  EXPECT_EQ(accounts.RequestLink("me@example.com", 22).status, 202);
  accounts.now_ms += limits::kLinkWindowMs;
  EXPECT_EQ(accounts.RequestLink(kEmail, 23).status, 202);
}

TEST(Link, CanBeAskedForByItsOwnerWhateverOneOtherNetworkAsksFor) {
  AccountsHarness accounts;
  // The address's window opens late in the network's, so two of the network's fall into it.
  accounts.RequestLink("other@example.com", 1, "192.0.2.1");
  accounts.now_ms += limits::kLinkWindowMs - 1;
  for (int i = 2; i <= 12; ++i) accounts.RequestLink(kEmail, i, "192.0.2.1");
  accounts.now_ms += 1;
  for (int i = 13; i <= 23; ++i) accounts.RequestLink(kEmail, i, "192.0.2.1");
  EXPECT_EQ(accounts.RequestLink(kEmail, 24, "192.0.2.1").status, 429);
  for (int i = 25; i <= 29; ++i) {
    EXPECT_EQ(accounts.RequestLink(kEmail, i, "198.51.100.1").status, 202);
  }
}

TEST(Link, IsAskedForFiveTimesIn15MinutesFromAnAddress) {
  AccountsHarness accounts;
  const auto ask = [&accounts](int number, const std::string& ip) {
    return accounts.RequestLink("you" + std::to_string(number) + "@example.com", number, ip).status;
  };
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(ask(i, "2001:db8::" + std::to_string(i)), 202);
  EXPECT_EQ(ask(6, "2001:db8::6"), 429);
  EXPECT_EQ(ask(7, "2001:db8:0:1::6"), 202);
  // What was refused from there does not count for the address.
  EXPECT_FALSE(accounts.objects.contains("email:you6@example.com"));
}

TEST(Link, ThatIsNoAddressIsNotCounted) {
  AccountsHarness accounts;
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(accounts.RequestLink("you", i, "192.0.2.1").status, 400);
  EXPECT_EQ(accounts.RequestLink(kEmail, 21, "192.0.2.1").status, 202);
}

TEST(Link, HasABoundThatCanBeConfigured) {
  AccountsHarness accounts;
  Params params = {{"email", kEmail}, {"ip", "192.0.2.1"}, {"links_max", "1"}};
  params["secret"] = Secret(1);
  EXPECT_EQ(accounts.Run("request_link", params).status, 202);
  params["secret"] = Secret(2);
  EXPECT_EQ(accounts.Run("request_link", params).status, 429);
  params["links_max"] = "many";
  const native::Answer answer = accounts.Run("request_link", params);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(CodeOf(answer), "not_configured");
}

TEST(Link, IsForgottenWithOthersThatHaveEnded) {
  AccountsHarness accounts;
  for (int i = 1; i <= 5; ++i) accounts.RequestLink("a@example.com", i);
  accounts.now_ms += limits::kLinkMs;
  accounts.RequestLink("b@example.com", 6);
  EXPECT_EQ(accounts.Secrets().size(), 1U);
}

TEST(Link, CannotBeHadOrUsedWhileTheDatabaseOrTheSpaceIsDown) {
  AccountsHarness accounts;
  accounts.RequestLink(kEmail, 1);
  accounts.database_down = true;
  EXPECT_EQ(CodeOf(accounts.RequestLink(kEmail, 2)), "unavailable");
  EXPECT_EQ(CodeOf(accounts.VerifyLink(1)), "unavailable");
  accounts.database_down = false;
  accounts.objects_down = {kUser, "ip:192.0.2.3"};
  EXPECT_EQ(CodeOf(accounts.VerifyLink(1)), "unavailable");
  EXPECT_EQ(CodeOf(accounts.RequestLink(kEmail, 3)), "unavailable");
  accounts.objects_down.clear();
  EXPECT_EQ(accounts.VerifyLink(1).status, 200);
}

TEST(Link, SurvivesAVerificationThatDiesBeforeItsLastStep) {
  for (int steps = 0;; ++steps) {
    AccountsHarness accounts;
    accounts.RequestLink(kEmail, 1);
    bool done = false;
    {
      const auto running = accounts.Begin("verify_link", {{"token", Secret(1)}});
      for (int i = 0; i < steps && !running->done(); ++i) running->Step();
      done = running->done();
    }
    EXPECT_EQ(accounts.engine.live(), 0U);
    EXPECT_EQ(accounts.Users().size(), done ? 1U : 0U) << steps;
    if (done) {
      EXPECT_EQ(steps, 3);
      return ExpectInvalid(accounts.VerifyLink(1));
    }
    EXPECT_EQ(accounts.VerifyLink(1).data.at("user_id"), kUser) << steps;
  }
}

TEST(Link, WhoseRequestDiesIsGoodOnlyIfItWasStored) {
  for (int steps = 0; steps < 4; ++steps) {
    AccountsHarness accounts;
    {
      const auto running = accounts.Begin(
          "request_link", {{"email", kEmail}, {"secret", Secret(1)}, {"ip", "192.0.2.1"}});
      for (int i = 0; i < steps; ++i) running->Step();
      EXPECT_EQ(running->done(), steps == 3);
    }
    EXPECT_EQ(accounts.Secrets().size(), steps == 3 ? 1U : 0U);
    EXPECT_EQ(accounts.RequestLink(kEmail, 2).status, 202);
  }
}

TEST(Link, VerifiedTwiceAtOnceSignsOneIn) {
  for (int lead = 0; lead <= 3; ++lead) {
    AccountsHarness accounts;
    accounts.RequestLink(kEmail, 1);
    const auto one = accounts.Begin("verify_link", {{"token", Secret(1)}});
    const auto two = accounts.Begin("verify_link", {{"token", Secret(1)}});
    for (int i = 0; i < lead && !one->done(); ++i) one->Step();
    while (!one->done() || !two->done()) {
      if (!two->done()) two->Step();
      if (!one->done()) one->Step();
    }
    EXPECT_EQ(one->Take().status + two->Take().status, 200 + 401) << lead;
    EXPECT_EQ(accounts.Users().size(), 1U);
  }
}

}  // namespace
}  // namespace tidemark::testing
