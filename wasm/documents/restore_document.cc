// A document is had back: what it was at a moment, or what a snapshot holds, is staged step by
// step; replace_document puts it in place at once. Who dies between has changed nothing.

#include <utility>

#include "documents/app.h"
#include "documents/moment.h"
#include "documents/operations.h"
#include "documents/progress.h"
#include "documents/replace.h"
#include "documents/replay.h"
#include "engine/await.h"

namespace tidemark {
namespace {

Task<Status> StageDay(std::string app, std::string day) {
  if (!DayStart(day)) {
    co_return Status::Invalid("invalid_parameter", "A snapshot's day is written YYYY-MM-DD");
  }
  const Result<Snapshot> snapshot = co_await ReadSnapshot(app, std::move(day));
  if (!snapshot.ok()) co_return snapshot.status();
  if (snapshot->name.empty()) co_return Status::NotFound("There is no snapshot of that day");
  if (!co_await IsWhole(app, *snapshot)) co_return BackupDamaged(CopyKey(app, snapshot->name));
  co_return co_await StageSnapshot(std::move(app), *snapshot, Stage::kBackup);
}

Task<Status> StageAt(Request request, std::string app) {
  const std::optional<int64_t> at = ParseMoment(request.Param("at"));
  if (!at) {
    co_return Status::Invalid("invalid_parameter",
                              "at must be a time in ms, one such as 2026-11-21T08:30:00Z, or a "
                              "document's version");
  }
  co_return co_await StageMoment(std::move(app), request.space, *at, Stage::kBackup);
}

}  // namespace

Task<Reply> RestoreDocument(Context context) {
  const Request& request = context.request;
  const std::optional<ObjectName> object = ParseObjectName(request.space);
  if (!object || object->shard) {
    co_return Reply::Error(Status::NotFound("This object is no document's"));
  }
  const Document document = co_await ReadDocument();
  if (IsSharded(request, document)) co_return Reply::Error(Sharded());
  Progress progress = co_await ReadProgress();
  if (!co_await FlushJournal(request, &progress)) co_return Reply::Error(StoreUnavailable());
  const std::string day = request.Param("day");
  const Status staged =
      day.empty() ? co_await StageAt(request, object->app) : co_await StageDay(object->app, day);
  if (!staged.ok()) {
    co_await ClearStage(Stage::kBackup);
    co_return Reply::Error(staged);
  }
  Reply reply;
  reply.data["then"] = "replace_document";
  co_return reply;
}

}  // namespace tidemark
