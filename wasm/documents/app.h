// Apps: their names, the objects that own their documents, and the keys of what is kept of them in
// KV and R2.
//
//   object := app "/manifest" | app "/shards/" shard
//   key    := [ "apps/" app "/" ] ( "db.json" | "journal/" day "/" uuid ".json"
//                                 | "snapshots/" day ".json" )
//
// An app's name holds no slash, so no two objects and no two keys are the same text. A shard may be
// any text. The app `default` has its keys without the prefix.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark {

inline constexpr std::string_view kDefaultApp = "default";

// 1 to 63 of a-z, 0-9, `.`, `_`, `-`; the first is a letter or a digit; `-user-` is not in it.
// Code: `invalid_app`.
Status CheckApp(std::string_view app);

// How an app's rows are spread over objects (documents/shard_of.h).
enum class ShardBy : uint8_t { kNothing, kCollection, kDay };

struct Sharding {
  ShardBy by = ShardBy::kNothing;
  std::string field;  // kDay: the record's member that has the day; empty: the day is in its id

  bool sharded() const { return by != ShardBy::kNothing; }
  bool operator==(const Sharding&) const = default;
};

// What the variable SHARDS says of `app`: "blog=collection, log=day, orders=day:created_at", with
// white space anywhere between the words. Apps that are not named are not sharded. Any fault in it
// is 503 `not_configured` for every app, so that it is seen at once.
Result<Sharding> ShardingOf(std::string_view shards, std::string_view app);

// The same as a text that objects keep: "", "collection", "day" or "day:FIELD".
std::string LayoutText(const Sharding& sharding);
Sharding ParseLayout(std::string_view layout);

// The objects' names.
std::string ManifestName(std::string_view app);
std::string ShardObjectName(std::string_view app, std::string_view shard);

struct ObjectName {
  std::string app;
  std::optional<std::string> shard;  // none: the manifest
};

// None for what neither function above makes of a valid app.
std::optional<ObjectName> ParseObjectName(std::string_view name);
// The same of an object's own name, or one that it keeps: any other is a fault of ours, and traps.
ObjectName ObjectNameOf(std::string_view name);

// The keys. `day` as DayOf makes it.
std::string SnapshotKey(std::string_view app);
std::string JournalKey(std::string_view app, std::string_view day, std::string_view uuid);
std::string DailySnapshotKey(std::string_view app, std::string_view day);
// What the keys of an app's journal, and of its daily snapshots, begin with; a day may follow.
std::string JournalPrefix(std::string_view app);
std::string DailySnapshotPrefix(std::string_view app);

// The UTC day of a time, YYYY-MM-DD, in the Gregorian calendar from year 0000 to 9999. Empty for a
// time outside of it.
std::string DayOf(int64_t ms);

// When a day begins, in ms since 1970. None for what is no day's name.
std::optional<int64_t> DayStart(std::string_view day);

}  // namespace tidemark
