// Appends JSON to a string, fast: room is made once for several pieces, and then they are stored.
//
// The string may be longer than what was written until the writer is destroyed, so that nobody
// reads it meanwhile.

#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_scanner.h"
#include "base/json_string.h"

namespace tidemark::json {

class Writer {
 public:
  explicit Writer(std::string* out) : out_(out), size_(out->size()) {}
  ~Writer() { out_->resize(size_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // What was written; the writer is used up.
  std::string Take() && {
    out_->resize(size_);
    size_ = 0;
    return std::exchange(*out_, {});
  }

  // Text that is JSON already.
  void Raw(std::string_view text) {
    std::copy_n(text.begin(), text.size(), Room(text.size()));
    size_ += text.size();
  }
  void Char(char c) {
    *Room(1) = c;
    ++size_;
  }
  void Integer(int64_t value) {
    char* const begin = Room(kIntegerBytesMax);
    size_ += static_cast<size_t>(std::to_chars(begin, begin + kIntegerBytesMax, value).ptr - begin);
  }
  // A string with its quotes, as AppendQuoted.
  void Quoted(std::string_view utf8) {
    const char* const begin = utf8.empty() ? nullptr : &utf8.front();
    const char* const end = begin + utf8.size();
    if (FindPlainRunEnd(begin, end) != end) return Escaped(utf8);
    char* const at = Room(utf8.size() + 2);
    at[0] = '"';
    std::memcpy(at + 1, utf8.data(), utf8.size());
    at[utf8.size() + 1] = '"';
    size_ += utf8.size() + 2;
  }
  // A comma, unless the last byte opens an array.
  void Comma() {
    if (size_ > 0 && (*out_)[size_ - 1] != '[') Char(',');
  }

 private:
  static constexpr size_t kIntegerBytesMax = 20;

  char* Room(size_t size) {
    if (out_->size() - size_ < size) out_->resize((size_ + size) * 2);
    return out_->data() + size_;
  }
  void Escaped(std::string_view utf8) {
    out_->resize(size_);
    AppendQuoted(out_, utf8);
    size_ = out_->size();
  }

  std::string* out_;
  size_t size_;
};

}  // namespace tidemark::json
