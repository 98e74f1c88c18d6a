// Every case of the package json-patch-test-suite, by the texts it has, those it disables too:
// what they ask is decided here.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/documents/patch_support.h"

namespace tidemark::json {
namespace {

std::string ReadSuite(const std::string& name) {
  std::ifstream file(TIDEMARK_ROOT "/node_modules/json-patch-test-suite/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

void RunCase(Node* entry) {
  ASSERT_TRUE(entry->Open());
  Member* const document = entry->Find("doc");
  Member* const patch = entry->Find("patch");
  if (document == nullptr || patch == nullptr) return;  // a comment of its own
  const Outcome patched = Patched(document->value.Text(), patch->value.Text());
  if (entry->Find("error") != nullptr) {
    EXPECT_TRUE(patched.code == "invalid_patch" || patched.code == "path_missing" ||
                patched.code == "test_failed")
        << entry->Text() << patched.code;
    return;
  }
  ASSERT_EQ(patched.code, "ok") << entry->Text() << patched.text;
  const Member* const expected = entry->Find("expected");
  if (expected == nullptr) return;  // it only tests
  EXPECT_TRUE(EqualTexts(patched.text, expected->value.Text())) << entry->Text() << patched.text;
}

TEST(JsonPatchSuite, EveryCaseHasItsOutcome) {
  size_t cases = 0;
  for (const std::string name : {"tests.json", "spec_tests.json"}) {
    std::string text = ReadSuite(name);
    text.erase(text.find_last_not_of(" \n\r\t") + 1);
    ASSERT_FALSE(text.empty()) << name << " is not there: run npm install";
    Node suite = Node::OfText(std::move(text));
    ASSERT_TRUE(suite.is_array() && suite.Open());
    for (Node& entry : suite.items()) RunCase(&entry);
    cases += suite.items().size();
  }
  EXPECT_GE(cases, 95u);
}

}  // namespace
}  // namespace tidemark::json
