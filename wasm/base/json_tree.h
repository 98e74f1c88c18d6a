// JSON as a tree, for what is small and read once: options, schemas, control messages. Bodies of
// records are scanned instead (json_scanner.h).
//
// nlohmann::json is built without exceptions here, so operator[] on the wrong type or a missing key
// would abort. Trees are read through these getters, which take anything and say no by null.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark {

// Proves a whole JSON text, with space around it or not. Errors as ParseTree, but for numbers: any
// size of them is JSON.
Status ValidateJson(std::string_view text, uint32_t depth_max);

// Parses a whole JSON text. `depth_max` counts as Value::depth does: 0 admits scalars only. Of
// equal keys in an object the last one counts. Errors, all HTTP 400:
//   invalid_utf8  the text is not UTF-8, or an escape stands for half a surrogate pair
//   invalid_json  it is not JSON, or holds a number beyond a double
//   too_deep      it nests more than `depth_max` levels
Result<nlohmann::json> ParseTree(std::string_view text, uint32_t depth_max);

// The shortest text. Bytes that are not UTF-8 become U+FFFD: what is dumped can be embedded.
std::string DumpTree(const nlohmann::json& tree);

// A member of `object`; null if it is no object or has no such key.
const nlohmann::json* Field(const nlohmann::json& object, std::string_view key);

// The same, and null or none also if the member is of another type.
const std::string* StringField(const nlohmann::json& object, std::string_view key);
const nlohmann::json* ObjectField(const nlohmann::json& object, std::string_view key);
const nlohmann::json* ArrayField(const nlohmann::json& object, std::string_view key);
std::optional<bool> BoolField(const nlohmann::json& object, std::string_view key);
std::optional<double> NumberField(const nlohmann::json& object, std::string_view key);

// Only a number written as an integer, at most 2^53 - 1 in magnitude (as json::ParseInteger).
std::optional<int64_t> IntegerField(const nlohmann::json& object, std::string_view key);

}  // namespace tidemark
