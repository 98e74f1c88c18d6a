// What was staged to be restored takes the document's place.

#include "documents/commit.h"
#include "documents/operations.h"
#include "documents/replace.h"

namespace tidemark {

Task<Reply> ReplaceDocument(Context context) {
  const Document before = co_await ReadDocument();
  if (auto busy = NotNow(context.request, before)) co_return std::move(*busy);
  // Whoever restores means it.
  context.request.params["allow_empty"] = "true";
  context.request.params["allow_large"] = "true";
  const int64_t version = before.NextVersion(context.request.now_ms);
  const Result<Document> after =
      co_await ReplaceByStage(context, before, Stage::kBackup, version, "restore");
  if (!after.ok()) co_return Reply::Error(after.status());
  co_return Written(before, *after);
}

}  // namespace tidemark
