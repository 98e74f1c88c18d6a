// The walk. Each Skip function takes the first byte of its token and returns the byte after it, or
// null after noting a fault in the Walk; so the way back carries one pointer, and the faults stay
// off the hot path.

#include "base/json_scanner.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/json_string.h"

namespace tidemark::json {
namespace {

// What one read is given, and what it learns on its way.
struct Walk {
  const char* end;
  Fault fault_at_end;
  Fault fault = Fault::kNone;
  const char* fault_at = nullptr;
  bool escaped = false;
  bool lone_surrogate = false;
  bool nul = false;

  const char* Invalid(const char* at) {
    fault = Fault::kInvalid;
    fault_at = at;
    return nullptr;
  }
  const char* Ended() {
    fault = fault_at_end;
    fault_at = end;
    return nullptr;
  }
};

// The open containers, one bit each (1: an object), innermost lowest. 64 of them stay in a
// register; each further 64 move a full word to `outer_`.
class Levels {
 public:
  void Push(bool is_object) {
    if (depth_ % 64 == 0 && depth_ != 0) outer_.push_back(bits_);
    bits_ = bits_ << 1 | (is_object ? 1u : 0u);
    deepest_ = std::max(deepest_, ++depth_);
  }
  // Whether a container is still open.
  bool Pop() {
    bits_ >>= 1;
    if (--depth_ == 0) return false;
    if (depth_ % 64 == 0) {
      bits_ = outer_.back();
      outer_.pop_back();
    }
    return true;
  }
  bool in_object() const { return (bits_ & 1) != 0; }
  char closing() const { return static_cast<char>(in_object() ? '}' : ']'); }
  uint32_t deepest() const { return static_cast<uint32_t>(std::min<size_t>(deepest_, UINT32_MAX)); }

 private:
  uint64_t bits_ = 0;
  size_t depth_ = 0;
  size_t deepest_ = 0;
  std::vector<uint64_t> outer_;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

const char* SkipSpace(const char* p, const char* end) {
  while (p != end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) ++p;
  return p;
}

// The next token's first byte. Bytes above 0x20 are the usual case, and never space.
inline const char* NextToken(const char* p, Walk& walk) {
  if (p != walk.end && static_cast<uint8_t>(*p) > ' ') return p;
  p = SkipSpace(p, walk.end);
  return p == walk.end ? walk.Ended() : p;
}

// The value of a hexadecimal digit, or -1.
int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Four hexadecimal digits.
const char* SkipHex4(const char* p, Walk& walk, uint32_t* unit) {
  *unit = 0;
  for (int i = 0; i < 4; ++i, ++p) {
    if (p == walk.end) return walk.Ended();
    const int digit = HexValue(*p);
    if (digit < 0) return walk.Invalid(p);
    *unit = *unit << 4 | static_cast<uint32_t>(digit);
  }
  return p;
}

bool IsHighSurrogate(uint32_t unit) { return (unit & 0xFC00) == 0xD800; }
bool IsLowSurrogate(uint32_t unit) { return (unit & 0xFC00) == 0xDC00; }

// After `\u`: the unit, and with a high surrogate the low one that follows it.
const char* SkipUnicodeEscape(const char* p, Walk& walk, uint32_t* code_point) {
  p = SkipHex4(p, walk, code_point);
  if (p == nullptr) return nullptr;
  if (IsHighSurrogate(*code_point) && walk.end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
    uint32_t low = 0;
    const char* after = SkipHex4(p + 2, walk, &low);
    if (after == nullptr) return nullptr;
    if (IsLowSurrogate(low)) {
      *code_point = 0x10000 + ((*code_point & 0x3FF) << 10 | (low & 0x3FF));
      return after;
    }
  }
  if ((*code_point & 0xF800) == 0xD800) walk.lone_surrogate = true;
  if (*code_point == 0) walk.nul = true;
  return p;
}

[[gnu::noinline]] const char* SkipEscape(const char* p, Walk& walk) {
  walk.escaped = true;
  if (++p == walk.end) return walk.Ended();
  switch (*p) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return p + 1;
    case 'u': {
      uint32_t code_point = 0;
      return SkipUnicodeEscape(p + 1, walk, &code_point);
    }
    default:
      return walk.Invalid(p);
  }
}

inline const char* SkipString(const char* p, Walk& walk) {
  ++p;
  while (true) {
    p = FindPlainRunEnd(p, walk.end);
    if (p == walk.end) return walk.Ended();
    if (*p == '"') return p + 1;
    if (*p != '\\') return walk.Invalid(p);
    p = SkipEscape(p, walk);
    if (p == nullptr) return nullptr;
  }
}

// One digit or more.
const char* SkipDigits(const char* p, Walk& walk) {
  if (p == walk.end) return walk.Ended();
  if (!IsDigit(*p)) return walk.Invalid(p);
  while (p != walk.end && IsDigit(*p)) ++p;
  return p;
}

const char* SkipNumber(const char* p, Walk& walk) {
  if (*p == '-') ++p;
  if (p != walk.end && *p == '0') {
    ++p;
    if (p != walk.end && IsDigit(*p)) return walk.Invalid(p);
  } else {
    p = SkipDigits(p, walk);
    if (p == nullptr) return nullptr;
  }
  if (p != walk.end && *p == '.') {
    p = SkipDigits(p + 1, walk);
    if (p == nullptr) return nullptr;
  }
  if (p != walk.end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != walk.end && (*p == '+' || *p == '-')) ++p;
    p = SkipDigits(p, walk);
    if (p == nullptr) return nullptr;
  }
  // More digits could follow in the next slice.
  if (p == walk.end && walk.fault_at_end == Fault::kTruncated) return walk.Ended();
  return p;
}

const char* SkipLiteral(const char* p, Walk& walk, std::string_view literal) {
  for (const char expected : literal) {
    if (p == walk.end) return walk.Ended();
    if (*p != expected) return walk.Invalid(p);
    ++p;
  }
  return p;
}

inline const char* SkipScalar(const char* p, Walk& walk) {
  switch (*p) {
    case '"':
      return SkipString(p, walk);
    case 't':
      return SkipLiteral(p, walk, "true");
    case 'f':
      return SkipLiteral(p, walk, "false");
    case 'n':
      return SkipLiteral(p, walk, "null");
    default:
      return *p == '-' || IsDigit(*p) ? SkipNumber(p, walk) : walk.Invalid(p);
  }
}

// A key, its colon, and the space before the value that follows.
inline const char* SkipKey(const char* p, Walk& walk) {
  if (*p != '"') return walk.Invalid(p);
  p = SkipString(p, walk);
  if (p == nullptr) return nullptr;
  p = NextToken(p, walk);
  if (p == nullptr) return nullptr;
  if (*p != ':') return walk.Invalid(p);
  return NextToken(p + 1, walk);
}

const char* SkipContainer(const char* p, Walk& walk, Levels& levels) {
  while (true) {
    if (*p == '{' || *p == '[') {
      levels.Push(*p == '{');
      p = NextToken(p + 1, walk);
      if (p == nullptr) return nullptr;
      if (*p != levels.closing()) {  // not empty
        if (levels.in_object()) p = SkipKey(p, walk);
        if (p == nullptr) return nullptr;
        continue;
      }
    } else {
      p = SkipScalar(p, walk);
      if (p == nullptr) return nullptr;
    }
    // A value has ended: so may the containers that it was the last of.
    p = NextToken(p, walk);
    while (p != nullptr && *p == levels.closing()) {
      ++p;
      if (!levels.Pop()) return p;
      p = NextToken(p, walk);
    }
    if (p == nullptr) return nullptr;
    if (*p != ',') return walk.Invalid(p);
    p = NextToken(p + 1, walk);
    if (p != nullptr && levels.in_object()) p = SkipKey(p, walk);
    if (p == nullptr) return nullptr;
  }
}

// The byte after a string that ends without an escape or a fault, the usual case; else null, and
// SkipString tells which. It needs no Walk, which is dear to set up for a short string.
inline const char* SkipPlainString(const char* p, const char* end) {
  if (*p != '"') return nullptr;
  p = FindPlainRunEnd(p + 1, end);
  return p != end && *p == '"' ? p + 1 : nullptr;
}

Kind KindOf(char first) {
  switch (first) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
      return Kind::kTrue;
    case 'f':
      return Kind::kFalse;
    case 'n':
      return Kind::kNull;
    default:
      return Kind::kNumber;
  }
}

}  // namespace

char Scanner::PeekPastSpace() {
  const char* const end = text_.data() + text_.size();
  const char* const p = SkipSpace(text_.data() + position_, end);
  position_ = static_cast<size_t>(p - text_.data());
  if (p == end) {
    fault_ = fault_at_end();
    return 0;
  }
  // No token starts with NUL, and 0 is our word for the end.
  if (*p == 0) fault_ = Fault::kInvalid;
  return *p;
}

bool Scanner::ReadString(Text* out) {
  const char first = Peek();
  if (fault_ != Fault::kNone) return false;
  const char* const start = text_.data() + position_;
  const char* const end = text_.data() + text_.size();
  if (const char* const after = SkipPlainString(start, end); after != nullptr) {
    const size_t length = static_cast<size_t>(after - start);
    *out = {.raw = {start + 1, length - 2}};
    position_ += length;
    return true;
  }
  Walk walk{.end = end, .fault_at_end = fault_at_end()};
  const char* const after = first == '"' ? SkipString(start, walk) : walk.Invalid(start);
  if (after == nullptr) return Fail(walk.fault, walk.fault_at);
  const size_t length = static_cast<size_t>(after - start);
  *out = {.raw = {start + 1, length - 2},
          .escaped = walk.escaped,
          .lone_surrogate = walk.lone_surrogate,
          .nul = walk.nul};
  position_ += length;
  return true;
}

namespace {

// A plain integer of a few digits with the value's end after it, the usual number; else null.
inline const char* SkipPlainInteger(const char* p, const char* end) {
  if (*p < '1' || *p > '9') return nullptr;
  while (p != end && IsDigit(*p)) ++p;
  return p != end && (*p == ',' || *p == '}' || *p == ']') ? p : nullptr;
}

}  // namespace

bool Scanner::ReadValue(Value* out) {
  const char first = Peek();
  if (fault_ != Fault::kNone) return false;
  const char* const start = text_.data() + position_;
  const char* const end = text_.data() + text_.size();
  if (const char* const plain = SkipPlainString(start, end); plain != nullptr) {
    const size_t length = static_cast<size_t>(plain - start);
    *out = {.kind = Kind::kString, .text = {start, length}};
    position_ += length;
    return true;
  }
  if (const char* const plain = SkipPlainInteger(start, end); plain != nullptr) {
    const size_t length = static_cast<size_t>(plain - start);
    *out = {.kind = Kind::kNumber, .text = {start, length}};
    position_ += length;
    return true;
  }
  Walk walk{.end = end, .fault_at_end = fault_at_end()};
  const char* after = nullptr;
  uint32_t depth = 0;
  if (first == '{' || first == '[') {
    Levels levels;
    after = SkipContainer(start, walk, levels);
    depth = levels.deepest();
  } else {
    after = SkipScalar(start, walk);
  }
  if (after == nullptr) return Fail(walk.fault, walk.fault_at);
  const size_t length = static_cast<size_t>(after - start);
  *out = {.kind = KindOf(first),
          .text = {start, length},
          .depth = depth,
          .escaped = walk.escaped,
          .lone_surrogate = walk.lone_surrogate,
          .nul = walk.nul};
  position_ += length;
  return true;
}

bool Scanner::AtEnd() {
  if (fault_ != Fault::kNone) return false;
  const char* const end = text_.data() + text_.size();
  const char* const p = SkipSpace(text_.data() + position_, end);
  position_ = static_cast<size_t>(p - text_.data());
  return p == end;
}

bool Scanner::Fail(Fault fault, const char* at) {
  fault_ = fault;
  if (fault == Fault::kInvalid) position_ = static_cast<size_t>(at - text_.data());
  return false;
}

}  // namespace tidemark::json
