#include "documents/json_equal.h"

#include <optional>
#include <string>
#include <vector>

#include "documents/json_members.h"

namespace tidemark::json {
namespace {

// 0.DIGITS * 10^exponent, where the digits neither begin nor end with 0; zero has none.
struct Decimal {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;

  bool operator==(const Decimal&) const = default;
};

// The exponent after its `e`; none if it is beyond all reason.
std::optional<int64_t> ParseExponent(std::string_view text) {
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  if (text.size() > 15) return std::nullopt;
  int64_t exponent = 0;
  for (const char c : text) exponent = exponent * 10 + (c - '0');
  return negative ? -exponent : exponent;
}

std::optional<Decimal> ParseDecimal(std::string_view text) {
  Decimal decimal;
  decimal.negative = text.front() == '-';
  if (decimal.negative) text.remove_prefix(1);
  const size_t e = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, e);
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  decimal.digits = mantissa.substr(0, point);
  if (point < mantissa.size()) decimal.digits += mantissa.substr(point + 1);
  const size_t zeros = decimal.digits.find_first_not_of('0');
  if (zeros == std::string::npos) return Decimal();  // -0 and 0e9 are 0
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  decimal.digits.erase(0, zeros);
  const std::optional<int64_t> exponent = e < text.size() ? ParseExponent(text.substr(e + 1)) : 0;
  if (!exponent) return std::nullopt;
  decimal.exponent = *exponent + static_cast<int64_t>(point) - static_cast<int64_t>(zeros);
  return decimal;
}

bool EqualStrings(const Value& a, const Value& b) {
  if (!a.escaped && !b.escaped) return false;  // their texts differ
  std::string left;
  std::string right;
  Unescape(a.text.substr(1, a.text.size() - 2), &left);
  Unescape(b.text.substr(1, b.text.size() - 2), &right);
  return left == right;
}

bool EqualArrays(std::string_view a, std::string_view b, PatchWork* work) {
  Scanner left(a, /*last=*/true);
  Scanner right(b, /*last=*/true);
  left.Take('[');
  right.Take('[');
  while (true) {
    const bool ends = left.Take(']');
    if (right.Take(']') != ends) return false;
    if (ends) return true;
    Value x;
    Value y;
    left.ReadValue(&x);
    right.ReadValue(&y);
    if (!Equal(x, y, work)) return false;
    left.Take(',');
    right.Take(',');
  }
}

bool EqualObjects(std::string_view a, std::string_view b, PatchWork* work) {
  std::vector<MemberSpan> left;
  std::vector<MemberSpan> right;
  if (!ReadMembers(a, work, &left) || !ReadMembers(b, work, &right)) return false;
  if (left.size() != right.size()) return false;
  const std::vector<uint32_t> x = SortedByKey(left);
  const std::vector<uint32_t> y = SortedByKey(right);
  for (size_t i = 0; i < x.size(); ++i) {
    if (left[x[i]].key != right[y[i]].key) return false;
  }
  for (size_t i = 0; i < x.size(); ++i) {
    if (!Equal(left[x[i]].value, right[y[i]].value, work)) return false;
  }
  return true;
}

}  // namespace

bool EqualNumbers(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const std::optional<Decimal> left = ParseDecimal(a);
  return left.has_value() && left == ParseDecimal(b);
}

// Recurses as deep as the texts are, which is bounded.
bool Equal(const Value& a, const Value& b, PatchWork* work) {
  if (a.kind != b.kind) return false;
  // What lies deeper is scanned again, and so counted again.
  if (!work->Spend(a.text.size() + b.text.size())) return false;
  if (a.text == b.text) return true;
  switch (a.kind) {
    case Kind::kObject:
      return EqualObjects(a.text, b.text, work);
    case Kind::kArray:
      return EqualArrays(a.text, b.text, work);
    case Kind::kString:
      return EqualStrings(a, b);
    case Kind::kNumber:
      return EqualNumbers(a.text, b.text);
    default:
      return true;
  }
}

}  // namespace tidemark::json
