#include "documents/distribute.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "accounts/sql.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/change.h"
#include "documents/changes.h"
#include "documents/commit.h"
#include "documents/shard_of.h"
#include "documents/sql_shards.h"
#include "documents/sql_stage.h"
#include "documents/sql_tree.h"
#include "engine/await.h"

namespace tidemark {
namespace {

constexpr Keep kPage{limits::kJournalPartUnits, limits::kPageRowsMax};
constexpr int64_t kAssignedTogether = 2'000;
constexpr int64_t kAssignedWithTexts = 8;  // of up to 1 MB each

struct Holding {
  std::string collection;
  int64_t place = 0;
};

class Distributor {
 public:
  Distributor(Context context, Distribution distribution)
      : context_(std::move(context)),
        distribution_(std::move(distribution)),
        stage_(static_cast<int64_t>(distribution_.stage)),
        app_(ObjectNameOf(context_.request.space).app) {}

  Task<Reply> Run();

 private:
  Task<bool> AssignShards();
  Task<bool> AssignCollection(std::string collection);
  Task<Status> PlanShards();
  Task<bool> Lock();
  Task<std::optional<Reply>> Check();
  Task<std::optional<Reply>> Weigh();
  Task<bool> Send();
  Task<bool> SendRows(std::string shard, std::string collection, int64_t place);
  Task<bool> SendValues();
  Task<bool> Give(std::string shard, Params params, std::vector<Part> body);
  Task<bool> Begin();
  Task<bool> Commit();
  Task<Reply> Abort(Reply reply);

  Context context_;
  Distribution distribution_;
  int64_t stage_;
  std::string app_;
  Document before_;       // over all shards
  bool existed_ = false;  // by the manifest's word: shards may outlive it
  Document after_;
  Change change_;
  std::vector<Holding> collections_;
  std::map<std::string, std::vector<Holding>> holdings_;  // by shard
  Extent had_;
  Extent has_;
};

Task<bool> Distributor::AssignCollection(std::string collection) {
  const Sharding& sharding = distribution_.sharding;
  const int64_t together = sharding.field.empty() ? kAssignedTogether : kAssignedWithTexts;
  std::string after;
  for (;;) {
    const ResultSet page =
        co_await Query(sql::kReadStagedPage, {stage_, collection, after, together});
    if (page.rows.empty()) co_return true;
    std::string rows;
    json::Writer out(&rows);
    out.Char('[');
    for (const std::vector<Cell>& row : page.rows) {
      const std::string& id = *std::get_if<std::string>(&row[0]);
      const auto* placed = sharding.field.empty() ? nullptr : std::get_if<std::string>(&row[2]);
      out.Comma();
      out.Char('[');
      out.Quoted(id);
      out.Char(',');
      out.Quoted(placed != nullptr
                     ? *placed
                     : RecordShard(sharding, collection, id, *std::get_if<std::string>(&row[1])));
      out.Char(']');
      after = id;
    }
    out.Char(']');
    co_await Query(sql::kShardStaged, {stage_, collection, std::move(out).Take()});
  }
}

Task<bool> Distributor::AssignShards() {
  const ResultSet collections = co_await Query(sql::kListStagedPlaces, {stage_});
  for (const std::vector<Cell>& row : collections.rows) {
    const std::string collection = *std::get_if<std::string>(&row[0]);
    collections_.push_back({collection, *std::get_if<int64_t>(&row[1])});
    if (distribution_.sharding.by == ShardBy::kCollection) {
      co_await Query(sql::kShardCollection, {stage_, collection, CollectionShard(collection)});
    } else {
      co_await AssignCollection(collection);
    }
  }
  co_return true;
}

// The shards that take part: those that there are, and those that the rows need.
Task<Status> Distributor::PlanShards() {
  const ResultSet rows = co_await Query(sql::kListStagedShards, {stage_});
  holdings_[std::string(kRootShard)];
  for (const std::vector<Cell>& row : rows.rows) {
    holdings_[*std::get_if<std::string>(&row[0])].push_back(
        {*std::get_if<std::string>(&row[1]), *std::get_if<int64_t>(&row[2])});
  }
  // One that is empty has its shard too, but where days are none.
  for (const Holding& held : collections_) {
    if (distribution_.sharding.by != ShardBy::kCollection) break;
    std::vector<Holding>& holding = holdings_[CollectionShard(held.collection)];
    if (holding.empty()) holding.push_back(held);
  }
  for (const std::string& shard : co_await ListShards()) holdings_[shard];
  for (const std::string& shard : distribution_.others) holdings_[shard];
  for (const auto& [shard, held] : holdings_) change_.shards.push_back(shard);
  if (change_.shards.size() > static_cast<size_t>(limits::kShardsMax)) {
    co_return Status::Error(
        409, "too_many_shards",
        "A document has at most " + std::to_string(limits::kShardsMax) + " shards");
  }
  co_return Status();
}

// From here on nobody writes to the manifest itself, and what it stages of its own is all of it.
Task<bool> Distributor::Begin() {
  change_.turn = co_await NextTurn(context_.request.now_ms);
  change_.user = context_.request.identity.user_id;
  change_.op = distribution_.op;
  std::vector<Statement> statements = BeginChange(change_);
  if (distribution_.own) {
    statements.push_back({sql::kClearStaged.text, {stage_}});
    statements.push_back({sql::kClearStagedMembers.text, {stage_}});
    statements.push_back({sql::kStageOwn.text, {stage_}});
    statements.push_back({sql::kStageOwnMembers.text, {stage_}});
  }
  co_await Write(std::move(statements), context_.request.now_ms + limits::kSettleMs);
  co_return true;
}

Task<bool> Distributor::Lock() {
  co_await Query(sql::kWriteText, {"change", ChangeText(change_)});
  const auto locked = AllOf(co_await CallShards(app_, change_.shards, "lock_shard",
                                                {{"change", std::to_string(change_.turn)}}));
  if (!locked) co_return false;
  before_.records = before_.bytes = 0;
  for (const CallReply& shard : *locked) {
    const Params& data = shard.data;
    before_.tag.version = std::max(before_.tag.version, NumberOf(data, "version"));
    before_.clock = std::max(before_.clock, NumberOf(data, "clock"));
    before_.records += NumberOf(data, "records");
    before_.bytes += NumberOf(data, "bytes");
  }
  co_return true;
}

Task<std::optional<Reply>> Distributor::Check() {
  const ResultSet measured = co_await Query(sql::kMeasureStaged, {stage_});
  after_ = before_;
  after_.records = measured.Integer(0, 0);
  after_.bytes = measured.Integer(1, 0);
  after_.tag.version = before_.NextVersion(context_.request.now_ms);
  if (after_.bytes > limits::kDocumentBytesMax) co_return Reply::Error(DocumentTooLarge());
  if (!distribution_.guarded) co_return std::nullopt;
  if (distribution_.conditional) {
    if (auto refusal = Refusal(context_.request, before_.etag(), false, true)) {
      co_return std::move(refusal);
    }
  }
  had_ = {.records = before_.records, .members = measured.Integer(3, 0)};
  has_ = {.records = after_.records, .members = measured.Integer(2, 0)};
  co_return std::nullopt;
}

// What the rows would change, as the shards say that have them now: guards against clearing, and
// lets a change that is none be none.
Task<std::optional<Reply>> Distributor::Weigh() {
  if (!distribution_.guarded) co_return std::nullopt;
  const auto weighed = AllOf(co_await CallShards(app_, change_.shards, "weigh_shard",
                                                 {{"change", std::to_string(change_.turn)}}));
  if (!weighed) co_return Busy("settle");
  int64_t deleted = 0;
  int64_t changed = 0;
  for (size_t i = 0; i < weighed->size(); ++i) {
    const Params& data = (*weighed)[i].data;
    deleted += NumberOf(data, "deleted");
    if (change_.shards[i] == kRootShard) had_.members += NumberOf(data, "members");
    changed += NumberOf(data, "changed");
  }
  const Status clearing = CheckClearing(context_.request, had_, has_, deleted);
  if (!clearing.ok()) co_return Reply::Error(clearing);
  const ResultSet members = co_await Query(sql::kListMembers);
  bool same = existed_ && changed == 0 && members.rows.size() == collections_.size();
  for (size_t i = 0; same && i < collections_.size(); ++i) {
    same = *std::get_if<std::string>(&members.rows[i][0]) == collections_[i].collection &&
           *std::get_if<int64_t>(&members.rows[i][1]) == collections_[i].place;
  }
  if (same) co_return Written(before_, before_);
  co_return std::nullopt;
}

Task<bool> Distributor::Give(std::string shard, Params params, std::vector<Part> body) {
  params["change"] = std::to_string(change_.turn);
  auto answer = co_await Call(ShardObjectName(app_, shard), "stage_shard", std::move(params),
                              std::move(body));
  const auto* reply = std::get_if<CallReply>(&answer);
  co_return reply != nullptr && reply->status < 300;
}

Task<bool> Distributor::SendRows(std::string shard, std::string collection, int64_t place) {
  const Params params{{"collection", collection}, {"place", std::to_string(place)}};
  if (!co_await Give(shard, params, {})) co_return false;
  int64_t after = 0;
  for (bool more = true; more;) {
    const ResultSet page =
        co_await Query(sql::kReadStagedRows, {stage_, collection, shard, after}, kPage);
    if (page.kept.empty()) co_return true;
    if (!co_await Give(shard, params, {page.kept.front().handle})) co_return false;
    after = page.last;
    more = page.more;
  }
  co_return true;
}

Task<bool> Distributor::SendValues() {
  int64_t after = 0;
  for (bool more = true; more;) {
    const ResultSet page = co_await Query(sql::kReadStagedValues, {stage_, after}, kPage);
    if (page.kept.empty()) co_return true;
    if (!co_await Give(std::string(kRootShard), {}, {page.kept.front().handle})) co_return false;
    after = page.last;
    more = page.more;
  }
  co_return true;
}

Task<bool> Distributor::Send() {
  for (const auto& [shard, held] : holdings_) {
    for (const Holding& holding : held) {
      if (!co_await SendRows(shard, holding.collection, holding.place)) co_return false;
    }
  }
  co_return co_await SendValues();
}

// One transaction of the manifest: from here on the change has happened.
Task<bool> Distributor::Commit() {
  const Request& request = context_.request;
  const int64_t version = after_.tag.version;
  change_.committed = true;
  change_.version = version;
  Entry entry{
      .seq = version, .at = request.now_ms, .user = change_.user, .op = change_.op, .last = false};
  const std::string names = StringsJson(change_.shards);
  // Its own rows are the collections that there are; the rows that lie in the shards, these say.
  std::vector<Statement> journal{
      AppendEntry(entry, after_, EntryHead(entry).append(R"({"op":"spread"}]})"), {})};
  int64_t after = 0;
  for (bool more = true; more;) {
    const ResultSet page = co_await Query(sql::kReadStagedSets, {stage_, after}, kPage);
    if (page.kept.empty()) break;
    ++entry.part;
    journal.push_back(
        {sql::kAppendKeptJournal.text,
         {version, after_.records, after_.bytes, EntryHead(entry), page.kept.front().handle}});
    after = page.last;
    more = page.more;
  }
  ++entry.part;
  entry.last = true;
  journal.push_back(AppendEntry(entry, after_, EntryText(entry, {}, {}),
                                ActivityOf(request, version, !existed_)));
  std::vector<Statement> statements{
      {sql::kWriteText.text, {"change", ChangeText(change_)}},
      {sql::kWriteText.text, {"layout", LayoutText(distribution_.sharding)}},
      {sql::kReplaceShards.text, {names}},
      {sql::kAddShards.text, {names}},
      {sql::kClearRecords.text, {}},
      {sql::kClearMembers.text, {}},
      {sql::kKeepStagedCollections.text, {stage_, version}},
      {sql::kClearPlaced.text, {}}};
  if (!distribution_.sharding.field.empty()) {
    statements.push_back({sql::kPlaceAllStaged.text, {stage_}});
  }
  statements.push_back({sql::kClearStaged.text, {stage_}});
  statements.push_back({sql::kClearStagedMembers.text, {stage_}});
  for (Statement& row : journal) statements.push_back(std::move(row));
  co_await Write(std::move(statements), request.now_ms + limits::kFlushDelayMs);
  co_return true;
}

Task<Reply> Distributor::Abort(Reply reply) {
  co_await ClearStage(distribution_.stage);
  co_await Settle(context_);
  co_return reply;
}

Task<Reply> Distributor::Run() {
  if (!co_await Settle(context_)) co_return Busy("settle");
  before_ = co_await ReadDocument();
  existed_ = before_.exists();
  co_await Begin();
  co_await AssignShards();
  if (Status status = co_await PlanShards(); !status.ok()) {
    co_return co_await Abort(Reply::Error(status));
  }
  if (!co_await Lock()) co_return co_await Abort(Busy("settle"));
  if (auto refusal = co_await Check()) co_return co_await Abort(std::move(*refusal));
  if (!co_await Send()) co_return co_await Abort(Busy("settle"));
  if (auto refusal = co_await Weigh()) co_return co_await Abort(std::move(*refusal));
  co_await Commit();
  co_await Settle(context_);
  Reply reply = Written(before_, after_);
  if (!existed_) reply.status = 201;
  co_return reply;
}

}  // namespace

Task<Reply> Distribute(Context context, Distribution distribution) {
  Distributor distributor(std::move(context), std::move(distribution));
  co_return co_await distributor.Run();
}

}  // namespace tidemark
