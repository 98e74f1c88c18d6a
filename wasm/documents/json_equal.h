// Whether two JSON texts are the same value, as RFC 6902, section 4.6, says: strings by their
// characters, numbers by their value, objects without order.

#pragma once

#include <string_view>

#include "base/json_scanner.h"
#include "documents/patch_work.h"

namespace tidemark::json {

// Of proven texts. False also once `work` is spent: ask it.
bool Equal(const Value& a, const Value& b, PatchWork* work);

// Of the texts of two numbers, compared as decimals: no digit is lost. With an exponent of more
// than 15 digits, only the same text is the same number.
bool EqualNumbers(std::string_view a, std::string_view b);

}  // namespace tidemark::json
