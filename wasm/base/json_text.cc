// Strings and numbers of JSON, between their text and their value.

#include "base/json_scanner.h"
#include "base/json_string.h"

namespace tidemark::json {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr uint64_t kSafeIntegerMax = (uint64_t{1} << 53) - 1;

// Four hexadecimal digits at the front of `text`, or -1.
int32_t UnitAt(std::string_view text) {
  if (text.size() < 4) return -1;
  int32_t unit = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      unit = unit << 4 | (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit << 4 | (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return unit;
}

void AppendUtf8(std::string* out, int32_t code_point) {
  const auto append = [out](int32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    append(code_point);
    return;
  }
  if (code_point < 0x800) {
    append(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      append(0xE0 | code_point >> 12);
    } else {
      append(0xF0 | code_point >> 18);
      append(0x80 | (code_point >> 12 & 0x3F));
    }
    append(0x80 | (code_point >> 6 & 0x3F));
  }
  append(0x80 | (code_point & 0x3F));
}

// Decodes what follows `\u` and returns its length, or 0 when it is no character.
size_t AppendUnicodeEscape(std::string_view text, std::string* out) {
  const int32_t unit = UnitAt(text);
  if (unit < 0 || (unit & 0xFC00) == 0xDC00) return 0;
  if ((unit & 0xFC00) != 0xD800) {
    AppendUtf8(out, unit);
    return 4;
  }
  if (text.substr(4, 2) != "\\u") return 0;
  const int32_t low = UnitAt(text.substr(6));
  if (low < 0 || (low & 0xFC00) != 0xDC00) return 0;
  AppendUtf8(out, 0x10000 + ((unit & 0x3FF) << 10 | (low & 0x3FF)));
  return 10;
}

// The byte that `\c` stands for, or 0.
char SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

// The letter of the two-character escape for `c`, or 0.
char SimpleEscapeLetter(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

}  // namespace

bool Unescape(std::string_view raw, std::string* out) {
  out->clear();
  out->reserve(raw.size());  // no escape is shorter than what it stands for
  while (true) {
    const size_t backslash = raw.find('\\');
    out->append(raw.substr(0, backslash));
    if (backslash == std::string_view::npos) return true;
    raw.remove_prefix(backslash + 1);
    if (raw.empty()) return false;
    const char letter = raw.front();
    raw.remove_prefix(1);
    if (letter == 'u') {
      const size_t length = AppendUnicodeEscape(raw, out);
      if (length == 0) return false;
      raw.remove_prefix(length);
      continue;
    }
    const char byte = SimpleEscape(letter);
    if (byte == 0) return false;
    out->push_back(byte);
  }
}

void AppendQuoted(std::string* out, std::string_view utf8) {
  const char* p = utf8.data();
  const char* const end = p + utf8.size();
  out->push_back('"');
  while (true) {
    const char* const stop = FindPlainRunEnd(p, end);
    out->append(p, static_cast<size_t>(stop - p));
    if (stop == end) break;
    const char letter = SimpleEscapeLetter(*stop);
    if (letter != 0) {
      const char escape[] = {'\\', letter};
      out->append(escape, sizeof(escape));
    } else {
      const char escape[] = {'\\', 'u', '0', '0', kHexDigits[*stop >> 4], kHexDigits[*stop & 15]};
      out->append(escape, sizeof(escape));
    }
    p = stop + 1;
  }
  out->push_back('"');
}

IntegerFault ParseInteger(std::string_view number, int64_t* out) {
  const bool negative = number.starts_with('-');
  const std::string_view digits = number.substr(negative ? 1 : 0);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) {
    return IntegerFault::kNotInteger;
  }
  // 19 digits fit an unsigned 64; beyond that only whether they are digits still matters.
  uint64_t magnitude = 0;
  for (const char digit : digits) {
    const auto value = static_cast<uint8_t>(digit - '0');
    if (value > 9) return IntegerFault::kNotInteger;
    magnitude = magnitude * 10 + value;
  }
  // 2^53 has 16 digits.
  if (digits.size() > 16 || magnitude > kSafeIntegerMax) {
    return IntegerFault::kOutOfRange;
  }
  *out = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  return IntegerFault::kNone;
}

}  // namespace tidemark::json
