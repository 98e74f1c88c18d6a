#include "shares/edits.h"

#include <map>
#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/await.h"
#include "records/statements.h"
#include "shares/roots.h"

namespace tidemark {
namespace {

// Where a record is, and what its editor may do there.
struct Home {
  std::string plan;    // empty: it is in none
  bool there = false;  // and not deleted
  bool deleted = false;
  Permission permission = Permission::kNone;
  Permission at_parent = Permission::kNone;
};

std::string_view TextOf(const Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? std::string_view() : *text;
}

Home HomeOf(const std::vector<Cell>& row) {
  const auto* deleted = std::get_if<int64_t>(&row[1]);
  const std::string plan(TextOf(row[0]));
  const bool known = deleted != nullptr ? *deleted == 0 : !plan.empty();
  return {plan, known, deleted != nullptr && *deleted != 0, ParsePermission(TextOf(row[2])),
          ParsePermission(TextOf(row[3]))};
}

Status RefuseEdit(const Collection& collection, const Delta& delta, std::string_view parent,
                  const Home& home) {
  if (collection.parent < 0) {
    Status allowed = CheckShare(home.at_parent, Action::kWrite);
    if (!allowed.ok() || !delta.deletes) return allowed;
    return Status::Forbidden("Only its owner may delete what is shared");
  }
  if (!home.there) return CheckShare(home.at_parent, Action::kWrite);
  Status allowed = CheckShare(home.permission, Action::kWrite);
  if (!allowed.ok() || delta.deletes) return allowed;
  const bool stays = collection.merge == MergeRule::kFields && !delta.orphaned && parent.empty();
  if (stays || parent == home.plan) return {};
  return Status::Forbidden("Only its owner may move it out of what is shared");
}

// As kKeepEdits takes them.
std::string EditsJson(const DeltaBatch& batch, const std::vector<Delta>& edits) {
  std::string rows;
  json::Writer out(&rows);
  out.Char('[');
  for (const Delta& edit : edits) {
    out.Comma();
    out.Char('[');
    out.Quoted(batch.slice.Get(edit.id));
    for (const int64_t number : {int64_t{edit.data.offset}, int64_t{edit.data.size}, edit.ms,
                                 edit.counter, int64_t{edit.counter_given}}) {
      out.Char(',');
      out.Integer(number);
    }
    for (const Piece piece : {edit.owner, edit.parent}) {
      out.Char(',');
      out.Quoted(batch.slice.Get(piece));
    }
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

}  // namespace

Task<std::vector<Delta>> AdmitEdits(PushState* state, const DeltaBatch* batch,
                                    std::vector<Delta> deltas, std::vector<bool> waits) {
  const Collection& collection = state->schema->collections[static_cast<size_t>(batch->collection)];
  const Collection* root = ShareRootOf(*state->schema, collection);
  const auto parent_of = [&](const Delta& delta) {
    return batch->slice.Get(collection.parent < 0 ? delta.id : delta.parent);
  };
  std::string rows;
  {
    json::Writer out(&rows);
    out.Char('[');
    for (const Delta& delta : deltas) {
      out.Comma();
      out.Char('[');
      out.Quoted(batch->slice.Get(delta.id));
      out.Char(',');
      out.Quoted(parent_of(delta));
      out.Char(',');
      out.Quoted(batch->slice.Get(delta.owner));
      out.Char(']');
    }
    out.Char(']');
  }
  std::vector<Param> params = {std::move(rows), std::string(collection.name)};
  if (!state->editor.empty()) params.emplace_back(state->editor);
  params.emplace_back(std::string(root == nullptr ? "" : root->name));
  const ResultSet homes = co_await Query(
      state->editor.empty() ? sql::kReadEditedCopies : sql::kReadEditedRecords, std::move(params));

  std::vector<Delta> admitted;
  std::map<std::string, Home, std::less<>> made;  // by this batch
  for (size_t i = 0; i < deltas.size(); ++i) {
    Delta& delta = deltas[i];
    const std::string_view id = batch->slice.Get(delta.id);
    const std::string key = std::string(id) + '\0' + std::string(batch->slice.Get(delta.owner));
    Home home = HomeOf(homes.rows[i]);
    if (const auto earlier = made.find(key); earlier != made.end()) {
      const Permission at_parent = std::exchange(home, earlier->second).at_parent;
      home.at_parent = at_parent;
    }
    const bool known = !waits.empty() && waits[i];
    if (known && !home.there && !parent_of(delta).empty()) {
      made[key] = {std::string(parent_of(delta)), true, false, home.at_parent, home.at_parent};
    }
    if (known || (home.deleted && delta.deletes)) continue;
    const Status allowed = RefuseEdit(collection, delta, parent_of(delta), home);
    if (!allowed.ok()) {
      state->Reject(collection.name, delta.index, id, {allowed.code(), allowed.message()});
      continue;
    }
    if (!home.there) {
      made[key] = {std::string(parent_of(delta)), true, false, home.at_parent, home.at_parent};
    }
    admitted.push_back(delta);
  }
  co_return admitted;
}

Task<Status> KeepEdits(PushState* state, DeltaBatch* batch) {
  std::vector<Delta> foreign = std::exchange(batch->foreign, {});
  if (foreign.empty()) co_return state->CheckSize();
  const Collection& collection = state->schema->collections[static_cast<size_t>(batch->collection)];
  std::vector<Param> params = {EditsJson(*batch, foreign), std::string(collection.name),
                               batch->SliceBlob(), state->device};
  const ResultSet found = co_await Query(sql::kFindWaiting, params);
  std::vector<bool> waits(foreign.size());
  for (const std::vector<Cell>& row : found.rows) {
    waits[static_cast<size_t>(*std::get_if<int64_t>(row.data()))] = true;
    ++state->edits;
  }
  const std::vector<Delta> edits =
      co_await AdmitEdits(state, batch, std::move(foreign), std::move(waits));
  if (edits.empty()) co_return state->CheckSize();
  const ResultSet waiting = co_await Query(sql::kCountOutgoing);
  int64_t count = waiting.Integer(0, 0);
  int64_t bytes = waiting.Integer(1, 0);
  std::vector<Delta> kept;
  for (const Delta& edit : edits) {
    bytes += edit.data.size;
    if (++count > limits::kOutgoingRowsMax || bytes > limits::kOutgoingBytesMax) {
      state->Reject(collection.name, edit.index, batch->slice.Get(edit.id),
                    {"too_many_edits",
                     "Edits of what others share wait for their owners; send it again later"});
      continue;
    }
    ++state->edits;
    kept.push_back(edit);
  }
  if (!kept.empty()) {
    params[0] = EditsJson(*batch, kept);
    co_await Query(sql::kKeepEdits, std::move(params));
  }
  co_return state->CheckSize();
}

}  // namespace tidemark
