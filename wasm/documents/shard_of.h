// Which shard a part of a document lies in. The names are those of `?shard=`.
//
// by collection := the collection's name; `_root` for values
// by day        := YYYY-MM-DD | `undated`; `_root` for values
//
// So that no collection shares a shard with the values, one named `_root`, or `_root` with more
// underscores behind it, lies in the shard with one underscore more: `_root` in `_root_`, `_root_`
// in `_root__`. Every other collection's shard has its very name.
//
// A day comes from the record alone, never from the clock. From the id (a version 7 UUID) it never
// changes; from a field it changes when the field does.

#pragma once

#include <string>
#include <string_view>

#include "documents/app.h"

namespace tidemark {

inline constexpr std::string_view kRootShard = "_root";       // members that are values
inline constexpr std::string_view kUndatedShard = "undated";  // records without a day

// The shard of a collection, where an app is sharded by collection.
std::string CollectionShard(std::string_view collection);

// The day of a record, or `undated`. `id`: decoded; it counts if `field` is empty. `record`: the
// text of a JSON object. Its member `field` (the last of that name, as in JavaScript) is
// - a number: seconds below limits::kSecondsBelow, else milliseconds, since 1970; a fraction is
//   cut off, and one with an exponent is undated;
// - a string: a date of ISO 8601, YYYY-MM-DD with nothing or a time behind it. Its day counts as it
//   is written, whatever the time zone.
std::string DayShard(std::string_view field, std::string_view id, std::string_view record);

// The shard of a record by its app's sharding; of an app that is not sharded, the name by which
// `?shard=` asks for the record's collection.
std::string RecordShard(const Sharding& sharding, std::string_view collection, std::string_view id,
                        std::string_view record);

}  // namespace tidemark
