// GET of a document: what is published, what the owner has, and one shard of it.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "documents/preconditions.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

TEST(ReadPublished, WithoutADocumentThereIsNone) {
  DocumentHarness documents;
  EXPECT_EQ(ErrorOf(documents.Published()), "not_found");
  EXPECT_EQ(ErrorOf(documents.Get()), "not_found");
  EXPECT_EQ(ErrorOf(documents.Published({{"app", "no app"}})), "invalid_app");
}

TEST(ReadPublished, AnswersTheCopyAndItsTag) {
  DocumentHarness documents;
  documents.Put(Numbered("a", 3));
  EXPECT_TRUE(documents.RunUntilIdle());
  const native::Answer answer = documents.Published();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, Numbered("a", 3));
  EXPECT_EQ(answer.Header("etag"), documents.Tag());
  EXPECT_EQ(answer.Header("content-type"), "application/json");
  const native::Answer head = documents.Published({{"method", "HEAD"}});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.Header("etag"), documents.Tag());
}

TEST(ReadPublished, IsAsOldAsTheCopyThatKvHas) {
  DocumentHarness documents;
  documents.Put(R"({"v":1})");
  EXPECT_TRUE(documents.RunUntilIdle());
  const std::string first = documents.Tag();
  documents.now_ms += 5'000;
  documents.Put(R"({"v":2})");
  EXPECT_EQ(documents.PublishedText(), R"({"v":1})");
  EXPECT_TRUE(documents.RunUntilIdle());
  documents.kv.staleness = [](const std::string&) { return size_t{1}; };
  EXPECT_EQ(documents.PublishedText(), R"({"v":1})");
  EXPECT_EQ(documents.Published().Header("etag"), first);
}

TEST(ReadPublished, StoreThatIsDownIs503) {
  DocumentHarness documents;
  documents.Put(R"({"v":1})");
  EXPECT_TRUE(documents.RunUntilIdle());
  documents.kv.before = [](const std::string&, const std::string&) {
    return std::optional<Failure>({"unavailable", "down"});
  };
  EXPECT_EQ(ErrorOf(documents.Published()), "unavailable");
  EXPECT_EQ(documents.Published().status, 503);
}

// The rows of RFC 9110, section 13, for reads, on what is published and on what the owner has.
TEST(GetDocument, PreconditionsAreThoseOfTheTag) {
  DocumentHarness documents;
  documents.Put(R"({"v":1})");
  EXPECT_TRUE(documents.RunUntilIdle());
  const std::string tag = documents.Tag();
  const std::string other = "\"1-0123456789abcdef\"";
  const std::pair<Params, int> rows[] = {
      {{{"if_none_match", tag}}, 304},
      {{{"if_none_match", "W/" + tag}}, 304},
      {{{"if_none_match", other + ", " + tag}}, 304},
      {{{"if_none_match", "*"}}, 304},
      {{{"if_none_match", other}}, 200},
      {{{"if_match", tag}}, 200},
      {{{"if_match", other + "," + tag}}, 200},
      {{{"if_match", "*"}}, 200},
      {{{"if_match", other}}, 412},
      {{{"if_match", "W/" + tag}}, 412},
      {{{"if_match", other}, {"if_none_match", tag}}, 412},
      {{{"if_match", tag}, {"if_none_match", tag}}, 304},
      {{{"if_match", "nonsense"}}, 400},
      {{{"if_none_match", "nonsense"}}, 400},
  };
  for (const auto& [params, status] : rows) {
    SCOPED_TRACE(json(params).dump());
    for (const native::Answer& answer : {documents.Get(params), documents.Published(params)}) {
      EXPECT_EQ(answer.status, status);
      if (status == 400) EXPECT_EQ(ErrorOf(answer), "invalid_precondition");
      if (status != 400) EXPECT_EQ(answer.Header("etag"), tag);
      if (status == 304) EXPECT_EQ(answer.body, "");
    }
  }
}

TEST(PutDocument, PreconditionsAreThoseOfTheTag) {
  const std::string other = "\"1-0123456789abcdef\"";
  DocumentHarness documents;
  const auto put = [&documents](Params params) {
    params["content_type"] = "application/json";
    params["method"] = "PUT";
    return documents.Run("put_document", std::move(params), R"({"v":1})");
  };
  for (const Params& params : {Params{}, Params{{"if_none_match", other}}}) {
    EXPECT_EQ(put(params).status, 428);
    EXPECT_EQ(ErrorOf(put(params)), "precondition_required");
  }
  for (const Params& params : {Params{{"if_match", "*"}}, Params{{"if_match", other}}}) {
    EXPECT_EQ(put(params).status, 412);
    EXPECT_EQ(put(params).Header("etag"), "");
  }
  EXPECT_EQ(put({{"if_match", "x"}}).status, 400);
  EXPECT_EQ(documents.View(), "");
  EXPECT_EQ(put({{"if_none_match", "*"}}).status, 201);
  const std::string tag = documents.Tag();
  EXPECT_EQ(put({}).status, 428);
  EXPECT_EQ(put({{"if_none_match", other}}).status, 428);
  for (const Params& params : {Params{{"if_none_match", "*"}}, Params{{"if_none_match", tag}},
                               Params{{"if_match", other}}, Params{{"if_match", "W/" + tag}},
                               Params{{"if_match", tag}, {"if_none_match", "W/" + tag}}}) {
    const native::Answer answer = put(params);
    EXPECT_EQ(answer.status, 412) << json(params);
    EXPECT_EQ(answer.Header("etag"), tag);
  }
  EXPECT_EQ(put({{"if_match", other + " , " + tag}}).status, 200);
  EXPECT_EQ(put({{"if_match", "*"}}).status, 200);
  EXPECT_EQ(documents.Tag(), tag);
}

TEST(GetDocument, ShardIsOneMemberOrAllValues) {
  DocumentHarness documents;
  documents.Put(R"({"v":1,"a":[{"id":"x"}],"w":{"id":"y"},"b":[]})");
  const auto shard = [&documents](const char* name) { return documents.Get({{"shard", name}}); };
  EXPECT_EQ(shard("a").body, R"({"a":[{"id":"x"}]})");
  EXPECT_EQ(shard("b").body, R"({"b":[]})");
  EXPECT_EQ(shard("_root").body, R"({"v":1,"w":{"id":"y"}})");
  EXPECT_EQ(ErrorOf(shard("v")), "not_found");
  EXPECT_EQ(ErrorOf(shard("c")), "not_found");
  const std::string tag = shard("a").Header("etag");
  EXPECT_EQ(tag, '"' + ShardTag(documents.Version(), "a") + '"');
  EXPECT_EQ(documents.Get({{"shard", "a"}, {"if_none_match", tag}}).status, 304);
  EXPECT_EQ(documents.Get({{"shard", "b"}, {"if_none_match", tag}}).status, 200);
  EXPECT_EQ(documents.Get({{"shard", "a"}, {"if_none_match", documents.Tag()}}).status, 200);
}

TEST(GetDocument, WhatIsTooLargeForItsOwnerIsReadElsewhere) {
  DocumentHarness documents;
  for (int part = 0; part < 2; ++part) {
    json operations = json::array();
    for (int i = 0; i < 18; ++i) {
      operations.push_back(Upsert("c" + std::to_string(part),
                                  {{"id", std::to_string(i)}, {"s", std::string(990'000, 's')}}));
    }
    ASSERT_LT(documents.Patch(operations).status, 300);
  }
  const native::Answer answer = documents.Get();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(ErrorOf(answer), "view_too_large");
}

}  // namespace
}  // namespace tidemark::testing
