// What a sharded document's manifest does: it knows the shards, and changes and reads the whole.

#include <algorithm>
#include <utility>

#include "accounts/sql.h"
#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/change.h"
#include "documents/change_log.h"
#include "documents/changes.h"
#include "documents/commit.h"
#include "documents/distribute.h"
#include "documents/flush_document.h"
#include "documents/operations.h"
#include "documents/replace.h"
#include "documents/shard_of.h"
#include "documents/sql_restore.h"
#include "documents/sql_shards.h"
#include "documents/sql_stage.h"
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

// All that a shard holds of a collection, or its values, staged here: shard by shard, by the number
// of each. False: it cannot be reached.
Task<bool> PullRows(std::string app, std::string shard, Params params, int64_t number) {
  const std::string collection = DataOf(params, "collection");
  int64_t after = 0;
  for (bool more = true; more;) {
    params["after"] = std::to_string(after);
    auto answer = co_await Call(ShardObjectName(app, shard), "read_shard_rows", params);
    const auto* reply = std::get_if<CallReply>(&answer);
    if (reply == nullptr || reply->status >= 300) co_return false;
    if (DataOf(reply->data, "rows") == "0") co_return true;
    if (collection.empty()) {
      co_await Query(sql::kStageValues, {kStage, reply->body});
    } else {
      co_await Query(sql::kStageRows, {kStage, collection, reply->body, number});
    }
    after = NumberOf(reply->data, "last");
    more = DataOf(reply->data, "more") == "1";
  }
  co_return true;
}

Task<bool> StageShards(std::string app, Sharding sharding, Change change) {
  Params params{{"change", std::to_string(change.turn)}};
  const ResultSet members = co_await Query(sql::kListMembers);
  for (const std::vector<Cell>& row : members.rows) {
    const std::string collection = *std::get_if<std::string>(&row[0]);
    co_await Query(sql::kStageCollection, {kStage, collection, *std::get_if<int64_t>(&row[1])});
    params["collection"] = collection;
    for (size_t i = 0; i < change.shards.size(); ++i) {
      const std::string& shard = change.shards[i];
      const bool other =
          sharding.by == ShardBy::kCollection && shard != CollectionShard(collection);
      if (shard == kRootShard || other) continue;
      if (!co_await PullRows(app, shard, params, static_cast<int64_t>(i))) {
        co_return false;
      }
    }
  }
  params.erase("collection");
  const auto& shards = change.shards;
  if (std::find(shards.begin(), shards.end(), kRootShard) == shards.end()) co_return true;
  co_return co_await PullRows(app, std::string(kRootShard), params, 0);
}

}  // namespace

// A shard that comes to be, or gets a collection that it did not have. Data: what join_shard takes;
// `absent`, where it is asked by `if_listed` and there is no such shard.
Task<Reply> RegisterShard(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  if (auto busy = NotNow(request, document)) co_return std::move(*busy);
  const std::string shard = request.Param("shard");
  const std::vector<std::string> shards = co_await ListShards();
  const bool listed = std::find(shards.begin(), shards.end(), shard) != shards.end();
  Reply reply;
  reply.data["epoch"] = document.tag.epoch;
  reply.data["turn"] = std::to_string(co_await LastTurn());
  reply.data["clock"] = std::to_string(std::max(document.clock, document.tag.version));
  if (!listed && request.params.contains("if_listed")) {
    reply.data["absent"] = "1";
    co_return reply;
  }
  if (!listed && shards.size() >= static_cast<size_t>(limits::kShardsMax)) {
    co_return Reply::Error(
        Status::Error(409, "too_many_shards",
                      "A document has at most " + std::to_string(limits::kShardsMax) + " shards"));
  }
  const Result<nlohmann::json> names = ParseTree(request.Param("members"), 1);
  if (!names.ok()) co_return Reply::Error(names.status());
  const ResultSet rows = co_await Query(sql::kListMembers);
  std::vector<std::pair<std::string, int64_t>> places;
  for (const nlohmann::json& element : *names) {
    const auto* name = element.get_ptr<const std::string*>();
    if (name == nullptr) continue;
    const auto known = std::find_if(rows.rows.begin(), rows.rows.end(), [&](const auto& row) {
      return *std::get_if<std::string>(&row[0]) == *name;
    });
    if (known == rows.rows.end()) co_return Busy("collection");
    places.emplace_back(*name, *std::get_if<int64_t>(&(*known)[1]));
  }
  if (!listed) co_await Query(sql::kAddShard, {shard});
  reply.data["members"] = PlacesJson(places);
  co_return reply;
}

// Collections that come to be, behind all members that there are. In turn with patches of values:
// none of these may have the name.
Task<Reply> AddCollections(Context context) {
  Request request = context.request;
  const std::string app = ObjectNameOf(request.space).app;
  if (!co_await Settle(context)) co_return Busy("settle");
  const Document before = co_await ReadDocument();
  if (auto busy = NotNow(request, before)) co_return std::move(*busy);
  const std::string members = request.Param("members");
  const Result<nlohmann::json> names = ParseTree(members, 1);
  if (!names.ok() || !names->is_array()) co_return Reply::Error(Status::NotFound("No names"));
  const auto values = AllOf(
      co_await CallShards(app, {std::string(kRootShard)}, "shard_state", {{"names", members}}));
  if (!values) co_return Busy("settle");
  const Params& state = values->front().data;
  int64_t last = NumberOf(state, "last");
  if (NumberOf(state, "named") > 0) {
    co_return Reply::Error(Status::Error(409, "not_a_collection",
                                         "A member of that name is there and is no collection; "
                                         "change it by another patch"));
  }
  // Registrations go on meanwhile, but none of a collection.
  const Document document = co_await ReadDocument();
  const ResultSet rows = co_await Query(sql::kListMembers);
  ChangeLog log(request, document, "patch");
  for (const std::vector<Cell>& row : rows.rows) {
    last = std::max(last, *std::get_if<int64_t>(&row[1]));
  }
  if (rows.rows.size() + names->size() > static_cast<size_t>(limits::kMembersMax)) {
    co_return Reply::Error(Status::TooLarge(
        "too_many_members",
        "A document has at most " + std::to_string(limits::kMembersMax) + " members"));
  }
  for (const nlohmann::json& element : *names) {
    const auto* name = element.get_ptr<const std::string*>();
    if (name == nullptr) continue;
    const bool known = std::any_of(rows.rows.begin(), rows.rows.end(), [&](const auto& row) {
      return *std::get_if<std::string>(&row[0]) == *name;
    });
    if (known) continue;
    const Status set =
        log.Set({.key = *name, .place = last += limits::kPlaceStep, .collection = true}, {});
    if (!set.ok()) co_return Reply::Error(set);
  }
  request.params["silent"] = "1";
  co_await log.Finish(std::move(request));
  Reply reply;
  if (!document.exists()) reply.data["created"] = "1";
  co_return reply;
}

// Where records lie, that go by a day which they name. The body: [[collection, id, shard, 1 |
// 0]...] (kClaimPlaced). Data: `shards`, in order, and `turn`.
Task<Reply> PlaceRecords(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  if (auto busy = NotNow(request, document)) co_return std::move(*busy);
  const BodyRange names{0, request.body_size};
  const ResultSets placed =
      co_await Batch({{sql::kClaimPlaced.text, {names}}, {sql::kReadPlaced.text, {names}}});
  std::vector<std::string> shards;
  for (const std::vector<Cell>& row : placed.back().rows) {
    shards.push_back(*std::get_if<std::string>(&row[0]));
  }
  // All of them in one shard is what goes on; who named several is told no more than that.
  std::sort(shards.begin(), shards.end());
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  shards.resize(std::min<size_t>(shards.size(), 2));
  Reply reply;
  reply.data["shards"] = StringsJson(shards);
  reply.data["turn"] = std::to_string(co_await LastTurn());
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
  const std::optional<Document> document = co_await ReadyDocument(context);
  if (!document) co_return Busy("settle");
  BodySource source(request.body_size);
  if (Status status = co_await StageDocument(&source, Stage::kManifest); !status.ok()) {
    co_return Reply::Error(status);
  }
  co_return co_await Distribute(
      std::move(context),
      {.sharding = ParseLayout(document->layout), .stage = Stage::kManifest, .op = "put"});
}

// A patch in a shard that may clear it, or of values: in turn with every other that may, so that no
// two together clear the document, or give a value a collection's name.
Task<Reply> PatchThrough(Context context) {
  Request& request = context.request;
  const std::string app = ObjectNameOf(request.space).app;
  const std::string shard = request.Param("through");
  if (!co_await Settle(context)) co_return Busy("settle");
  if (auto busy = NotNow(request, co_await ReadDocument())) co_return std::move(*busy);
  std::vector<std::string> others = co_await ListShards();
  std::erase(others, shard);
  int64_t left = 0;
  for (const ShardReply& reply : co_await CallShards(app, others, "shard_state", {})) {
    if (reply) left += NumberOf(reply->data, "records");
  }
  Params params = request.params;
  params["others"] = std::to_string(left);
  const ResultSet members = co_await Query(sql::kListMembers);
  if (shard == kRootShard && !members.rows.empty()) params["members"] = "1";
  std::vector<std::string> names;
  for (const std::vector<Cell>& row : members.rows) {
    if (shard == kRootShard) names.push_back(*std::get_if<std::string>(&row[0]));
  }
  params["taken"] = StringsJson(names);
  std::string body = co_await BodySlice(0, request.body_size);
  auto answer = co_await Call(ShardObjectName(app, shard), "patch_document", std::move(params),
                              {std::move(body)});
  co_return ReplyOf(std::move(answer));
}

// In one step, from what was staged of all shards: the document is back in its manifest.
Task<Reply> GatherDocument(Context context) {
  Request& request = context.request;
  const Document before = co_await ReadDocument();
  Change change = co_await ReadChange();
  if (change.committed || before.lock != request.Param("change")) co_return Busy("settle");
  change.committed = true;
  change.version = NumberOf(request.params, "version");
  request.identity.user_id = change.user;
  request.params["silent"] = "1";
  request.params["allow_empty"] = request.params["allow_large"] = "true";
  co_await Batch({{sql::kRenumberStaged.text, {kStage, limits::kPlaceStep}},
                  {sql::kRenumberStagedMembers.text, {kStage, limits::kPlaceStep}}});
  const Result<Document> after =
      co_await ReplaceByStage(context, before, Stage::kManifest, change.version, change.op);
  if (!after.ok()) co_return Reply::Error(after.status());
  // They may have something of before to send on yet.
  const std::string dropped = StringsJson(co_await ListFlushed());
  // An entry of its own, of the next version.
  const Entry entry{
      .seq = ++change.version, .at = request.now_ms, .user = change.user, .op = change.op};
  co_await Write({{sql::kWriteText.text, {"change", ChangeText(change)}},
                  {sql::kDeleteMeta.text, {"layout"}},
                  {sql::kWriteText.text, {"dropped", dropped}},
                  {sql::kReplaceShards.text, {"[]"}},
                  {sql::kClearPlaced.text, {}},
                  {sql::kRaiseHorizon.text, {change.version}},
                  AppendEntry(entry, *after, EntryHead(entry).append(R"({"op":"gather"}]})"), {})},
                 request.now_ms + limits::kFlushDelayMs);
  co_return Reply();
}

// A sharded document, back in its manifest.
Task<Reply> Gather(Context context, Document document) {
  const Request& request = context.request;
  const std::string app = ObjectNameOf(request.space).app;
  Change change{.turn = co_await NextTurn(request.now_ms),
                .user = request.identity.user_id,
                .op = "relayout",
                .shards = co_await ListShards()};
  change.dropped = change.shards;
  std::vector<Statement> begin = BeginChange(change);
  begin.push_back({sql::kClearStaged.text, {kStage}});
  begin.push_back({sql::kClearStagedMembers.text, {kStage}});
  co_await Write(std::move(begin), request.now_ms + limits::kSettleMs);
  const std::string turn = std::to_string(change.turn);
  const std::vector<ShardReply> locked =
      co_await CallShards(app, change.shards, "lock_shard", {{"change", turn}});
  document = co_await ReadDocument();
  for (const ShardReply& shard : locked) {
    if (!shard) continue;
    document.clock = std::max(
        {document.clock, NumberOf(shard->data, "version"), NumberOf(shard->data, "clock")});
  }
  if (AllOk(locked) && co_await StageShards(app, ParseLayout(document.layout), change)) {
    const std::string version = std::to_string(document.NextVersion(request.now_ms));
    co_await Call(request.space, "gather_document", {{"change", turn}, {"version", version}});
  }
  // Whether it has happened, the manifest's own note says.
  const bool gathered = (co_await ReadChange()).committed;
  const bool settled = co_await Settle(context);
  if (!gathered) co_await ClearStage(Stage::kManifest);
  if (!gathered || !settled) co_return Busy("settle");
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

Task<std::optional<Document>> ReadyDocument(Context context) {
  for (int i = 0; i < 3; ++i) {
    if (!co_await Settle(context)) break;
    const Document document = co_await ReadDocument();
    if (document.layout == context.request.Param("layout")) co_return document;
    if (!document.exists()) {
      co_await Query(sql::kWriteText, {"layout", context.request.Param("layout")});
    } else if ((co_await RelayoutDocument(context)).status >= 300) {
      break;
    }
  }
  co_return std::nullopt;
}

}  // namespace tidemark
