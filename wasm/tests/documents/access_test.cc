#include "ops/access.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tidemark {
namespace {

constexpr std::string_view kEditors = "ada@example.com, Bob@Example.com";

Identity Someone(Role role, std::string_view email) {
  Identity identity;
  identity.user_id = "u1";
  identity.role = role;
  identity.email = email;
  return identity;
}

// 200, 401 or 403, with the code that belongs to it.
int Answer(const Status& status) {
  if (status.http_status() == 401) EXPECT_EQ(status.code(), "unauthorized");
  if (status.http_status() == 403) EXPECT_EQ(status.code(), "forbidden");
  EXPECT_EQ(status.ok(), status.message().empty());
  return status.http_status();
}

TEST(DocumentAccess, EachRoleReadsAndWritesWhatItMay) {
  const Identity nobody;
  const struct {
    std::string_view who;
    Identity identity;
    int published, owner, write;
  } rows[] = {
      {"nobody", nobody, 200, 401, 401},
      {"no role", Someone(Role::kNone, "ada@example.com"), 200, 403, 403},
      {"viewer", Someone(Role::kViewer, "eve@example.com"), 200, 200, 403},
      {"viewer with an editor's address", Someone(Role::kViewer, "ada@example.com"), 200, 200, 403},
      {"user", Someone(Role::kUser, "eve@example.com"), 200, 200, 403},
      {"user without an address", Someone(Role::kUser, ""), 200, 200, 403},
      {"editor", Someone(Role::kUser, "ada@example.com"), 200, 200, 200},
      {"editor in another case", Someone(Role::kUser, "bOB@example.COM"), 200, 200, 200},
      {"admin", Someone(Role::kAdmin, ""), 200, 200, 200},
  };
  for (const auto& row : rows) {
    const auto answer = [&row](bool published, Action action) {
      return Answer(CheckDocument(row.identity, published, action, kEditors));
    };
    EXPECT_EQ(answer(true, Action::kRead), row.published) << row.who;
    EXPECT_EQ(answer(false, Action::kRead), row.owner) << row.who;
    EXPECT_EQ(answer(false, Action::kWrite), row.write) << row.who;
    EXPECT_EQ(answer(true, Action::kWrite), row.write) << row.who;
  }
}

TEST(DocumentAccess, EditorsAreWholeAddressesBetweenCommas) {
  const struct {
    std::string_view editors, email;
    bool writes;
  } rows[] = {
      {"", "ada@example.com", false},
      {"", "", false},
      {",", "", false},
      {" , ", " ", false},
      {"ada@example.com", "ada@example.com", true},
      {"ADA@EXAMPLE.COM", "ada@example.com", true},
      {"\tx@y.z ,, ada@example.com\n", "ada@example.com", true},
      {"ada@example.com.au", "ada@example.com", false},
      {"ada@example.co", "ada@example.com", false},
      {"xada@example.com", "ada@example.com", false},
      {"ada@example.com;x@y.z", "ada@example.com", false},
      {"x@y.z,ada@example.com", "x@y.z,ada@example.com", false},
      {"@example.com", "ada@example.com", false},
      {"[da@example.com", "{da@example.com", false},  // 32 apart, and no letters
      {"*@example.com", "ada@example.com", false},
      {"**", "ada@example.com", false},
      {"*", "ada@example.com", true},
      {"*", "", true},
      {"x@y.z, * ", "", true},
  };
  for (const auto& row : rows) {
    const auto writes = [&row](Role role) {
      return CheckDocument(Someone(role, row.email), false, Action::kWrite, row.editors).ok();
    };
    EXPECT_EQ(writes(Role::kUser), row.writes) << row.editors << "|" << row.email;
    EXPECT_FALSE(writes(Role::kViewer)) << row.editors;
    EXPECT_FALSE(writes(Role::kNone)) << row.editors;
    EXPECT_TRUE(writes(Role::kAdmin)) << row.editors;
  }
}

TEST(DocumentAccess, IdThatIsNoUsersIsRefusedBeforeTheOwnerIsAsked) {
  Identity identity = Someone(Role::kAdmin, "ada@example.com");
  identity.user_id = "a b";
  EXPECT_TRUE(CheckDocument(identity, true, Action::kRead, "*").ok());
  EXPECT_EQ(CheckDocument(identity, false, Action::kRead, "*").code(), "invalid_user_id");
  identity.user_id = "db.json";
  EXPECT_EQ(CheckDocument(identity, false, Action::kWrite, "*").code(), "reserved_id");
}

TEST(DocumentAccess, ViewerIsToldWhyItMayNotWrite) {
  const Status status =
      CheckDocument(Someone(Role::kViewer, "ada@example.com"), false, Action::kWrite, "*");
  EXPECT_NE(status.message().find("viewer"), std::string::npos);
}

}  // namespace
}  // namespace tidemark
