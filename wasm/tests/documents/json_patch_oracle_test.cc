// Patches that a seed makes, against an oracle of trees; and trees of which a part is not loaded,
// against those that are whole.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "tests/documents/patch_check.h"

namespace tidemark::json {
namespace {

// A document of two lists of records and an object, or what patches make of such.
std::string AnyDocument(Random* random) {
  std::string text = R"({"c":[)";
  for (uint64_t i = random->Below(5); i > 0; --i) {
    text +=
        R"({"id":")" + std::to_string(i) + R"(","a":[1, 2.0,{"b":null}]})" + (i > 1 ? ", " : "");
  }
  return text + R"(], "d":[{"id":"x"}],"a":{"b":{"c":"\u0041"},"d":true}, "b": 1e1})";
}

std::string AnyPointer(Random* random) {
  static constexpr std::string_view kUsual[] = {"/c/0", "/c/-", "/c/0/a/2/b", "/d",   "/d/0/id",
                                                "/a",   "/a/b", "/a/b/c",     "/c/1", "/x"};
  if (random->Below(2) == 0) return std::string(kUsual[random->Below(std::size(kUsual))]);
  static constexpr std::string_view kSegments[] = {"a", "b", "c", "d", "id", "0",
                                                   "1", "2", "-", "x", "",   "3"};
  std::string pointer;
  for (uint64_t i = random->Below(5); i > 0; --i) {
    pointer += "/" + std::string(kSegments[random->Below(std::size(kSegments))]);
  }
  return pointer;
}

std::string AnyValue(Random* random) {
  static constexpr std::string_view kValues[] = {"1",
                                                 "10",
                                                 R"("A")",
                                                 R"({"b":{"c":"A"},"d":true})",
                                                 "[]",
                                                 R"([1,2,{"b":null}])",
                                                 "null",
                                                 "true",
                                                 R"({"id":"x"})",
                                                 R"([{"id":"x"}])",
                                                 R"({ "a":{"b":null} })",
                                                 "{}"};
  return std::string(kValues[random->Below(std::size(kValues))]);
}

std::string AnyJsonPatch(Random* random) {
  static constexpr std::string_view kVerbs[] = {"add",  "add",  "remove", "replace",
                                                "move", "copy", "test"};
  std::string patch = "[";
  for (uint64_t i = 1 + random->Below(4); i > 0; --i) {
    patch += R"({"op":")" + std::string(kVerbs[random->Below(std::size(kVerbs))]) +
             R"(","path":")" + AnyPointer(random) + R"(","from":")" + AnyPointer(random) +
             R"(","value":)" + AnyValue(random) + (i > 1 ? "}," : "}");
  }
  return patch + "]";
}

std::string AnyMergePatch(Random* random, int levels) {
  if (levels == 0 || random->Below(4) == 0) return AnyValue(random);
  static constexpr std::string_view kKeys[] = {"a", "b", "c", "d", "x"};
  std::string patch = "{";
  for (uint64_t i = random->Below(4); i > 0; --i) {
    patch += "\"" + std::string(kKeys[random->Below(std::size(kKeys))]) +
             "\":" + AnyMergePatch(random, levels - 1) + (i > 1 ? "," : "");
  }
  return patch + "}";
}

TEST(JsonPatchOracle, SeededPatchesDoWhatTheOracleDoes) {
  Random random(6902);
  size_t applied = 0;
  for (int round = 0; round < 6'000; ++round) {
    const std::string document = AnyDocument(&random);
    const std::string patch = AnyJsonPatch(&random);
    const PatchCheck check = CheckJsonPatch(document, patch, random.Next());
    ASSERT_EQ(check.fault, "") << document << "\n" << patch;
    applied += check.status.ok() ? 1 : 0;
  }
  EXPECT_GT(applied, 800u);
}

TEST(JsonPatchOracle, SeededMergePatchesDoWhatTheLibraryDoes) {
  Random random(7396);
  for (int round = 0; round < 3'000; ++round) {
    const std::string document = AnyDocument(&random);
    const std::string patch = AnyMergePatch(&random, 3);
    const PatchCheck check = CheckMergePatch(document, patch, random.Next());
    ASSERT_EQ(check.fault, "") << document << "\n" << patch;
    ASSERT_TRUE(check.status.ok());
  }
}

}  // namespace
}  // namespace tidemark::json
