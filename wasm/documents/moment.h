// A moment of a document's life, as a request names it.
//
//   moment := ms | version | date "T" time zone       version: of an ETag, its number counts
//   date   := YYYY-MM-DD      time := hh:mm [ ":" ss [ "." digits ] ]
//   zone   := "Z" | ( "+" | "-" ) hh ":" mm

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidemark {

// In ms since 1970. None for anything else.
std::optional<int64_t> ParseMoment(std::string_view text);

}  // namespace tidemark
