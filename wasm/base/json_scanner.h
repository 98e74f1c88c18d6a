// A validating, pulling JSON scanner over one slice of a larger text (RFC 8259).
//
// It builds no tree: it finds the span of each value and proves it to be JSON on the way, so that
// a span can be stored and embedded in other JSON as it is. Rules:
// - The text must be valid UTF-8 (ValidUtf8Prefix in utf8.h) before it is scanned.
// - Nothing recurses: nesting costs one bit a level, so any depth can be validated and measured.
// - At the end of a slice that is not the last, what is incomplete is kTruncated, not kInvalid:
//   the caller asks for a larger slice and scans that value again.
// - After a fault every read fails with the same fault. position() then stands where the failed
//   read began (kTruncated) or at the offending byte (kInvalid).

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tidemark::json {

enum class Kind : uint8_t { kObject, kArray, kString, kNumber, kTrue, kFalse, kNull };
enum class Fault : uint8_t { kNone, kTruncated, kInvalid };

// A string as it stands between its quotes.
struct Text {
  std::string_view raw;
  bool escaped = false;         // holds a backslash: compare after Unescape
  bool lone_surrogate = false;  // holds \ud800..\udfff without its pair: no Unicode text at all
  bool nul = false;             // holds \u0000
};

struct Value {
  Kind kind = Kind::kNull;
  std::string_view text;        // the whole value, quotes and brackets included, no space around
  uint32_t depth = 0;           // deepest nesting within: 0 for a scalar, 1 for [] or {"a":1}
  bool escaped = false;         // a string that holds a backslash
  bool lone_surrogate = false;  // some string or key within holds one
  bool nul = false;             // some string or key within holds \u0000
};

class Scanner {
 public:
  // `last`: nothing follows `text`. The text must outlive the scanner and all it returns.
  Scanner(std::string_view text, bool last) : text_(text), last_(last) {}

  // Skips white space; the next byte, or 0 at the end (then fault() is set).
  char Peek() {
    if (fault_ != Fault::kNone) return 0;
    // The usual case, inline: no space before the next token.
    if (position_ < text_.size() && text_[position_] > ' ') return text_[position_];
    return PeekPastSpace();
  }
  // Skips white space and takes `byte` if it is next. The end of the text is a fault, as in Peek.
  bool Take(char byte) {
    if (Peek() != byte) return false;
    ++position_;
    return true;
  }
  // Like Take, but anything else is a fault.
  bool Expect(char byte) {
    if (Take(byte)) return true;
    if (fault_ == Fault::kNone) fault_ = Fault::kInvalid;
    return false;
  }
  // Takes `text` if it comes next to the byte, without space before it.
  bool TakeExactly(std::string_view text) {
    if (text_.size() - position_ < text.size() || fault_ != Fault::kNone ||
        std::memcmp(text_.data() + position_, text.data(), text.size()) != 0) {
      return false;
    }
    position_ += text.size();
    return true;
  }
  // Reads a string (a key, say). Anything else is a fault.
  bool ReadString(Text* out);
  // Reads and validates any value.
  bool ReadValue(Value* out);
  // Skips white space; whether the text ends here. False after a fault.
  bool AtEnd();

  size_t position() const { return position_; }
  void set_position(size_t position) {
    position_ = position;
    fault_ = Fault::kNone;
  }
  Fault fault() const { return fault_; }

 private:
  char PeekPastSpace();
  bool Fail(Fault fault, const char* at);
  // The fault of a read that needs a byte where the text ends.
  Fault fault_at_end() const { return last_ ? Fault::kInvalid : Fault::kTruncated; }

  std::string_view text_;
  size_t position_ = 0;
  bool last_ = false;
  Fault fault_ = Fault::kNone;
};

// Decodes the escapes of a string's raw contents into UTF-8. False on a lone surrogate.
bool Unescape(std::string_view raw, std::string* out);

// Appends `utf8` as a JSON string with its quotes, in the shortest form.
void AppendQuoted(std::string* out, std::string_view utf8);

// A number's text as an integer: digits with an optional minus and nothing else, at most 2^53 - 1
// in magnitude (the widest that JavaScript and SQLite both keep exact).
enum class IntegerFault : uint8_t { kNone, kNotInteger, kOutOfRange };
IntegerFault ParseInteger(std::string_view number, int64_t* out);

}  // namespace tidemark::json
