// What a sharded document's manifest does: it knows the shards, and changes and reads the whole.

#include <algorithm>
#include <utility>

#include "accounts/sql.h"
#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/change.h"
#include "documents/change_log.h"
#include "documents/commit.h"
#include "documents/distribute.h"
#include "documents/operations.h"
#include "documents/replace.h"
#include "documents/shard_of.h"
#include "documents/sql_shards.h"
#include "documents/sql_tables.h"
#include "documents/sql_tree.h"
#include "engine/await.h"
#include "engine/params.h"

namespace tidemark {
namespace {

constexpr auto kStage = static_cast<int64_t>(Stage::kManifest);

// [[key, place]...] of the collections named, all of which are there.
std::string PlacesJson(const std::vector<std::pair<std::string, int64_t>>& places) {
  std::string text;
  json::Writer out(&text);
  out.Char('[');
  for (const auto& [key, place] : places) {
    out.Comma();
    out.Char('[');
    out.Quoted(key);
    out.Char(',');
    out.Integer(place);
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

// All that the shards hold, staged here. False: one cannot be reached, or has another layout.
Task<bool> PullRows(std::string app, std::string shard, std::string collection) {
  int64_t after = 0;
  for (bool more = true; more;) {
    Params params{{"after", std::to_string(after)}};
    if (!collection.empty()) params["collection"] = collection;
    auto answer = co_await Call(ShardObjectName(app, shard), "read_shard_rows", std::move(params));
    const auto* reply = std::get_if<CallReply>(&answer);
    if (reply == nullptr || reply->status >= 300) co_return false;
    if (DataOf(reply->data, "rows") == "0") co_return true;
    if (collection.empty()) co_await Query(sql::kStageValues, {kStage, reply->body});
    if (!collection.empty()) co_await Query(sql::kStageRows, {kStage, collection, reply->body});
    after = NumberOf(reply->data, "last");
    more = DataOf(reply->data, "more") == "1";
  }
  co_return true;
}

Task<bool> StageShards(std::string app, Sharding sharding, std::vector<std::string> shards) {
  const ResultSet members = co_await Query(sql::kListMembers);
  for (const std::vector<Cell>& row : members.rows) {
    const std::string collection = *std::get_if<std::string>(&row[0]);
    co_await Query(sql::kStageCollection, {kStage, collection, *std::get_if<int64_t>(&row[1])});
    for (const std::string& shard : shards) {
      const bool other =
          sharding.by == ShardBy::kCollection && shard != CollectionShard(collection);
      if (shard == kRootShard || other) continue;
      if (!co_await PullRows(app, shard, collection)) co_return false;
    }
  }
  co_return co_await PullRows(app, std::string(kRootShard), {});
}

}  // namespace

// A shard that comes to be, or gets a collection that it did not have.
Task<Reply> RegisterShard(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  if (auto busy = NotNow(request, document)) co_return std::move(*busy);
  const std::vector<std::string> shards = co_await ListShards();
  if (shards.size() >= static_cast<size_t>(limits::kShardsMax)) {
    co_return Reply::Error(
        Status::Error(409, "too_many_shards",
                      "A document has at most " + std::to_string(limits::kShardsMax) + " shards"));
  }
  const Result<nlohmann::json> names = ParseTree(request.Param("members"), 1);
  if (!names.ok()) co_return Reply::Error(names.status());
  const ResultSet rows = co_await Query(sql::kListMembers);
  std::vector<std::pair<std::string, int64_t>> places;
  ChangeLog log(request, document, "patch");
  int64_t last = 0;
  for (const std::vector<Cell>& row : rows.rows) {
    last = std::max(last, *std::get_if<int64_t>(&row[1]));
  }
  for (const nlohmann::json& element : *names) {
    const auto* name = element.get_ptr<const std::string*>();
    if (name == nullptr) continue;
    const auto known = std::find_if(rows.rows.begin(), rows.rows.end(), [&](const auto& row) {
      return *std::get_if<std::string>(&row[0]) == *name;
    });
    if (known != rows.rows.end()) {
      places.emplace_back(*name, *std::get_if<int64_t>(&(*known)[1]));
      continue;
    }
    places.emplace_back(*name, last += limits::kPlaceStep);
    const Status set = log.Set({.key = *name, .place = last, .collection = true}, {});
    if (!set.ok()) co_return Reply::Error(set);
  }
  co_await Query(sql::kAddShard, {request.Param("shard")});
  Request quiet = request;
  quiet.params["silent"] = "1";
  co_await log.Finish(std::move(quiet));
  Reply reply;
  reply.data["epoch"] = document.tag.epoch;
  reply.data["members"] = PlacesJson(places);
  co_return reply;
}

// Where records lie, that go by a day which they name. `records`: [[collection, id, shard]...]; one
// that lies nowhere yet lies in the shard named. Data: `shards`, in order.
Task<Reply> PlaceRecords(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  if (auto busy = NotNow(request, document)) co_return std::move(*busy);
  const std::string names = request.Param("records");
  const ResultSets placed =
      co_await Batch({{sql::kClaimPlaced.text, {names}}, {sql::kReadPlaced.text, {names}}});
  std::vector<std::string> shards;
  for (const std::vector<Cell>& row : placed.back().rows) {
    shards.push_back(*std::get_if<std::string>(&row[1]));
  }
  Reply reply;
  reply.data["shards"] = StringsJson(shards);
  co_return reply;
}

Task<Reply> SettleDocument(Context context) {
  const bool settled = co_await Settle(context);
  if (!settled) co_return Busy("settle");
  co_return Reply();
}

Task<Reply> PutSharded(Context context) {
  const Request& request = context.request;
  if (!IsJsonType(request.Param("content_type"))) {
    co_return Reply::Error(UnsupportedType("application/json"));
  }
  if (Status status = CheckBody(request); !status.ok()) co_return Reply::Error(status);
  if (!co_await Settle(context)) co_return Busy("settle");
  const Document document = co_await ReadDocument();
  if (auto busy = NotNow(request, document)) co_return std::move(*busy);
  BodySource source(request.body_size);
  if (Status status = co_await StageDocument(&source, Stage::kManifest); !status.ok()) {
    co_return Reply::Error(status);
  }
  co_return co_await Distribute(
      std::move(context),
      {.sharding = ParseLayout(document.layout), .stage = Stage::kManifest, .op = "put"});
}

// Operations in a shard that may clear it: in turn with every other that may, so that no two
// together clear the document. Where another shard has records, this one may be left without.
Task<Reply> PatchThrough(Context context) {
  Request& request = context.request;
  const std::string app = ParseObjectName(request.space)->app;
  const std::string shard = request.Param("through");
  if (!co_await Settle(context)) co_return Busy("settle");
  std::vector<std::string> others = co_await ListShards();
  std::erase(others, shard);
  bool left = false;
  for (const ShardReply& reply : co_await CallShards(app, others, "advance_shard", {})) {
    left |= reply && NumberOf(reply->data, "records") > 0;
  }
  Params params = request.params;
  if (left) params["allow_empty"] = "true";
  std::string body = co_await BodySlice(0, request.body_size);
  auto answer = co_await Call(ShardObjectName(app, shard), "patch_document", std::move(params),
                              {std::move(body)});
  co_return ReplyOf(std::move(answer));
}

// A sharded document, back in its manifest.
Task<Reply> Gather(Context context, Document document) {
  const Request& request = context.request;
  const std::string app = ParseObjectName(request.space)->app;
  Change change{.id = "gather-" + std::to_string(document.NextVersion(request.now_ms)),
                .user = request.identity.user_id,
                .op = "relayout",
                .shards = co_await ListShards()};
  change.dropped = change.shards;
  co_await ClearStage(Stage::kManifest);
  co_await Write({{sql::kWriteText.text, {"change", ChangeText(change)}},
                  {sql::kWriteText.text, {"lock", change.id}}},
                 request.now_ms + limits::kSettleMs);
  const std::vector<ShardReply> locked =
      co_await CallShards(app, change.shards, "lock_shard", {{"change", change.id}});
  for (const ShardReply& shard : locked) {
    if (shard) document.clock = std::max(document.clock, NumberOf(shard->data, "version"));
  }
  const bool staged =
      AllOk(locked) && co_await StageShards(app, ParseLayout(document.layout), change.shards);
  if (staged) {
    change.version = document.NextVersion(request.now_ms);
    // Its steps are no one step; but nobody reads or writes here before the next one.
    const Result<Document> gathered =
        co_await ReplaceByStage(context, document, Stage::kManifest, change.version, change.op);
    if (!gathered.ok()) co_return Reply::Error(gathered.status());
    change.committed = true;
    co_await Batch({{sql::kWriteText.text, {"change", ChangeText(change)}},
                    {sql::kDeleteMeta.text, {"layout"}},
                    {sql::kReplaceShards.text, {"[]"}},
                    {sql::kClearPlaced.text, {}}});
  }
  const bool settled = co_await Settle(context);
  if (!staged || !settled) co_return Busy("settle");
  co_return Reply();
}

// The document, laid over objects in another way. From one way of sharding to another it comes back
// here first: whoever comes next asks for the rest.
Task<Reply> RelayoutDocument(Context context) {
  Request& request = context.request;
  if (!co_await Settle(context)) co_return Busy("settle");
  const Document document = co_await ReadDocument();
  const std::string layout = request.Param("layout");
  if (layout == document.layout) co_return Reply();
  request.params["silent"] = "1";
  request.params["allow_empty"] = request.params["allow_large"] = "true";
  if (!document.exists()) {
    co_await Query(sql::kWriteText, {"layout", layout});
    co_return Reply();
  }
  if (!document.layout.empty()) co_return co_await Gather(std::move(context), document);
  co_return co_await Distribute(std::move(context), {.sharding = ParseLayout(layout),
                                                     .stage = Stage::kManifest,
                                                     .op = "relayout",
                                                     .guarded = false,
                                                     .own = true});
}

}  // namespace tidemark
