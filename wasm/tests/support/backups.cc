#include "tests/support/backups.h"

#include <set>
#include <utility>

#include "documents/preconditions.h"

namespace tidemark::testing {

native::Answer Restore(DocumentHarness* documents, Params params) {
  params.try_emplace("method", "POST");
  params.try_emplace("path", "/restore");
  native::Answer staged = documents->Run("restore_document", params, {}, "admin", false);
  if (staged.status >= 400) return staged;
  Check(staged.data["then"] == "replace_document");
  return documents->Run("replace_document", params);
}

native::Answer RestoreAt(DocumentHarness* documents, int64_t at) {
  return Restore(documents, {{"at", std::to_string(at)}});
}

native::Answer Daily(DocumentHarness* documents) {
  return documents->RunSpanning("snapshot_document", {{"at", std::to_string(documents->now_ms)}});
}

native::Answer Compact(DocumentHarness* documents, const std::string& days) {
  return documents->RunSpanning("compact_document", {{"journal_days", days}});
}

int64_t VersionOf(DocumentHarness* documents) {
  const auto tag = ParseVersion(documents->Version());
  return tag ? tag->version : 0;
}

std::string TextIn(const DocumentHarness& documents, const std::string& key) {
  const auto* entry = documents.r2.Find(key);
  return entry == nullptr ? std::string() : entry->bytes;
}

void LoseObject(DocumentHarness* documents) {
  for (const char* table :
       {"member", "record", "journal", "frozen", "frozen_member", "staged", "staged_member"}) {
    documents->store().Execute(std::string("DELETE FROM ") + table);
  }
  const std::string epoch =
      documents->store().Rows("SELECT value FROM meta WHERE key = 'epoch'")[0];
  documents->store().Execute("DELETE FROM meta");
  documents->store().Execute("INSERT INTO meta (key, value) VALUES ('epoch', '" +
                             std::string(epoch.rbegin(), epoch.rend()) + "')");
  documents->main().alarm_at = 0;
}

std::string Writer::Value() {
  constexpr const char* kValues[] = {"1",    "1.0",     "-0.0e-7",      R"("a\u00e9\ud83d\ude00")",
                                     "null", R"([ 1])", R"({"x":{} })", R"("日本 \/")"};
  return kValues[Below(8)];
}

std::string Writer::Record(const std::string& id) {
  return R"({"id":")" + id + R"(","v":)" + Value() + R"(,"n":)" + std::to_string(++written_) + "}";
}

std::string Writer::Array() {
  std::string text = "[";
  std::set<std::string> ids;
  for (int i = Below(8); i >= 0; --i) {
    const std::string id = Id();
    if (!ids.insert(id).second) continue;
    text += (text.size() > 1 ? ", " : "") + Record(id);
  }
  return text + "]";
}

std::string Writer::Whole() {
  std::string text = "{";
  std::set<std::string> keys;
  for (int i = 1 + Below(4); i >= 0; --i) {
    constexpr const char* kKeys[] = {"users", "café", "settings", "title", "x\\u0041"};
    const std::string key = kKeys[Below(5)];
    if (!keys.insert(key).second) continue;
    const bool array = key == "users" ? Below(8) > 0 : key == "café" && Below(2) > 0;
    text += (text.size() > 1 ? "," : "") + ("\"" + key + "\" : ") + (array ? Array() : Value());
  }
  return text + "}";
}

std::string Writer::Operations() {
  std::string text = "[";
  for (int i = Below(4); i >= 0; --i) {
    const std::string id = Id();
    const bool deletes = Below(3) == 0;
    text += (text.size() > 1 ? "," : "") + std::string(R"({"op":")") +
            (deletes ? "delete" : "upsert") + R"(","collection":")" + Collection() + R"(","id":")" +
            id + "\"" + (deletes ? "" : R"(,"record":)" + Record(id)) + "}";
  }
  return text + "]";
}

std::string Writer::MergePatch() {
  switch (Below(4)) {
    case 0:
      return R"({"users":)" + Array() + "}";
    case 1:
      return R"({"settings":{"a":)" + Value() + R"(},"title":null})";
    case 2:
      return R"({")" + Collection() + R"(":null})";
    default:
      return R"({"title":)" + Value() + "}";
  }
}

std::string Writer::JsonPatch() {
  const std::string at = std::to_string(Below(4));
  switch (Below(5)) {
    case 0:
      return R"([{"op":"move","from":"/users/)" + at + R"(","path":"/users/0"}])";
    case 1:
      return R"([{"op":"add","path":"/users/)" + at + R"(","value":)" + Record(Id()) + "}]";
    case 2:
      return R"([{"op":"remove","path":"/users/)" + at + R"("}])";
    case 3:
      return R"([{"op":"replace","path":"/users/)" + at + R"(/v","value":)" + Value() + "}]";
    default:
      return R"([{"op":"add","path":"/title","value":)" + Value() + "}]";
  }
}

void Writer::Write() {
  const Params more{{"allow_empty", "true"}, {"allow_large", "true"}};
  switch (Below(8)) {
    case 0:
      documents_->Put(Whole(), more);
      break;
    case 1:
      documents_->MergePatch(MergePatch(), more);
      break;
    case 2:
    case 3:
      documents_->JsonPatch(JsonPatch(), more);
      break;
    default:
      documents_->PatchText(Operations(), more);
  }
}

}  // namespace tidemark::testing
