#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace tidemark {
namespace {

// Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences", as it stands there.
struct WellFormed {
  uint8_t lead_min, lead_max, second_min, second_max;
  size_t length;
};
constexpr WellFormed kWellFormed[] = {
    {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};

// The length of the character at the front, 0 if there is none.
size_t ReferenceLength(std::string_view text) {
  const auto in = [&](size_t i, uint8_t min, uint8_t max) {
    return i < text.size() && static_cast<uint8_t>(text[i]) >= min &&
           static_cast<uint8_t>(text[i]) <= max;
  };
  for (const WellFormed& row : kWellFormed) {
    if (!in(0, row.lead_min, row.lead_max)) continue;
    if (row.length > 1 && !in(1, row.second_min, row.second_max)) return 0;
    for (size_t i = 2; i < row.length; ++i) {
      if (!in(i, 0x80, 0xBF)) return 0;
    }
    return row.length;
  }
  return 0;
}

size_t ReferencePrefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = ReferenceLength(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

TEST(Utf8, ValidTextIsItsOwnPrefix) {
  for (const std::string_view text :
       {"", "a", "0123456789abcdef", "0123456789abcdefg", "é", "€", "😀", "\xF4\x8F\xBF\xBF",
        "\xED\x9F\xBF", "\xEE\x80\x80", "Встреча с командой о выпуске", "日本語のテキスト日本語",
        "ASCII first, then тоже 会議 and 😀😀😀😀, and ASCII again at the end."}) {
    EXPECT_EQ(ValidUtf8Prefix(text), text.size()) << text;
  }
  EXPECT_EQ(ValidUtf8Prefix(std::string_view("\0", 1)), 1u);
}

TEST(Utf8, IllFormedSequenceEndsThePrefixAtAnyOffset) {
  const std::vector<std::string_view> ill = {"\x80",
                                             "\xBF",
                                             "\xC0\x80",
                                             "\xC1\xBF",
                                             "\xC2",
                                             "\xC2\x41",
                                             "\xC3\xC3\xA9",
                                             "\xE0\x80\x80",
                                             "\xE0\x9F\xBF",
                                             "\xE1\x80",
                                             "\xE1\x80\x41",
                                             "\xED\xA0\x80",
                                             "\xED\xBF\xBF",
                                             "\xF0\x80\x80\x80",
                                             "\xF0\x8F\xBF\xBF",
                                             "\xF0\x90\x80",
                                             "\xF1\x80\x80\x41",
                                             "\xF4\x90\x80\x80",
                                             "\xF5\x80\x80\x80",
                                             "\xF8\x88\x80\x80\x80",
                                             "\xFE",
                                             "\xFF"};
  for (const std::string_view sequence : ill) {
    for (const std::string_view filler : {"a", "é", "€", "😀"}) {
      for (size_t before = 0; before < 40; ++before) {
        std::string prefix = std::string(before % 3, '-');
        while (prefix.size() < before) prefix += filler;
        for (const size_t after : {0u, 1u, 16u, 40u}) {
          const std::string text = prefix + std::string(sequence) + std::string(after, 'z');
          ASSERT_EQ(ValidUtf8Prefix(text), prefix.size()) << "before " << before;
        }
      }
    }
  }
}

TEST(Utf8, EveryPairOfBytesAgreesWithTheStandardsTable) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      for (const std::string_view rest : {"", "\x80", "\x80\x80", "\xBF\xBF\xBF", "a"}) {
        for (const size_t before : {0u, 13u, 14u, 15u, 16u}) {
          std::string text(before, 'a');
          text += static_cast<char>(first);
          text += static_cast<char>(second);
          text += rest;
          text.append(20, 'b');
          ASSERT_EQ(ValidUtf8Prefix(text), ReferencePrefix(text)) << first << " " << second;
        }
      }
    }
  }
}

TEST(Utf8, SeededMutationsAgreeWithTheStandardsTable) {
  Random random(7);
  const std::string seed =
      "Встреча 会議 été 😀😀 plain ASCII in between, long enough; \U0010ffff\ufffd";
  for (int round = 0; round < 100000; ++round) {
    std::string text = seed.substr(random.Below(seed.size()));
    for (uint64_t edits = random.Below(3); edits > 0; --edits) {
      text[random.Below(text.size())] = static_cast<char>(random.Below(256));
    }
    const std::vector<char> copy(text.begin(), text.end());  // exact, for AddressSanitizer
    ASSERT_EQ(ValidUtf8Prefix({copy.data(), copy.size()}), ReferencePrefix(text)) << round;
  }
}

TEST(Utf8, BeginningOfACharacterIsTruncated) {
  for (const std::string_view text : {"é", "€", "😀", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    for (size_t length = 1; length < text.size(); ++length) {
      EXPECT_TRUE(IsTruncatedCharacter(text.substr(0, length))) << text << " " << length;
    }
    EXPECT_FALSE(IsTruncatedCharacter(text)) << text;
  }
}

TEST(Utf8, WhatCannotBecomeACharacterIsNotTruncated) {
  for (const std::string_view tail :
       {"", "a", "\x80", "\xC0", "\xC1", "\xF5", "\xFF", "\xE0\x80", "\xE0\x9F", "\xED\xA0",
        "\xF0\x80", "\xF0\x8F", "\xF4\x90", "\xC3\x41", "\xE1\x80\x41", "\xF1\x41", "\xF1\x80\xC0",
        "\xE2\x82\xAC\xE2"}) {
    EXPECT_FALSE(IsTruncatedCharacter(tail));
  }
}

TEST(Utf8, TextCutAnywhereIsWholeCharactersAndATruncatedOne) {
  const std::string text = "a é € 😀 日本語のテキスト Встреча 😀😀😀😀😀";
  for (size_t length = 0; length <= text.size(); ++length) {
    const std::string_view slice = std::string_view(text).substr(0, length);
    const std::string_view tail = slice.substr(ValidUtf8Prefix(slice));
    EXPECT_LT(tail.size(), 4u);
    EXPECT_TRUE(tail.empty() || IsTruncatedCharacter(tail)) << length;
  }
}

}  // namespace
}  // namespace tidemark
