// What a text of SQL is and asks for: what the library needs to know before it sends it anywhere.

#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark::sqltext {

// As JSON:
//
// Plan := {"statements": n, "kind": "read" | "write" | "schema" | "transaction" | "other" |
// "empty",
//          "explain": bool, "inserts": bool, "returning": bool, "table": name | null,
//          "tables": [name...],
//          "equals": {column: {"param": i} | {"literal": text or integer}...}, "sets": [column...],
//          "order": [Term...], "limit": Count, "offset": Count, "parameters": n}
// Term := {"term": n | name | null, "descending": bool, "collation": name | null,
//          "nulls": "first" | "last" | null}            null where it is an expression
// Count := null | n | {"param": i} | {"expression": true}
//
// `i` counts parameters from 0. `table` is what the statement is about (sql_tables.h), `equals`
// what its rows have there (sql_equals.h), `sets` what an update changes. Of several statements the
// kind is the strongest one's, `tables` are all, `parameters` the most that one of them has, and
// the rest is empty. Codes: `invalid_sql`, `sql_too_long`, `sql_too_complex`,
// `too_many_parameters`.
Result<std::string> PlanOf(std::string_view sql);

}  // namespace tidemark::sqltext
