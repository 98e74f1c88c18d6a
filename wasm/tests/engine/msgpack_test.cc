#include "base/msgpack.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"

namespace tidemark::msgpack {
namespace {

const std::vector<int64_t>& Integers() {
  static const std::vector<int64_t> integers = [] {
    std::vector<int64_t> all{0, std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::min()};
    for (int bit = 0; bit < 63; ++bit) {
      for (const int64_t around : {-1, 0, 1}) {
        all.push_back((int64_t{1} << bit) + around);
        all.push_back(-(int64_t{1} << bit) + around);
      }
    }
    return all;
  }();
  return integers;
}

TEST(Msgpack, IntegersOfEveryWidthReadBack) {
  for (const int64_t value : Integers()) {
    std::string frame;
    Writer(&frame).Int(value);
    Reader reader(frame);
    EXPECT_EQ(reader.Int(), value);
    EXPECT_TRUE(reader.ok() && reader.AtEnd());
  }
}

TEST(Msgpack, IntegersTakeTheShortestForm) {
  const auto size = [](int64_t value) {
    std::string frame;
    Writer(&frame).Int(value);
    return frame.size();
  };
  EXPECT_EQ(size(127), 1U);
  EXPECT_EQ(size(-32), 1U);
  EXPECT_EQ(size(255), 2U);
  EXPECT_EQ(size(-128), 2U);
  EXPECT_EQ(size(65'535), 3U);
  EXPECT_EQ(size(4'294'967'295), 5U);
  EXPECT_EQ(size(4'294'967'296), 9U);
}

TEST(Msgpack, TextsBlobsAndExtensionsOfEveryLengthClassReadBack) {
  for (const int size : {0, 1, 2, 3, 4, 8, 15, 16, 17, 31, 32, 255, 256, 65'535, 65'536}) {
    const std::string bytes(static_cast<size_t>(size), 'x');
    std::string frame;
    Writer writer(&frame);
    writer.Str(bytes);
    writer.Bin(bytes);
    writer.Ext(-7, bytes);
    Reader reader(frame);
    int8_t type = 0;
    EXPECT_EQ(reader.Str(), bytes);
    EXPECT_EQ(reader.Bin(), bytes);
    EXPECT_EQ(reader.Ext(&type), bytes);
    EXPECT_EQ(type, -7);
    EXPECT_TRUE(reader.ok() && reader.AtEnd()) << size;
  }
}

TEST(Msgpack, DoublesReadBackAndIntegersReadAsDoubles) {
  for (const double value : {0.0, -0.5, 1e300, std::numeric_limits<double>::infinity()}) {
    std::string frame;
    Writer(&frame).Double(value);
    EXPECT_EQ(Reader(frame).Double(), value);
  }
  std::string frame;
  Writer(&frame).Int(7);
  EXPECT_EQ(Reader(frame).Double(), 7.0);
}

// A frame that holds every type, nested.
std::string EveryType() {
  std::string frame;
  Writer writer(&frame);
  writer.Array(9);
  writer.Nil();
  writer.Bool(true);
  writer.Int(-70'000);
  writer.Double(1.5);
  writer.Str("a text that is longer than thirty-one bytes");
  writer.Bin(std::string(300, 'b'));
  writer.Ext(1, "abcd");
  writer.Map(2);
  for (const char* key : {"k", "l"}) {
    writer.Str(key);
    writer.Array(1);
    writer.Int(1);
  }
  writer.Array(20);
  for (int i = 0; i < 20; ++i) writer.Int(i);
  return frame;
}

void ReadEveryType(Reader* reader) {
  int8_t type = 0;
  reader->Array();
  reader->Nil();
  reader->Bool();
  reader->Int();
  reader->Double();
  reader->Str();
  reader->Bin();
  reader->Ext(&type);
  const size_t pairs = reader->Map();
  for (size_t i = 0; i < pairs; ++i) {
    reader->Str();
    reader->Array();
    reader->Int();
  }
  const size_t count = reader->Array();
  for (size_t i = 0; i < count; ++i) reader->Int();
}

TEST(Msgpack, EveryPrefixOfAFrameIsRefused) {
  const std::string frame = EveryType();
  for (size_t size = 0; size <= frame.size(); ++size) {
    const std::vector<char> exact(frame.begin(), frame.begin() + static_cast<ptrdiff_t>(size));
    const bool whole = size == frame.size();
    Reader reader({exact.data(), exact.size()});
    ReadEveryType(&reader);
    EXPECT_EQ(reader.ok(), whole) << size;
    Reader skipping({exact.data(), exact.size()});
    skipping.Skip();
    EXPECT_EQ(skipping.ok(), whole) << size;
  }
}

TEST(Msgpack, AfterAFaultEveryReadFails) {
  std::string frame;
  Writer writer(&frame);
  writer.Str("text");
  writer.Int(1);
  Reader reader(frame);
  EXPECT_EQ(reader.Int(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Next(), Type::kNone);
  EXPECT_EQ(reader.Str(), "");
  EXPECT_EQ(reader.Array(), 0U);
  EXPECT_FALSE(reader.ok());
}

TEST(Msgpack, ACountIsNeverMoreThanTheBytesThatFollow) {
  EXPECT_EQ(Reader(std::string_view("\xdd\xff\xff\xff\xff", 5)).Array(), 0U);
  EXPECT_EQ(Reader(std::string_view("\xdf\xff\xff\xff\xff", 5)).Map(), 0U);
  EXPECT_EQ(Reader(std::string_view("\x92\x01", 2)).Array(), 0U);
  EXPECT_EQ(Reader(std::string_view("\xdb\xff\xff\xff\xff", 5)).Str(), "");
}

TEST(Msgpack, SkipStopsAtADepthRatherThanTheStack) {
  const std::string nested(1'000'000, '\x91');
  Reader reader(nested);
  reader.Skip();
  EXPECT_FALSE(reader.ok());
}

TEST(Msgpack, AnUnsignedBeyondSixtyThreeBitsIsAFault) {
  Reader reader(std::string_view("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9));
  reader.Int();
  EXPECT_FALSE(reader.ok());
}

TEST(Msgpack, RandomBytesNeverTrap) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.Below(24), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Next());
    Reader reader(bytes);
    ReadEveryType(&reader);
    Reader skipping(bytes);
    while (skipping.ok() && !skipping.AtEnd()) skipping.Skip();
  }
}

}  // namespace
}  // namespace tidemark::msgpack
