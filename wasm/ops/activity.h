// The activity: one entry for each request to the Worker, kept in the D1 database `DB`.
//
// Whoever answers a request makes its entry: the Worker for most (it sends many together to
// RecordActivity), the owner of a document for a write there, in the write's own transaction. An
// entry's id is made from its time, its source and its number, so that a batch whose answer was
// lost is sent again and adds nothing.
//
//   line := {"id": UUIDv7, "time": ms, "method": text, "path": text, "app": text | null,
//            "status": int, "size": int, "user": text | null, "duration_ms": int,
//            "error": text | null}
//
// `path` is the URL's, without the query string; what looks like a secret in it is `*`.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/command.h"
#include "engine/operation.h"

namespace tidemark {

struct ActivityEntry {
  int64_t time_ms = 0;  // when the request came; 0 to 2^48 - 1
  std::string source;   // who numbers: an object's name, or what an isolate drew
  int64_t number = 0;   // of the source, another one for each request; a version will do
  std::string method;
  std::string path;  // as it came; it is cut, and secrets are taken out, here
  std::string app;   // empty: the app that the path is of, if any
  int64_t status = 0;
  int64_t size = 0;  // bytes of the request's body; where it has none, of the answer's
  std::string user;  // the token's subject; empty: nobody
  int64_t duration_ms = 0;
  std::string error;  // the code; empty: none
};

// The entry's line, of at most 1.5 KB: its texts are cut and clean, whatever they were.
std::string ActivityLine(const ActivityEntry& entry);

// Adds lines with commas between (a text, or one that the host keeps) to the shard `DB`; those that
// are there already are passed over.
Statement AppendActivity(Param lines);

inline constexpr std::string_view kActivityShard = "DB";  // its binding's name

// D1 did not answer. Code: `unavailable`.
Reply ActivityUnavailable();

// Spanning, in the Worker: keeps entries. Parameter: `source`. The body is a JSON array of at most
// limits::kActivityBatchRows objects with the members of ActivityEntry but `source` (times as
// `time` and `duration_ms`; what has no value is left out). What is no entry among them is dropped.
// Codes: `body_too_large`, `invalid_parameter`, those of ParseTree, `unavailable`.
Task<Reply> RecordActivity(Context context);

// Spanning, in the Worker: GET /activity, a JSON array of lines, the newest first. Parameters:
// `limit`, `before` (the last page's `next_before`), `app`, and `editors`, from the host. Who may
// write documents sees every entry, anybody else their own. A page of few entries among many is
// short, or empty, and says where to go on. Data: `rows`, `next_before`.
// Codes: `invalid_parameter`, `unavailable`.
Task<Reply> ListActivity(Context context);

// Spanning, in the Worker, daily: forgets entries that are too old (limits::kActivityDays) or too
// many (limits::kActivityRowsMax), as far as it gets in one run. Data: `deleted`.
// Code: `unavailable`.
Task<Reply> PruneActivity(Context context);

}  // namespace tidemark
