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
//          "equals": {column: Value...}, "inserted": {column: Put...} | null,
//          "sets": {column: Put...},
//          "order": [Term...], "limit": Count, "offset": Count, "parameters": n}
// Value := {"param": i} | {"literal": text or integer}
// Put := Value | {"literal": null} | {"excluded": column} | {"expression": true}
// Term := {"term": n | name | null, "descending": bool, "collation": name | null,
//          "nulls": "first" | "last" | null}            null where it is an expression
// Count := null | n | {"param": i} | {"expression": true}
//
// `i` counts parameters from 0. `table` is what the statement is about (sql_tables.h), `equals`
// what its rows have there (sql_equals.h). `inserted` is what an INSERT puts into the columns that
// it names, null where it names none and where nothing is inserted; `sets` is what is changed in
// rows that are there (sql_sets.h). Only `sets` has {"excluded": ...}: what `inserted` has for that
// column. Of several statements the kind is the strongest one's, `tables` are all, `parameters` the
// most that one of them has, and the rest is empty or null. Codes: `invalid_sql`, `sql_too_long`,
// `sql_too_complex`, `too_many_parameters`.
Result<std::string> PlanOf(std::string_view sql);

}  // namespace tidemark::sqltext
