// E-mail addresses: what is one, in which form it is kept, and whose.

#include "accounts/email.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

struct Valid {
  std::string text;
  std::string email;
};

TEST(Email, IsTrimmedAndInLowerCase) {
  const Valid rows[] = {
      {"you@example.com", "you@example.com"},
      {" \tYou@Example.COM \t", "you@example.com"},
      {"a@localhost", "a@localhost"},
      {"first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"},
      {"o'neil@example.com", "o'neil@example.com"},
      {"!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
      {"a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example"},
      {"a@1.2.3.example", "a@1.2.3.example"},
      {std::string(64, 'n') + "@example.com", std::string(64, 'n') + "@example.com"},
      {"a@" + std::string(63, 'd') + ".com", "a@" + std::string(63, 'd') + ".com"},
  };
  for (const Valid& row : rows) {
    const Result<std::string> email = NormalizeEmail(row.text);
    ASSERT_TRUE(email.ok()) << row.text;
    EXPECT_EQ(*email, row.email);
    EXPECT_EQ(*NormalizeEmail(*email), *email);
  }
}

// A domain of labels of 63 that makes an address of so many bytes.
std::string AddressOf(size_t bytes) {
  std::string email = "a@";
  while (email.size() + 64 < bytes) email += std::string(63, 'd') + ".";
  return email + std::string(bytes - email.size(), 'd');
}

TEST(Email, IsAtMost254BytesWith64BeforeTheAt) {
  EXPECT_TRUE(NormalizeEmail(AddressOf(254)).ok());
  EXPECT_FALSE(NormalizeEmail(AddressOf(255)).ok());
  EXPECT_FALSE(NormalizeEmail(AddressOf(10'000)).ok());
  EXPECT_FALSE(NormalizeEmail(std::string(65, 'n') + "@example.com").ok());
  EXPECT_FALSE(NormalizeEmail("a@" + std::string(64, 'd') + ".com").ok());
}

TEST(Email, OfAnyOtherFormIsRefused) {
  const std::string texts[] = {"",
                               " ",
                               "@",
                               "you",
                               "you@",
                               "@example.com",
                               "you@example",
                               "you@@example.com",
                               "a@b@example.com",
                               "you@.com",
                               "you@example.",
                               "you@example..com",
                               ".you@example.com",
                               "you.@example.com",
                               "y..ou@example.com",
                               "you@-example.com",
                               "you@example-.com",
                               "you@exam_ple.com",
                               "you@192.0.2.1",
                               "you@[192.0.2.1]",
                               "y ou@example.com",
                               "you@exam ple.com",
                               "\"you\"@example.com",
                               "you@example.com,me@example.com",
                               "You <you@example.com>",
                               "<you@example.com>",
                               "you@example.com\r\nBcc: me@example.com",
                               "you@example.com\n",
                               "\ryou@example.com",
                               "you@example.com\n.com",
                               "you\t@example.com",
                               std::string("you\0@example.com", 16),
                               "y\x7fu@example.com",
                               "y\xc3\xb6u@example.com",
                               "you@ex\xc3\xa4mple.com",
                               "you;me@example.com",
                               "you:me@example.com",
                               "(c)you@example.com",
                               "you\\@example.com",
                               "you@example.com.",
                               "you%0d%0a@example.com@x.com"};
  for (const std::string& text : texts) {
    const Result<std::string> email = NormalizeEmail(text);
    ASSERT_FALSE(email.ok()) << text;
    EXPECT_EQ(email.status().code(), "invalid_email");
    EXPECT_EQ(email.status().http_status(), 400);
  }
}

TEST(Email, GivesTheIdThatAScriptsTokenHas) {
  EXPECT_EQ(UserIdOf("demo@example.com"), "u7462108984f629db2ced1aeb");
  EXPECT_EQ(UserIdOf("you@example.com"), "u53e6cdc30765aade0129f85e");
}

TEST(Email, InTheListOfAdminsGivesTheirRole) {
  EXPECT_EQ(RoleOf("a@x.com", "a@x.com"), "admin");
  EXPECT_EQ(RoleOf("b@x.com", " a@x.com ,\tB@X.com,"), "admin");
  EXPECT_EQ(RoleOf("c@x.com", "a@x.com,b@x.com"), "user");
  EXPECT_EQ(RoleOf("a@x.co", "a@x.com"), "user");
  EXPECT_EQ(RoleOf("a@x.com", ""), "user");
}

}  // namespace
}  // namespace tidemark
