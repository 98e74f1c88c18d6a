#include "documents/copy.h"

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/seal.h"
#include "documents/shard_of.h"
#include "documents/sql_read.h"
#include "documents/sql_shards.h"
#include "documents/sql_tables.h"
#include "documents/sql_tree.h"
#include "engine/await.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

constexpr int kFreezesMax = 3;
constexpr Keep kPage{limits::kJournalPartUnits, limits::kPageRowsMax};

struct Page {
  std::optional<Handle> text;  // none: no rows
  int64_t last = 0;
  bool more = false;
  bool failed = false;
};

// What a page is of: values between two places, or records of a collection after one.
struct Range {
  std::string collection;
  bool values = false;
  int64_t after = 0;
  int64_t before = 0;
};

class Copier {
 public:
  Copier(Context context, CopyTarget target)
      : context_(std::move(context)), target_(std::move(target)) {}

  Task<Copied> Run(int64_t unless);

 private:
  Task<bool> Freeze();
  Task<bool> FreezeShards();
  Task<bool> MeasureShards(std::vector<CallReply> frozen);
  Task<bool> Thaw();
  Task<bool> Open();
  Task<bool> WriteAll();
  Task<bool> WriteRange(Range range, bool* comma);
  Task<bool> WriteRecords(std::string collection);
  Task<bool> WriteValues(int64_t after, int64_t before);
  Task<Page> ReadPage(Range range);
  Task<bool> Write(std::vector<Part> parts);
  Task<bool> Close();
  bool Failed(const std::variant<StoreReply, Failure>& answer);

  Context context_;
  CopyTarget target_;
  Document document_;
  Copied copied_;
  SharedMoment moment_;
  std::string shard_;  // the one that is read
  std::string stream_;
  bool first_ = true;  // no member yet
};

bool Copier::Failed(const std::variant<StoreReply, Failure>& answer) {
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    copied_.problem = failure->message;
    return true;
  }
  const auto* reply = std::get_if<StoreReply>(&answer);
  copied_.existed = reply->status == 412;
  return reply->status != 200;
}

Task<bool> Copier::Freeze() {
  document_ = co_await ReadDocument();
  if (!document_.exists()) co_return false;
  if (!document_.layout.empty()) co_return co_await FreezeShards();
  const ResultSets frozen = co_await Batch({{sql::kClearFrozen.text, {}},
                                            {sql::kClearFrozenMembers.text, {}},
                                            {sql::kFreeze.text, {}},
                                            {sql::kMeasureDocument.text, {}}});
  document_.tag.version = frozen[2].Integer(0, 0);
  copied_.bytes = frozen[3].Integer(0, 0);
  const ResultSet rows = co_await Query(sql::kListCollections, {document_.tag.version});
  for (const std::vector<Cell>& row : rows.rows) {
    moment_.sections.push_back(
        {*std::get_if<std::string>(&row[0]), *std::get_if<int64_t>(&row[1])});
  }
  co_return true;
}

Task<bool> Copier::MeasureShards(std::vector<CallReply> frozen) {
  std::map<std::string, int64_t> bytes;
  int64_t whole = 2;
  for (const CallReply& shard : frozen) {
    whole += NumberOf(shard.data, "values");
    moment_.places.push_back(NumberOf(shard.data, "places"));
    const Result<nlohmann::json> tree = ParseTree(DataOf(shard.data, "collections"), 2);
    if (!tree.ok()) co_return false;
    for (const nlohmann::json& pair : *tree) {
      const auto* key = pair[0].get_ptr<const std::string*>();
      if (key != nullptr) bytes[*key] += pair[1].get<int64_t>();
    }
  }
  for (const Section& section : moment_.sections) {
    std::string key;
    json::AppendQuoted(&key, section.collection);
    // Its name, a colon, brackets, and a comma behind; of its records the last comma goes.
    whole +=
        static_cast<int64_t>(key.size()) + 4 + std::max<int64_t>(0, bytes[section.collection] - 1);
  }
  copied_.bytes = whole > 2 ? whole - 1 : whole;
  co_return true;
}

// The moment of a copy is a version that no object has given yet, a little ahead of the clock: from
// when it is told, an object gives higher ones. So all writes up to it are in the copy and no
// other, if no object had one above it before it was told. The copy's own version is the highest
// that there is: where nothing is written two copies have the same.
Task<bool> Copier::FreezeShards() {
  moment_.app = ObjectNameOf(context_.request.space).app;
  moment_.layout = document_.layout;
  int64_t ahead = limits::kFreezeAheadMs;
  int64_t least = context_.request.now_ms + ahead;
  for (int attempt = 0; attempt < kFreezesMax; ++attempt, ahead *= 4) {
    document_ = co_await ReadDocument();
    moment_.copy = std::max({least, document_.clock + 1, document_.tag.version + 1});
    // What is registered after this step has a higher version too.
    const ResultSets listed = co_await Batch({{sql::kWriteMeta.text, {"clock", moment_.copy}},
                                              {sql::kReadDocument.text, {}},
                                              {sql::kListMembers.text, {}},
                                              {sql::kListShards.text, {}},
                                              {sql::kClearFrozenMembers.text, {}}});
    int64_t version = listed[1].Integer(6, 0);
    moment_.sections.clear();
    for (const std::vector<Cell>& row : listed[2].rows) {
      moment_.sections.push_back(
          {*std::get_if<std::string>(&row[0]), *std::get_if<int64_t>(&row[1])});
    }
    moment_.shards.clear();
    for (const std::vector<Cell>& row : listed[3].rows) {
      moment_.shards.push_back(*std::get_if<std::string>(&row[0]));
    }
    Params params{{"copy", std::to_string(moment_.copy)}};
    if (!target_.seal.empty()) params["seal"] = "1";
    auto frozen =
        AllOf(co_await CallShards(moment_.app, moment_.shards, "freeze_shard", std::move(params)));
    if (!frozen) co_return false;
    for (const CallReply& shard : *frozen) {
      version = std::max(version, NumberOf(shard.data, "version"));
    }
    document_.tag.version = version;
    if (version <= moment_.copy) co_return co_await MeasureShards(std::move(*frozen));
    least = version + ahead;
  }
  co_return false;
}

Task<bool> Copier::Thaw() {
  if (moment_.shards.empty()) {
    co_await Batch(
        {{sql::kThaw.text, {}}, {sql::kClearFrozen.text, {}}, {sql::kClearFrozenMembers.text, {}}});
  } else {
    co_await CallShards(moment_.app, moment_.shards, "thaw_shard",
                        {{"copy", std::to_string(moment_.copy)}});
  }
  co_return true;
}

Task<bool> Copier::Open() {
  if (target_.store.empty()) co_return copied_.bytes <= limits::kViewBytesMax;
  std::string meta = R"({"version":)";
  json::AppendQuoted(&meta, document_.version());
  meta += R"(,"bytes":)" + std::to_string(copied_.bytes) + "}";
  Params params{{"key", target_.key}, {"size", std::to_string(copied_.bytes)}, {"meta", meta}};
  if (target_.absent) params["absent"] = "1";
  auto answer = co_await Store(target_.store, "open", std::move(params));
  if (Failed(answer)) co_return false;
  stream_ = DataOf(std::get_if<StoreReply>(&answer)->data, "stream");
  co_return true;
}

Task<bool> Copier::Write(std::vector<Part> parts) {
  if (target_.store.empty()) {
    for (Part& part : parts) copied_.body.push_back(std::move(part));
    co_return true;
  }
  auto answer = co_await Store(target_.store, "write", {{"stream", stream_}}, std::move(parts));
  co_return !Failed(answer);
}

Task<Page> Copier::ReadPage(Range range) {
  if (moment_.shards.empty()) {
    const int64_t version = document_.tag.version;
    std::vector<Param> params{version, range.after};
    params.push_back(range.values ? Param(range.before) : Param(range.collection));
    const ResultSet rows = co_await Query(range.values ? sql::kReadValues : sql::kReadRecordPage,
                                          std::move(params), kPage);
    co_return Page{
        .text = rows.kept.empty() ? std::nullopt : std::optional(rows.kept.front().handle),
        .last = rows.last,
        .more = rows.more};
  }
  Params params{{"copy", std::to_string(moment_.copy)},
                {"after", std::to_string(range.after)},
                {"collection", range.collection}};
  if (range.values) params["before"] = std::to_string(range.before);
  auto answer =
      co_await Call(ShardObjectName(moment_.app, shard_), "read_shard_page", std::move(params));
  const auto* reply = std::get_if<CallReply>(&answer);
  if (reply == nullptr || reply->status >= 300) co_return Page{.failed = true};
  const bool none = DataOf(reply->data, "rows") == "0";
  co_return Page{.text = none ? std::nullopt : std::optional(reply->body),
                 .last = NumberOf(reply->data, "last"),
                 .more = DataOf(reply->data, "more") == "1"};
}

// All of a range, page by page. `comma`: something stands before it.
Task<bool> Copier::WriteRange(Range range, bool* comma) {
  for (bool more = true; more;) {
    const Page page = co_await ReadPage(range);
    if (page.failed) co_return false;
    if (!page.text) co_return true;
    std::vector<Part> parts;
    if (*comma) parts.emplace_back(",");
    parts.emplace_back(*page.text);
    if (!co_await Write(std::move(parts))) co_return false;
    *comma = true;
    range.after = page.last;
    more = page.more;
  }
  co_return true;
}

Task<bool> Copier::WriteValues(int64_t after, int64_t before) {
  shard_ = kRootShard;
  const bool none =
      std::find(moment_.shards.begin(), moment_.shards.end(), shard_) == moment_.shards.end();
  if (!moment_.shards.empty() && none) co_return true;
  bool comma = !first_;
  const Range range{.values = true, .after = after, .before = before};
  if (!co_await WriteRange(range, &comma)) co_return false;
  first_ = !comma;
  co_return true;
}

// Of an app that is sharded by day a collection's records come day by day.
Task<bool> Copier::WriteRecords(std::string collection) {
  bool comma = false;
  const Range range{.collection = collection};
  if (moment_.shards.empty()) co_return co_await WriteRange(range, &comma);
  for (const std::string& shard : moment_.Holding(collection)) {
    shard_ = shard;
    if (!co_await WriteRange(range, &comma)) co_return false;
  }
  co_return true;
}

Task<bool> Copier::WriteAll() {
  if (!co_await Write({"{"})) co_return false;
  int64_t after = 0;
  for (const Section& section : moment_.sections) {
    if (!co_await WriteValues(after, section.place)) co_return false;
    std::string head = std::exchange(first_, false) ? "" : ",";
    json::AppendQuoted(&head, section.collection);
    if (!co_await Write({head + ":["})) co_return false;
    if (!co_await WriteRecords(section.collection)) co_return false;
    if (!co_await Write({"]"})) co_return false;
    // A value of a sharded document may have a collection's place: it comes behind that.
    after = section.place - 1;
  }
  co_return co_await WriteValues(after, limits::kIntegerMax) && co_await Write({"}"});
}

Task<bool> Copier::Close() {
  if (target_.store.empty()) co_return true;
  auto answer = co_await Store(target_.store, "close", {{"stream", stream_}});
  if (Failed(answer)) co_return false;
  copied_.sha256 = DataOf(std::get_if<StoreReply>(&answer)->data, "sha256");
  co_return true;
}

Task<Copied> Copier::Run(int64_t unless) {
  const bool frozen = co_await Freeze();
  copied_.version = document_.tag.version;
  copied_.same = frozen && copied_.version == unless;
  if (frozen && !copied_.same) {
    const bool open = co_await Open();
    copied_.done = open && co_await WriteAll() && co_await Close();
    if (!stream_.empty() && !copied_.done) {
      co_await Store(target_.store, "abort", {{"stream", stream_}});
    }
    if (copied_.done && !target_.seal.empty()) {
      copied_.problem = co_await SealCopy(target_, document_.tag, copied_, moment_);
      copied_.done = copied_.problem.empty();
    }
  }
  if (document_.exists()) co_await Thaw();
  co_return std::move(copied_);
}

}  // namespace

std::vector<std::string> SharedMoment::Holding(const std::string& collection) const {
  const bool one = ParseLayout(layout).by == ShardBy::kCollection;
  std::vector<std::string> holding;
  for (const std::string& shard : shards) {
    if (shard == kRootShard || (one && shard != CollectionShard(collection))) continue;
    holding.push_back(shard);
  }
  return holding;
}

Task<Copied> CopyDocument(Context context, CopyTarget target, int64_t unless) {
  Copier copier(std::move(context), std::move(target));
  co_return co_await copier.Run(unless);
}

Task<bool> HoldsCopy(std::string key, Copied copied) {
  auto answer = co_await Store("r2", "digest", {{"key", std::move(key)}});
  const auto* reply = std::get_if<StoreReply>(&answer);
  co_return reply != nullptr && reply->status == 200 &&
      DataOf(reply->data, "sha256") == copied.sha256;
}

}  // namespace tidemark
