// An app's document, natively: its objects with KV, R2 and the D1 database `DB`, and a clock.
//
// Verbs run an operation to its end. Begin gives one that a test steps through, stops anywhere and
// drops: then a local one has done nothing (but that an alarm may be set), and a spanning one what
// its steps did.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/harness.h"

namespace tidemark::testing {

class DocumentHarness {
 public:
  struct Object {
    native::SqliteStore store;
    int64_t alarm_at = 0;  // 0: none is set
  };

  explicit DocumentHarness(std::string app = "default");

  // Writes in the main object, as an admin. `more`: parameters of documents/operations.h. Where
  // `more` has no precondition, those that need one get the tag that there is, or
  // If-None-Match: *.
  native::Answer Patch(const json& operations, Params more = {});
  native::Answer PatchText(std::string body, Params more = {});
  native::Answer Put(std::string text, Params more = {});
  native::Answer JsonPatch(std::string patch, Params more = {});
  native::Answer MergePatch(std::string patch, Params more = {});

  // GET of what the owner has, and of what is published.
  native::Answer Get(Params more = {});
  native::Answer Published(Params more = {});
  // Their texts; empty where there is no document. Traps on another refusal.
  std::string View();
  std::string PublishedText();
  // The document's ETag, in quotes, and what is between them; empty where there is no document.
  std::string Tag();
  std::string Version();

  // The main object's alarm.
  native::Answer Tick();
  // Alarms ring as they are set, until none is. False: they never come to rest.
  bool RunUntilIdle();

  // Any operation in an object. `local`: within one transaction, and where it fails it sets no
  // alarm. Without a role it runs as the object itself.
  native::Answer Run(std::string operation, Params params = {}, std::string body = {},
                     std::string_view role = "admin", bool local = true);
  native::Answer RunIn(const std::string& object, std::string operation, Params params,
                       std::string body, std::string_view role, bool local);
  // Any spanning operation in the main object, as the object itself.
  native::Answer RunSpanning(std::string operation, Params params = {});
  std::unique_ptr<native::Running> Begin(std::string operation, Params params = {},
                                         std::string body = {}, std::string_view role = "admin",
                                         bool local = true);
  std::unique_ptr<native::Running> BeginTick();

  // By name; it is opened when it is first asked for.
  Object& ObjectOf(const std::string& name);
  Object& main() { return ObjectOf(main_name()); }
  std::string main_name() const;
  native::SqliteStore& store() { return main().store; }

  // The journal's objects in R2, in the order of their keys.
  std::vector<std::string> JournalObjects() const;
  // The activity's rows for writes: "method|path|app|status|user", in order of time.
  std::vector<std::string> Activity();

  std::string app;
  Engine engine;
  native::BlobStore kv{native::BlobStore::Kind::kKv};
  native::BlobStore r2{native::BlobStore::Kind::kR2};
  native::SqliteStore db;
  int64_t now_ms = kNow;
  std::string user = "user-1";
  // Told each batch for D1: a failure of `before_d1` is answered and nothing has happened; one of
  // `after_d1` is answered in place of what did happen.
  using D1Hook =
      std::function<std::optional<Failure>(const std::vector<native::HostStatement>& batch)>;
  D1Hook before_d1;
  D1Hook after_d1;

  Request RequestOf(std::string operation, Params params, std::string object,
                    std::string_view role);
  native::Stores StoresOf(const std::string& object);

 private:
  Params WithPrecondition(Params more);
  native::Answer Write(std::string operation, std::string_view method, std::string_view type,
                       std::string body, Params more);

  std::map<std::string, std::unique_ptr<Object>> objects_;
  uint64_t seed_ = 0;
};

// {"op": "upsert", ...} and {"op": "delete", ...}. `version` is left out where it is empty.
json Upsert(const std::string& collection, json record, const std::string& version = {});
json Deletion(const std::string& collection, const std::string& id,
              const std::string& version = {});

}  // namespace tidemark::testing
