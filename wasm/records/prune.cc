#include "records/prune.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/json_scanner.h"
#include "base/limits.h"
#include "engine/await.h"
#include "records/operations.h"
#include "records/push.h"
#include "records/schema.h"
#include "records/statements.h"

namespace tidemark {
namespace {

constexpr int64_t kBatchRows = 1000;
constexpr int kBatchesMax = 20;

struct Tombstone {
  std::string collection;
  std::string id;
  int64_t seq = 0;
};

std::string IdsOf(const std::vector<Tombstone>& tombstones, std::string_view collection) {
  std::string ids = "[";
  for (const Tombstone& tombstone : tombstones) {
    if (tombstone.collection != collection) continue;
    AppendComma(&ids);
    json::AppendQuoted(&ids, tombstone.id);
  }
  return ids + "]";
}

// A deleted parent stays while a living child names it: those that do, as collection and id.
Task<std::set<std::pair<std::string, std::string>>> ReadInUse(const Schema* schema,
                                                              std::vector<Tombstone> tombstones) {
  std::set<std::pair<std::string, std::string>> in_use;
  for (const Collection& child : schema->collections) {
    if (child.parent < 0) continue;
    const std::string parent(schema->collections[static_cast<size_t>(child.parent)].name);
    std::string ids = IdsOf(tombstones, parent);
    if (ids.size() == 2) continue;
    const ResultSet rows =
        co_await Query(sql::kReadParentsInUse, {std::move(ids), std::string(child.name)});
    for (const std::vector<Cell>& row : rows.rows) {
      in_use.emplace(parent, *std::get_if<std::string>(&row[0]));
    }
  }
  co_return in_use;
}

}  // namespace

Task<int64_t> Prune(Context context) {
  const int64_t now_ms = context.request.now_ms;
  const int64_t cutoff = now_ms - limits::kTombstoneDays * limits::kDayMs;
  int64_t pruned = 0;
  int64_t after = 0;
  for (int batch = 0; batch < kBatchesMax; ++batch) {
    const ResultSet oldest = co_await Query(sql::kReadOldTombstones, {after, kBatchRows, cutoff});
    if (oldest.rows.empty()) break;
    std::vector<Tombstone> tombstones;
    tombstones.reserve(oldest.rows.size());
    for (const std::vector<Cell>& row : oldest.rows) {
      tombstones.push_back({*std::get_if<std::string>(&row[0]), *std::get_if<std::string>(&row[1]),
                            *std::get_if<int64_t>(&row[2])});
    }
    const auto in_use = co_await ReadInUse(context.schema, tombstones);
    std::string pairs = "[";
    for (const Tombstone& tombstone : tombstones) {
      if (in_use.contains({tombstone.collection, tombstone.id})) continue;
      AppendComma(&pairs);
      pairs += "[";
      json::AppendQuoted(&pairs, tombstone.collection);
      pairs += ",";
      json::AppendQuoted(&pairs, tombstone.id);
      pairs += "," + std::to_string(tombstone.seq) + "]";
      ++pruned;
    }
    after = tombstones.back().seq;
    // An edit older than the horizon may be of a record that was deleted and is forgotten. A
    // deletion's own stamp is at most this far ahead of the time at which it was written.
    const int64_t horizon_ms = cutoff + limits::kClockAheadMaxMs;
    co_await Batch({{sql::kDeleteTombstones.text, {pairs + "]"}},
                    {sql::kRaisePruned.text, {"pruned_seq", after}},
                    {sql::kRaisePruned.text, {"horizon_ms", horizon_ms}}});
    if (oldest.rows.size() < static_cast<size_t>(kBatchRows)) break;
  }
  co_await Query(sql::kPruneClaims, {cutoff});
  for (int batch = 0; batch < kBatchesMax; ++batch) {
    const ResultSet gone = co_await Query(
        sql::kPruneHistory, {now_ms - limits::kHistoryDays * limits::kDayMs, kBatchRows});
    if (gone.rows_written < kBatchRows) break;
  }
  co_return pruned;
}

}  // namespace tidemark
