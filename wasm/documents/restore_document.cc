// A document is had back: what it was at a moment, or what a snapshot holds, is staged step by
// step. In one object replace_document then puts it in place at once; in shards a change of the
// whole does (change.h). Who dies before has changed nothing.

#include <algorithm>
#include <utility>

#include "documents/app.h"
#include "documents/change.h"
#include "documents/distribute.h"
#include "documents/flush_document.h"
#include "documents/moment.h"
#include "documents/operations.h"
#include "documents/origins.h"
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
  if (!snapshot->sha256.empty()) {
    co_return co_await StageSealed(std::move(app), *snapshot, Stage::kBackup);
  }
  co_return co_await StageSnapshot(std::move(app), *snapshot, Stage::kBackup);
}

Task<Status> StageAt(Request request, std::string app, std::vector<std::string>* shards) {
  const std::optional<int64_t> at = ParseMoment(request.Param("at"));
  if (!at) {
    co_return Status::Invalid("invalid_parameter",
                              "at must be a time in ms, one such as 2026-11-21T08:30:00Z, or a "
                              "document's version");
  }
  const std::optional<int64_t> flushed = co_await FlushDocument(request);
  if (!flushed) co_return StoreUnavailable();
  co_return co_await StageMoment(std::move(app), std::min(*at, *flushed), Stage::kBackup, shards);
}

}  // namespace

Task<Reply> RestoreDocument(Context context) {
  Request& request = context.request;
  const std::optional<ObjectName> object = ParseObjectName(request.space);
  if (!object || object->shard) {
    co_return Reply::Error(Status::NotFound("This object is no document's"));
  }
  const std::optional<Document> document = co_await ReadyDocument(context);
  if (!document) co_return Busy("settle");
  const std::string day = request.Param("day");
  std::vector<std::string> shards;
  const Status staged = day.empty() ? co_await StageAt(request, object->app, &shards)
                                    : co_await StageDay(object->app, day);
  if (!staged.ok()) {
    Origins staging(object->app, Stage::kBackup);
    co_await staging.Clear();
    co_return Reply::Error(staged);
  }
  if (document->layout.empty()) {
    Reply reply;
    reply.data["then"] = "replace_document";
    co_return reply;
  }
  // A manifest that was lost knows no shards, and those that are there yet take part.
  if (document->exists()) shards.clear();
  // Whoever restores means it.
  request.params["allow_empty"] = request.params["allow_large"] = "true";
  Distribution distribution{.sharding = ParseLayout(document->layout),
                            .stage = Stage::kBackup,
                            .op = "restore",
                            .conditional = false,
                            .others = std::move(shards)};
  co_return co_await Distribute(std::move(context), std::move(distribution));
}

}  // namespace tidemark
