// PUT of the whole document: what comes in goes out, and only what differs is written.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

// The kinds of a document's members, in order: v for a value, c for a collection.
std::string Kinds(DocumentHarness* documents) {
  std::string kinds;
  for (const std::string& kind :
       documents->store().Rows("SELECT kind FROM member ORDER BY place")) {
    kinds += kind == "1" ? 'c' : 'v';
  }
  return kinds;
}

TEST(Put, FirstOneMakesTheDocumentAndASecondReplacesIt) {
  DocumentHarness documents;
  EXPECT_EQ(documents.View(), "");
  const native::Answer made = documents.Put(R"({"a":1})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.Header("etag"), documents.Tag());
  EXPECT_EQ(json::parse(made.body, nullptr, false), json({{"version", documents.Version()}}));
  EXPECT_EQ(documents.Version().substr(0, 14), std::to_string(kNow) + "-");
  const native::Answer replaced = documents.Put(R"({"b":[{"id":"x"}]})");
  EXPECT_EQ(replaced.status, 200);
  EXPECT_EQ(documents.View(), R"({"b":[{"id":"x"}]})");
  EXPECT_NE(replaced.Header("etag"), made.Header("etag"));
}

struct Case {
  const char* text;
  const char* kinds;
  const char* stored = nullptr;  // where it is not the text
};

const Case kDocuments[] = {
    {"{}", ""},
    {R"({"a":[]})", "c"},
    {R"({"a":null,"b":true,"c":-0.0e-7,"d":1E400,"e":"","f":{}})", "vvvvvv"},
    {R"({"users":[{"id":"u2"},{"id":"u1","n":1.0}],"x":[{"id":"1"}],"y":2})", "ccv"},
    {R"({"z":1,"a":[{"id":"b"},{"id":"a"}],"m":2})", "vcv"},
    {R"({"a":[1,{"id":"x"}]})", "v"},
    {R"({"a":[{"id":"x"},1]})", "v"},
    {R"({"a":[{"id":"x"},{"id":"x"}]})", "v"},
    {R"({"a":[{"id":"x"},{"id":"\u0078"}]})", "v"},
    {R"({"a":[{"id":""}]})", "v"},
    {R"({"a":[{"id":5}]})", "v"},
    {R"({"a":[{}]})", "v"},
    {R"({"a":[null]})", "v"},
    {R"({"a":[[{"id":"x"}]]})", "v"},
    {R"({"a":{"b":[{"id":"x"}]}})", "v"},
    {R"({"a":[{"id":"\u0000"}]})", "v"},
    {R"({"a":[{"id":"\u00e9\ud83d\ude00\/\"\\"}]})", "c"},
    {R"({"é😀":[{"id":"日本","t":"\u65e5\u672c 日本"}],"":1," ":2})", "cvv"},
    {R"({"a":[{"id":"1","id":"2"},{"id":"1"}]})", "c"},
    {R"({"a":[{"id":"x", "s" : [ 1 , 2 ] }]})", "c"},
    {"{\"a\":[{\"id\":\"x\",\n\t\"y\":{ }}]}", "c"},
    {R"({"a\"b\\c\/":1})", "v", R"({"a\"b\\c/":1})"},
    {R"({"\b\f\n\r\t\u0001\u001f":1,"\u0002":[{"id":"x"}]})", "vc"},
    {"{\"\x7f'\":1,\"\x7f'\xc2\x80\":[]}", "vc"},
    {R"({"\u0061":1,"\ud83d\ude00":[]})", "vc", R"({"a":1,"😀":[]})"},
    {" { \"a\" : 1 ,\n\"b\" : [ {\"id\":\"x\"} , {\"id\":\"y\"} ] } ", "vc",
     R"({"a":1,"b":[{"id":"x"},{"id":"y"}]})"},
    {R"({"a":1,"b":2,"a":3})", "vv", R"({"a":3,"b":2})"},
    {R"({"a":1,"\u0061":3})", "v", R"({"a":3})"},
    {R"({"a":[{"id":"1"}],"b":2,"a":5})", "vv", R"({"a":5,"b":2})"},
    {R"({"a":5,"a":[{"id":"x"}]})", "c", R"({"a":[{"id":"x"}]})"},
    {R"({"a":[{"id":"1"},{"id":"2"}],"a":[{"id":"2"}]})", "c", R"({"a":[{"id":"2"}]})"},
    {R"({"a":[{"id":"1"}],"a":[]})", "c", R"({"a":[]})"},
    {R"({"a":[{"id":"1"}],"a":[{"id":"1"},3]})", "v", R"({"a":[{"id":"1"},3]})"},
    {R"({"a":[{"id":"1"}],"a":[{"id":"2"},{"id":"2"}],"a":[{"id":"3"}]})", "c",
     R"({"a":[{"id":"3"}]})"},
};

TEST(Put, WhatComesInGoesOutAndIsPublishedAndReplayedToTheByte) {
  for (const Case& row : kDocuments) {
    SCOPED_TRACE(row.text);
    DocumentHarness documents;
    ASSERT_EQ(documents.Put(row.text).status, 201);
    const std::string expected = row.stored != nullptr ? row.stored : row.text;
    EXPECT_EQ(documents.View(), expected);
    EXPECT_EQ(Kinds(&documents), row.kinds);
    EXPECT_TRUE(documents.RunUntilIdle());
    EXPECT_EQ(documents.PublishedText(), expected);
    EXPECT_EQ(Replayed(documents.JournalObjects()), expected);
    const auto before = Stored(&documents);
    const std::string tag = documents.Tag();
    EXPECT_EQ(documents.Put(expected).Header("etag"), tag);
    EXPECT_EQ(documents.Put(row.text).Header("etag"), tag);
    EXPECT_EQ(Stored(&documents), before);
  }
}

// Each document takes the place of each other one.
TEST(Put, AnyDocumentFollowsAnyOther) {
  DocumentHarness documents;
  const Params allowed{{"allow_empty", "true"}, {"allow_large", "true"}};
  for (const Case& first : kDocuments) {
    for (const Case& second : kDocuments) {
      for (const Case* row : {&first, &second}) {
        ++documents.now_ms;
        ASSERT_LT(documents.Put(row->text, allowed).status, 300) << row->text;
      }
      const std::string expected = second.stored != nullptr ? second.stored : second.text;
      ASSERT_EQ(documents.View(), expected) << first.text;
    }
  }
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(documents.PublishedText(), documents.View());
  EXPECT_EQ(Replayed(documents.JournalObjects()), documents.View());
}

TEST(Put, DocumentOfSeveralSlicesIsReadWhole) {
  DocumentHarness documents;
  std::string text = R"({"before":1,"items":[)";
  for (int i = 0; i < 3'000; ++i) {
    if (i > 0) text += ',';
    text += R"({"id":"r)" + std::to_string(i) + R"(","é":")" + std::string(1'000, 'x') + "\"}";
  }
  text += R"(],"after":")" + std::string(900'000, 'y') + R"(","last":[{"id":"z"}]})";
  ASSERT_EQ(documents.Put(text).status, 201);
  EXPECT_EQ(Kinds(&documents), "vcvc");
  EXPECT_EQ(documents.View(), text);
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(documents.PublishedText(), text);
  EXPECT_EQ(Replayed(documents.JournalObjects()), text);
}

// What shows that an array is no collection lies in a later slice than the array's beginning.
TEST(Put, ArrayThatTurnsOutToBeNoCollectionIsOneValue) {
  for (const char* end : {"5", R"({"id":"r0"})", R"({"id":"r1"})", "{}"}) {
    SCOPED_TRACE(end);
    std::string text = R"({"filler":")" + std::string(600'000, 'f') + R"(","items":[)";
    for (int i = 0; i < 900; ++i) {
      text += R"({"id":"r)" + std::to_string(i) + R"(","x":")" + std::string(1'000, 'x') + "\"},";
    }
    text += end + std::string(R"(],"after":[{"id":"a"}]})");
    DocumentHarness documents;
    ASSERT_EQ(documents.Put(text).status, 201);
    EXPECT_EQ(Kinds(&documents), "vvc");
    EXPECT_EQ(documents.View(), text);
    EXPECT_EQ(CountIn(&documents.store(), "SELECT count(*) FROM record"), 1);
    EXPECT_EQ(CountIn(&documents.store(), "SELECT count(*) FROM staged"), 0);
  }
}

TEST(Put, BoundsAreMetAndNotPassed) {
  const auto record = [](size_t bytes) {
    return R"({"id":"x","s":")" + std::string(bytes - 17, 's') + "\"}";
  };
  const auto status = [](const std::string& text) {
    DocumentHarness documents;
    const native::Answer answer = documents.Put(text);
    if (answer.status >= 400) EXPECT_EQ(documents.View(), "");
    if (answer.status < 400) EXPECT_EQ(documents.View(), text);
    return answer.status == 201 ? "" : ErrorOf(answer);
  };
  ASSERT_EQ(record(100).size(), 100U);
  EXPECT_EQ(status("{\"a\":[" + record(limits::kRecordBytesMax) + "]}"), "");
  EXPECT_EQ(status("{\"a\":[" + record(limits::kRecordBytesMax + 1) + "]}"), "value_too_large");
  EXPECT_EQ(status("{\"a\":" + record(limits::kRecordBytesMax) + "}"), "");
  EXPECT_EQ(status("{\"a\":" + record(limits::kRecordBytesMax + 1) + "}"), "value_too_large");
  EXPECT_EQ(status("{\"a\":[" + record(limits::kRecordBytesMax) + ",1]}"), "value_too_large");
  EXPECT_EQ(status("{\"a\":" + record(3 << 20) + "}"), "value_too_large");
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_EQ(status("{\"a\":" + nested(100) + "}"), "");
  EXPECT_EQ(status("{\"a\":" + nested(101) + "}"), "too_deep");
  EXPECT_EQ(status(R"({"a":[{"id":"x","y":)" + nested(99) + "}]}"), "");
  EXPECT_EQ(status(R"({"a":[{"id":"x","y":)" + nested(100) + "}]}"), "too_deep");
  const std::string name(limits::kCollectionBytesMax, 'n');
  EXPECT_EQ(status("{\"" + name + "\":1}"), "");
  EXPECT_EQ(status("{\"" + name + "n\":1}"), "invalid_document");
  const std::string id(limits::kRecordIdBytesMax, 'i');
  EXPECT_EQ(status(R"({"a":[{"id":")" + id + "\"}]}"), "");
}

TEST(Put, MembersAreBounded) {
  std::string text = "{";
  for (int i = 0; i < limits::kMembersMax; ++i) text += "\"m" + std::to_string(i) + "\":1,";
  DocumentHarness documents;
  EXPECT_EQ(ErrorOf(documents.Put(text + "\"x\":1}")), "too_many_members");
  text.back() = '}';
  EXPECT_EQ(documents.Put(text).status, 201);
  EXPECT_EQ(documents.View(), text);
}

TEST(Put, WhatIsNoDocumentIsRefusedAndChangesNothing) {
  DocumentHarness documents;
  documents.Put(Numbered("a", 3));
  const auto before = Stored(&documents);
  const std::pair<std::string, const char*> rows[] = {
      {"", "invalid_json"},
      {" ", "invalid_json"},
      {"{", "invalid_json"},
      {"[]", "invalid_document"},
      {"5", "invalid_document"},
      {"{} {}", "invalid_json"},
      {R"({"a":1,})", "invalid_json"},
      {R"({"a":nul})", "invalid_json"},
      {R"({"a" 1})", "invalid_json"},
      {R"({"a":[{"id":"x"},]})", "invalid_json"},
      {R"({"a":[{"id":"x"})", "invalid_json"},
      {R"({"a":[{"id":"x"}]} x)", "invalid_json"},
      {R"({"a":[{"id":"x"} {"id":"y"}]})", "invalid_json"},
      {"{\"a\":\"\xff\"}", "invalid_utf8"},
      {R"({"a":"\ud800"})", "invalid_utf8"},
      {R"({"a":[{"id":"x","y":"\udc00"}]})", "invalid_utf8"},
      {R"({"\ud800":1})", "invalid_document"},
      {R"({"\u0000":1})", "invalid_document"},
  };
  for (const auto& [text, code] : rows) {
    const native::Answer answer = documents.Put(text);
    EXPECT_EQ(ErrorOf(answer), code) << text;
    EXPECT_EQ(answer.status, 400) << text;
  }
  EXPECT_EQ(ErrorOf(documents.Put("{}", {{"content_type", "text/plain"}})),
            "unsupported_media_type");
  EXPECT_EQ(Stored(&documents), before);
}

// A row written is what a write costs.
TEST(Put, OneMovedRecordOfAThousandIsOneRow) {
  DocumentHarness documents;
  json document = json::parse(Numbered("a", 1'000), nullptr, false);
  ASSERT_EQ(documents.Put(document.dump()).status, 201);
  documents.now_ms += 5;
  json& records = document["a"];
  const json moved = records[700];
  records.erase(700);
  records.insert(records.begin() + 20, moved);
  ASSERT_EQ(documents.Put(document.dump()).status, 200);
  EXPECT_EQ(documents.View(), document.dump());
  EXPECT_EQ(documents.store().Rows("SELECT id FROM record WHERE version = " +
                                   std::to_string(documents.now_ms)),
            std::vector<std::string>{"u700"});
  const std::vector<json> entries = EntriesOf(&documents);
  EXPECT_EQ(entries[entries.size() - 2].at("changes").size(), 1U);
  EXPECT_TRUE(entries.back().at("changes").empty());
}

TEST(Put, WritesWhatDiffersAndNoMore) {
  DocumentHarness documents;
  documents.Put(R"({"v":1,"a":[{"id":"x"},{"id":"y","n":1},{"id":"z"}],"w":[1]})");
  documents.now_ms += 5;
  const std::string next = R"({"v":1,"a":[{"id":"x"},{"id":"y","n":2}],"u":3})";
  ASSERT_EQ(documents.Put(next).status, 200);
  EXPECT_EQ(documents.View(), next);
  const std::string version = std::to_string(documents.now_ms);
  EXPECT_EQ(
      documents.store().Rows("SELECT id FROM record WHERE version = " + version + " ORDER BY id"),
      (std::vector<std::string>{"y", "z"}));
  EXPECT_EQ(documents.store().Rows("SELECT key FROM member WHERE version = " + version),
            std::vector<std::string>{"u"});
}

TEST(Put, SameTextKeepsTheTagWhereMembersHaveGoneBefore) {
  DocumentHarness documents;
  documents.Put(R"({"v":1,"w":2,"a":[{"id":"x"}],"b":[]})");
  ++documents.now_ms;
  documents.MergePatch(R"({"w":null})");
  const auto before = Stored(&documents);
  const std::string tag = documents.Tag();
  ++documents.now_ms;
  EXPECT_EQ(documents.Put(documents.View()).Header("etag"), tag);
  EXPECT_EQ(Stored(&documents), before);
  // A member between two others takes no other's place.
  documents.Put(R"({"v":1,"u":3,"a":[{"id":"x"}],"b":[]})");
  EXPECT_EQ(documents.View(), R"({"v":1,"u":3,"a":[{"id":"x"}],"b":[]})");
  EXPECT_EQ(documents.store().Rows("SELECT key FROM member WHERE version = " +
                                   std::to_string(documents.now_ms)),
            std::vector<std::string>{"u"});
}

TEST(Put, ValueBecomesACollectionAndBack) {
  DocumentHarness documents;
  const Params allowed{{"allow_empty", "true"}};
  for (const char* text : {R"({"a":[{"id":"x"}],"b":1})", R"({"a":5,"b":[{"id":"x"}]})",
                           R"({"b":5,"a":[{"id":"x"}]})", R"({"a":[{"id":"x"},7],"b":1})",
                           R"({"a":[{"id":"y"},{"id":"x"}],"b":1})", R"({"a":[{"id":"x"}]})"}) {
    ++documents.now_ms;
    ASSERT_LT(documents.Put(text, allowed).status, 300);
    EXPECT_EQ(documents.View(), text);
  }
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(Replayed(documents.JournalObjects()), documents.View());
}

}  // namespace
}  // namespace tidemark::testing
