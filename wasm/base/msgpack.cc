#include "base/msgpack.h"

#include <bit>

namespace tidemark::msgpack {
namespace {

constexpr uint8_t kNilTag = 0xc0, kFalseTag = 0xc2, kTrueTag = 0xc3;
constexpr uint8_t kBin8 = 0xc4, kExt8 = 0xc7, kFloat32 = 0xca, kFloat64 = 0xcb;
constexpr uint8_t kUint8 = 0xcc, kUint64 = 0xcf, kInt8 = 0xd0, kInt64 = 0xd3;
constexpr uint8_t kFixExt1 = 0xd4, kFixExt16 = 0xd8, kStr8 = 0xd9, kStr32 = 0xdb;
constexpr uint8_t kArray16 = 0xdc, kMap16 = 0xde, kFixStr = 0xa0, kFixArray = 0x90, kFixMap = 0x80;
constexpr int kSkipDepthMax = 32;

}  // namespace

void Writer::BigEndian(uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    Byte(static_cast<unsigned>(value >> shift) & 0xff);
  }
}

// tag8 of 0 means that the type has no form with a length of one byte.
void Writer::Length(size_t size, unsigned fix, size_t fix_max, unsigned tag8, unsigned tag16,
                    unsigned tag32) {
  if (size <= fix_max && fix != 0) {
    Byte(fix | static_cast<unsigned>(size));
  } else if (size <= 0xff && tag8 != 0) {
    Byte(tag8);
    BigEndian(size, 1);
  } else if (size <= 0xffff) {
    Byte(tag16);
    BigEndian(size, 2);
  } else {
    Byte(tag32);
    BigEndian(size, 4);
  }
}

void Writer::Nil() { Byte(kNilTag); }
void Writer::Bool(bool value) { Byte(value ? kTrueTag : kFalseTag); }

void Writer::Int(int64_t value) {
  if (value >= 0) {
    const auto wide = static_cast<uint64_t>(value);
    if (wide < 0x80) return Byte(static_cast<unsigned>(wide));
    const int power = wide <= 0xff ? 0 : wide <= 0xffff ? 1 : wide <= 0xffffffff ? 2 : 3;
    Byte(static_cast<unsigned>(kUint8 + power));
    return BigEndian(wide, 1 << power);
  }
  if (value >= -32) return Byte(static_cast<unsigned>(value) & 0xff);
  const int power = value >= INT8_MIN ? 0 : value >= INT16_MIN ? 1 : value >= INT32_MIN ? 2 : 3;
  Byte(static_cast<unsigned>(kInt8 + power));
  BigEndian(static_cast<uint64_t>(value), 1 << power);
}

void Writer::Double(double value) {
  Byte(kFloat64);
  BigEndian(std::bit_cast<uint64_t>(value), 8);
}

void Writer::Str(std::string_view value) {
  Length(value.size(), kFixStr, 31, kStr8, kStr8 + 1, kStr32);
  out_->append(value);
}

void Writer::Bin(std::string_view value) {
  Length(value.size(), 0, 0, kBin8, kBin8 + 1, kBin8 + 2);
  out_->append(value);
}

void Writer::Array(size_t count) { Length(count, kFixArray, 15, 0, kArray16, kArray16 + 1); }
void Writer::Map(size_t count) { Length(count, kFixMap, 15, 0, kMap16, kMap16 + 1); }

void Writer::Ext(int8_t type, std::string_view value) {
  if (std::has_single_bit(value.size()) && value.size() <= 16) {
    Byte(kFixExt1 + static_cast<unsigned>(std::countr_zero(value.size())));
  } else {
    Length(value.size(), 0, 0, kExt8, kExt8 + 1, kExt8 + 2);
  }
  Byte(static_cast<uint8_t>(type));
  out_->append(value);
}

Type Reader::Next() const {
  if (!ok_ || rest_.empty()) return Type::kNone;
  const auto tag = static_cast<uint8_t>(rest_.front());
  if (tag < 0x80 || tag >= 0xe0) return Type::kInt;
  if (tag < kFixArray) return Type::kMap;
  if (tag < kFixStr) return Type::kArray;
  if (tag < kNilTag) return Type::kStr;
  if (tag == kNilTag) return Type::kNil;
  if (tag == kFalseTag || tag == kTrueTag) return Type::kBool;
  if (tag >= kBin8 && tag < kExt8) return Type::kBin;
  if (tag >= kExt8 && tag < kFloat32) return Type::kExt;
  if (tag == kFloat32 || tag == kFloat64) return Type::kDouble;
  if (tag >= kUint8 && tag <= kInt64) return Type::kInt;
  if (tag >= kFixExt1 && tag <= kFixExt16) return Type::kExt;
  if (tag >= kStr8 && tag <= kStr32) return Type::kStr;
  if (tag == kArray16 || tag == kArray16 + 1) return Type::kArray;
  if (tag == kMap16 || tag == kMap16 + 1) return Type::kMap;
  return Type::kNone;
}

bool Reader::TakeByte(uint8_t* byte) {
  if (rest_.empty()) return Fail();
  *byte = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return true;
}

bool Reader::TakeNumber(int bytes, uint64_t* value) {
  if (rest_.size() < static_cast<size_t>(bytes)) return Fail();
  *value = 0;
  for (int i = 0; i < bytes; ++i) {
    *value = *value << 8 | static_cast<uint8_t>(rest_[static_cast<size_t>(i)]);
  }
  rest_.remove_prefix(static_cast<size_t>(bytes));
  return true;
}

bool Reader::TakeSpan(size_t size, std::string_view* span) {
  if (rest_.size() < size) return Fail();
  *span = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool Reader::Nil() {
  uint8_t tag = 0;
  if (Next() != Type::kNil) return Fail();
  return TakeByte(&tag);
}

bool Reader::Bool() {
  uint8_t tag = 0;
  if (Next() != Type::kBool) return Fail();
  return TakeByte(&tag) && tag == kTrueTag;
}

int64_t Reader::Int() {
  uint8_t tag = 0;
  if (Next() != Type::kInt) return Fail();
  if (!TakeByte(&tag)) return 0;
  if (tag < 0x80) return tag;
  if (tag >= 0xe0) return static_cast<int8_t>(tag);
  uint64_t value = 0;
  if (tag <= kUint64) {
    if (!TakeNumber(1 << (tag - kUint8), &value)) return 0;
    if (value > INT64_MAX) return Fail();
    return static_cast<int64_t>(value);
  }
  const int bytes = 1 << (tag - kInt8);
  if (!TakeNumber(bytes, &value)) return 0;
  const int unused = 64 - bytes * 8;
  return static_cast<int64_t>(value << unused) >> unused;
}

double Reader::Double() {
  if (Next() == Type::kInt) return static_cast<double>(Int());
  uint8_t tag = 0;
  uint64_t bits = 0;
  if (Next() != Type::kDouble) return Fail();
  if (!TakeByte(&tag)) return 0;
  if (!TakeNumber(tag == kFloat64 ? 8 : 4, &bits)) return 0;
  if (tag == kFloat64) return std::bit_cast<double>(bits);
  return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
}

std::string_view Reader::Span(unsigned fix, unsigned fix_mask, uint8_t tag8) {
  uint8_t tag = 0;
  std::string_view span;
  if (!TakeByte(&tag)) return {};
  uint64_t size = tag & fix_mask;
  if (fix == 0 || (tag & ~fix_mask) != fix) {
    if (!TakeNumber(1 << (tag - tag8), &size)) return {};
  }
  TakeSpan(static_cast<size_t>(size), &span);
  return span;
}

std::string_view Reader::Str() {
  if (Next() != Type::kStr) return Fail(), std::string_view();
  return Span(kFixStr, 0x1f, kStr8);
}

std::string_view Reader::Bin() {
  if (Next() != Type::kBin) return Fail(), std::string_view();
  return Span(0, 0, kBin8);
}

// A count that the bytes left cannot hold is a fault here, so that nobody reserves memory for it.
size_t Reader::Count(unsigned fix, unsigned fix_mask, uint8_t tag16, size_t bytes_each) {
  uint8_t tag = 0;
  if (!TakeByte(&tag)) return 0;
  uint64_t count = tag & fix_mask;
  if ((tag & ~fix_mask) != fix && !TakeNumber(2 << (tag - tag16), &count)) return 0;
  if (count > rest_.size() / bytes_each) return Fail();
  return static_cast<size_t>(count);
}

size_t Reader::Array() {
  if (Next() != Type::kArray) return Fail();
  return Count(kFixArray, 0x0f, kArray16, 1);
}

size_t Reader::Map() {
  if (Next() != Type::kMap) return Fail();
  return Count(kFixMap, 0x0f, kMap16, 2);
}

std::string_view Reader::Ext(int8_t* type) {
  uint8_t tag = 0;
  uint8_t kind = 0;
  uint64_t size = 0;
  std::string_view span;
  if (Next() != Type::kExt) return Fail(), std::string_view();
  if (!TakeByte(&tag)) return {};
  if (tag >= kFixExt1) {
    size = 1U << (tag - kFixExt1);
  } else if (!TakeNumber(1 << (tag - kExt8), &size)) {
    return {};
  }
  if (!TakeByte(&kind)) return {};
  *type = static_cast<int8_t>(kind);
  TakeSpan(static_cast<size_t>(size), &span);
  return span;
}

void Reader::SkipNested(int depth) {
  int8_t type = 0;
  if (depth > kSkipDepthMax) return void(Fail());
  switch (Next()) {
    case Type::kNil:
      return void(Nil());
    case Type::kBool:
      return void(Bool());
    case Type::kInt:
      return void(Int());
    case Type::kDouble:
      return void(Double());
    case Type::kStr:
      return void(Str());
    case Type::kBin:
      return void(Bin());
    case Type::kExt:
      return void(Ext(&type));
    case Type::kNone:
      return void(Fail());
    case Type::kArray:
    case Type::kMap: {
      const bool map = Next() == Type::kMap;
      for (size_t left = map ? Map() * 2 : Array(); left > 0 && ok_; --left) SkipNested(depth + 1);
    }
  }
}

void Reader::Skip() { SkipNested(0); }

}  // namespace tidemark::msgpack
