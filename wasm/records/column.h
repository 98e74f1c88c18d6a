// Typed validation: whether a value of a delta's data fits the column that its key names.

#pragma once

#include <string>
#include <string_view>

#include "base/json_scanner.h"
#include "records/delta.h"
#include "records/schema.h"

namespace tidemark {

// Whether a value surely fits its column: the usual case, before anything is said about it.
bool FitsColumn(const Column& column, const json::Value& value);

// Why a value does not fit. null is the same as no value at all, and fits. Codes: `invalid_column`,
// `number_out_of_range`.
Rejection CheckColumn(const Collection& collection, const Column& column, const json::Value& value);

// "data.title of plans" and what is wrong with it.
std::string NameOf(const Collection& collection, const Column& column, std::string_view what);

}  // namespace tidemark
