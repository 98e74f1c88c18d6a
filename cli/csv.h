// Comma-separated values (RFC 4180): lines end in CRLF or LF, a field in quotes may hold commas,
// line ends and doubled quotes.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tidemark::samedi {

struct CsvRow {
  size_t line = 1;  // where it begins
  std::vector<std::string> fields;
};

// Lines without any byte are passed over, and so is a byte order mark. Error: bad_csv, with the
// line, for a quote that is not closed, or that stands in or after a field where none may.
Result<std::vector<CsvRow>> ParseCsv(std::string_view text);

// A row with its line end; fields in quotes only where they must be.
void AppendCsv(const std::vector<std::string>& fields, std::string* out);

}  // namespace tidemark::samedi
