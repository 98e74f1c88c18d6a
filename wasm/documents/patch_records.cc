// PATCH by record operations: all of them, or none.
//
// A slice of the body at a time; each slice's operations are one batch, and all batches one
// transaction. Of operations on one record in a batch, the last one counts.

#include <map>
#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/change.h"
#include "documents/changes.h"
#include "documents/commit.h"
#include "documents/operations.h"
#include "documents/record_operation.h"
#include "documents/sql_write.h"
#include "engine/await.h"
#include "records/body.h"
#include "records/id_index.h"

namespace tidemark {
namespace {

// A record that the batch names: what is stored of it, and the last operation on it.
struct Slot {
  size_t operation = 0;
  bool known = false;  // there is a row of it, if only of its deletion
  bool live = false;
  bool same = false;  // it holds the operation's record already
  int64_t version = 0;
  int64_t bytes = 0;
  int64_t place = 0;
};

class RecordPatch {
 public:
  RecordPatch(Context context, Document document)
      : context_(std::move(context)), document_(std::move(document)) {
    after_ = document_;
    after_.tag.version = document_.NextVersion(context_.request.now_ms);
  }

  Task<Reply> Run();

 private:
  std::string_view CollectionOf(const RecordOperation& operation) const {
    return slice_.Get(operation.collection);
  }
  std::string_view IdOf(const RecordOperation& operation) const { return slice_.Get(operation.id); }
  const RecordOperation& Final(const Slot& slot) const { return operations_[slot.operation]; }

  Task<Status> RunBatch(bool last);
  void IndexRecords();
  std::string NamesJson() const;
  Task<Status> ReadStored();
  Task<Status> ReadCollections();
  bool Outdated(const RecordOperation& operation, const Slot& slot) const;
  void FindConflicts();
  Changes Decide();
  Task<Reply> ConflictReply();
  void AddResults();

  Context context_;
  Document document_;
  Document after_;
  // Of the batch:
  Slice slice_;
  std::vector<RecordOperation> operations_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> slot_of_;
  // Of the request:
  std::map<std::string, int64_t, std::less<>> last_places_;  // of the collections that are there
  int64_t last_member_ = -1;                                 // not read yet
  int64_t members_ = 0;                                      // with the new ones
  std::vector<MemberChange> new_members_;
  std::vector<std::string> unknown_;  // collections that this shard does not have
  std::vector<size_t> conflicts_;     // operations of the batch
  size_t before_batch_ = 0;           // operations of earlier batches
  int64_t deleted_ = 0;
  int64_t parts_ = 0;
  std::string results_;
};

void RecordPatch::IndexRecords() {
  IdIndex index(operations_.size());
  slots_.clear();
  slot_of_.clear();
  std::vector<std::string> names;  // of distinct records: the collection, and a NUL before the id
  for (size_t i = 0; i < operations_.size(); ++i) {
    std::string name(CollectionOf(operations_[i]));
    name += '\0';
    name += IdOf(operations_[i]);
    const uint32_t slot =
        index.Position(name, [&](uint32_t at) { return std::string_view(names[at]); });
    if (slot == names.size()) {
      names.push_back(std::move(name));
      slots_.emplace_back();
    }
    slots_[slot].operation = i;
    slot_of_.push_back(slot);
  }
}

std::string RecordPatch::NamesJson() const {
  std::string names;
  json::Writer out(&names);
  out.Char('[');
  for (const Slot& slot : slots_) {
    const RecordOperation& operation = Final(slot);
    out.Comma();
    out.Char('[');
    out.Quoted(CollectionOf(operation));
    out.Char(',');
    out.Quoted(IdOf(operation));
    out.Char(',');
    out.Integer(operation.record.offset);
    out.Char(',');
    out.Integer(operation.record.size);
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

Task<Status> RecordPatch::ReadStored() {
  const BodyRange body{static_cast<uint32_t>(slice_.offset),
                       static_cast<uint32_t>(slice_.text.size())};
  const ResultSet stored = co_await Query(sql::kReadNamed, {NamesJson(), body});
  for (const std::vector<Cell>& row : stored.rows) {
    Slot& slot = slots_[static_cast<size_t>(*std::get_if<int64_t>(&row[0]))];
    const auto* bytes = std::get_if<int64_t>(&row[2]);
    slot.known = true;
    slot.version = *std::get_if<int64_t>(&row[1]);
    slot.live = bytes != nullptr;
    slot.bytes = bytes != nullptr ? *bytes : 0;
    slot.place = *std::get_if<int64_t>(&row[3]);
    slot.same = *std::get_if<int64_t>(&row[4]) != 0;
  }
  co_return co_await ReadCollections();
}

// The last places of collections that an upsert may add to. Those that are not there are made.
Task<Status> RecordPatch::ReadCollections() {
  std::vector<std::string> names;
  for (const Slot& slot : slots_) {
    const std::string_view name = CollectionOf(Final(slot));
    // A record that lives lies in a collection, and keeps its place.
    if (slot.live || Final(slot).deletes || last_places_.contains(name)) continue;
    last_places_.emplace(name, 0);
    names.emplace_back(name);
  }
  if (names.empty()) co_return Status();
  const ResultSets stored = co_await Batch(
      {{sql::kReadCollections.text, {StringsJson(names)}}, {sql::kReadLastMember.text, {}}});
  if (last_member_ < 0) {
    last_member_ = stored.back().Integer(0, 0);
    members_ = stored.back().Integer(1, 0);
  }
  std::vector<bool> found(names.size());
  for (const std::vector<Cell>& row : stored.front().rows) {
    const auto at = static_cast<size_t>(*std::get_if<int64_t>(&row[0]));
    if (*std::get_if<int64_t>(&row[1]) == 0) {
      co_return Status::Error(409, "not_a_collection",
                              "The member " + Clipped(names[at]) +
                                  " is there and is no collection; change it by another patch");
    }
    const auto* place = std::get_if<int64_t>(&row[2]);
    last_places_[names[at]] = place != nullptr ? *place : 0;
    found[at] = true;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (found[i]) continue;
    if (!document_.layout.empty()) {
      unknown_.push_back(std::move(names[i]));  // the manifest gives it its place first
      continue;
    }
    if (++members_ > limits::kMembersMax) co_return TooManyMembers();
    last_member_ += limits::kPlaceStep;
    new_members_.push_back({.key = std::move(names[i]), .place = last_member_, .collection = true});
  }
  co_return Status();
}

// Whether somebody changed the record after the copy that the operation was made on. A version of
// another life of the document, or of before what is remembered of deletions, says nothing.
bool RecordPatch::Outdated(const RecordOperation& operation, const Slot& slot) const {
  if (!operation.made) return false;
  if (slot.known && slot.version == after_.tag.version) return false;  // by this very request
  if (operation.made->epoch != document_.tag.epoch) return true;
  if (slot.known) return slot.version > operation.made->version;
  return operation.made->version < document_.horizon;
}

void RecordPatch::FindConflicts() {
  for (size_t i = 0; i < operations_.size(); ++i) {
    const Slot& slot = slots_[slot_of_[i]];
    const bool gone = operations_[i].deletes && !slot.live;
    if (!gone && Outdated(operations_[i], slot)) conflicts_.push_back(i);
  }
}

Changes RecordPatch::Decide() {
  Changes changes;
  changes.members = std::move(new_members_);
  new_members_.clear();
  for (const Slot& slot : slots_) {
    const RecordOperation& operation = Final(slot);
    if (operation.deletes ? !slot.live : slot.live && slot.same) continue;
    RecordChange change{.collection = std::string(CollectionOf(operation)),
                        .id = std::string(IdOf(operation)),
                        .place = slot.place,
                        .before = slot.version,
                        .offset = operation.record.offset,
                        .size = operation.record.size};
    if (!operation.deletes && !slot.live) {
      change.place = last_places_.find(CollectionOf(operation))->second += limits::kPlaceStep;
      changes.moved |= slot.known;
    }
    after_.records += (operation.deletes ? 0 : 1) - (slot.live ? 1 : 0);
    after_.bytes += static_cast<int64_t>(operation.record.size) - slot.bytes;
    deleted_ += operation.deletes ? 1 : 0;
    changes.records.push_back(std::move(change));
  }
  return changes;
}

void RecordPatch::AddResults() {
  json::Writer out(&results_);
  for (const RecordOperation& operation : operations_) {
    out.Comma();
    out.Raw(operation.deletes ? R"({"op":"delete","collection":)"
                              : R"({"op":"upsert","collection":)");
    out.Quoted(CollectionOf(operation));
    out.Raw(R"(,"id":)");
    out.Quoted(IdOf(operation));
    out.Char('}');
  }
}

Task<Status> RecordPatch::RunBatch(bool last) {
  IndexRecords();
  if (Status status = co_await ReadStored(); !status.ok()) co_return status;
  if (!unknown_.empty()) co_return Status();
  FindConflicts();
  if (!conflicts_.empty()) co_return Status();
  const Changes changes = Decide();
  AddResults();
  if (results_.size() > limits::kNoticeBytesMax) {
    co_return Status::TooLarge("too_many_operations", "Send fewer operations at a time");
  }
  if (after_.bytes > limits::kDocumentBytesMax) co_return DocumentTooLarge();
  if (changes.empty() && !(last && parts_ > 0)) co_return Status();
  const Request& request = context_.request;
  const int64_t version = after_.tag.version;
  const Entry entry{.seq = version,
                    .at = request.now_ms,
                    .user = request.identity.user_id,
                    .op = "patch",
                    .part = parts_++,
                    .last = last};
  const BodyRange body{static_cast<uint32_t>(slice_.offset),
                       static_cast<uint32_t>(slice_.text.size())};
  std::vector<Statement> statements = changes.Statements(document_, version, body);
  statements.push_back(AppendEntry(entry, after_, EntryText(entry, changes, slice_.text),
                                   last ? ActivityOf(request, version, Created(document_)) : ""));
  co_await Write(std::move(statements), request.now_ms + limits::kFlushDelayMs);
  co_return Status();
}

// 412, with the records as they are: whoever asked needs no other request to try again.
Task<Reply> RecordPatch::ConflictReply() {
  // As many as an answer can hold, and one at least.
  int64_t bytes = 0;
  size_t told = 0;
  for (; told < std::min(conflicts_.size(), limits::kConflictsMax); ++told) {
    bytes += slots_[slot_of_[conflicts_[told]]].bytes;
    if (told > 0 && bytes > static_cast<int64_t>(limits::kNoticeBytesMax)) break;
  }
  conflicts_.resize(told);
  std::vector<Statement> reads;
  for (const size_t at : conflicts_) {
    const RecordOperation& operation = operations_[at];
    reads.push_back({sql::kReadRecord.text,
                     {std::string(CollectionOf(operation)), std::string(IdOf(operation))},
                     {static_cast<int64_t>(limits::kPageBytesMax), 1}});
  }
  const ResultSets stored = co_await Batch(std::move(reads));
  Reply reply = PreconditionFailed(document_.etag());
  reply.body.clear();
  std::string text;
  json::Writer(&text).Raw(
      R"({"error":"precondition_failed","message":"Others have changed these records since)"
      R"(","version":)");
  json::AppendQuoted(&text, document_.version());
  text += R"(,"conflicts":[)";
  for (size_t i = 0; i < conflicts_.size(); ++i) {
    const RecordOperation& operation = operations_[conflicts_[i]];
    if (i > 0) text += ',';
    text += R"({"index":)" + std::to_string(before_batch_ + conflicts_[i]) + R"(,"collection":)";
    json::AppendQuoted(&text, CollectionOf(operation));
    text += R"(,"id":)";
    json::AppendQuoted(&text, IdOf(operation));
    text += R"(,"record":)";
    if (stored[i].kept.empty()) {
      text += "null}";
      continue;
    }
    reply.body.emplace_back(std::exchange(text, "}"));
    reply.body.emplace_back(stored[i].kept.front().handle);
  }
  reply.body.emplace_back(text + "]}");
  co_return reply;
}

Task<Reply> RecordPatch::Run() {
  const Request request = context_.request;
  OperationReader reader;
  for (size_t offset = 0; offset < request.body_size || !reader.done();) {
    Result<Slice> slice = co_await ReadSlice(offset, limits::kSliceBytes, request.body_size);
    if (!slice.ok()) co_return Reply::Error(slice.status());
    slice_ = std::move(*slice);
    operations_.clear();
    size_t consumed = 0;
    if (!reader.Read(&slice_, &operations_, &consumed)) co_return Reply::Error(reader.failure());
    if (consumed == 0 && operations_.empty()) co_return Reply::Error(ValueTooLarge());
    const bool last = reader.done() && offset + consumed >= request.body_size;
    if (!operations_.empty() || (last && parts_ > 0)) {
      if (Status status = co_await RunBatch(last); !status.ok()) co_return Reply::Error(status);
      if (!unknown_.empty()) {
        Reply reply = Busy("register");
        reply.data["members"] = StringsJson(unknown_);
        co_return reply;
      }
      if (!conflicts_.empty()) co_return co_await ConflictReply();
    }
    before_batch_ += operations_.size();
    offset += consumed;
  }
  const Extent before{.records = document_.records};
  const Extent after{.records = after_.records};
  if (Status status = CheckClearing(request, before, after, deleted_); !status.ok()) {
    co_return Reply::Error(status);
  }
  co_return Written(document_, parts_ > 0 ? after_ : document_, std::move(results_));
}

}  // namespace

Task<Reply> PatchRecords(Context context) {
  if (Status status = CheckBody(context.request); !status.ok()) co_return Reply::Error(status);
  const Document document = co_await ReadDocument();
  if (auto busy = NotNow(context.request, document)) co_return std::move(*busy);
  if (auto refusal = document.layout.empty()
                         ? Refusal(context.request, document.etag(), false, false)
                         : ShardRefusal(context.request, document)) {
    co_return std::move(*refusal);
  }
  // Since the manifest said where these records lie, the whole document was changed.
  if (context.request.params.contains("turn") &&
      co_await LastTurn() > NumberOf(context.request.params, "turn")) {
    co_return Busy("place");
  }
  RecordPatch patch(std::move(context), document);
  co_return co_await patch.Run();
}

}  // namespace tidemark
