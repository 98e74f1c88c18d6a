// Any bytes as a server's answer: read or refused, and what is read holds to its bounds. What the
// reader takes, nlohmann takes too.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/limits.h"
#include "replica/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using tidemark::Check;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto answer = tidemark::ParseAnswer(text, tidemark::DeclaredSchema());
  if (!answer.ok()) {
    Check(answer.status().code() == "invalid_answer");
    return 0;
  }
  const auto tree = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  // A number beyond a double is JSON, and more than that parser takes.
  if (tree.is_discarded()) return 0;
  Check(!answer->cursor.empty() && tree.is_object());
  for (const tidemark::AnswerRow& row : answer->rows) {
    Check(!row.id.empty() && row.id.size() <= tidemark::limits::kRecordIdBytesMax);
    Check(row.ms >= 0 && row.counter >= 0 && row.counter <= tidemark::limits::kCounterMax);
    Check(row.deletes == row.data.empty());
    Check(row.deletes || nlohmann::json::parse(row.data, nullptr, false).is_object());
  }
  return 0;
}
