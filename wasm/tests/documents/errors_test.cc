// Every error code that a peer can meet on the documents' surface: a row each, with the least that
// brings it about, and a scan of the sources for codes that have none.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "base/limits.h"
#include "documents/app.h"
#include "tests/support/backups.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

using Documents = DocumentHarness;

struct Row {
  const char* code;
  int status;
  native::Answer (*act)(Documents* documents);
};

std::string JsonOf(const char* members) { return std::string("{") + members + "}"; }

// In the Worker, before an object is asked.
native::Answer InWorker(Documents* d, const std::string& operation, Params params) {
  const Request request = d->RequestOf(operation, std::move(params), {}, "admin");
  return native::RunToEnd(&d->engine, request, "admin", "", d->StoresOf({}), false);
}

native::Answer Enter(Documents* d, Params params) {
  return InWorker(d, "enter_document", std::move(params));
}

void FailAll(native::BlobStore* store) {
  store->before = [](const std::string&, const std::string&) {
    return std::optional<Failure>({"unavailable", "down"});
  };
}

// As if its records were so large.
void Pretend(Documents* d, int64_t bytes) {
  d->store().Execute("UPDATE journal SET bytes = " + std::to_string(bytes));
}

const Row kRows[] = {
    {"invalid_json", 400, [](Documents* d) { return d->Put("{"); }},
    {"invalid_json", 400, [](Documents* d) { return d->JsonPatch("["); }},
    {"invalid_json", 400, [](Documents* d) { return d->PatchText("["); }},
    {"invalid_utf8", 400, [](Documents* d) { return d->Put("{\"a\":\"\xff\"}"); }},
    {"invalid_utf8", 400, [](Documents* d) { return d->Put(R"({"a":"\ud800"})"); }},
    {"invalid_utf8", 400, [](Documents* d) { return d->MergePatch(R"({"a":"\ud800"})"); }},
    {"invalid_document", 400, [](Documents* d) { return d->Put(R"({"\u0000":1})"); }},
    {"invalid_document", 400,
     [](Documents* d) { return d->Put("{\"" + std::string(257, 'k') + "\":1}"); }},
    {"invalid_document", 400,
     [](Documents* d) { return d->MergePatch("{\"" + std::string(257, 'k') + "\":1}"); }},
    {"invalid_document", 409, [](Documents* d) { return d->MergePatch("[]"); }},
    {"invalid_operation", 400, [](Documents* d) { return d->PatchText("5"); }},
    {"invalid_patch", 400, [](Documents* d) { return d->JsonPatch("{}"); }},
    {"path_missing", 409,
     [](Documents* d) { return d->JsonPatch(R"([{"op":"remove","path":"/nowhere"}])"); }},
    {"test_failed", 409,
     [](Documents* d) { return d->JsonPatch(R"([{"op":"test","path":"/v","value":2}])"); }},
    {"too_many_operations", 413,
     [](Documents* d) {
       json operations = json::array();
       for (int i = 0; i < 9'000; ++i) {
         operations.push_back({{"op", "delete"},
                               {"collection", std::string(250, 'c')},
                               {"id", std::to_string(i) + std::string(240, 'i')}});
       }
       return d->Patch(operations);
     }},
    {"patch_too_costly", 413,
     [](Documents* d) {
       json patch = json::array({{{"op", "add"}, {"path", "/w"}, {"value", {0}}}});
       for (int i = 0; i < 40; ++i) {
         patch.push_back({{"op", "copy"}, {"from", "/w"}, {"path", "/w/-"}});
       }
       return d->JsonPatch(patch.dump());
     }},
    {"too_deep", 400,
     [](Documents* d) {
       return d->Put("{\"a\":" + std::string(101, '[') + std::string(101, ']') + "}");
     }},
    {"too_deep", 400,
     [](Documents* d) {
       return d->MergePatch("{\"a\":" + std::string(101, '[') + std::string(101, ']') + "}");
     }},
    {"value_too_large", 413,
     [](Documents* d) {
       return d->Put("{\"a\":\"" + std::string(limits::kRecordBytesMax, 'x') + "\"}");
     }},
    {"value_too_large", 413,
     [](Documents* d) {
       return d->Patch(
           Upsert("a", {{"id", "x"}, {"s", std::string(limits::kRecordBytesMax, 's')}}));
     }},
    {"too_many_members", 413,
     [](Documents* d) {
       json patch = json::object();
       for (int i = 0; i < limits::kMembersMax; ++i) patch["m" + std::to_string(i)] = 1;
       return d->MergePatch(patch.dump());
     }},
    {"document_too_large", 413,
     [](Documents* d) {
       Pretend(d, limits::kDocumentBytesMax);
       return d->Patch(Upsert("a", {{"id", "y"}}));
     }},
    {"document_too_large", 413,
     [](Documents* d) {
       Pretend(d, limits::kDocumentBytesMax);
       return d->JsonPatch(R"([{"op":"add","path":"/a/-","value":{"id":"y"}}])");
     }},
    {"body_too_large", 413,
     [](Documents* d) { return d->Put(std::string(limits::kDocumentBodyBytesMax + 1, ' ')); }},
    {"body_too_large", 413,
     [](Documents* d) { return d->MergePatch(std::string(limits::kTreePatchBytesMax + 1, ' ')); }},
    {"view_too_large", 413,
     [](Documents* d) {
       Pretend(d, limits::kViewBytesMax + 1);
       return d->Get();
     }},
    {"unsupported_media_type", 415,
     [](Documents* d) { return d->Put("{}", {{"content_type", "text/plain"}}); }},
    {"unsupported_media_type", 415,
     [](Documents* d) { return d->PatchText("[]", {{"content_type", "text/plain"}}); }},
    {"not_a_collection", 409, [](Documents* d) { return d->Patch(Upsert("v", {{"id", "x"}})); }},
    {"empty_write_denied", 409, [](Documents* d) { return d->Put("{}"); }},
    {"large_delete_denied", 409,
     [](Documents* d) {
       d->Put(Numbered("a", 20));
       return d->Put(Numbered("a", 1));
     }},
    {"precondition_failed", 412,
     [](Documents* d) { return d->Put("{}", {{"if_none_match", "*"}}); }},
    {"precondition_failed", 412,
     [](Documents* d) {
       return d->Patch(Upsert("a", {{"id", "x"}, {"n", 1}}, "1-0123456789abcdef"));
     }},
    {"precondition_required", 428,
     [](Documents* d) { return d->Put("{}", {{"if_none_match", "\"x\""}}); }},
    {"invalid_precondition", 400, [](Documents* d) { return d->Put("{}", {{"if_match", "x"}}); }},
    {"invalid_app", 400, [](Documents* d) { return Enter(d, {{"app", "A"}}); }},
    {"not_configured", 503, [](Documents* d) { return Enter(d, {{"shards", "blog"}}); }},
    {"not_configured", 503, [](Documents* d) { return Compact(d, "x"); }},
    {"not_sharded", 409,
     [](Documents* d) { return Enter(d, {{"action", "write"}, {"shard", "a"}}); }},
    {"spans_shards", 409,
     [](Documents* d) {
       return InWorker(d, "patch_sharded",
                       {{"shards", "default=collection"}, {"content_type", "text/plain"}});
     }},
    {"busy", 503, [](Documents* d) { return d->Put("{}", {{"layout", "collection"}}); }},
    {"too_many_shards", 409,
     [](Documents* d) {
       for (int64_t i = 0; i < limits::kShardsMax; ++i) {
         d->store().Execute("INSERT INTO shard (name) VALUES ('" + std::to_string(i) + "')");
       }
       return d->Run("register_shard", {{"shard", "one more"}}, {}, "");
     }},
    {"not_found", 404, [](Documents* d) { return d->Get({{"shard", "nothing"}}); }},
    {"forbidden", 403,
     [](Documents* d) { return d->Run("put_document", {{"if_match", "*"}}, "{}", "viewer"); }},
    {"unavailable", 503,
     [](Documents* d) {
       FailAll(&d->kv);
       return d->Published();
     }},
    {"unavailable", 503,
     [](Documents* d) {
       FailAll(&d->r2);
       return Daily(d);
     }},
    {"invalid_parameter", 400, [](Documents* d) { return Restore(d, {{"at", "then"}}); }},
    {"invalid_parameter", 400, [](Documents* d) { return Restore(d, {{"day", "today"}}); }},
    {"moment_not_kept", 410,
     [](Documents* d) {
       ++d->now_ms;
       d->Put(R"({"v":2})", {{"allow_empty", "true"}});
       d->RunUntilIdle();
       Compact(d, "0");
       return RestoreAt(d, kNow);
     }},
    {"backup_damaged", 502,
     [](Documents* d) {
       Daily(d);
       const std::string key = DailySnapshotKey(d->app, DayOf(kNow));
       d->r2.Put(key, JsonOf("\"a\":1"), d->r2.Find(key)->meta);
       return Restore(d, {{"day", DayOf(kNow)}});
     }},
};

TEST(DocumentErrors, EachCodeIsGivenAndTheDocumentStays) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.code);
    Documents documents;
    ASSERT_EQ(documents.Put(R"({"v":1,"a":[{"id":"x"}]})").status, 201);
    const native::Answer answer = row.act(&documents);
    EXPECT_EQ(answer.status, row.status) << answer.body;
    EXPECT_EQ(ErrorOf(answer), row.code);
    const json body = json::parse(answer.body, nullptr, false);
    ASSERT_TRUE(body.is_object()) << answer.body;
    EXPECT_EQ(body.at("error"), row.code);
    EXPECT_GT(body.at("message").get<std::string>().size(), 10U);
    EXPECT_EQ(documents.engine.live(), 0U);
  }
}

std::string SourcesOfDocuments() {
  std::stringstream text;
  for (const auto& entry : std::filesystem::directory_iterator(TIDEMARK_ROOT "/wasm/documents")) {
    text << std::ifstream(entry.path()).rdbuf();
  }
  return text.str();
}

TEST(DocumentErrors, EachCodeInTheSourcesHasARow) {
  const std::string source = SourcesOfDocuments();
  const std::regex given(
      "(?:Status::(?:Invalid|TooLarge)\\(|(?:Error|error)\\(\\d+,|Fail\\()\\s*\"([a-z0-9_]+)\"");
  std::set<std::string> codes;
  for (std::sregex_iterator at(source.begin(), source.end(), given), end; at != end; ++at) {
    codes.insert((*at)[1]);
  }
  codes.erase("load_more");  // between the parts of a patch, never an answer
  std::set<std::string> rows;
  for (const Row& row : kRows) rows.insert(row.code);
  for (const std::string& code : codes) EXPECT_TRUE(rows.contains(code)) << "no row for " << code;
}

}  // namespace
}  // namespace tidemark::testing
