// Any bytes, the first line a document or a pointer, the rest a patch: both kinds of patches do
// what their oracles do, whether all records are loaded or not, and values are equal both ways.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json_tree.h"
#include "base/status.h"
#include "documents/json_equal.h"
#include "documents/json_pointer.h"
#include "tests/documents/patch_check.h"

namespace tidemark::json {
namespace {

void CheckPointer(std::string_view text) {
  if (!IsPointer(text)) return;
  std::string again;
  std::string segment;
  size_t count = 0;
  for (std::string_view rest = text; TakeSegment(&rest, &segment); ++count) {
    again += '/';
    for (const char c : segment) again += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  Check(again == text && count == PointerLength(text));
  if (count == 0) return;
  std::string_view above = text;
  Check(TakeLastSegment(&above) == segment && LeadsWithin(above, text));
}

// Without space around it, as a node wants it; false if it is no JSON.
bool ReadDocument(std::string_view text, Value* value) {
  if (!ValidateJson(text, limits::kRecordDepthMax).ok()) return false;
  return Scanner(text, /*last=*/true).ReadValue(value);
}

void CheckEqual(const Value& a, const Value& b) {
  PatchWork work(kWorkMax);
  const bool equal = Equal(a, b, &work);
  if (work.spent()) return;
  PatchWork back(kWorkMax);
  Check(Equal(b, a, &back) == equal);
  PatchWork self(kWorkMax);
  Check(Equal(a, a, &self));
  if (IsOracles(a.text, b.text)) Check((TreeOf(a.text) == TreeOf(b.text)) == equal);
}

void CheckTouched(std::string_view patch, const Status& applied) {
  const Result<std::vector<Touched>> touched = TouchedByJsonPatch(patch);
  if (applied.ok()) Check(touched.ok());
  if (!touched.ok()) Check(!applied.ok());
  if (TouchedByMergePatch(patch).ok()) Check(ValidateJson(patch, limits::kRecordDepthMax).ok());
}

}  // namespace
}  // namespace tidemark::json

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  using namespace tidemark::json;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string_view patch = input.substr(std::min(line + 1, size));
  CheckPointer(input.substr(0, line));
  Value document;
  if (!ReadDocument(input.substr(0, line), &document)) return 0;
  const uint64_t absent = size * 0x9E3779B97F4A7C15u;
  const PatchCheck patched = CheckJsonPatch(document.text, patch, absent);
  Check(patched.fault.empty());
  CheckTouched(patch, patched.status);
  Check(CheckMergePatch(document.text, patch, absent).fault.empty());
  Value value;
  if (ReadDocument(patch, &value)) CheckEqual(document, value);
  return 0;
}
