#include "tests/support/document_harness.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "documents/app.h"

namespace tidemark::testing {
namespace {

constexpr int kTicksMax = 100;

void Migrate(native::SqliteStore* database) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(TIDEMARK_ROOT "/schema/db")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    database->Execute(text.str());
  }
}

}  // namespace

DocumentHarness::DocumentHarness(std::string name)
    : app(std::move(name)), engine(FourCollections()) {
  Migrate(&db);
  main();
}

std::string DocumentHarness::main_name() const { return ManifestName(app); }

DocumentHarness::Object& DocumentHarness::ObjectOf(const std::string& name) {
  auto& object = objects_[name];
  if (object != nullptr) return *object;
  object = std::make_unique<Object>();
  const Request open = RequestOf("open_document", {}, name, "");
  const int status = native::RunToEnd(&engine, open, "", "", StoresOf(name), true).status;
  Check(status == 200);
  return *objects_[name];
}

Request DocumentHarness::RequestOf(std::string operation, Params params, std::string object,
                                   std::string_view role) {
  Request request;
  request.operation = std::move(operation);
  request.now_ms = now_ms;
  request.seed = ++seed_;
  if (!role.empty()) request.identity.user_id = user;
  request.space = std::move(object);
  request.params = std::move(params);
  request.params.try_emplace("app", app);
  return request;
}

native::Stores DocumentHarness::StoresOf(const std::string& object) {
  native::Stores stores;
  stores.kv = &kv;
  stores.r2 = &r2;
  if (!object.empty()) {
    Object* const owner = objects_.at(object).get();
    stores.own = &owner->store;
    stores.set_alarm = [owner](int64_t at_ms) {
      if (owner->alarm_at == 0 || at_ms < owner->alarm_at) owner->alarm_at = at_ms;
    };
  }
  stores.d1 = [this](const std::string& shard, const std::vector<native::HostStatement>& batch,
                     native::Held* held) -> std::variant<ResultSets, Failure> {
    Check(shard == "DB");
    if (before_d1) {
      if (auto failure = before_d1(batch)) return *std::move(failure);
    }
    auto result = db.Run(batch, held);
    if (after_d1) {
      if (auto failure = after_d1(batch)) return *std::move(failure);
    }
    return result;
  };
  stores.call = [this](const native::HostCommand& command,
                       native::Held* held) -> std::variant<CallReply, Failure> {
    std::string body;
    for (const Part& part : command.parts) {
      const auto* text = std::get_if<std::string>(&part);
      body += text != nullptr ? *text : held->texts.at(std::get_if<Handle>(&part)->id);
    }
    const native::Answer answer =
        RunIn(command.space, command.operation, command.params, std::move(body), "", true);
    held->texts.push_back(answer.body);
    return CallReply{answer.status, answer.data, {static_cast<uint32_t>(held->texts.size() - 1)}};
  };
  return stores;
}

native::Answer DocumentHarness::RunIn(const std::string& object, std::string operation,
                                      Params params, std::string body, std::string_view role,
                                      bool local) {
  Object& owner = ObjectOf(object);
  const int64_t alarm_at = owner.alarm_at;
  const Request request = RequestOf(std::move(operation), std::move(params), object, role);
  native::Answer answer =
      native::RunToEnd(&engine, request, role, std::move(body), StoresOf(object), local);
  if (local && answer.status >= 400) owner.alarm_at = alarm_at;
  return answer;
}

native::Answer DocumentHarness::Run(std::string operation, Params params, std::string body,
                                    std::string_view role, bool local) {
  return RunIn(main_name(), std::move(operation), std::move(params), std::move(body), role, local);
}

native::Answer DocumentHarness::RunSpanning(std::string operation, Params params) {
  return Run(std::move(operation), std::move(params), {}, "", false);
}

std::unique_ptr<native::Running> DocumentHarness::Begin(std::string operation, Params params,
                                                        std::string body, std::string_view role,
                                                        bool local) {
  const Request request = RequestOf(std::move(operation), std::move(params), main_name(), role);
  return std::make_unique<native::Running>(&engine, request, role, std::move(body),
                                           StoresOf(main_name()), local);
}

std::unique_ptr<native::Running> DocumentHarness::BeginTick() {
  main().alarm_at = 0;
  return Begin("tick_document", {}, {}, "", false);
}

native::Answer DocumentHarness::Tick() {
  main().alarm_at = 0;
  return RunSpanning("tick_document");
}

bool DocumentHarness::RunUntilIdle() {
  for (int i = 0; i < kTicksMax; ++i) {
    Object* next = nullptr;
    std::string name;
    for (auto& [key, object] : objects_) {
      if (object->alarm_at == 0 || (next != nullptr && next->alarm_at <= object->alarm_at))
        continue;
      next = object.get();
      name = key;
    }
    if (next == nullptr) return true;
    now_ms = std::max(now_ms, next->alarm_at);
    next->alarm_at = 0;
    RunIn(name, "tick_document", {}, {}, "", false);
  }
  return false;
}

native::Answer DocumentHarness::Write(std::string operation, std::string_view method,
                                      std::string_view type, std::string body, Params more) {
  more.try_emplace("content_type", std::string(type));
  more.try_emplace("method", std::string(method));
  more.try_emplace("path", app == kDefaultApp ? "/db.json" : "/apps/" + app + "/db.json");
  return Run(std::move(operation), std::move(more), std::move(body));
}

Params DocumentHarness::WithPrecondition(Params more) {
  if (more.contains("if_match") || more.contains("if_none_match")) return more;
  const std::string tag = Tag();
  if (tag.empty()) more["if_none_match"] = "*";
  if (!tag.empty()) more["if_match"] = tag;
  return more;
}

native::Answer DocumentHarness::Patch(const json& operations, Params more) {
  return PatchText(operations.dump(), std::move(more));
}

native::Answer DocumentHarness::PatchText(std::string body, Params more) {
  return Write("patch_document", "PATCH", "application/json", std::move(body), std::move(more));
}

native::Answer DocumentHarness::Put(std::string text, Params more) {
  return Write("put_document", "PUT", "application/json", std::move(text),
               WithPrecondition(std::move(more)));
}

native::Answer DocumentHarness::JsonPatch(std::string patch, Params more) {
  return Write("patch_document", "PATCH", "application/json-patch+json", std::move(patch),
               WithPrecondition(std::move(more)));
}

native::Answer DocumentHarness::MergePatch(std::string patch, Params more) {
  return Write("patch_document", "PATCH", "application/merge-patch+json", std::move(patch),
               WithPrecondition(std::move(more)));
}

native::Answer DocumentHarness::Get(Params more) {
  more.try_emplace("method", "GET");
  return Run("get_document", std::move(more), {}, "viewer");
}

native::Answer DocumentHarness::Published(Params more) {
  more.try_emplace("method", "GET");
  const Request request = RequestOf("read_published", std::move(more), {}, "");
  return native::RunToEnd(&engine, request, "", "", StoresOf({}), false);
}

std::string DocumentHarness::View() {
  const native::Answer answer = Get();
  Check(answer.status == 200 || answer.status == 404);
  return answer.status == 200 ? answer.body : std::string();
}

std::string DocumentHarness::PublishedText() {
  const native::Answer answer = Published();
  Check(answer.status == 200 || answer.status == 404);
  return answer.status == 200 ? answer.body : std::string();
}

std::string DocumentHarness::Tag() {
  // Of a document of any size: no operations change nothing.
  return PatchText("[]").Header("etag");
}

std::string DocumentHarness::Version() {
  const std::string tag = Tag();
  return tag.empty() ? tag : tag.substr(1, tag.size() - 2);
}

std::vector<std::string> DocumentHarness::JournalObjects() const {
  std::vector<std::string> objects;
  for (const std::string& key : r2.Keys(JournalPrefix(app))) {
    objects.push_back(r2.Find(key)->bytes);
  }
  return objects;
}

std::vector<std::string> DocumentHarness::Activity() {
  return db.Rows("SELECT method, path, app, status, user FROM activity ORDER BY id");
}

json Upsert(const std::string& collection, json record, const std::string& version) {
  json operation = {{"op", "upsert"}, {"collection", collection}, {"id", record.at("id")}};
  operation["record"] = std::move(record);
  if (!version.empty()) operation["version"] = version;
  return operation;
}

json Deletion(const std::string& collection, const std::string& id, const std::string& version) {
  json operation = {{"op", "delete"}, {"collection", collection}, {"id", id}};
  if (!version.empty()) operation["version"] = version;
  return operation;
}

}  // namespace tidemark::testing
