// What a manifest asks of its shards. All are local.

#include <algorithm>
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
#include "documents/sql_restore.h"
#include "documents/sql_shards.h"
#include "documents/sql_stage.h"
#include "documents/sql_tables.h"
#include "documents/sql_write.h"
#include "engine/await.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

constexpr auto kStage = static_cast<int64_t>(Stage::kManifest);
constexpr int64_t kValues = 0;  // the kind of members
constexpr std::string_view kSpread = R"({"op":"spread"}]})";
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

// Whether the copy that asks is the one that was begun last.
Task<bool> IsOfCopy(Request request) {
  const ResultSet copy = co_await Query(sql::kReadMeta, {"copy"});
  co_return copy.Integer(0, 0) == NumberOf(request.params, "copy");
}

}  // namespace

// From a manifest that has changed the document since, it comes too late.
Task<Reply> JoinShard(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  const int64_t turn = NumberOf(request.params, "turn");
  if (!document.lock.empty() || co_await LastTurn() > turn) co_return Busy("settle");
  std::vector<Statement> statements{
      SetText("epoch", request.Param("epoch")),
      SetText("layout", request.Param("layout")),
      {sql::kWriteMeta.text, {"turn", turn}},
      {sql::kWriteMeta.text,
       {"clock", std::max(document.clock, NumberOf(request.params, "clock"))}},
      {sql::kJoinMembers.text, {request.Param("members")}}};
  co_await Batch(std::move(statements));
  co_return Reply();
}

Task<Reply> LockShard(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  const std::string change = request.Param("change");
  const bool late = NumberOf(request.params, "change") <= co_await LastTurn();
  if (late || !document.lock.empty()) co_return Busy("settle");
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
    co_await Query(sql::kStageRows, {kStage, collection, body, int64_t{0}});
  }
  co_return Reply();
}

// What the rows that it was given would change.
Task<Reply> WeighShard(Context context) {
  const Document document = co_await ReadDocument();
  if (document.lock != context.request.Param("change")) co_return Busy("settle");
  const ResultSet weighed = co_await Query(sql::kWeighStaged, {kStage});
  Reply reply;
  reply.data["deleted"] = std::to_string(weighed.Integer(0, 0));
  reply.data["changed"] =
      std::to_string(weighed.Integer(0, 0) + weighed.Integer(1, 0) + weighed.Integer(2, 0));
  reply.data["members"] = std::to_string(weighed.Integer(3, 0));
  co_return reply;
}

// The change has happened, or has not: its rows take their place, or go. A shard that is dropped
// forgets all it had; that is no change of the document.
Task<Reply> FinishShard(Context context) {
  Request& request = context.request;
  Document before = co_await ReadDocument();
  const int64_t turn = NumberOf(request.params, "change");
  std::vector<Statement> ended{{sql::kWriteMeta.text, {"turn", turn}}};
  if (before.lock != request.Param("change")) {  // it has finished, or was never asked
    if (turn > co_await LastTurn()) co_await Batch(std::move(ended));
    co_return Reply();
  }
  const int64_t version = NumberOf(request.params, "version");
  const bool commit = request.Param("commit") == "1";
  const bool drop = commit && request.Param("drop") == "1";
  if (commit && !drop) {
    request.identity.user_id = request.Param("user");
    request.params["silent"] = "1";  // the manifest has the activity
    request.params["allow_empty"] = request.params["allow_large"] = "true";
    // Rows of several objects and of parts of one come with places of those.
    co_await Query(sql::kRenumberStaged, {kStage, limits::kPlaceStep});
    const Result<Document> after =
        co_await ReplaceByStage(context, before, Stage::kManifest, version, request.Param("op"));
    if (!after.ok()) co_return Reply::Error(after.status());
    // The rows of a life of the document that is over count in the next one by an entry of it.
    if (after->tag.version != version && before.tag.epoch != request.Param("epoch")) {
      const Entry entry{.seq = version,
                        .at = request.now_ms,
                        .user = request.identity.user_id,
                        .op = request.Param("op")};
      co_await Write({AppendEntry(entry, before, EntryText(entry, {}, {}), {})},
                     request.now_ms + limits::kFlushDelayMs);
    }
    ended.push_back(SetText("epoch", request.Param("epoch")));
    ended.push_back(SetText("layout", request.Param("layout")));
  }
  if (drop) {
    before.records = before.bytes = 0;
    const Entry entry{.seq = version, .at = request.now_ms, .op = request.Param("op")};
    co_await Write({{sql::kClearRecords.text, {}},
                    {sql::kClearMembers.text, {}},
                    {sql::kClearFrozen.text, {}},
                    {sql::kClearFrozenMembers.text, {}},
                    {sql::kThaw.text, {}},
                    {sql::kDeleteMeta.text, {"layout"}},
                    AppendEntry(entry, before, EntryHead(entry).append(kSpread), {})},
                   request.now_ms + limits::kFlushDelayMs);
  }
  // Deletions do not go along from one object to another: their versions are forgotten.
  if (commit && request.Param("op") == "relayout") {
    ended.push_back({sql::kRaiseHorizon.text, {version}});
  }
  ended.push_back({sql::kClearStaged.text, {kStage}});
  ended.push_back({sql::kClearStagedMembers.text, {kStage}});
  ended.push_back({sql::kDeleteMeta.text, {"lock"}});
  co_await Batch(std::move(ended));
  co_return Reply();
}

// The moment of the copy `copy`, a version: until it is thawed, what later writes replace is kept
// aside. Those take versions above that.
Task<Reply> FreezeShard(Context context) {
  const Document document = co_await ReadDocument();
  const int64_t copy = NumberOf(context.request.params, "copy");
  if (!document.lock.empty() || copy <= document.clock) co_return Busy("settle");
  const ResultSets frozen = co_await Batch({{sql::kClearFrozen.text, {}},
                                            {sql::kClearFrozenMembers.text, {}},
                                            {sql::kFreeze.text, {}},
                                            {sql::kMeasureMembers.text, {}},
                                            {sql::kWriteMeta.text, {"clock", copy}},
                                            {sql::kWriteMeta.text, {"copy", copy}}});
  Reply reply;
  AddState(document, &reply);
  if (context.request.params.contains("seal")) {
    const ResultSet places =
        co_await Query(sql::kMeasurePlaces, {frozen[2].Integer(0, 0), kValues});
    reply.data["places"] = std::to_string(places.Integer(0, 0));
  }
  reply.data["collections"] = frozen[3].Text(0);
  reply.data["values"] = std::to_string(frozen[3].Integer(1, 0));
  co_return reply;
}

Task<Reply> ThawShard(Context context) {
  if (!co_await IsOfCopy(context.request)) co_return Reply();
  co_await Batch(
      {{sql::kThaw.text, {}}, {sql::kClearFrozen.text, {}}, {sql::kClearFrozenMembers.text, {}}});
  co_return Reply();
}

// How the shard stands. `names`: collections of which it says whether it has a member of the name.
Task<Reply> ShardState(Context context) {
  const Document document = co_await ReadDocument();
  Reply reply;
  AddState(document, &reply);
  if (context.request.params.contains("names")) {
    const ResultSets members =
        co_await Batch({{sql::kReadCollections.text, {context.request.Param("names")}},
                        {sql::kReadLastMember.text, {}}});
    reply.data["named"] = std::to_string(members[0].rows.size());
    reply.data["last"] = std::to_string(members[1].Integer(0, 0));
  }
  co_return reply;
}

Task<Reply> ReadShardPage(Context context) {
  const Params& params = context.request.params;
  if (!co_await IsOfCopy(context.request)) co_return Busy("settle");
  // Its own version of that moment: all that it wrote up to the copy's.
  const int64_t version = (co_await ReadDocument()).frozen;
  const int64_t after = NumberOf(params, "after");
  const std::string collection = context.request.Param("collection");
  if (params.contains("places")) {
    const bool values = params.contains("before");
    const Sql& places = values ? sql::kReadMemberPlaces : sql::kReadRecordPlaces;
    co_return PageReply(co_await Query(
        places, {version, after, values ? Param(kValues) : Param(collection)}, kPage));
  }
  if (params.contains("before")) {
    co_return PageReply(
        co_await Query(sql::kReadValues, {version, after, NumberOf(params, "before")}, kPage));
  }
  co_return PageReply(co_await Query(sql::kReadRecordPage, {version, after, collection}, kPage));
}

Task<Reply> ReadShardRows(Context context) {
  const Params& params = context.request.params;
  const Document document = co_await ReadDocument();
  if (document.lock != context.request.Param("change")) co_return Busy("settle");
  const int64_t after = NumberOf(params, "after");
  if (!params.contains("collection")) {
    co_return PageReply(co_await Query(sql::kReadOwnValues, {after}, kPage));
  }
  co_return PageReply(
      co_await Query(sql::kReadOwnRows, {after, context.request.Param("collection")}, kPage));
}

}  // namespace tidemark
