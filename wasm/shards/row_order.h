// The order in which SQLite sorts rows, for rows of several databases that are put together
// (https://sqlite.org/datatype3.html, section 4).
//
// - NULL comes before numbers, numbers before texts, texts before blobs.
// - Integers and reals compare by their exact values, also where a double is too coarse for one.
// - Texts compare by collation: BINARY by the bytes of their UTF-8, NOCASE likewise with A to Z as
//   a to z, RTRIM likewise without spaces at the end. Blobs compare by their bytes.
// - DESC turns a sort key's order round, NULL with it, unless NULLS FIRST or LAST says otherwise.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidemark {

struct SortCell {
  enum class Kind : uint8_t { kNull, kInteger, kReal, kText, kBlob };
  Kind kind = Kind::kNull;
  int64_t integer = 0;
  double real = 0;
  std::string bytes;
};

enum class Collation : uint8_t { kBinary, kNoCase, kRTrim };

// By its name, in letters of either case.
std::optional<Collation> ParseCollation(std::string_view name);

struct SortKey {
  Collation collation = Collation::kBinary;
  bool descending = false;
  bool nulls_first = true;  // as they are without DESC
};

// Below 0, 0 or above.
int CompareCells(const SortCell& a, const SortCell& b, Collation collation);
// Of two rows with a cell for each sort key.
int CompareRows(std::span<const SortCell> a, std::span<const SortCell> b,
                std::span<const SortKey> keys);

}  // namespace tidemark
