// Every operation there is, with every caller that must not have it.

#include <gtest/gtest.h>

#include <set>

#include "engine/operation_table.h"
#include "tests/support/people.h"

namespace tidemark::testing {
namespace {

// Started by nobody's token: the Worker's own, before it knows who calls.
const std::set<std::string_view> kForAnyone = {
    "health",        "request_link",   "read_link",     "verify_link", "withdraw_link",
    "redeem_ticket", "read_published", "enter_document"};  // which says itself who may go on
// Of an event log: who may come there is decided once, by enter_events, and then by what the socket
// was let in for.
const std::set<std::string_view> kForAnyPeer = {"enter_events",    "join_events",
                                                "event_frame",     "make_event_key",
                                                "list_event_keys", "revoke_event_key"};
bool IsForAnyone(std::string_view name) {
  return kForAnyone.contains(name) || kForAnyPeer.contains(name);
}
// Asked in another user's space by name: they find out themselves what is shared.
const std::set<std::string_view> kForSharers = {"check_shared", "list_shared"};
// No space's: for whoever is signed in.
const std::set<std::string_view> kForReaders = {"get_document", "get_sharded", "list_snapshots",
                                                "list_activity"};
// For admins, and those whom EDITORS names; here it names nobody.
const std::set<std::string_view> kForEditors = {
    "put_document",  "patch_document",   "patch_sharded",   "put_sharded",
    "patch_through", "restore_document", "replace_document"};

// 200 where the table lets the caller in.
int Ask(const OperationEntry& entry, const std::string& caller, Role role) {
  Request request;
  request.operation = entry.name;
  request.space = "user-1";
  request.identity.user_id = caller;
  request.identity.role = role;
  return entry.allows(request).http_status();
}

class Access : public ::testing::TestWithParam<OperationEntry> {};

TEST_P(Access, ForeignCallersAreRefused) {
  const std::string_view name = GetParam().name;
  if (IsForAnyone(name)) return;
  for (const Role role : {Role::kUser, Role::kViewer, Role::kNone}) {
    const bool anybodys = kForSharers.contains(name) || kForReaders.contains(name);
    const bool allowed = anybodys && role != Role::kNone;
    EXPECT_EQ(Ask(GetParam(), "somebody-else", role), allowed ? 200 : 403) << name;
  }
}

TEST_P(Access, AnOperationIsTheObjectsOwnOrACallersAndNeverBoth) {
  const std::string_view name = GetParam().name;
  if (IsForAnyone(name)) return;
  const int nobody = Ask(GetParam(), "", Role::kNone);
  const Role role = kForEditors.contains(name) ? Role::kAdmin : Role::kUser;
  const int user = Ask(GetParam(), "user-1", role);
  EXPECT_TRUE((nobody == 401 && user == 200) || (nobody == 200 && user == 403))
      << name << " " << nobody << " " << user;
}

TEST_P(Access, AViewerChangesNothing) {
  const bool writes = GetParam().name == "sync" || GetParam().name == "restore_history" ||
                      GetParam().name == "put_share" || GetParam().name == "delete_share" ||
                      kForEditors.contains(GetParam().name);
  if (writes) EXPECT_EQ(Ask(GetParam(), "user-1", Role::kViewer), 403) << GetParam().name;
}

TEST_P(Access, WhatIsSharedIsFoundOutByTheOperationItself) {
  if (!kForSharers.contains(GetParam().name)) return;
  People people;
  people.Sync("ann", "phone", Body("plans", {Update("p", PlanData("P"), kNow)}));
  Request request = people.Of("ann").RequestOf(std::string(GetParam().name),
                                               {{"collection", "cards"}, {"plan", "p"}}, true);
  request.identity.user_id = People::IdOf("bob");
  const native::Answer answer = native::RunToEnd(&people.Of("ann").engine, request, "user", "",
                                                 people.Of("ann").StoresOfSpace(), true);
  EXPECT_EQ(answer.status, 404);
}

INSTANTIATE_TEST_SUITE_P(EveryOperation, Access,
                         ::testing::ValuesIn(OperationTable().begin(), OperationTable().end()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tidemark::testing
