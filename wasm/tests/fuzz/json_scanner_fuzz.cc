// Any bytes: the scanner agrees with nlohmann/json on what is JSON, and a text cut in two at any
// place reads the same as whole, or asks for more; UTF-8 likewise.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scanner.h"
#include "base/status.h"
#include "base/utf8.h"
#include "tests/base/json_oracle.h"

namespace tidemark::json {
namespace {

// The slice [0, at) never calls invalid what the whole text makes valid.
void CheckSlice(std::string_view text, size_t at, bool valid, const Value& whole) {
  const std::vector<char> slice(text.begin(), text.begin() + static_cast<ptrdiff_t>(at));
  Scanner scanner({slice.data(), slice.size()}, /*last=*/false);
  Value value;
  if (scanner.ReadValue(&value)) {
    if (valid) Check(value.text == whole.text && value.depth == whole.depth);
  } else if (valid) {
    Check(scanner.fault() == Fault::kTruncated);
  }
  scanner.set_position(at / 2);
  Text string;
  while (scanner.ReadString(&string) || scanner.Take(',')) {
  }
}

void CheckStrings(const Value& value) {
  if (value.kind != Kind::kString) return;
  std::string decoded;
  const bool whole = Unescape(value.text.substr(1, value.text.size() - 2), &decoded);
  Check(whole == !value.lone_surrogate);
  if (!whole) return;
  Check(ValidUtf8Prefix(decoded) == decoded.size());
  std::string quoted;
  AppendQuoted(&quoted, decoded);
  std::string again;
  Check(Unescape(std::string_view(quoted).substr(1, quoted.size() - 2), &again));
  Check(again == decoded);
}

void CheckUtf8(std::string_view text) {
  const size_t valid = ValidUtf8Prefix(text);
  for (size_t end = valid; end + 16 > valid && end > 0; --end) {
    const std::string_view cut = text.substr(0, end);
    const std::string_view tail = cut.substr(ValidUtf8Prefix(cut));
    Check(tail.empty() || IsTruncatedCharacter(tail));
  }
  if (valid < text.size()) Check(ValidUtf8Prefix(text.substr(valid)) == 0);
}

}  // namespace
}  // namespace tidemark::json

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  using namespace tidemark::json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckUtf8(text);
  if (ValidUtf8Prefix(text) != size) return 0;
  Check(ScannerAgreesWithOracle(text));
  Value whole;
  const bool valid = ScannerAccepts(text, &whole);
  if (valid) CheckStrings(whole);
  const size_t step = size / 64 + 1;
  for (size_t at = 0; at <= size; at += step) CheckSlice(text, at, valid, whole);
  return 0;
}
