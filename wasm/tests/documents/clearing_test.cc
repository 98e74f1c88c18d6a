// What a write may leave of a document: all forms of emptying one, and of deleting much of one.

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

using Act = native::Answer (*)(DocumentHarness* documents, Params params);

struct Form {
  const char* name;
  const char* start;
  Act act;
};

const Form kEmptying[] = {
    {"put of nothing", R"({"a":[{"id":"x"}]})",
     [](DocumentHarness* d, Params p) { return d->Put("{}", std::move(p)); }},
    {"put of an empty collection", R"({"a":[{"id":"x"}]})",
     [](DocumentHarness* d, Params p) { return d->Put(R"({"a":[]})", std::move(p)); }},
    {"put of a value", R"({"a":[{"id":"x"}]})",
     [](DocumentHarness* d, Params p) { return d->Put(R"({"a":1,"b":2})", std::move(p)); }},
    {"put of nothing over values", R"({"v":1})",
     [](DocumentHarness* d, Params p) { return d->Put("{}", std::move(p)); }},
    {"deletion of the last record", R"({"a":[{"id":"x"}],"v":1})",
     [](DocumentHarness* d, Params p) { return d->Patch(Deletion("a", "x"), std::move(p)); }},
    {"deletion of the last two", R"({"a":[{"id":"x"}],"b":[{"id":"y"}]})",
     [](DocumentHarness* d, Params p) {
       return d->Patch({Deletion("a", "x"), Deletion("b", "y")}, std::move(p));
     }},
    {"JSON patch of the root", R"({"a":[{"id":"x"}]})",
     [](DocumentHarness* d, Params p) {
       return d->JsonPatch(R"([{"op":"replace","path":"","value":{}}])", std::move(p));
     }},
    {"JSON patch of the last member", R"({"v":1})",
     [](DocumentHarness* d, Params p) {
       return d->JsonPatch(R"([{"op":"remove","path":"/v"}])", std::move(p));
     }},
    {"JSON patch of the last record", R"({"a":[{"id":"x"}],"v":1})",
     [](DocumentHarness* d, Params p) {
       return d->JsonPatch(R"([{"op":"remove","path":"/a/0"}])", std::move(p));
     }},
    {"JSON patch of its id", R"({"a":[{"id":"x"}],"v":1})",
     [](DocumentHarness* d, Params p) {
       return d->JsonPatch(R"([{"op":"replace","path":"/a/0/id","value":1}])", std::move(p));
     }},
    {"merge patch of the collection", R"({"a":[{"id":"x"}],"v":1})",
     [](DocumentHarness* d, Params p) { return d->MergePatch(R"({"a":null})", std::move(p)); }},
    {"merge patch that empties it", R"({"a":[{"id":"x"}],"v":1})",
     [](DocumentHarness* d, Params p) { return d->MergePatch(R"({"a":[]})", std::move(p)); }},
    {"merge patch of all values", R"({"v":1,"w":2})",
     [](DocumentHarness* d, Params p) {
       return d->MergePatch(R"({"v":null,"w":null})", std::move(p));
     }},
};

TEST(Clearing, EachFormOfEmptyingADocumentHasToBeMeant) {
  for (const Form& form : kEmptying) {
    SCOPED_TRACE(form.name);
    DocumentHarness documents;
    documents.Put(form.start);
    ++documents.now_ms;
    const auto before = Stored(&documents);
    for (const char* word : {"", "1", "True", "TRUE", "yes", " true", "true ", "false"}) {
      Params params;
      if (*word != '\0') params["allow_empty"] = word;
      params["allow_large"] = "true";  // of something else
      const native::Answer denied = form.act(&documents, params);
      EXPECT_EQ(denied.status, 409) << word;
      EXPECT_EQ(ErrorOf(denied), "empty_write_denied") << word;
      EXPECT_EQ(Stored(&documents), before) << word;
    }
    EXPECT_EQ(form.act(&documents, {{"allow_empty", "true"}}).status, 200);
    EXPECT_NE(documents.View(), form.start);
    // From then on there is nothing to lose.
    EXPECT_EQ(documents.Put(documents.View()).status, 200);
  }
}

const Form kDeletingMuch[] = {
    {"put", "",
     [](DocumentHarness* d, Params p) { return d->Put(Numbered("a", 1), std::move(p)); }},
    {"operations", "",
     [](DocumentHarness* d, Params p) {
       json operations = json::array();
       for (int i = 1; i < 20; ++i) operations.push_back(Deletion("a", "u" + std::to_string(i)));
       return d->Patch(operations, std::move(p));
     }},
    {"merge patch", "",
     [](DocumentHarness* d, Params p) { return d->MergePatch(Numbered("a", 1), std::move(p)); }},
    {"JSON patch", "",
     [](DocumentHarness* d, Params p) {
       json patch = json::array();
       for (int i = 1; i < 20; ++i) patch.push_back({{"op", "remove"}, {"path", "/a/1"}});
       return d->JsonPatch(patch.dump(), std::move(p));
     }},
};

TEST(Clearing, EachFormOfDeletingMostRecordsHasToBeMeant) {
  for (const Form& form : kDeletingMuch) {
    SCOPED_TRACE(form.name);
    DocumentHarness documents;
    documents.Put(Numbered("a", 20));
    ++documents.now_ms;
    const auto before = Stored(&documents);
    for (const Params& params : {Params{}, Params{{"allow_empty", "true"}},
                                 Params{{"allow_large", "TRUE"}}, Params{{"allow_large", "1"}}}) {
      const native::Answer denied = form.act(&documents, params);
      EXPECT_EQ(denied.status, 409);
      EXPECT_EQ(ErrorOf(denied), "large_delete_denied");
      EXPECT_EQ(Stored(&documents), before);
    }
    EXPECT_EQ(form.act(&documents, {{"allow_large", "true"}}).status, 200);
    EXPECT_EQ(documents.View(), Numbered("a", 1));
  }
}

std::string CodeOfDeleting(int deleted, int of) {
  DocumentHarness documents;
  documents.Put(Numbered("a", of));
  json operations = json::array();
  for (int i = 0; i < deleted; ++i) operations.push_back(Deletion("a", "u" + std::to_string(i)));
  return ErrorOf(documents.Patch(operations));
}

TEST(Clearing, LargeIsMoreThanNineInTenOfTwentyOrMore) {
  EXPECT_EQ(CodeOfDeleting(18, 19), "");
  EXPECT_EQ(CodeOfDeleting(18, 20), "");
  EXPECT_EQ(CodeOfDeleting(19, 20), "large_delete_denied");
  EXPECT_EQ(CodeOfDeleting(26, 29), "");  // 26.1
  EXPECT_EQ(CodeOfDeleting(27, 29), "large_delete_denied");
  EXPECT_EQ(CodeOfDeleting(90, 100), "");
  EXPECT_EQ(CodeOfDeleting(91, 100), "large_delete_denied");
}

// Who replaces most records deletes them, even if as many come.
TEST(Clearing, RecordsUnderOtherIdsAreDeletions) {
  DocumentHarness documents;
  documents.Put(Numbered("a", 30));
  std::string text = Numbered("a", 30);
  for (size_t at = 0; (at = text.find("\"u", at)) != std::string::npos; ++at) text[at + 1] = 'w';
  EXPECT_EQ(ErrorOf(documents.Put(text)), "large_delete_denied");
  EXPECT_EQ(documents.Put(text, {{"allow_large", "true"}}).status, 200);
}

TEST(Clearing, BothWordsAreNeededOnlyForWhatTheyName) {
  DocumentHarness documents;
  documents.Put(Numbered("a", 30));
  const Params none;
  const Params large{{"allow_large", "true"}};
  const Params empty{{"allow_empty", "true"}};
  EXPECT_EQ(ErrorOf(documents.Put("{}", none)), "empty_write_denied");
  EXPECT_EQ(ErrorOf(documents.Put("{}", large)), "empty_write_denied");
  EXPECT_EQ(documents.Put("{}", empty).status, 200);
}

}  // namespace
}  // namespace tidemark::testing
