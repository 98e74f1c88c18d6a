#include "documents/json_pointer.h"

#include <algorithm>

namespace tidemark::json {
namespace {

std::string Unescaped(std::string_view segment) {
  std::string out;
  out.reserve(segment.size());
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] == '~') {
      out.push_back(segment[++i] == '1' ? '/' : '~');
    } else {
      out.push_back(segment[i]);
    }
  }
  return out;
}

}  // namespace

bool IsPointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

size_t PointerLength(std::string_view pointer) {
  return static_cast<size_t>(std::count(pointer.begin(), pointer.end(), '/'));
}

bool TakeSegment(std::string_view* pointer, std::string* segment) {
  if (pointer->empty()) return false;
  const size_t end = std::min(pointer->find('/', 1), pointer->size());
  *segment = Unescaped(pointer->substr(1, end - 1));
  pointer->remove_prefix(end);
  return true;
}

std::string TakeLastSegment(std::string_view* pointer) {
  const size_t slash = pointer->rfind('/');
  std::string segment = Unescaped(pointer->substr(slash + 1));
  *pointer = pointer->substr(0, slash);
  return segment;
}

std::optional<size_t> ParseIndex(std::string_view segment) {
  constexpr size_t kDigitsMax = 9;  // more than any array has, and no overflow
  if (segment.empty() || segment.size() > kDigitsMax) return std::nullopt;
  if (segment.front() == '0' && segment.size() > 1) return std::nullopt;
  size_t index = 0;
  for (const char c : segment) {
    if (c < '0' || c > '9') return std::nullopt;
    index = index * 10 + static_cast<size_t>(c - '0');
  }
  return index;
}

// There is one way to write a pointer, so that texts can be compared.
bool LeadsWithin(std::string_view outer, std::string_view inner) {
  return inner.size() > outer.size() && inner.substr(0, outer.size()) == outer &&
         inner[outer.size()] == '/';
}

}  // namespace tidemark::json
