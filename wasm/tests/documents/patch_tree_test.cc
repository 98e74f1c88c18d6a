// JSON patches and merge patches on a stored document: what they leave, and what they write.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

constexpr const char* kStart =
    R"({"v":{"x":[1,2]},"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}],)"
    R"("w":[5],"tags":[{"id":"t"}]})";

struct Case {
  const char* patch;
  const char* text;  // what the document is then
};

void ExpectPatched(const Case& row, bool merge) {
  SCOPED_TRACE(row.patch);
  DocumentHarness documents;
  documents.Put(kStart);
  const std::string tag = documents.Tag();
  const auto before = Stored(&documents);
  documents.now_ms += 10;
  const Params allowed{{"allow_empty", "true"}};
  const native::Answer answer =
      merge ? documents.MergePatch(row.patch, allowed) : documents.JsonPatch(row.patch, allowed);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(documents.View(), row.text);
  EXPECT_EQ(answer.Header("etag"), documents.Tag());
  if (row.text == std::string(kStart)) {
    EXPECT_EQ(documents.Tag(), tag);
    EXPECT_EQ(Stored(&documents), before);
  } else {
    EXPECT_NE(documents.Tag(), tag);
    const std::vector<json> entries = EntriesOf(&documents);
    EXPECT_EQ(entries.back().at("op"), merge ? "merge_patch" : "json_patch");
  }
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(Replayed(documents.JournalObjects()), row.text);
  EXPECT_EQ(documents.PublishedText(), row.text);
  // The sums that the journal carries are those of the tables.
  EXPECT_EQ(
      documents.store().Rows("SELECT records, bytes FROM journal ORDER BY n DESC LIMIT 1"),
      documents.store().Rows("SELECT count(*), coalesce(sum(length(CAST(data AS BLOB))), 0) + "
                             "(SELECT coalesce(sum(length(CAST(value AS BLOB))), 0) "
                             "FROM member) FROM record WHERE data IS NOT NULL"));
}

#define V R"("v":{"x":[1,2]})"
#define USERS R"("users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}])"
#define W R"("w":[5])"
#define TAGS R"("tags":[{"id":"t"}])"

const Case kJsonPatches[] = {
    // One record by its index.
    {R"([{"op":"replace","path":"/users/1/n","value":20}])",
     "{" V R"(,"users":[{"id":"a","n":1},{"id":"b","n":20},{"id":"c","n":3}],)" W "," TAGS "}"},
    {R"([{"op":"add","path":"/users/0/m","value":[]},{"op":"remove","path":"/users/2/n"}])",
     "{" V R"(,"users":[{"id":"a","n":1,"m":[]},{"id":"b","n":2},{"id":"c"}],)" W "," TAGS "}"},
    {R"([{"op":"test","path":"/users/2/n","value":3.0},{"op":"replace","path":"/users/2",)"
     R"("value":{"id":"c","z":0}}])",
     "{" V R"(,"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","z":0}],)" W "," TAGS "}"},
    // Another id in its place: the collection is read whole.
    {R"([{"op":"replace","path":"/users/1/id","value":"z"}])",
     "{" V R"(,"users":[{"id":"a","n":1},{"id":"z","n":2},{"id":"c","n":3}],)" W "," TAGS "}"},
    {R"([{"op":"replace","path":"/users/0/id","value":"b"}])",
     "{" V R"(,"users":[{"id":"b","n":1},{"id":"b","n":2},{"id":"c","n":3}],)" W "," TAGS "}"},
    {R"([{"op":"replace","path":"/users/1","value":7}])",
     "{" V R"(,"users":[{"id":"a","n":1},7,{"id":"c","n":3}],)" W "," TAGS "}"},
    // Records come, go and move.
    {R"([{"op":"add","path":"/users/-","value":{"id":"d"}}])",
     "{" V R"(,"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3},{"id":"d"}],)" W "," TAGS
     "}"},
    {R"([{"op":"add","path":"/users/0","value":{"id":"d"}}])",
     "{" V R"(,"users":[{"id":"d"},{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}],)" W "," TAGS
     "}"},
    {R"([{"op":"remove","path":"/users/1"}])",
     "{" V R"(,"users":[{"id":"a","n":1},{"id":"c","n":3}],)" W "," TAGS "}"},
    {R"([{"op":"move","from":"/users/2","path":"/users/0"}])",
     "{" V R"(,"users":[{"id":"c","n":3},{"id":"a","n":1},{"id":"b","n":2}],)" W "," TAGS "}"},
    {R"([{"op":"move","from":"/users/0","path":"/tags/-"}])",
     "{" V R"(,"users":[{"id":"b","n":2},{"id":"c","n":3}],)" W
     R"(,"tags":[{"id":"t"},{"id":"a","n":1}]})"},
    {R"([{"op":"copy","from":"/users/0","path":"/tags/0"}])",
     "{" V "," USERS "," W R"(,"tags":[{"id":"a","n":1},{"id":"t"}]})"},
    {R"([{"op":"copy","from":"/users/0","path":"/users/3"}])",
     "{" V R"(,"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3},{"id":"a","n":1}],)" W
     "," TAGS "}"},
    {R"([{"op":"remove","path":"/users/0"},{"op":"remove","path":"/users/0"},)"
     R"({"op":"remove","path":"/users/0"}])",
     "{" V R"(,"users":[],)" W "," TAGS "}"},
    {R"([{"op":"add","path":"/users/-","value":7}])",
     "{" V R"(,"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3},7],)" W "," TAGS "}"},
    // Members come, go, change their kind and their names.
    {R"([{"op":"remove","path":"/users"}])", "{" V "," W "," TAGS "}"},
    {R"([{"op":"add","path":"/users","value":1}])", "{" V R"(,"users":1,)" W "," TAGS "}"},
    {R"([{"op":"replace","path":"/users","value":[{"id":"b","n":2},{"id":"q"}]}])",
     "{" V R"(,"users":[{"id":"b","n":2},{"id":"q"}],)" W "," TAGS "}"},
    {R"([{"op":"replace","path":"/w","value":[{"id":"q"}]}])",
     "{" V "," USERS R"(,"w":[{"id":"q"}],)" TAGS "}"},
    {R"([{"op":"replace","path":"/w/0","value":{"id":"q"}}])",
     "{" V "," USERS R"(,"w":[{"id":"q"}],)" TAGS "}"},
    {R"([{"op":"remove","path":"/w/0"}])", "{" V "," USERS R"(,"w":[],)" TAGS "}"},
    {R"([{"op":"add","path":"/new","value":{"id":"q"}}])",
     "{" V "," USERS "," W "," TAGS R"(,"new":{"id":"q"}})"},
    {R"([{"op":"add","path":"/","value":[]}])", "{" V "," USERS "," W "," TAGS R"(,"":[]})"},
    {R"([{"op":"move","from":"/users","path":"/people"}])",
     "{" V "," W "," TAGS R"(,"people":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}]})"},
    {R"([{"op":"copy","from":"/users","path":"/people"}])",
     "{" V "," USERS "," W "," TAGS
     R"(,"people":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}]})"},
    {R"([{"op":"copy","from":"/users","path":"/tags"}])",
     "{" V "," USERS "," W R"(,"tags":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}]})"},
    {R"([{"op":"move","from":"/users","path":"/tags"}])",
     "{" V "," W R"(,"tags":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}]})"},
    {R"([{"op":"move","from":"/users","path":"/v/y"}])",
     R"({"v":{"x":[1,2],"y":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}]},)" W "," TAGS
     "}"},
    {R"([{"op":"move","from":"/v/x","path":"/users/0/n"}])",
     R"({"v":{},"users":[{"id":"a","n":[1,2]},{"id":"b","n":2},{"id":"c","n":3}],)" W "," TAGS "}"},
    {R"([{"op":"move","from":"/users","path":"/tmp"},{"op":"move","from":"/tags","path":"/users"},)"
     R"({"op":"move","from":"/tmp","path":"/tags"}])",
     "{" V "," W
     R"(,"users":[{"id":"t"}],"tags":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}]})"},
    {R"([{"op":"remove","path":"/users"},{"op":"add","path":"/users","value":[{"id":"a","n":1}]}])",
     "{" V "," W "," TAGS R"(,"users":[{"id":"a","n":1}]})"},
    // A patch of a member, then of a record in it.
    {R"([{"op":"add","path":"/users/-","value":{"id":"d"}},)"
     R"({"op":"add","path":"/users/3/n","value":4}])",
     "{" V R"(,"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3},{"id":"d","n":4}],)" W
     "," TAGS "}"},
    // The root.
    {R"([{"op":"replace","path":"","value":{"a":[{"id":"x"}],"b":1}}])",
     R"({"a":[{"id":"x"}],"b":1})"},
    {R"([{"op":"replace","path":"","value":{"tags":[{"id":"t"}],"users":[{"id":"b","n":2}]}}])",
     R"({"tags":[{"id":"t"}],"users":[{"id":"b","n":2}]})"},
    {R"([{"op":"replace","path":"","value":{}}])", "{}"},
    {R"([{"op":"copy","from":"","path":"/old"},{"op":"remove","path":"/users"},)"
     R"({"op":"remove","path":"/v"},{"op":"remove","path":"/w"},{"op":"remove","path":"/tags"}])",
     R"({"old":{"v":{"x":[1,2]},"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}],)"
     R"("w":[5],"tags":[{"id":"t"}]}})"},
    {R"([{"op":"copy","from":"","path":"/old"},{"op":"move","from":"/old","path":""}])", kStart},
    // Nothing.
    {"[]", kStart},
    {R"([{"op":"test","path":"/users/0","value":{"n":1,"id":"a"}}])", kStart},
    {R"([{"op":"test","path":"/users","value":[{"id":"a","n":1},{"id":"b","n":2},)"
     R"({"id":"c","n":3}]},{"op":"test","path":"","value":)"
     R"({"v":{"x":[1,2]},"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}],)"
     R"("w":[5],"tags":[{"id":"t"}]}}])",
     kStart},
    {R"([{"op":"replace","path":"/users/1/n","value":2}])", kStart},
    {R"([{"op":"replace","path":"/users/1","value":{"id":"b","n":2}}])", kStart},
    {R"([{"op":"replace","path":"/w","value":[5]}])", kStart},
    {R"([{"op":"add","path":"/users/3","value":{"id":"d"}},{"op":"remove","path":"/users/3"}])",
     kStart},
    {R"([{"op":"move","from":"/users/2","path":"/users/0"},)"
     R"({"op":"move","from":"/users/0","path":"/users/2"}])",
     kStart},
    {R"([{"op":"move","from":"/tags","path":"/x"},{"op":"move","from":"/x","path":"/tags"}])",
     kStart},
};

TEST(JsonPatch, EachLeavesTheDocumentThatItSays) {
  for (const Case& row : kJsonPatches) ExpectPatched(row, false);
}

const Case kMergePatches[] = {
    {R"({"v":{"y":1}})", R"({"v":{"x":[1,2],"y":1},)" USERS "," W "," TAGS "}"},
    {R"({"v":{"x":null}})", R"({"v":{},)" USERS "," W "," TAGS "}"},
    {R"({"v":null,"w":null})", "{" USERS "," TAGS "}"},
    {R"({"users":null})", "{" V "," W "," TAGS "}"},
    {R"({"users":[{"id":"b","n":2},{"id":"a","n":1}]})",
     "{" V R"(,"users":[{"id":"b","n":2},{"id":"a","n":1}],)" W "," TAGS "}"},
    {R"({"users":{"n":1}})", "{" V R"(,"users":{"n":1},)" W "," TAGS "}"},
    {R"({"users":5})", "{" V R"(,"users":5,)" W "," TAGS "}"},
    {R"({"w":[{"id":"q"}],"new":[]})",
     "{" V "," USERS R"(,"w":[{"id":"q"}],)" TAGS R"(,"new":[]})"},
    {R"({"w":[],"a":{"b":null,"c":{}}})", "{" V "," USERS R"(,"w":[],)" TAGS R"(,"a":{"c":{}}})"},
    {R"({"v":null,"users":null,"w":null,"tags":null})", "{}"},
    {R"({"é\"":1})", "{" V "," USERS "," W "," TAGS R"(,"é\"":1})"},
    {"{}", kStart},
    {R"({"nothing":null})", kStart},
    {R"({"w":[5],"v":{"x":[1,2]}})", kStart},
    {R"({"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}]})", kStart},
};

TEST(MergePatch, EachLeavesTheDocumentThatItSays) {
  for (const Case& row : kMergePatches) ExpectPatched(row, true);
}

// One record of many: that row is read, and that row is written.
TEST(JsonPatch, FieldOfOneRecordIsOneChange) {
  DocumentHarness documents;
  documents.Put(Numbered("a", 2'000));
  documents.now_ms += 10;
  EXPECT_EQ(documents.JsonPatch(R"([{"op":"replace","path":"/a/1500/n","value":-1}])").status, 200);
  const json entry = EntriesOf(&documents).back();
  ASSERT_EQ(entry.at("changes").size(), 1U);
  EXPECT_EQ(entry.at("changes")[0].at("record"), json({{"id", "u1500"}, {"n", -1}}));
  EXPECT_EQ(entry.at("changes")[0].at("before"), kNow);
}

// Places between two neighbours run out, and then all are made anew.
TEST(JsonPatch, RecordsAreInsertedAtOnePlaceWithoutEnd) {
  DocumentHarness documents;
  json document = {{"a", {{{"id", "first"}}, {{"id", "last"}}}}};
  documents.Put(document.dump());
  for (int i = 0; i < 60; ++i) {
    ++documents.now_ms;
    const json record = {{"id", "r" + std::to_string(i)}};
    const json patch = {{{"op", "add"}, {"path", "/a/1"}, {"value", record}}};
    document["a"].insert(document["a"].begin() + 1, record);
    ASSERT_EQ(documents.JsonPatch(patch.dump()).status, 200);
    ASSERT_EQ(documents.View(), document.dump());
  }
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(Replayed(documents.JournalObjects()), document.dump());
}

TEST(JsonPatch, MembersAreInsertedByReplacingTheRootWithoutEnd) {
  DocumentHarness documents;
  std::vector<std::string> keys{"first", "last"};
  const auto text = [&keys] {
    std::string all;
    for (const std::string& key : keys) all += (all.empty() ? "{\"" : ",\"") + key + "\":[]";
    return all + "}";
  };
  documents.Put(text());
  for (int i = 0; i < 50; ++i) {
    ++documents.now_ms;
    keys.insert(keys.begin() + 1, "k" + std::to_string(i));
    ASSERT_EQ(documents.JsonPatch(R"([{"op":"replace","path":"","value":)" + text() + "}]").status,
              200);
    ASSERT_EQ(documents.View(), text());
  }
}

struct Refused {
  const char* patch;
  const char* code;
  int status;
};

void ExpectRefused(DocumentHarness* documents, const Refused& row, bool merge) {
  SCOPED_TRACE(row.patch);
  const auto before = Stored(documents);
  const native::Answer answer =
      merge ? documents->MergePatch(row.patch) : documents->JsonPatch(row.patch);
  EXPECT_EQ(ErrorOf(answer), row.code);
  EXPECT_EQ(answer.status, row.status);
  EXPECT_EQ(Stored(documents), before);
}

TEST(JsonPatch, OneThatFailsChangesNothing) {
  DocumentHarness documents;
  documents.Put(kStart);
  const Refused rows[] = {
      {R"([{"op":"remove","path":"/v"},{"op":"test","path":"/users/0/n","value":2}])",
       "test_failed", 409},
      {R"([{"op":"replace","path":"/users/0/n","value":5},{"op":"remove","path":"/users/3"}])",
       "path_missing", 409},
      {R"([{"op":"add","path":"/users/5","value":{"id":"z"}}])", "path_missing", 409},
      {R"([{"op":"add","path":"/nowhere/x","value":1}])", "path_missing", 409},
      {R"([{"op":"move","from":"/users","path":"/users/0"}])", "invalid_patch", 400},
      {R"([{"op":"replace","path":"users","value":1}])", "invalid_patch", 400},
      {R"([{"op":"replace","path":"/users"}])", "invalid_patch", 400},
      {R"({"op":"replace"})", "invalid_patch", 400},
      {"[", "invalid_json", 400},
      {R"([{"op":"replace","path":"","value":[1]}])", "invalid_document", 409},
      {R"([{"op":"move","from":"/users","path":""}])", "invalid_document", 409},
  };
  for (const Refused& row : rows) ExpectRefused(&documents, row, false);
}

TEST(MergePatch, OneThatFailsChangesNothing) {
  DocumentHarness documents;
  documents.Put(kStart);
  const Refused rows[] = {
      {"{", "invalid_json", 400},
      {"5", "invalid_document", 409},
      {"[]", "invalid_document", 409},
      {"null", "invalid_document", 409},
      {R"({"v":"\ud800"})", "invalid_utf8", 400},
  };
  for (const Refused& row : rows) ExpectRefused(&documents, row, true);
}

TEST(Patch, OfADocumentThatIsNotThereMakesIt) {
  {
    DocumentHarness documents;
    EXPECT_EQ(documents.MergePatch(R"({"a":[{"id":"x"}],"b":{"c":null}})").status, 201);
    EXPECT_EQ(documents.View(), R"({"a":[{"id":"x"}],"b":{}})");
  }
  {
    DocumentHarness documents;
    EXPECT_EQ(documents.JsonPatch(R"([{"op":"add","path":"/a","value":1}])").status, 201);
    EXPECT_EQ(documents.View(), R"({"a":1})");
  }
  DocumentHarness documents;
  EXPECT_EQ(documents.MergePatch("{}").status, 201);
  EXPECT_EQ(documents.View(), "{}");
}

TEST(Patch, RecordOrValueThatGrowsTooLargeIsRefused) {
  DocumentHarness documents;
  documents.Put(R"({"a":[{"id":"x","s":""},{"id":"y"}],"v":""})");
  const std::string half(600'000, 's');
  const auto before = Stored(&documents);
  for (const char* path : {"/a/0/s", "/a/0", "/v", "/a/-"}) {
    const bool record = std::string(path) == "/a/0" || std::string(path) == "/a/-";
    const std::string id = std::string(path) == "/a/0" ? "x" : "z";
    const std::string value =
        record ? R"({"id":")" + id + R"(","s":")" + half + half + "\"}" : "\"" + half + half + "\"";
    const std::string patch =
        R"([{"op":"add","path":")" + std::string(path) + R"(","value":)" + value + "}]";
    EXPECT_EQ(ErrorOf(documents.JsonPatch(patch)), "value_too_large") << path;
    EXPECT_EQ(Stored(&documents), before);
  }
}

// Levels that come together only once the patch is applied.
TEST(Patch, DocumentThatGrowsTooDeepIsRefused) {
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  DocumentHarness documents;
  documents.Put("{\"a\":[" + nested(60) + "],\"b\":" + nested(60) + R"(,"r":[{"id":"x"}]})");
  std::string path = "/a";
  for (int i = 0; i < 60; ++i) path += "/0";
  const auto before = Stored(&documents);
  EXPECT_EQ(
      ErrorOf(documents.JsonPatch(R"([{"op":"move","from":"/b","path":")" + path + R"(/-"}])")),
      "too_deep");
  EXPECT_EQ(ErrorOf(documents.MergePatch("{\"c\":" + nested(101) + "}")), "too_deep");
  EXPECT_EQ(
      ErrorOf(documents.JsonPatch(R"([{"op":"add","path":"/r/0/y","value":)" + nested(100) + "}]")),
      "too_deep");
  EXPECT_EQ(Stored(&documents), before);
  EXPECT_EQ(
      documents.JsonPatch(R"([{"op":"add","path":"/r/0/y","value":)" + nested(97) + "}]").status,
      200);
  // What it leaves is a document that may be put.
  EXPECT_LT(documents.Put(documents.View()).status, 300);
}

// As deep as a document may be, its other parts are patched as ever.
TEST(Patch, OfADocumentAsDeepAsMayBe) {
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  DocumentHarness documents;
  const std::string record = R"({"id":"x","y":)" + nested(99);
  ASSERT_EQ(documents.Put("{\"a\":" + nested(100) + ",\"r\":[" + record + "}]}").status, 201);
  EXPECT_EQ(documents.JsonPatch(R"([{"op":"add","path":"/r/0/z","value":1}])").status, 200);
  EXPECT_EQ(documents.JsonPatch(R"([{"op":"add","path":"/r/-","value":{"id":"w"}}])").status, 200);
  EXPECT_EQ(documents.JsonPatch(R"([{"op":"add","path":"/a/-","value":1}])").status, 200);
  EXPECT_EQ(documents.MergePatch(R"({"v":1})").status, 200);
  const std::string deep = nested(100);
  EXPECT_EQ(documents.View(), "{\"a\":" + deep.substr(0, deep.size() - 1) + ",1],\"r\":[" + record +
                                  R"(,"z":1},{"id":"w"}],"v":1})");
}

TEST(Patch, NeedsAPrecondition) {
  DocumentHarness documents;
  const Params none{{"content_type", "application/merge-patch+json"}, {"method", "PATCH"}};
  EXPECT_EQ(documents.Run("patch_document", none, "{}").status, 428);
  documents.Put("{\"a\":1}");
  EXPECT_EQ(documents.Run("patch_document", none, "{}").status, 428);
  EXPECT_EQ(documents.MergePatch("{}", {{"if_match", "\"1-0123456789abcdef\""}}).status, 412);
  EXPECT_EQ(documents.MergePatch("{}", {{"if_match", "W/" + documents.Tag()}}).status, 412);
  EXPECT_EQ(documents.MergePatch("{}", {{"if_match", "*"}}).status, 200);
}

}  // namespace
}  // namespace tidemark::testing
