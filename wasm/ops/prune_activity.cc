// Forgets entries of the activity, the oldest first, a few thousand a batch.

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/uuid.h"
#include "engine/await.h"
#include "ops/activity.h"
#include "ops/sql_activity.h"

namespace tidemark {

Task<Reply> PruneActivity(Context context) {
  const std::string shard(kActivityShard);
  const int64_t oldest_ms = context.request.now_ms - limits::kActivityDays * limits::kDayMs;
  // What is before the first id of that millisecond is too old.
  std::string before = UuidV7(std::max<int64_t>(oldest_ms, 0), std::array<uint8_t, 10>{});
  const auto found = co_await D1(
      shard, {Statement{sql::kFindActivity.text, {sql::kAfterAll, limits::kActivityRowsMax - 1}}});
  const auto* last = std::get_if<ResultSets>(&found);
  if (last == nullptr) co_return ActivityUnavailable();
  before = std::max(before, last->front().Text(0));

  int64_t deleted = 0;
  for (int batch = 0; batch < limits::kActivityPruneBatches; ++batch) {
    const auto pruned = co_await D1(
        shard, {Statement{sql::kPruneActivity.text, {before, limits::kActivityPruneRows}}});
    const auto* sets = std::get_if<ResultSets>(&pruned);
    if (sets == nullptr) co_return ActivityUnavailable();
    deleted += sets->front().rows_written;
    if (sets->front().rows_written < limits::kActivityPruneRows) break;
  }
  Reply reply;
  reply.data["deleted"] = std::to_string(deleted);
  co_return reply;
}

}  // namespace tidemark
