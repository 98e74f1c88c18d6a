#include "tests/support/sharded_harness.h"

#include <algorithm>
#include <optional>

#include "documents/app.h"
#include "documents/shard_of.h"
#include "tests/support/journal_replay.h"

namespace tidemark::testing {
namespace {

constexpr int kTicksMax = 1'000;

// Of those below, what worker/documents/client.ts says: all others are local, and the object's own.
struct Kind {
  std::string_view operation;
  bool caller;
  bool spanning;
};
constexpr Kind kKinds[] = {
    {"get_document", true, false},     {"patch_document", true, false},
    {"get_sharded", true, true},       {"put_sharded", true, true},
    {"patch_through", true, true},     {"settle_document", false, true},
    {"add_collections", false, true},  {"relayout_document", false, true},
    {"tick_document", false, true},    {"restore_document", true, true},
    {"replace_document", true, false}, {"snapshot_document", false, true},
    {"compact_document", false, true}, {"flush_shard", false, true},
};

Kind KindOf(std::string_view operation) {
  for (const Kind& kind : kKinds) {
    if (kind.operation == operation) return kind;
  }
  return {operation, false, false};
}

}  // namespace

ShardedHarness::ShardedHarness(std::string sharding, std::string app)
    : documents(std::move(app)), layout(std::move(sharding)) {
  names_.push_back(documents.main_name());
}

std::string ShardedHarness::ObjectOf(const std::string& shard) const {
  return ShardObjectName(documents.app, shard);
}

native::SqliteStore& ShardedHarness::StoreOf(const std::string& shard) {
  return documents.ObjectOf(ObjectOf(shard)).store;
}

Params ShardedHarness::Asked(Params more, std::string_view method) const {
  more.try_emplace("method", std::string(method));
  more.try_emplace("path", "/db.json");
  more.try_emplace("layout", layout);
  more.try_emplace("app", documents.app);
  return more;
}

native::Stores ShardedHarness::StoresOf(const std::string& object) {
  native::Stores stores = documents.StoresOf(object);
  stores.call = [this](const native::HostCommand& command,
                       native::Held* held) -> std::variant<CallReply, Failure> {
    std::string body;
    for (const Part& part : command.parts) {
      const auto* text = std::get_if<std::string>(&part);
      body += text != nullptr ? *text : held->texts.at(std::get_if<Handle>(&part)->id);
    }
    const Fate drawn = fate ? fate(command.space, command.operation) : Fate::kMade;
    const std::string role = KindOf(command.operation).caller ? "admin" : "";
    if (drawn == Fate::kLate) {
      late_.push_back({command.space, command.operation, command.params, std::move(body), role});
    }
    if (drawn == Fate::kLate || drawn == Fate::kLost) return Failure{"unavailable", "lost"};
    const native::Answer answer =
        Serve(command.space, command.operation, command.params, std::move(body), role);
    if (drawn == Fate::kMute) return Failure{"unavailable", "no answer"};
    held->texts.push_back(answer.body);
    return CallReply{answer.status, answer.data, {static_cast<uint32_t>(held->texts.size() - 1)}};
  };
  return stores;
}

std::unique_ptr<native::Running> ShardedHarness::Begin(const std::string& object,
                                                       std::string operation, Params params,
                                                       std::string body, std::string_view role,
                                                       bool local) {
  if (!object.empty() && std::find(names_.begin(), names_.end(), object) == names_.end()) {
    names_.push_back(object);
  }
  if (!object.empty()) documents.ObjectOf(object);
  const Request request =
      documents.RequestOf(std::move(operation), std::move(params), object, role);
  return std::make_unique<native::Running>(&documents.engine, request, role, std::move(body),
                                           StoresOf(object), local);
}

// What is under way in the manifest ends before the next one begins.
void ShardedHarness::EndTurn() {
  native::Running* const running = std::exchange(turn_, nullptr);
  while (running != nullptr && !running->done()) running->Step();
}

native::Answer ShardedHarness::Serve(const std::string& object, const std::string& operation,
                                     Params params, std::string body, std::string_view role) {
  ++calls[object + " " + operation];
  const Kind kind = KindOf(operation);
  if (kind.spanning && object == manifest()) EndTurn();
  DocumentHarness::Object* owner = object.empty() ? nullptr : &documents.ObjectOf(object);
  const int64_t alarm_at = owner != nullptr ? owner->alarm_at : 0;
  auto running = Begin(object, operation, std::move(params), std::move(body), role, !kind.spanning);
  while (!running->done()) running->Step();
  native::Answer answer = running->Take();
  if (!kind.spanning && answer.status >= 400 && owner != nullptr) owner->alarm_at = alarm_at;
  return answer;
}

native::Answer ShardedHarness::RunIn(const std::string& object, std::string operation,
                                     Params params, std::string body, std::string_view role) {
  return Serve(object, operation, std::move(params), std::move(body), role);
}

std::unique_ptr<native::Running> ShardedHarness::Take(const std::string& object,
                                                      std::string operation, Params params,
                                                      std::string body, std::string_view role) {
  EndTurn();
  auto running =
      Begin(object, std::move(operation), std::move(params), std::move(body), role, false);
  if (object == manifest()) turn_ = running.get();
  return running;
}

native::Answer ShardedHarness::PatchText(std::string body, Params more) {
  more.try_emplace("content_type", "application/json");
  more = Asked(std::move(more), "PATCH");
  auto running = Begin({}, "patch_sharded", std::move(more), std::move(body), "admin", false);
  while (!running->done()) running->Step();
  return running->Take();
}

native::Answer ShardedHarness::Patch(const json& operations, Params more) {
  return PatchText(operations.dump(), std::move(more));
}

native::Answer ShardedHarness::TreePatch(std::string_view type, std::string patch, Params more) {
  more["content_type"] = "application/" + std::string(type) + "+json";
  return PatchText(std::move(patch), std::move(more));
}

std::unique_ptr<native::Running> ShardedHarness::BeginPatch(const json& operations, Params more) {
  more.try_emplace("content_type", "application/json");
  return Begin({}, "patch_sharded", Asked(std::move(more), "PATCH"), operations.dump(), "admin",
               false);
}

native::Answer ShardedHarness::Put(std::string text, Params more) {
  auto running = BeginPut(std::move(text), std::move(more));
  while (!running->done()) running->Step();
  turn_ = nullptr;
  return running->Take();
}

std::unique_ptr<native::Running> ShardedHarness::BeginPut(std::string text, Params more) {
  if (!more.contains("if_match") && !more.contains("if_none_match")) {
    const std::string tag = Tag();
    if (tag.empty()) more["if_none_match"] = "*";
    if (!tag.empty()) more["if_match"] = tag;
  }
  more.try_emplace("content_type", "application/json");
  return Take(manifest(), "put_sharded", Asked(std::move(more), "PUT"), std::move(text), "admin");
}

std::unique_ptr<native::Running> ShardedHarness::BeginView() {
  return Take(manifest(), "get_sharded", Asked({}, "GET"), {}, "viewer");
}

std::unique_ptr<native::Running> ShardedHarness::BeginRelayout() {
  return Take(manifest(), "relayout_document", Asked({}, "GET"), {}, "");
}

std::unique_ptr<native::Running> ShardedHarness::BeginRestore(Params params) {
  return Take(manifest(), "restore_document", Asked(std::move(params), "POST"), {}, "admin");
}

native::Answer ShardedHarness::EndRestore(native::Running* running, Params params) {
  while (!running->done()) running->Step();
  turn_ = nullptr;
  native::Answer answer = running->Take();
  const std::string then = answer.data["then"];
  if (answer.status >= 400 || then.empty()) return answer;
  return Serve(manifest(), then, Asked(std::move(params), "POST"), {}, "admin");
}

native::Answer ShardedHarness::Restore(Params params) {
  const auto running = BeginRestore(params);
  return EndRestore(running.get(), std::move(params));
}

std::unique_ptr<native::Running> ShardedHarness::BeginSnapshot(int64_t at) {
  return Take(manifest(), "snapshot_document", {{"at", std::to_string(at)}}, {}, "");
}

std::unique_ptr<native::Running> ShardedHarness::BeginCompact(const std::string& days) {
  return Take(manifest(), "compact_document", {{"journal_days", days}}, {}, "");
}

native::Answer ShardedHarness::Snapshot() {
  const std::string at = std::to_string(documents.now_ms);
  return Serve(manifest(), "snapshot_document", {{"at", at}}, {}, "");
}

native::Answer ShardedHarness::Compact(const std::string& days) {
  return Serve(manifest(), "compact_document", {{"journal_days", days}}, {}, "");
}

std::unique_ptr<native::Running> ShardedHarness::BeginTick(const std::string& object) {
  documents.ObjectOf(object).alarm_at = 0;
  return Take(object, "tick_document", {}, {}, "");
}

native::Answer ShardedHarness::View(Params more) {
  const bool one = layout.empty();
  return Serve(manifest(), one ? "get_document" : "get_sharded", Asked(std::move(more), "GET"), {},
               "viewer");
}

native::Answer ShardedHarness::Shard(const std::string& shard, Params more) {
  more["shard"] = shard;
  return Serve(ObjectOf(shard), "get_document", Asked(std::move(more), "GET"), {}, "viewer");
}

std::string ShardedHarness::Text() {
  const native::Answer answer = View();
  return answer.status == 200 ? answer.body : std::string();
}

std::string ShardedHarness::Tag() { return View({{"method", "HEAD"}}).Header("etag"); }

native::Answer ShardedHarness::Relayout() {
  native::Answer answer;
  for (int i = 0; i < 4; ++i) {
    answer = Serve(manifest(), "relayout_document", Asked({}, "GET"), {}, "");
  }
  return answer;
}

void ShardedHarness::DeliverLate() {
  while (!late_.empty()) {
    Late call = std::move(late_.front());
    late_.pop_front();
    Serve(call.object, call.operation, std::move(call.params), std::move(call.body), call.role);
  }
}

bool ShardedHarness::RunUntilIdle() {
  for (int i = 0; i < kTicksMax; ++i) {
    std::string next;
    for (const std::string& name : names_) {
      const int64_t at = documents.ObjectOf(name).alarm_at;
      if (at != 0 && (next.empty() || at < documents.ObjectOf(next).alarm_at)) next = name;
    }
    if (next.empty()) return true;
    DocumentHarness::Object& object = documents.ObjectOf(next);
    documents.now_ms = std::max(documents.now_ms, object.alarm_at);
    object.alarm_at = 0;
    Serve(next, "tick_document", {}, {}, "");
  }
  return false;
}

std::vector<std::string> ShardedHarness::Locked() {
  std::vector<std::string> locked;
  for (const std::string& name : names_) {
    if (!documents.ObjectOf(name).store.Rows("SELECT value FROM meta WHERE key = 'lock'").empty()) {
      locked.push_back(name);
    }
  }
  return locked;
}

std::vector<std::string> ShardedHarness::Shards() {
  return documents.store().Rows("SELECT name FROM shard ORDER BY name");
}

std::string ShardedHarness::Replayed() {
  std::map<std::string, JournalReplay> objects;
  for (const std::string& text : documents.JournalObjects()) {
    objects[json::parse(text).at("object").get<std::string>()].Take(text);
  }
  std::vector<std::pair<std::string, const JournalReplay*>> parts;
  for (const auto& [name, replay] : objects) parts.emplace_back(name, &replay);
  return JournalReplay::TextOf(parts);
}

}  // namespace tidemark::testing
