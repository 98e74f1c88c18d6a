// What a manifest asks of its shards. All are local.

#include <utility>

#include "accounts/sql.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/changes.h"
#include "documents/commit.h"
#include "documents/operations.h"
#include "documents/replace.h"
#include "documents/sql_read.h"
#include "documents/sql_shards.h"
#include "documents/sql_stage.h"
#include "documents/sql_tables.h"
#include "engine/await.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

constexpr auto kStage = static_cast<int64_t>(Stage::kManifest);
constexpr Keep kPage{limits::kJournalPartUnits, limits::kPageRowsMax};

Statement SetText(const char* key, std::string value) {
  return {sql::kWriteText.text, {key, std::move(value)}};
}

// A reply of kept rows: the text, the last place, and whether there are more.
Reply PageReply(const ResultSet& page) {
  Reply reply;
  if (!page.kept.empty()) reply.body.emplace_back(page.kept.front().handle);
  reply.data["rows"] = std::to_string(page.KeptRows());
  reply.data["last"] = std::to_string(page.last);
  reply.data["more"] = page.more ? "1" : "0";
  return reply;
}

void AddState(const Document& document, Reply* reply) {
  reply->data["version"] = std::to_string(document.tag.version);
  reply->data["clock"] = std::to_string(document.clock);
  reply->data["records"] = std::to_string(document.records);
  reply->data["bytes"] = std::to_string(document.bytes);
}

}  // namespace

Task<Reply> JoinShard(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  if (!document.lock.empty()) co_return Busy("settle");
  std::vector<Statement> statements{SetText("epoch", request.Param("epoch")),
                                    SetText("layout", request.Param("layout")),
                                    {sql::kJoinMembers.text, {request.Param("members")}}};
  co_await Batch(std::move(statements));
  co_return Reply();
}

Task<Reply> LockShard(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  const std::string change = request.Param("change");
  if (!document.lock.empty() && document.lock != change) co_return Busy("settle");
  co_await Batch({SetText("lock", change),
                  {sql::kClearStaged.text, {kStage}},
                  {sql::kClearStagedMembers.text, {kStage}}});
  Reply reply;
  AddState(document, &reply);
  co_return reply;
}

Task<Reply> StageShard(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  if (document.lock != request.Param("change")) co_return Busy("settle");
  const BodyRange body{0, request.body_size};
  const std::string collection = request.Param("collection");
  const int64_t place = NumberOf(request.params, "place");
  if (place == 0) {
    co_await Query(sql::kStageValues, {kStage, body});
  } else if (request.body_size == 0) {
    co_await Query(sql::kStageCollection, {kStage, collection, place});
  } else {
    co_await Query(sql::kStageRows, {kStage, collection, body});
  }
  co_return Reply();
}

// The change has happened, or has not: its rows take their place, or go. A shard that is dropped
// forgets all it had; that is no change of the document, and no entry says so.
Task<Reply> FinishShard(Context context) {
  Request& request = context.request;
  Document before = co_await ReadDocument();
  if (before.lock != request.Param("change")) co_return Reply();  // it has finished already
  const int64_t version = NumberOf(request.params, "version");
  const bool commit = request.Param("commit") == "1";
  const bool drop = commit && request.Param("drop") == "1";
  if (commit && !drop) {
    request.identity.user_id = request.Param("user");
    request.params["silent"] = "1";  // the manifest has the activity
    request.params["allow_empty"] = request.params["allow_large"] = "true";
    const Result<Document> after =
        co_await ReplaceByStage(context, before, Stage::kManifest, version, request.Param("op"));
    if (!after.ok()) co_return Reply::Error(after.status());
  }
  if (drop) {
    before.records = before.bytes = 0;
    const Entry entry{.seq = version, .at = request.now_ms, .op = request.Param("op")};
    co_await Write({{sql::kClearRecords.text, {}},
                    {sql::kClearMembers.text, {}},
                    {sql::kDeleteMeta.text, {"layout"}},
                    AppendEntry(entry, before, EntryText(entry, {}, {}), {})},
                   request.now_ms + limits::kFlushDelayMs);
  }
  co_await ClearStage(Stage::kManifest);
  co_await Query(sql::kDeleteMeta, {"lock"});
  co_return Reply();
}

// The moment of a copy: until it is thawed, what later writes replace is kept aside.
Task<Reply> FreezeShard(Context context) {
  const Document document = co_await ReadDocument();
  if (!document.lock.empty()) co_return Busy("settle");
  const ResultSets frozen = co_await Batch({{sql::kClearFrozen.text, {}},
                                            {sql::kClearFrozenMembers.text, {}},
                                            {sql::kFreeze.text, {}},
                                            {sql::kMeasureMembers.text, {}}});
  Reply reply;
  AddState(document, &reply);
  reply.data["collections"] = frozen[3].Text(0);
  reply.data["values"] = std::to_string(frozen[3].Integer(1, 0));
  co_return reply;
}

Task<Reply> ThawShard(Context /*context*/) {
  co_await Batch(
      {{sql::kThaw.text, {}}, {sql::kClearFrozen.text, {}}, {sql::kClearFrozenMembers.text, {}}});
  co_return Reply();
}

// No version up to `clock` is given from now on.
Task<Reply> AdvanceShard(Context context) {
  const Document document = co_await ReadDocument();
  const int64_t clock = NumberOf(context.request.params, "clock");
  if (clock > document.clock) co_await Query(sql::kWriteMeta, {"clock", clock});
  Reply reply;
  AddState(document, &reply);
  co_return reply;
}

Task<Reply> ReadShardPage(Context context) {
  const Params& params = context.request.params;
  const int64_t version = NumberOf(params, "version");
  const int64_t after = NumberOf(params, "after");
  const std::string collection = context.request.Param("collection");
  if (params.contains("before")) {
    co_return PageReply(
        co_await Query(sql::kReadValues, {version, after, NumberOf(params, "before")}, kPage));
  }
  co_return PageReply(co_await Query(sql::kReadRecordPage, {version, after, collection}, kPage));
}

Task<Reply> ReadShardRows(Context context) {
  const Params& params = context.request.params;
  const int64_t after = NumberOf(params, "after");
  if (!params.contains("collection")) {
    co_return PageReply(co_await Query(sql::kReadOwnValues, {after}, kPage));
  }
  co_return PageReply(
      co_await Query(sql::kReadOwnRows, {after, context.request.Param("collection")}, kPage));
}

}  // namespace tidemark
