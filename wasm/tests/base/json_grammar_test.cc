// The scanner's grammar against tables of short texts, against nlohmann/json, and against itself.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/json_scanner.h"
#include "base/random.h"
#include "base/utf8.h"
#include "tests/base/json_oracle.h"
#include "tests/base/json_texts.h"

namespace tidemark::json {
namespace {

TEST(JsonGrammar, ValidTextsAreAccepted) {
  for (const std::string_view text : kValid) {
    Value value;
    EXPECT_TRUE(ScannerAccepts(text, &value)) << text;
    EXPECT_TRUE(ScannerAgreesWithOracle(text)) << text;
  }
}

TEST(JsonGrammar, InvalidTextsAreRejected) {
  for (const std::string_view text : kInvalid) {
    Value value;
    EXPECT_FALSE(ScannerAccepts(text, &value)) << text;
    EXPECT_TRUE(ScannerAgreesWithOracle(text)) << text;
  }
}

TEST(JsonGrammar, ValidTextsStayValidAndInvalidOnesInvalidInsideContainersAndSpace) {
  const auto wrapped = [](std::string_view text) {
    const std::string inner(text);
    return std::vector<std::string>{"[" + inner + "]", "{\"k\":" + inner + "}",
                                    "[1," + inner + ",2]", " \t\r\n" + inner + " \t\r\n",
                                    "[[{\"k\":[" + inner + "]}],0]"};
  };
  for (const std::string_view text : kValid) {
    Value value;
    for (const std::string& outer : wrapped(text)) {
      EXPECT_TRUE(ScannerAccepts(outer, &value)) << outer;
    }
  }
  // Some texts that are no JSON value of their own make JSON within another: only compare those.
  for (const std::string_view text : kInvalid) {
    for (const std::string& outer : wrapped(text)) {
      EXPECT_TRUE(ScannerAgreesWithOracle(outer)) << outer;
    }
  }
}

TEST(JsonGrammar, EveryByteInsideAStringAndBetweenTokensAgreesWithTheOracle) {
  for (int byte = 0; byte < 128; ++byte) {
    const char c = static_cast<char>(byte);
    for (const size_t padding : {0u, 14u, 15u, 16u, 31u, 40u}) {
      const std::string text = "\"" + std::string(padding, 'x') + c + std::string(padding, 'y');
      EXPECT_TRUE(ScannerAgreesWithOracle(text + "\"")) << byte;
      EXPECT_TRUE(ScannerAgreesWithOracle("[" + text + "\"]")) << byte;
    }
    for (const std::string_view before : {"", "[", "[1", "{", "{\"a\"", "{\"a\":", "1", "\"\\"}) {
      for (const std::string_view after : {"", "]", "1]", "\"\":1}", ":1}", "1}", "1", "\""}) {
        const std::string text = std::string(before) + c + std::string(after);
        EXPECT_TRUE(ScannerAgreesWithOracle(text)) << text;
      }
    }
  }
}

// Changes, drops, doubles or moves a few bytes.
std::string Mutated(std::string text, Random& random) {
  static constexpr std::string_view kBytes = "{}[]:,\"\\u0019.eE+-tfn \n\t\x01";
  for (uint64_t edits = 1 + random.Below(4); edits > 0 && !text.empty(); --edits) {
    const size_t at = random.Below(text.size());
    const char byte = kBytes[random.Below(kBytes.size())];
    switch (random.Below(4)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      case 2:
        text.erase(at, 1 + random.Below(3));
        break;
      default:
        text.insert(random.Below(text.size()), text.substr(at, random.Below(20)));
    }
  }
  return text;
}

TEST(JsonGrammar, SeededMutationsAgreeWithTheOracle) {
  Random random(20240817);
  int compared = 0;
  for (int round = 0; round < 60000; ++round) {
    const bool whole = random.Below(3) == 0;
    const std::string seed(whole ? kCorpus : kValid[random.Below(kValid.size())]);
    const std::string text = Mutated(seed, random);
    if (ValidUtf8Prefix(text) != text.size()) continue;
    ++compared;
    ASSERT_TRUE(ScannerAgreesWithOracle(text)) << "round " << round << ": " << text;
  }
  EXPECT_GT(compared, 40000);
}

TEST(JsonGrammar, PrefixOfValidTextIsTruncatedOnASliceAndInvalidAtTheEnd) {
  const size_t whole = kCorpus.size() - 1;  // its last byte is space
  for (size_t length = 0; length < whole; ++length) {
    // An exact copy on the heap, so that a byte read too far is caught.
    const std::vector<char> copy(kCorpus.begin(), kCorpus.begin() + static_cast<ptrdiff_t>(length));
    const std::string_view prefix(copy.data(), copy.size());
    Value value;
    Scanner slice(prefix, /*last=*/false);
    EXPECT_FALSE(slice.ReadValue(&value));
    EXPECT_EQ(slice.fault(), Fault::kTruncated) << length;
    Scanner end(prefix, /*last=*/true);
    EXPECT_FALSE(end.ReadValue(&value));
    EXPECT_EQ(end.fault(), Fault::kInvalid) << length;
  }
  Value value;
  Scanner slice(std::string_view(kCorpus).substr(0, whole), /*last=*/false);
  EXPECT_TRUE(slice.ReadValue(&value));
}

TEST(JsonGrammar, PrefixOfAnyValidTextIsNeverInvalidOnASlice) {
  for (const std::string_view text : kValid) {
    for (size_t length = 0; length <= text.size(); ++length) {
      Value value;
      Scanner slice(text.substr(0, length), /*last=*/false);
      slice.ReadValue(&value);
      EXPECT_NE(slice.fault(), Fault::kInvalid) << text.substr(0, length);
    }
  }
}

}  // namespace
}  // namespace tidemark::json
