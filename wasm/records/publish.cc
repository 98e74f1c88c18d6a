#include "records/publish.h"

#include <algorithm>
#include <vector>

#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "records/answer.h"
#include "records/statements.h"

namespace tidemark {
namespace {

constexpr int64_t kEnvelopeUnits = 400;  // of a row, beside its data and its id

std::string CursorAt(const Space& space, int64_t seq) {
  return FormatCursor({.epoch = space.epoch, .seq = seq});
}

}  // namespace

Task<bool> PublishChanges(Context context, Published published) {
  const Result<int64_t> sockets =
      IntegerParam(context.request, "sockets", 0, limits::kSocketsMax, 0);
  if (!sockets.ok() || *sockets == 0 || published.to <= published.from) co_return false;
  const int64_t units_max = std::min(limits::kFrameUnitsMax, limits::kFanOutBytesMax / *sockets);
  const int64_t from = published.from;
  const int64_t to = published.to;
  const ResultSet size =
      co_await Query(sql::kMeasureChanges, {from, to, limits::kPublishRowsMax + 1});
  const int64_t rows = size.Integer(0, 0);
  bool fits =
      rows <= limits::kPublishRowsMax && size.Integer(1, 0) + rows * kEnvelopeUnits <= units_max;

  ResultSet changes;
  ResultSet deletions;
  if (fits) {
    const Keep keep{limits::kFrameUnitsMax * 3, limits::kPublishRowsMax};
    changes = co_await Query(published.space.has_copies ? sql::kPullWithCopies : sql::kPull,
                             {from, to, limits::kPublishRowsMax}, keep);
    deletions = co_await Query(sql::kPullDeletedIds, {from, to}, keep);
    fits = !changes.more && !deletions.more;
  }
  // A frame without the rows leads nowhere: whoever gets it pulls.
  std::string opening = R"({"type":"changes","since":")" + CursorAt(published.space, from) +
                        R"(","cursor":")" + CursorAt(published.space, fits ? to : from) + '"';
  Answer answer(*context.schema, std::move(opening));
  if (fits) {
    answer.Add(changes);
    answer.Add(deletions);
  }
  answer.Collections();
  answer.Text(fits ? ",\"has_more\":false" : ",\"has_more\":true");
  answer.Text(",\"rejected\":[],\"conflicts\":[],\"server_time\":" +
              std::to_string(context.request.now_ms));
  co_await Publish(std::move(published.except_device), answer.Finish());
  co_return true;
}

}  // namespace tidemark
