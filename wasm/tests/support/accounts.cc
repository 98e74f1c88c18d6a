#include "tests/support/accounts.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "base/limits.h"

namespace tidemark::testing {

std::string Secret(int number) {
  std::string bytes(limits::kSecretBytes, 'x');
  bytes[0] = static_cast<char>(number);
  bytes[1] = static_cast<char>(number >> 8);
  return Base64UrlEncode(bytes);
}

Identity UserNamed(std::string id, int64_t version) {
  Identity identity;
  identity.user_id = std::move(id);
  identity.email = "you@example.com";
  identity.version = version;
  identity.expires_ms = kNow + limits::kDayMs;
  return identity;
}

AccountsHarness::AccountsHarness() : engine(FourCollections()) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(TIDEMARK_ROOT "/schema/db")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    database.Execute(text.str());
  }
}

Request AccountsHarness::RequestOf(std::string operation, Params params, std::string space,
                                   Identity identity) {
  Request request;
  request.operation = std::move(operation);
  request.now_ms = now_ms;
  request.identity = std::move(identity);
  request.space = std::move(space);
  request.params = std::move(params);
  return request;
}

native::SqliteStore& AccountsHarness::ObjectOf(const std::string& name) {
  auto& store = objects[name];
  if (store == nullptr) store = std::make_unique<native::SqliteStore>();
  return *store;
}

native::Stores AccountsHarness::StoresOf(const std::string& object) {
  native::Stores stores;
  if (!object.empty()) stores.own = &ObjectOf(object);
  stores.set_alarm = [this, object](int64_t at_ms) { alarms[object] = at_ms; };
  stores.d1 = [this](const std::string& shard, const std::vector<native::HostStatement>& statements,
                     native::Held* held) -> std::variant<ResultSets, Failure> {
    Check(shard == "DB");
    if (database_down) return Failure{"unavailable", "D1 is down"};
    return database.Run(statements, held);
  };
  stores.call = [this](const native::HostCommand& command,
                       native::Held* held) -> std::variant<CallReply, Failure> {
    if (objects_down.contains(command.space)) return Failure{"unavailable", "the object is down"};
    native::Answer answer = RunIn(command.space, command.operation, command.params);
    held->texts.push_back(answer.body);
    return CallReply{answer.status, answer.data, {static_cast<uint32_t>(held->texts.size() - 1)}};
  };
  return stores;
}

native::Answer AccountsHarness::Run(std::string operation, Params params, std::string body,
                                    Identity identity, std::string_view role) {
  const Request request =
      RequestOf(std::move(operation), std::move(params), {}, std::move(identity));
  return native::RunToEnd(&engine, request, role, std::move(body), StoresOf({}), false);
}

std::unique_ptr<native::Running> AccountsHarness::Begin(std::string operation, Params params) {
  const Request request = RequestOf(std::move(operation), std::move(params), {}, {});
  return std::make_unique<native::Running>(&engine, request, "user", "", StoresOf({}), false);
}

native::Answer AccountsHarness::RunIn(const std::string& object, std::string operation,
                                      Params params, Identity identity) {
  const bool counter = object.find(':') != std::string::npos;
  if (!counter && !objects.contains(object)) {
    const Request open = RequestOf("open_space", {}, object, {});
    native::RunToEnd(&engine, open, "user", "", StoresOf(object), true);
  }
  const Request request =
      RequestOf(std::move(operation), std::move(params), object, std::move(identity));
  return native::RunToEnd(&engine, request, "user", "", StoresOf(object), true);
}

native::Answer AccountsHarness::RequestLink(const std::string& email, int number, std::string ip) {
  if (ip.empty()) ip = "192.0.2." + std::to_string(number);
  return Run("request_link", {{"email", email},
                              {"secret", Secret(number)},
                              {"origin", "https://samedi.dev"},
                              {"ip", std::move(ip)}});
}

native::Answer AccountsHarness::VerifyLink(int number, const std::string& admins) {
  return Run("verify_link", {{"token", Secret(number)}, {"admins", admins}});
}

std::vector<std::string> AccountsHarness::Users() {
  return database.Rows("SELECT id, email FROM users ORDER BY 1, 2");
}

std::vector<std::string> AccountsHarness::Secrets() {
  return database.Rows("SELECT hash, kind, subject, expires_at FROM one_time ORDER BY 1");
}

}  // namespace tidemark::testing
