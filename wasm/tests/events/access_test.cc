// Who may come to which tenant's log, and access keys.

#include <gtest/gtest.h>

#include "native/frames.h"
#include "tests/support/event_harness.h"

namespace tidemark::testing {
namespace {

native::Answer Enter(Params params, std::string_view role = "", std::string tenant = "") {
  EventHarness log;
  Request request;
  request.operation = "enter_events";
  request.now_ms = kNow;
  params.emplace("environment", "development");
  request.params = std::move(params);
  if (!role.empty()) request.identity = {.user_id = "user-1", .tenant = std::move(tenant)};
  return native::RunToEnd(&log.engine, request, role, "", {}, false);
}

std::string CodeOf(const native::Answer& answer) {
  return answer.status < 400 ? "" : json::parse(answer.body)["error"].get<std::string>();
}

TEST(Tenant, ComesFromThePathThenTheHeaderThenTheQuery) {
  EXPECT_EQ(Enter({}).data.at("tenant"), "default");
  EXPECT_EQ(Enter({{"path", "a"}}).data.at("tenant"), "a");
  EXPECT_EQ(Enter({{"header", "a"}}).data.at("tenant"), "a");
  EXPECT_EQ(Enter({{"query", "a"}}).data.at("tenant"), "a");
  EXPECT_EQ(Enter({{"path", "a"}, {"header", "a"}, {"query", "a"}}).data.at("tenant"), "a");
}

TEST(Tenant, IsRefusedWhereTheRequestNamesTwoOrNone) {
  EXPECT_EQ(CodeOf(Enter({{"path", "a"}, {"header", "b"}})), "tenant_conflict");
  EXPECT_EQ(CodeOf(Enter({{"path", "a"}, {"query", "b"}})), "tenant_conflict");
  EXPECT_EQ(CodeOf(Enter({{"header", "a"}, {"query", "b"}})), "tenant_conflict");
  for (const char* name : {"a/b", "../a", "a b", "\xc3\xa9", "%00"}) {
    EXPECT_EQ(CodeOf(Enter({{"path", name}})), "invalid_tenant") << name;
  }
  EXPECT_EQ(CodeOf(Enter({{"path", std::string(65, 'a')}})), "invalid_tenant");
}

TEST(Gate, IsOpenInDevelopmentWithoutATokenAndClosedWithOne) {
  EXPECT_EQ(Enter({}).data.at("access"), "write");
  EXPECT_EQ(Enter({{"mode", "view"}}).data.at("access"), "read");
  const Params set{{"sync_token", "secret"}};
  const auto with = [&](Params more) {
    more.insert(set.begin(), set.end());
    return Enter(std::move(more));
  };
  EXPECT_EQ(CodeOf(with({})), "unauthorized");
  EXPECT_EQ(CodeOf(with({{"token", "secre"}})), "unauthorized");
  EXPECT_EQ(with({{"token", "secret"}}).data.at("access"), "write");
  EXPECT_EQ(with({{"token", "secret"}, {"mode", "view"}}).data.at("access"), "read");
  EXPECT_EQ(with({{"token", "a.jwt"}, {"tokens", "1"}}).data.at("verify"), "1");
  const std::string key(43, 'A');
  EXPECT_EQ(with({{"key", key}}).data.at("key"), key);
  EXPECT_EQ(with({{"token", key}}).data.at("key"), key);
  EXPECT_EQ(CodeOf(with({{"key", "k"}})), "unauthorized");
  // A ticket looks like a key.
  EXPECT_EQ(with({{"ticket", key}, {"tokens", "1"}}).data.at("verify"), "1");
  EXPECT_FALSE(with({{"ticket", key}, {"tokens", "1"}}).data.contains("key"));
  EXPECT_EQ(CodeOf(with({{"ticket", key}})), "unauthorized");
}

TEST(Gate, IsShutInProductionWhereNothingIsConfigured) {
  const native::Answer shut = Enter({{"environment", "production"}});
  EXPECT_EQ(shut.status, 503);
  EXPECT_EQ(CodeOf(shut), "events_not_configured");
  EXPECT_EQ(CodeOf(Enter({{"environment", "production"}, {"tokens", "1"}})), "unauthorized");
}

TEST(Gate, LetsATokenIntoItsOwnTenantAlone) {
  EXPECT_EQ(Enter({{"path", "t1"}}, "user", "t1").data.at("access"), "write");
  EXPECT_EQ(Enter({{"path", "t1"}}, "viewer", "t1").data.at("access"), "read");
  EXPECT_EQ(CodeOf(Enter({{"path", "t2"}}, "user", "t1")), "forbidden");
  EXPECT_EQ(CodeOf(Enter({}, "user", "t1")), "forbidden");
  EXPECT_EQ(Enter({}, "user").data.at("access"), "write");
  EXPECT_EQ(CodeOf(Enter({{"path", "t1"}}, "user")), "forbidden");
  EXPECT_EQ(Enter({{"path", "t1"}}, "admin").data.at("access"), "write");
  EXPECT_EQ(CodeOf(Enter({}, "stranger")), "forbidden");
}

constexpr const char* kSecret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

TEST(AccessKey, OpensItsTenantUntilItIsRevoked) {
  EventHarness log;
  const native::Answer made =
      log.Run("make_event_key", {{"secret", kSecret}}, R"({"access":"read","label":"a page"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(json::parse(made.body)["key"], kSecret);
  EXPECT_EQ(
      log.Rows("SELECT count(*) FROM access_key WHERE hash LIKE '%" + std::string(kSecret) + "%'"),
      std::vector<std::string>{"0"});
  EventSocket& reader = log.Join("write", {{"key", kSecret}});
  EXPECT_EQ(reader.access, "read");
  EXPECT_EQ(log.Run("list_event_keys").body.find(kSecret), std::string::npos);
  const native::Answer revoked = log.Run("revoke_event_key", {{"id", "1"}});
  EXPECT_EQ(revoked.status, 204);
  EXPECT_EQ(revoked.data.at("close_sockets"), "[" + std::to_string(reader.number) + "]");
  EXPECT_EQ(log.Run("join_events", {{"access", "write"}, {"key", kSecret}}).status, 401);
  EXPECT_EQ(log.Run("revoke_event_key", {{"id", "1"}}).status, 404);
  EXPECT_EQ(log.Run("join_events", {{"access", "write"}, {"key", "nonsense"}}).status, 401);
}

TEST(AccessKey, ToWriteMayStillOnlyReadWhereItIsAskedTo) {
  EventHarness log;
  log.Run("make_event_key", {{"secret", kSecret}}, R"({"access":"write"})");
  EXPECT_EQ(log.Join("write", {{"key", kSecret}}).access, "write");
  EXPECT_EQ(log.Join("read", {{"key", kSecret}}).access, "read");
}

TEST(AccessKey, OfNoKnownKindIsNotMade) {
  EventHarness log;
  for (const char* body : {"{}", R"({"access":"admin"})", R"({"access":7})"}) {
    const native::Answer answer = log.Run("make_event_key", {{"secret", kSecret}}, body);
    EXPECT_EQ(CodeOf(answer), "invalid_access") << body;
  }
  EXPECT_EQ(CodeOf(log.Run("make_event_key", {{"secret", kSecret}}, "nonsense")), "invalid_json");
  EXPECT_EQ(CodeOf(log.Run("make_event_key", {{"secret", kSecret}},
                           R"({"access":"read","label":")" + std::string(201, 'l') + "\"}")),
            "invalid_label");
}

}  // namespace
}  // namespace tidemark::testing
