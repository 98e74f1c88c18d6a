// PATCH by record operations on a stored document.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

constexpr const char* kUsers =
    R"({"v":1,"users":[{"id":"a","n":1},{"id":"b","n":2},{"id":"c","n":3}],"w":[2]})";

TEST(PatchRecords, UpsertsReplaceInPlaceAndAddAtTheEnd) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const native::Answer answer =
      documents.Patch({Upsert("users", {{"id", "d"}}), Upsert("users", {{"id", "b"}, {"n", 20}})});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("etag"), documents.Tag());
  const json body = json::parse(answer.body, nullptr, false);
  EXPECT_EQ(body.at("version"), documents.Version());
  EXPECT_EQ(body.at("results"), (json{{{"op", "upsert"}, {"collection", "users"}, {"id", "d"}},
                                      {{"op", "upsert"}, {"collection", "users"}, {"id", "b"}}}));
  EXPECT_EQ(documents.View(),
            R"({"v":1,"users":[{"id":"a","n":1},{"id":"b","n":20},{"id":"c","n":3},{"id":"d"}],)"
            R"("w":[2]})");
}

TEST(PatchRecords, OneOperationNeedsNoList) {
  DocumentHarness documents;
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "a"}})).status, 201);
  EXPECT_EQ(documents.View(), R"({"users":[{"id":"a"}]})");
}

TEST(PatchRecords, TextOfARecordIsKeptToTheByte) {
  DocumentHarness documents;
  const std::string record = R"({ "id" : "a","x":[1.0, 1E2,"\u00e9é\/"] ,"x":{}})";
  EXPECT_EQ(documents
                .PatchText(R"([ {"record":)" + record +
                           R"(,"op":"upsert","collection":"\u0063","id":"\u0061","z":1} ] )")
                .status,
            201);
  EXPECT_EQ(documents.View(), "{\"c\":[" + record + "]}");
}

TEST(PatchRecords, NewCollectionsComeAfterAllMembersInTheOrderOfTheirOperations) {
  DocumentHarness documents;
  documents.Put(kUsers);
  documents.Patch({Upsert("z", {{"id", "1"}}), Upsert("y", {{"id", "1"}}),
                   Upsert("z", {{"id", "0"}}), Deletion("x", "1")});
  EXPECT_EQ(documents.View(), std::string(kUsers).substr(0, std::string(kUsers).size() - 1) +
                                  R"(,"z":[{"id":"1"},{"id":"0"}],"y":[{"id":"1"}]})");
}

TEST(PatchRecords, DeletedRecordComesBackAtTheEnd) {
  DocumentHarness documents;
  documents.Put(kUsers);
  documents.Patch(Deletion("users", "a"));
  EXPECT_EQ(documents.View(), R"({"v":1,"users":[{"id":"b","n":2},{"id":"c","n":3}],"w":[2]})");
  documents.Patch(Upsert("users", {{"id", "a"}}));
  EXPECT_EQ(documents.View(),
            R"({"v":1,"users":[{"id":"b","n":2},{"id":"c","n":3},{"id":"a"}],"w":[2]})");
}

TEST(PatchRecords, EmptiedCollectionStaysOne) {
  DocumentHarness documents;
  documents.Put(R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})");
  documents.Patch(Deletion("a", "x"));
  EXPECT_EQ(documents.View(), R"({"a":[],"b":[{"id":"y"}]})");
  documents.Patch(Upsert("a", {{"id", "z"}}));
  EXPECT_EQ(documents.View(), R"({"a":[{"id":"z"}],"b":[{"id":"y"}]})");
}

TEST(PatchRecords, LastOperationOnARecordCounts) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const native::Answer answer = documents.Patch(
      {Upsert("users", {{"id", "a"}, {"n", 5}}), Deletion("users", "a"),
       Upsert("users", {{"id", "e"}}), Upsert("users", {{"id", "a"}, {"n", 6}}),
       Deletion("users", "e"), Upsert("users", {{"id", "c"}, {"n", 7}}), Deletion("users", "c")});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body, nullptr, false).at("results").size(), 7U);
  EXPECT_EQ(documents.View(), R"({"v":1,"users":[{"id":"a","n":6},{"id":"b","n":2}],"w":[2]})");
}

TEST(PatchRecords, WhatChangesNothingKeepsTheTagAndWritesNoRow) {
  DocumentHarness documents;
  documents.Put(kUsers);
  documents.Patch(Deletion("users", "c"));
  const auto before = Stored(&documents);
  const std::string tag = documents.Tag();
  documents.now_ms += 1'000;
  for (const json& operations :
       {json(Upsert("users", {{"id", "a"}, {"n", 1}})), json(Deletion("users", "zz")),
        json(Deletion("users", "c")), json(Deletion("nowhere", "a")), json::array(),
        json({Upsert("users", {{"id", "b"}, {"n", 9}}), Upsert("users", {{"id", "b"}, {"n", 2}})}),
        json({Upsert("users", {{"id", "q"}}), Deletion("users", "q")})}) {
    const native::Answer answer = documents.Patch(operations);
    EXPECT_EQ(answer.status, 200) << operations;
    EXPECT_EQ(answer.Header("etag"), tag) << operations;
    EXPECT_EQ(Stored(&documents), before) << operations;
  }
}

TEST(PatchRecords, WithoutADocumentADeletionMakesNone) {
  DocumentHarness documents;
  for (const json& operations : {json(Deletion("a", "b")), json::array()}) {
    const native::Answer answer = documents.Patch(operations);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(json::parse(answer.body, nullptr, false).at("version"), nullptr);
    EXPECT_EQ(answer.Header("etag"), "");
  }
  EXPECT_EQ(documents.View(), "");
  EXPECT_TRUE(documents.JournalObjects().empty());
}

TEST(PatchRecords, ValueIsNoCollection) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const auto before = Stored(&documents);
  for (const char* member : {"v", "w"}) {
    const native::Answer answer =
        documents.Patch({Upsert("users", {{"id", "q"}}), Upsert(member, {{"id", "q"}})});
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(ErrorOf(answer), "not_a_collection");
  }
  EXPECT_EQ(Stored(&documents), before);
  EXPECT_EQ(documents.Patch(Deletion("v", "q")).status, 200);
}

TEST(PatchRecords, OperationsOfSeveralSlicesAreOneWrite) {
  DocumentHarness documents;
  documents.Put(kUsers);
  ++documents.now_ms;
  json operations = json::array();
  for (int i = 0; i < 3'000; ++i) {
    operations.push_back(
        Upsert("big", {{"id", "r" + std::to_string(i)}, {"s", std::string(1'000, 's')}}));
  }
  operations.push_back(Upsert("big", {{"id", "r0"}}));
  operations.push_back(Deletion("big", "r1"));
  const native::Answer answer = documents.Patch(operations);
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body, nullptr, false).at("results").size(), 3'002U);
  const json document = json::parse(documents.View(), nullptr, false);
  ASSERT_EQ(document.at("big").size(), 2'999U);
  EXPECT_EQ(document.at("big")[0], json({{"id", "r0"}}));
  EXPECT_EQ(document.at("big")[1].at("id"), "r2");
  std::vector<json> entries = EntriesOf(&documents);
  std::erase_if(entries, [](const json& entry) { return entry.at("op") == "put"; });
  ASSERT_GT(entries.size(), 2U);
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].at("seq"), documents.now_ms);
    EXPECT_EQ(entries[i].at("part"), i);
    EXPECT_EQ(entries[i].at("last"), i + 1 == entries.size());
  }
  EXPECT_EQ(CountIn(&documents.store(), "SELECT count(*) FROM journal WHERE activity IS NOT NULL"),
            2);
  const std::string view = documents.View();
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(Replayed(documents.JournalObjects()), view);
  EXPECT_EQ(documents.PublishedText(), view);
}

// A mistake in a later slice takes back what earlier ones wrote.
TEST(PatchRecords, MistakeInALaterSliceChangesNothing) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const auto before = Stored(&documents);
  json operations = json::array();
  for (int i = 0; i < 1'500; ++i) {
    operations.push_back(
        Upsert("big", {{"id", "r" + std::to_string(i)}, {"s", std::string(1'000, 's')}}));
  }
  operations.push_back({{"op", "upsort"}});
  const native::Answer answer = documents.Patch(operations);
  EXPECT_EQ(ErrorOf(answer), "invalid_operation");
  EXPECT_NE(answer.body.find("Operation 1500:"), std::string::npos) << answer.body;
  operations.back() = Upsert("v", {{"id", "x"}});
  EXPECT_EQ(ErrorOf(documents.Patch(operations)), "not_a_collection");
  operations.back() = Upsert("users", {{"id", "a"}}, "1-0123456789abcdef");
  const native::Answer conflict = documents.Patch(operations);
  EXPECT_EQ(conflict.status, 412);
  const json body = json::parse(conflict.body, nullptr, false);
  ASSERT_EQ(body.at("conflicts").size(), 1U);
  EXPECT_EQ(body.at("conflicts")[0].at("index"), 1'500);
  EXPECT_EQ(Stored(&documents), before);
}

// More operations than are handled together, in one slice.
TEST(PatchRecords, TenThousandOperationsAndMoreAreOneWrite) {
  DocumentHarness documents;
  json operations = json::array();
  for (int i = 0; i < 10'003; ++i) {
    operations.push_back(Upsert("a", {{"id", std::to_string(i)}}));
  }
  ASSERT_EQ(documents.Patch(operations).status, 201);
  const json document = json::parse(documents.View(), nullptr, false);
  ASSERT_EQ(document.at("a").size(), 10'003U);
  EXPECT_EQ(document.at("a")[10'002].at("id"), "10002");
  EXPECT_TRUE(documents.RunUntilIdle());
  EXPECT_EQ(Replayed(documents.JournalObjects()), documents.View());
}

TEST(PatchRecords, RecordThatChangedSinceIsAConflictWithWhatItIsNow) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const std::string seen = documents.Version();
  ++documents.now_ms;
  documents.Patch(Upsert("users", {{"id", "a"}, {"n", 10}}));
  ++documents.now_ms;
  documents.Patch(Deletion("users", "b"));
  const auto before = Stored(&documents);
  const native::Answer answer = documents.Patch(
      {Upsert("users", {{"id", "c"}, {"n", 30}}, seen), Deletion("users", "a", seen),
       Upsert("users", {{"id", "b"}}, seen), Upsert("users", {{"id", "new"}}, seen)});
  EXPECT_EQ(answer.status, 412);
  EXPECT_EQ(ErrorOf(answer), "precondition_failed");
  EXPECT_EQ(answer.Header("etag"), documents.Tag());
  const json body = json::parse(answer.body, nullptr, false);
  EXPECT_EQ(body.at("error"), "precondition_failed");
  EXPECT_EQ(body.at("version"), documents.Version());
  EXPECT_EQ(body.at("conflicts"),
            (json{{{"index", 1},
                   {"collection", "users"},
                   {"id", "a"},
                   {"record", {{"id", "a"}, {"n", 10}}}},
                  {{"index", 2}, {"collection", "users"}, {"id", "b"}, {"record", nullptr}}}));
  EXPECT_EQ(Stored(&documents), before);
  // With the version of the answer it passes.
  const std::string now = body.at("version");
  EXPECT_EQ(
      documents.Patch({Deletion("users", "a", now), Upsert("users", {{"id", "b"}}, now)}).status,
      200);
}

TEST(PatchRecords, VersionOfACopyThatHasTheRecordAsItIsPasses) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const std::string seen = documents.Version();
  ++documents.now_ms;
  documents.Patch(Upsert("users", {{"id", "b"}, {"n", 9}}));
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "a"}, {"n", 9}}, seen)).status, 200);
  EXPECT_EQ(documents.Patch(Deletion("users", "c", seen)).status, 200);
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "new"}}, seen)).status, 200);
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "new"}}, seen)).status, 412);
  // Somebody else deleted it: so it is, as it was meant to be.
  documents.Patch(Deletion("users", "b"));
  EXPECT_EQ(documents.Patch(Deletion("users", "b", seen)).status, 200);
}

TEST(PatchRecords, OwnEarlierOperationsAreNoConflict) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const std::string seen = documents.Version();
  json operations = {Upsert("users", {{"id", "a"}, {"n", 5}}, seen),
                     Upsert("users", {{"id", "a"}, {"n", 6}}, seen)};
  EXPECT_EQ(documents.Patch(operations).status, 200);
  // Likewise where another slice holds the second.
  const std::string now = documents.Version();
  operations = {Upsert("users", {{"id", "a"}, {"n", 7}}, now),
                Upsert("users", {{"id", "big"}, {"s", std::string(900'000, 's')}}),
                Upsert("users", {{"id", "big2"}, {"s", std::string(900'000, 's')}}),
                Upsert("users", {{"id", "a"}, {"n", 8}}, now)};
  EXPECT_EQ(documents.Patch(operations).status, 200);
  EXPECT_EQ(json::parse(documents.View(), nullptr, false).at("users")[0].at("n"), 8);
}

TEST(PatchRecords, VersionOfAnotherLifeIsAConflict) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const std::string version = documents.Version();
  const std::string other = version.substr(0, version.size() - 16) + "0000000000000000";
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "a"}, {"n", 5}}, other)).status, 412);
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "new"}}, other)).status, 412);
  EXPECT_EQ(documents.Patch(Deletion("users", "nobody", other)).status, 200);
}

// What was deleted before the horizon is forgotten: then nobody knows what an old copy had.
TEST(PatchRecords, VersionOlderThanWhatIsRememberedIsAConflictForWhatIsNotThere) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const std::string seen = documents.Version();
  ++documents.now_ms;
  documents.Patch(Deletion("users", "b"));
  documents.store().Execute(
      "DELETE FROM record WHERE data IS NULL; INSERT INTO meta VALUES "
      "('horizon', " +
      std::to_string(documents.now_ms) + ")");
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "b"}}, seen)).status, 412);
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "a"}, {"n", 5}}, seen)).status, 200);
  EXPECT_EQ(documents.Patch(Upsert("users", {{"id", "b"}}, documents.Version())).status, 200);
}

TEST(PatchRecords, ConflictsAreToldUpToABound) {
  DocumentHarness documents;
  documents.Put(Numbered("a", 150));
  const std::string seen = documents.Version();
  json operations = json::array();
  for (int i = 0; i < 150; ++i) {
    operations.push_back(Upsert("a", {{"id", "u" + std::to_string(i)}, {"n", -1}}, seen));
  }
  ++documents.now_ms;
  ASSERT_EQ(documents.Patch(operations).status, 200);
  const native::Answer answer = documents.Patch(operations);
  EXPECT_EQ(answer.status, 412);
  const json body = json::parse(answer.body, nullptr, false);
  EXPECT_EQ(body.at("conflicts").size(), limits::kConflictsMax);
  EXPECT_EQ(body.at("conflicts").back().at("index"), limits::kConflictsMax - 1);
}

TEST(PatchRecords, EachMistakeIsNamed) {
  DocumentHarness documents;
  documents.Put(kUsers);
  const auto before = Stored(&documents);
  const std::pair<const char*, const char*> rows[] = {
      {"", "invalid_json"},
      {"{", "invalid_json"},
      {"[{", "invalid_json"},
      {"[1]", "invalid_operation"},
      {"null", "invalid_operation"},
      {"{}", "invalid_operation"},
      {R"([{"op":"upsert","collection":"c","id":"a"}])", "invalid_operation"},
      {R"({"op":"upsert","collection":"c","id":"a","record":[]})", "invalid_operation"},
      {R"({"op":"upsert","collection":"c","id":"a","record":{"id":"b"}})", "invalid_operation"},
      {R"({"op":"upsert","collection":"c","id":"a","record":{}})", "invalid_operation"},
      {R"({"op":"upsert","collection":"c","id":"a","record":{"id":"a","id":"b"}})",
       "invalid_operation"},
      {R"({"op":"upsert","collection":"","id":"a","record":{"id":"a"}})", "invalid_operation"},
      {R"({"op":"upsert","collection":"c","id":"","record":{"id":""}})", "invalid_operation"},
      {R"({"op":"delete","collection":"c","id":1})", "invalid_operation"},
      {R"({"op":"delete","collection":"c\u0000","id":"a"})", "invalid_operation"},
      {R"({"op":"delete","collection":"c","id":"a","version":"nonsense"})", "invalid_operation"},
      {R"({"op":"delete","collection":"c","id":"a","version":1})", "invalid_operation"},
      {R"({"op":"delete","collection":"c","id":"a"} x)", "invalid_json"},
      {R"([{"op":"delete","collection":"c","id":"a"}] x)", "invalid_json"},
      {R"([{"op":"delete","collection":"c","id":"a"},])", "invalid_json"},
      {"\"\xff\"", "invalid_utf8"},
      {R"({"op":"upsert","collection":"c","id":"a","record":{"id":"a","x":"\ud800"}})",
       "invalid_utf8"},
  };
  for (const auto& [text, code] : rows) {
    const native::Answer answer = documents.PatchText(text);
    EXPECT_EQ(ErrorOf(answer), code) << text;
    EXPECT_EQ(answer.status, 400) << text;
  }
  EXPECT_EQ(ErrorOf(documents.PatchText("{}", {{"content_type", "text/json"}})),
            "unsupported_media_type");
  const std::string large(limits::kRecordBytesMax, 's');
  EXPECT_EQ(documents.Patch(Upsert("c", {{"id", "a"}, {"s", large}})).status, 413);
  EXPECT_EQ(Stored(&documents), before);
}

TEST(PatchRecords, PreconditionIsHeededWhereThereIsOne) {
  DocumentHarness documents;
  const json operation = Upsert("a", {{"id", "x"}});
  EXPECT_EQ(documents.Patch(operation, {{"if_match", "*"}}).status, 412);
  EXPECT_EQ(documents.Patch(operation, {{"if_none_match", "*"}}).status, 201);
  EXPECT_EQ(documents.Patch(operation, {{"if_none_match", "*"}}).status, 412);
  EXPECT_EQ(documents.Patch(operation, {{"if_match", documents.Tag()}}).status, 200);
  EXPECT_EQ(documents.Patch(operation, {{"if_match", "\"1-0123456789abcdef\""}}).status, 412);
}

}  // namespace
}  // namespace tidemark::testing
