// PUT of the whole document: staged, compared with what is there, and written where it differs.

#include <utility>

#include "base/limits.h"
#include "documents/commit.h"
#include "documents/operations.h"
#include "documents/replace.h"
#include "documents/stage.h"
#include "engine/params.h"

namespace tidemark {

Task<Reply> PutDocument(Context context) {
  const Request& request = context.request;
  if (!IsJsonType(request.Param("content_type"))) {
    co_return Reply::Error(UnsupportedType("application/json"));
  }
  if (Status status = CheckBody(request); !status.ok()) co_return Reply::Error(status);
  const Document before = co_await ReadDocument();
  if (!before.layout.empty()) {
    co_return Reply::Error(Status::Error(409, "spans_shards",
                                         "A shard is not put by itself: put the document, or patch "
                                         "the shard"));
  }
  if (auto busy = NotNow(request, before)) co_return std::move(*busy);
  if (auto refusal = Refusal(request, before.etag(), false, true)) co_return std::move(*refusal);
  BodySource source(request.body_size);
  if (Status status = co_await StageDocument(&source, Stage::kRequest); !status.ok()) {
    co_return Reply::Error(status);
  }
  const Result<Document> after = co_await ReplaceByStage(context, before, Stage::kRequest,
                                                         before.NextVersion(request.now_ms), "put");
  if (!after.ok()) co_return Reply::Error(after.status());
  co_return Written(before, *after);
}

}  // namespace tidemark
