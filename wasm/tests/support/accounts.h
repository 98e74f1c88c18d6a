// Accounts, natively: the database of users, and an object for each user and each counter, as many
// as are asked for.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/harness.h"

namespace tidemark::testing {

// A secret of a host's making; another number, another secret.
std::string Secret(int number);

class AccountsHarness {
 public:
  AccountsHarness();

  // An operation in the Worker, as nobody or as a user.
  native::Answer Run(std::string operation, Params params, std::string body = {},
                     Identity identity = {}, std::string_view role = "user");
  // The same, not yet begun to its end.
  std::unique_ptr<native::Running> Begin(std::string operation, Params params);
  // An operation in an object.
  native::Answer RunIn(const std::string& object, std::string operation, Params params,
                       Identity identity = {});

  // Asks for a link with Secret(number), from an address of its own where none is given.
  native::Answer RequestLink(const std::string& email, int number, std::string ip = {});
  native::Answer VerifyLink(int number, const std::string& admins = {});

  native::SqliteStore& ObjectOf(const std::string& name);
  std::vector<std::string> Users();    // "id|email", sorted
  std::vector<std::string> Secrets();  // every column

  Engine engine;
  native::SqliteStore database;
  std::map<std::string, std::unique_ptr<native::SqliteStore>> objects;
  std::map<std::string, int64_t> alarms;  // by object
  int64_t now_ms = kNow;
  bool database_down = false;
  std::set<std::string> objects_down;

 private:
  Request RequestOf(std::string operation, Params params, std::string space, Identity identity);
  native::Stores StoresOf(const std::string& object);
};

// A caller as its token says.
Identity UserNamed(std::string id, int64_t version = 0);

}  // namespace tidemark::testing
