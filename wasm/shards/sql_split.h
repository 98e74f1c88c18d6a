// A script cut into its statements.
//
// A statement ends at a semicolon outside of strings, quoted names and comments. That of a trigger
// ends as SQLite's shell finds it: at "; END ;", since its body holds semicolons of its own, and no
// CASE ... END in it follows one.

#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"

namespace tidemark::sqltext {

// The statements without the semicolons between them and the space around them, comments within.
// What holds comments alone is dropped. The texts lie in `script`. Codes: `invalid_sql`, where
// something is not closed or is no SQL; `sql_too_long`.
Result<std::vector<std::string_view>> Split(std::string_view script);

}  // namespace tidemark::sqltext
