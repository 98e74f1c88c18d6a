// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md): the codec of every message
// that crosses the boundary between the core and its host.
//
// The writer appends the shortest form. The reader pulls, and is total: whatever the bytes, every
// read returns, and after the first fault all of them fail and the caller asks ok() once.
// Views that it returns point into the frame.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::msgpack {

class Writer {
 public:
  explicit Writer(std::string* out) : out_(out) {}

  void Nil();
  void Bool(bool value);
  void Int(int64_t value);
  void Double(double value);
  void Str(std::string_view value);
  void Bin(std::string_view value);
  void Array(size_t count);
  void Map(size_t count);
  void Ext(int8_t type, std::string_view value);

 private:
  void Byte(unsigned value) { out_->push_back(static_cast<char>(value)); }
  void BigEndian(uint64_t value, int bytes);
  void Length(size_t size, unsigned fix, size_t fix_max, unsigned tag8, unsigned tag16,
              unsigned tag32);

  std::string* out_;
};

enum class Type : uint8_t { kNil, kBool, kInt, kDouble, kStr, kBin, kArray, kMap, kExt, kNone };

class Reader {
 public:
  explicit Reader(std::string_view frame) : rest_(frame) {}

  // The type of the next value; kNone at the end, after a fault, or for a tag that is not defined.
  Type Next() const;

  bool Nil();
  bool Bool();
  int64_t Int();    // an unsigned value above 2^63 - 1 is a fault
  double Double();  // takes an integer too
  std::string_view Str();
  std::string_view Bin();
  size_t Array();  // the count of values that follow; never more than there are bytes left
  size_t Map();    // the count of pairs that follow; never more than there are bytes left
  std::string_view Ext(int8_t* type);
  void Skip();  // one value, nested at most 32 deep

  // Ends the reading: for a caller to whom what it read is a fault. False.
  bool Fail() {
    ok_ = false;
    rest_ = {};
    return false;
  }
  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }

 private:
  bool TakeByte(uint8_t* byte);
  bool TakeNumber(int bytes, uint64_t* value);
  bool TakeSpan(size_t size, std::string_view* span);
  size_t Count(unsigned fix, unsigned fix_mask, uint8_t tag16, size_t bytes_each);
  std::string_view Span(unsigned fix, unsigned fix_mask, uint8_t tag8);
  void SkipNested(int depth);

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tidemark::msgpack
