// nlohmann/json as a second opinion on what is JSON, for tests and fuzzers.
//
// It differs from the scanner in four known ways: it skips a byte order
// mark, takes NUL for the end of the text, refuses lone surrogates (which the scanner only flags),
// and refuses numbers beyond a double. All are dealt with here; a text that begins with a byte
// order mark or holds a NUL is no JSON at all.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json_scanner.h"

namespace tidemark::json {

enum class Opinion { kAccepts, kRejects, kNone };

class OracleHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(int64_t) override { return true; }
  bool number_unsigned(uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(nlohmann::json::binary_t&) override { return true; }
  bool start_object(size_t) override { return true; }
  bool key(std::string&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;
    number_overflow_ = error.id == kNumberOverflow;
    return false;
  }
  bool number_overflow() const { return number_overflow_; }

 private:
  bool number_overflow_ = false;
};

inline Opinion OracleOpinion(std::string_view text) {
  if (text.find('\0') != std::string_view::npos || text.starts_with("\xEF\xBB\xBF")) {
    return Opinion::kRejects;
  }
  OracleHandler handler;
  if (nlohmann::json::sax_parse(text, &handler)) return Opinion::kAccepts;
  return handler.number_overflow() ? Opinion::kNone : Opinion::kRejects;
}

// The scanner's: one value and nothing else but space.
inline bool ScannerAccepts(std::string_view text, Value* value) {
  Scanner scanner(text, /*last=*/true);
  return scanner.ReadValue(value) && scanner.AtEnd();
}

// Whether both say the same of valid UTF-8. The scanner has to flag what the oracle refuses for a
// lone surrogate; it may also have accepted one before the oracle ran into an overflow.
inline bool ScannerAgreesWithOracle(std::string_view text) {
  Value value;
  const bool accepts = ScannerAccepts(text, &value);
  switch (OracleOpinion(text)) {
    case Opinion::kAccepts:
      return accepts && !value.lone_surrogate;
    case Opinion::kRejects:
      return !accepts || value.lone_surrogate;
    case Opinion::kNone:
      return true;
  }
  return false;
}

}  // namespace tidemark::json
