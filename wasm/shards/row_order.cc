#include "shards/row_order.h"

#include <algorithm>
#include <cstring>

namespace tidemark {
namespace {

using Kind = SortCell::Kind;

template <typename T>
int Sign(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

int CompareMixed(int64_t integer, double real) {
  constexpr double kBeyond = 9223372036854775808.0;  // the first that no integer reaches
  if (real >= kBeyond) return -1;
  if (real < -kBeyond) return 1;
  const auto whole = static_cast<int64_t>(real);  // towards zero
  if (integer != whole) return integer < whole ? -1 : 1;
  return Sign(0.0, real - static_cast<double>(whole));
}

int CompareNumbers(const SortCell& a, const SortCell& b) {
  if (a.kind == Kind::kInteger && b.kind == Kind::kInteger) return Sign(a.integer, b.integer);
  if (a.kind == Kind::kInteger) return CompareMixed(a.integer, b.real);
  if (b.kind == Kind::kInteger) return -CompareMixed(b.integer, a.real);
  return Sign(a.real, b.real);
}

int CompareBytes(std::string_view a, std::string_view b) { return Sign(a.compare(b), 0); }

unsigned char Lower(char c) {
  return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

// As SQLite does it: what follows a zero byte in both counts no more, but by its length.
int CompareNoCase(std::string_view a, std::string_view b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return Sign(Lower(a[i]), Lower(b[i]));
    if (a[i] == '\0') break;
  }
  return Sign(a.size(), b.size());
}

std::string_view WithoutSpaces(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

int CompareTexts(std::string_view a, std::string_view b, Collation collation) {
  if (collation == Collation::kNoCase) return CompareNoCase(a, b);
  if (collation == Collation::kRTrim) return CompareBytes(WithoutSpaces(a), WithoutSpaces(b));
  return CompareBytes(a, b);
}

// NULL, numbers, texts, blobs.
int RankOf(Kind kind) {
  return kind == Kind::kReal ? static_cast<int>(Kind::kInteger) : static_cast<int>(kind);
}

}  // namespace

std::optional<Collation> ParseCollation(std::string_view name) {
  constexpr std::string_view kNames[] = {"binary", "nocase", "rtrim"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name.size() == kNames[i].size() && CompareNoCase(name, kNames[i]) == 0) {
      return static_cast<Collation>(i);
    }
  }
  return std::nullopt;
}

int CompareCells(const SortCell& a, const SortCell& b, Collation collation) {
  if (const int ranks = Sign(RankOf(a.kind), RankOf(b.kind)); ranks != 0) return ranks;
  switch (a.kind) {
    case Kind::kNull:
      return 0;
    case Kind::kText:
      return CompareTexts(a.bytes, b.bytes, collation);
    case Kind::kBlob:
      return CompareBytes(a.bytes, b.bytes);
    default:
      return CompareNumbers(a, b);
  }
}

int CompareRows(std::span<const SortCell> a, std::span<const SortCell> b,
                std::span<const SortKey> keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    const bool null = a[i].kind == Kind::kNull;
    if (null != (b[i].kind == Kind::kNull)) return null == keys[i].nulls_first ? -1 : 1;
    const int order = CompareCells(a[i], b[i], keys[i].collation);
    if (order != 0) return keys[i].descending ? -order : order;
  }
  return 0;
}

}  // namespace tidemark
