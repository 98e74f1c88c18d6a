#include "base/encoding.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"

namespace tidemark {
namespace {

TEST(Encoding, Rfc4648VectorsMatchBothWays) {
  const std::pair<std::string_view, std::string_view> base64[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
  for (const auto& [bytes, text] : base64) {
    EXPECT_EQ(Base64UrlEncode(bytes), text);
    EXPECT_EQ(Base64UrlDecode(text), std::string(bytes));
  }
  EXPECT_EQ(HexEncode("foobar"), "666f6f626172");
  EXPECT_EQ(HexDecode("666f6f626172"), "foobar");
  EXPECT_EQ(HexEncode(std::string_view("\0\xff", 2)), "00ff");
  EXPECT_EQ(HexDecode(""), "");
}

TEST(Encoding, SeededBytesRoundTrip) {
  Random random(4648);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random.Below(70), '\0');
    random.Fill({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
    EXPECT_EQ(HexDecode(HexEncode(bytes)), bytes);
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes);
  }
}

TEST(Encoding, HexThatEncodingNeverMakesIsRefused) {
  for (const std::string_view text :
       {"0", "000", "0g", "AB", "aB", " 00", "0x00", "00 ", "\xff\xff"}) {
    EXPECT_EQ(HexDecode(text), std::nullopt) << text;
  }
}

TEST(Encoding, Base64UrlThatEncodingNeverMakesIsRefused) {
  for (const std::string_view text : {"A", "AAAAA", "Zg==", "Zm8=", "Zm9v\n", " Zg", "+/+/", "Zh",
                                      "Zm9", "Z m8", "Zg=", "=", "\xff\xff"}) {
    EXPECT_EQ(Base64UrlDecode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tidemark
