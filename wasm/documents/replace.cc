#include "documents/replace.h"

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/changes.h"
#include "documents/commit.h"
#include "documents/places.h"
#include "documents/shard_of.h"
#include "documents/sql_stage.h"
#include "documents/sql_write.h"
#include "engine/await.h"

namespace tidemark {
namespace {

constexpr Keep kPart{limits::kJournalPartUnits, limits::kPageRowsMax};
constexpr int64_t kDeletedTogether = 5'000;
constexpr size_t kDeletedInEntry = 500;  // of names that JSON may make six times as long
static_assert(kDeletedInEntry * 6 * (limits::kCollectionBytesMax + limits::kRecordIdBytesMax + 16) <
              limits::kSqlValueBytesMax);

class Replacement {
 public:
  Replacement(Context context, Document before, Stage stage, int64_t version, std::string op)
      : context_(std::move(context)),
        before_(std::move(before)),
        after_(before_),
        stage_(static_cast<int64_t>(stage)),
        entry_{.seq = version,
               .at = context_.request.now_ms,
               .user = context_.request.identity.user_id,
               .op = std::move(op),
               .last = false} {
    after_.tag.version = version;
    const std::optional<ObjectName> object = ParseObjectName(context_.request.space);
    journals_members_ = !object || !object->shard || *object->shard == kRootShard;
  }

  Task<Result<Document>> Run();

 private:
  Task<Status> Measure();
  Task<bool> PlaceRecords();
  Task<bool> PlaceMembers();
  Task<bool> PlaceCollection(std::string collection);
  Task<bool> SendPlaces(std::string collection, std::vector<std::string> ids,
                        std::vector<int64_t> places);
  Task<bool> DeleteRecords();
  Task<bool> Apply();
  Task<bool> JournalWritten();
  Task<bool> JournalPages(Sql sql, std::vector<Param> scope);
  Statement KeptPart(Handle changes) {
    Statement row{sql::kAppendKeptJournal.text,
                  {entry_.seq, after_.records, after_.bytes, EntryHead(entry_), changes}};
    ++entry_.part;
    return row;
  }

  Context context_;
  Document before_;
  Document after_;
  int64_t stage_;
  Entry entry_;
  Extent had_;
  Extent has_;
  int64_t deleted_ = 0;
  int64_t applied_ = 0;  // rows written for what is new or not as it was
  bool changed_ = false;
  bool journals_members_ = true;  // which collections there are, the manifest says
  std::vector<std::string> collections_;
  std::vector<std::string> kept_collections_;  // that are there already
  Changes members_;
};

Task<Status> Replacement::Measure() {
  const ResultSets measured = co_await Batch(
      {{sql::kMeasureStaged.text, {stage_}}, {sql::kListStagedCollections.text, {stage_}}});
  const ResultSet& sizes = measured.front();
  after_.records = sizes.Integer(0, 0);
  after_.bytes = sizes.Integer(1, 0);
  has_ = {.records = after_.records, .members = sizes.Integer(2, 0)};
  had_ = {.records = before_.records, .members = sizes.Integer(3, 0)};
  for (const std::vector<Cell>& row : measured.back().rows) {
    collections_.push_back(*std::get_if<std::string>(&row[0]));
    if (*std::get_if<int64_t>(&row[1]) != 0) kept_collections_.push_back(collections_.back());
  }
  co_return after_.bytes > limits::kDocumentBytesMax ? DocumentTooLarge() : Status();
}

Task<bool> Replacement::SendPlaces(std::string collection, std::vector<std::string> ids,
                                   std::vector<int64_t> places) {
  for (size_t i = 0; i < ids.size();) {
    std::string rows;
    json::Writer out(&rows);
    size_t bytes = 0;
    out.Char('[');
    for (; i < ids.size() && bytes < limits::kSliceBytes; ++i) {
      bytes += ids[i].size() + 32;
      if (places[i] == static_cast<int64_t>(i + 1) * limits::kPlaceStep) continue;  // as staged
      out.Comma();
      out.Char('[');
      out.Quoted(ids[i]);
      out.Char(',');
      out.Integer(places[i]);
      out.Char(']');
    }
    out.Char(']');
    co_await Query(sql::kPlaceStaged, {stage_, collection, std::move(out).Take()});
  }
  co_return true;
}

// Records that stay in their order keep their places: a row whose place changes is a row written.
Task<bool> Replacement::PlaceCollection(std::string collection) {
  const ResultSet rows =
      co_await Query(sql::kReadStagedPlaces, {stage_, collection, limits::kPlacedTogether + 1});
  if (static_cast<int64_t>(rows.rows.size()) > limits::kPlacedTogether) co_return true;
  std::vector<std::string> ids;
  std::vector<int64_t> places;
  for (const std::vector<Cell>& row : rows.rows) {
    const auto* place = std::get_if<int64_t>(&row[1]);
    ids.push_back(*std::get_if<std::string>(&row[0]));
    places.push_back(place != nullptr ? *place : 0);
  }
  AssignPlaces(&places);
  co_return co_await SendPlaces(std::move(collection), std::move(ids), std::move(places));
}

// The same of members; those that come from a manifest have their places from it.
Task<bool> Replacement::PlaceMembers() {
  const ResultSet rows = co_await Query(sql::kReadStagedMemberPlaces, {stage_});
  std::vector<int64_t> places;
  for (const std::vector<Cell>& row : rows.rows) {
    const auto* place = std::get_if<int64_t>(&row[2]);
    places.push_back(place != nullptr ? *place : 0);
  }
  AssignPlaces(&places);
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] == *std::get_if<int64_t>(&rows.rows[i][1])) continue;
    co_await Query(sql::kPlaceStagedMember,
                   {stage_, *std::get_if<std::string>(&rows.rows[i][0]), places[i]});
  }
  co_return true;
}

Task<bool> Replacement::PlaceRecords() {
  for (const std::string& collection : kept_collections_) co_await PlaceCollection(collection);
  co_return true;
}

Task<bool> Replacement::DeleteRecords() {
  for (;;) {
    const ResultSet rows =
        co_await Query(sql::kDeleteReplaced, {stage_, after_.tag.version, kDeletedTogether});
    if (rows.rows.empty()) co_return true;
    deleted_ += static_cast<int64_t>(rows.rows.size());
    for (size_t i = 0; i < rows.rows.size();) {
      Changes changes;
      for (; i < rows.rows.size() && changes.records.size() < kDeletedInEntry; ++i) {
        const std::vector<Cell>& row = rows.rows[i];
        changes.records.push_back({.collection = *std::get_if<std::string>(&row[0]),
                                   .id = *std::get_if<std::string>(&row[1]),
                                   .before = *std::get_if<int64_t>(&row[2])});
      }
      co_await Batch({AppendEntry(entry_, after_, EntryText(entry_, changes, {}), {})});
      ++entry_.part;
    }
  }
}

Task<bool> Replacement::Apply() {
  const int64_t version = after_.tag.version;
  const ResultSets written = co_await Batch({{sql::kApplyStaged.text, {stage_, version}},
                                             {sql::kDeleteReplacedMembers.text, {stage_}},
                                             {sql::kApplyStagedMembers.text, {stage_, version}}});
  applied_ = written[0].rows_written + written[2].rows_written;
  changed_ = deleted_ > 0 || applied_ > 0 || !written[1].rows.empty();
  for (const std::vector<Cell>& row : written[1].rows) {
    if (!journals_members_) break;
    members_.members.push_back({.key = *std::get_if<std::string>(&row[0]), .removed = true});
  }
  co_return true;
}

Task<bool> Replacement::JournalPages(Sql sql, std::vector<Param> scope) {
  int64_t after = 0;
  for (bool more = true; more;) {
    std::vector<Param> params = scope;
    params.insert(params.end() - 1, after);
    const ResultSet page = co_await Query(sql, std::move(params), kPart);
    if (page.kept.empty()) co_return true;
    co_await Batch({KeptPart(page.kept.front().handle)});
    after = page.last;
    more = page.more;
  }
  co_return true;
}

Task<bool> Replacement::JournalWritten() {
  const int64_t version = after_.tag.version;
  for (const std::string& collection : collections_) {
    co_await JournalPages(sql::kReadWritten, {collection, version});
  }
  if (journals_members_) co_await JournalPages(sql::kReadWrittenMembers, {version});
  entry_.last = true;
  const std::string activity = ActivityOf(context_.request, version, !before_.exists());
  co_await Write({AppendEntry(entry_, after_, EntryText(entry_, members_, {}), activity)},
                 context_.request.now_ms + limits::kFlushDelayMs);
  co_return true;
}

Task<Result<Document>> Replacement::Run() {
  if (Status status = co_await Measure(); !status.ok()) co_return status;
  if (stage_ != static_cast<int64_t>(Stage::kManifest)) co_await PlaceMembers();
  co_await PlaceRecords();
  if (before_.frozen > 0) {
    co_await Batch({{sql::kFreezeReplaced.text, {stage_, before_.frozen}},
                    {sql::kFreezeReplacedMembers.text, {stage_, before_.frozen}}});
  }
  co_await DeleteRecords();
  if (Status status = CheckClearing(context_.request, had_, has_, deleted_); !status.ok()) {
    co_return status;
  }
  co_await Apply();
  // A document that is empty from the start is one too.
  if (!changed_ && before_.exists()) co_return before_;
  co_await JournalWritten();
  co_return after_;
}

}  // namespace

Task<Result<Document>> ReplaceByStage(Context context, Document before, Stage stage,
                                      int64_t version, std::string op) {
  Replacement replacement(std::move(context), std::move(before), stage, version, std::move(op));
  Result<Document> after = co_await replacement.Run();
  co_await ClearStage(stage);
  co_return std::move(after);
}

}  // namespace tidemark
