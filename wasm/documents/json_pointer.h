// JSON Pointer (RFC 6901): "" is the whole document, "/a/0" the first of the array in its member a.
// In a segment `~1` stands for `/` and `~0` for `~`.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::json {

bool IsPointer(std::string_view text);

// How many segments it has.
size_t PointerLength(std::string_view pointer);

// Takes the first segment off, unescaped. False if there is none.
bool TakeSegment(std::string_view* pointer, std::string* segment);

// Takes the last segment off, unescaped; the pointer has one.
std::string TakeLastSegment(std::string_view* pointer);

// A segment as an index into an array: digits without a leading zero.
std::optional<size_t> ParseIndex(std::string_view segment);

// Whether `inner` leads to somewhere within what `outer` leads to.
bool LeadsWithin(std::string_view outer, std::string_view inner);

}  // namespace tidemark::json
