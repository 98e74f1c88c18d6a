// What the tests of nodes and patches share.

#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "documents/json_equal.h"
#include "documents/json_node.h"
#include "documents/json_patch.h"
#include "documents/merge_patch.h"

namespace tidemark::json {

// What applying a patch gave: the text, or the code of the error.
struct Outcome {
  std::string code = "ok";
  int http_status = 200;
  std::string text;
};

inline Outcome OutcomeOf(const Status& status, const Node& root) {
  if (!status.ok()) return {std::string(status.code()), status.http_status(), status.message()};
  return {.text = root.Text()};
}

inline Outcome Patched(std::string_view document, std::string_view patch) {
  Node root = Node::OfText(std::string(document));
  PatchWork work;
  const Status status = ApplyJsonPatch(patch, &root, &work);
  return OutcomeOf(status, root);
}

inline Outcome Merged(std::string_view document, std::string_view patch) {
  Node root = Node::OfText(std::string(document));
  PatchWork work;
  const Status status = ApplyMergePatch(patch, &root, &work);
  return OutcomeOf(status, root);
}

inline Value ValueOf(std::string_view text) {
  Scanner scanner(text, /*last=*/true);
  Value value;
  EXPECT_TRUE(scanner.ReadValue(&value) && scanner.AtEnd()) << text;
  return value;
}

inline bool EqualTexts(std::string_view a, std::string_view b) {
  PatchWork work;
  return Equal(ValueOf(a), ValueOf(b), &work);
}

inline std::string Nested(size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

}  // namespace tidemark::json
