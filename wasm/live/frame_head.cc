#include "live/frame_head.h"

#include "base/json_scanner.h"
#include "base/limits.h"
#include "records/body.h"

namespace tidemark {
namespace {

constexpr std::string_view kTypes[] = {"push", "pull", "presence"};
constexpr std::string_view kKeys[] = {"type", "request", "cursor", "limit", "state"};
enum Key : size_t { kType, kRequest, kCursor, kLimit, kState, kOther };

Status BadFrame(std::string message) {
  return Status::Invalid("invalid_frame", std::move(message));
}

std::string_view Inside(const json::Value& text) {
  return text.text.substr(1, text.text.size() - 2);
}

Status ReadType(const json::Value& value, FrameHead* head) {
  if (value.kind == json::Kind::kString) {
    for (size_t i = 0; i < std::size(kTypes); ++i) {
      if (Inside(value) == kTypes[i]) {
        head->type = static_cast<FrameType>(i);
        return {};
      }
    }
  }
  return BadFrame("type must be push, pull or presence");
}

Status ReadMember(Key key, const json::Value& value, FrameHead* head) {
  const bool null = value.kind == json::Kind::kNull;
  int64_t integer = 0;
  const bool is_integer = json::ParseInteger(value.text, &integer) == json::IntegerFault::kNone;
  switch (key) {
    case kType:
      return ReadType(value, head);
    case kRequest:
      if (!is_integer || integer < 0) return BadFrame("request must be a whole number");
      head->request = integer;
      return {};
    case kCursor:
      if (null) return {};
      if (value.kind != json::Kind::kString) {
        return Status::Invalid("invalid_cursor", "cursor must be a string that this server gave");
      }
      head->cursor = Inside(value);
      return {};
    case kLimit:
      if (null) return {};
      if (!is_integer || integer < 1 || integer > limits::kPageRowsMax) {
        return Status::Invalid("invalid_limit", "limit must be an integer from 1 to " +
                                                    std::to_string(limits::kPageRowsMax));
      }
      head->limit = integer;
      return {};
    case kState:
      if (value.text.size() > limits::kPresenceBytesMax || value.lone_surrogate) {
        return BadFrame("state must be JSON of at most " +
                        std::to_string(limits::kPresenceBytesMax) + " bytes");
      }
      head->state = value.text;
      return {};
    case kOther:
      break;
  }
  return {};
}

Key KeyOf(std::string_view name) {
  size_t key = 0;
  while (key < std::size(kKeys) && kKeys[key] != name) ++key;
  return static_cast<Key>(key);
}

}  // namespace

Status ReadFrameHead(std::string_view text, FrameHead* head) {
  json::Scanner scanner(text, true);
  uint32_t seen = 0;
  Status first;  // the first fault: what follows may still name the request
  const auto fail = [&](Status status) {
    if (first.ok()) first = std::move(status);
  };
  if (scanner.Peek() != '{') {
    json::Value value;
    if (!scanner.ReadValue(&value)) return NotJson(scanner.position());
    return BadFrame("A frame must be a JSON object");
  }
  scanner.Expect('{');
  if (!scanner.Take('}')) {
    do {
      json::Text name;
      json::Value value;
      if (!scanner.ReadString(&name) || !scanner.Expect(':') || !scanner.ReadValue(&value)) break;
      const Key key = KeyOf(name.raw);
      if (key == kOther) continue;
      if ((seen >> key & 1U) != 0) {
        fail(Status::Invalid("duplicate_key", "The frame has two keys of one name"));
      }
      seen |= 1U << key;
      fail(ReadMember(key, value, head));
    } while (scanner.Take(','));
    scanner.Expect('}');
  }
  if (scanner.fault() != json::Fault::kNone || !scanner.AtEnd()) {
    return NotJson(scanner.position());
  }
  if ((seen & 1U) == 0) fail(BadFrame("A frame needs its type"));
  return first;
}

}  // namespace tidemark
