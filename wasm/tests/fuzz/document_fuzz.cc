// Any bytes as the body of a PUT and of each form of PATCH, on a document that earlier bodies did
// not touch. Nothing traps; what is refused has changed nothing; what is accepted leaves JSON by
// another parser's word, which put again changes nothing; and the journal makes the same document.
//
// The first byte chooses the form, and whether the body lies across the end of a slice.

#include <cstdint>
#include <string>

#include "base/status.h"
#include "tests/base/json_oracle.h"
#include "tests/support/documents.h"

namespace tidemark::testing {
namespace {

constexpr const char* kStart =
    R"({"v":{"x":[1,2]},"a":[{"id":"x","n":1},{"id":"y"},{"id":"é"}],"w":[5],"b":[]})";
const Params kAllowed{{"allow_empty", "true"}, {"allow_large", "true"}};

bool IsJson(const std::string& text) {
  return tidemark::json::OracleOpinion(text) != tidemark::json::Opinion::kRejects;
}

void Reset(DocumentHarness* documents) {
  for (const char* table : {"record", "member", "journal", "staged", "staged_member"}) {
    documents->store().Execute(std::string("DELETE FROM ") + table);
  }
  Check(documents->Put(kStart).status == 201);
}

// What the tables say of the document, but for how it came about.
std::string Sums(DocumentHarness* documents) {
  return documents->store().Rows("SELECT records, bytes FROM journal ORDER BY n DESC LIMIT 1")[0];
}
std::string CountedSums(DocumentHarness* documents) {
  return documents->store().Rows(
      "SELECT count(*), coalesce(sum(length(CAST(data AS BLOB))), 0) + (SELECT "
      "coalesce(sum(length(CAST(value AS BLOB))), 0) FROM member) FROM record "
      "WHERE data IS NOT NULL")[0];
}

std::string ReplayedHere(DocumentHarness* documents) {
  std::string entries;
  for (const std::string& row : documents->store().Rows("SELECT entry FROM journal ORDER BY n")) {
    entries += (entries.empty() ? "" : ",") + row;
  }
  JournalReplay replay;
  replay.Take(R"({"first":0,"last":9007199254740991,"entries":[)" + entries + "]}");
  return replay.Text();
}

native::Answer Send(DocumentHarness* documents, uint8_t form, const std::string& body) {
  switch (form % 4) {
    case 0:
      return documents->Put(body, kAllowed);
    case 1:
      return documents->PatchText(body, kAllowed);
    case 2:
      return documents->JsonPatch(body, kAllowed);
    default:
      return documents->MergePatch(body, kAllowed);
  }
}

void CheckAccepted(DocumentHarness* documents, uint8_t form, const std::string& body) {
  const std::string view = documents->View();
  Check(IsJson(view));
  Check(Sums(documents) == CountedSums(documents));
  Check(ReplayedHere(documents) == view);
  const std::string tag = documents->Tag();
  Check(documents->Put(view, kAllowed).Header("etag") == tag);
  if (form % 4 == 0) {
    Check(documents->Put(body, kAllowed).Header("etag") == tag);
  }
  Check(documents->View() == view && documents->Tag() == tag);
}

void CheckBody(DocumentHarness* documents, uint8_t form, std::string body) {
  Reset(documents);
  const auto before = Stored(documents);
  // With so much space before it, the body's own bytes lie about the end of a slice.
  if (form >= 240 && form % 4 < 2) body.insert(0, (size_t{1} << 20) - body.size() / 2, ' ');
  const native::Answer answer = Send(documents, form, body);
  Check(IsJson(answer.body));
  Check(documents->engine.live() == 0);
  if (answer.status >= 400) {
    Check(answer.status < 500 && Stored(documents) == before);
  } else {
    CheckAccepted(documents, form, body);
  }
}

}  // namespace
}  // namespace tidemark::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static tidemark::testing::DocumentHarness documents;
  if (size == 0) return 0;
  tidemark::testing::CheckBody(&documents, data[0],
                               {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
