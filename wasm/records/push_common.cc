// What pushing shares between merge rules: notices, stamps, parents, bare ids.

#include <algorithm>

#include "base/json_scanner.h"
#include "base/limits.h"
#include "engine/await.h"
#include "records/id_index.h"
#include "records/push.h"
#include "records/statements.h"

namespace tidemark {
namespace {

constexpr int64_t kNoCounter = -1;  // in a claim: the delta came without one

void AppendNotice(std::string* out, std::string_view collection, int64_t index, std::string_view id,
                  std::string_view code, std::string_view message) {
  AppendComma(out);
  *out += "{\"index\":" + std::to_string(index) + ",\"collection\":";
  json::AppendQuoted(out, collection);
  if (!id.empty()) {
    *out += ",\"id\":";
    json::AppendQuoted(out, id);
  }
  *out += ",\"code\":";
  json::AppendQuoted(out, code);
  *out += ",\"message\":";
  json::AppendQuoted(out, message);
  *out += "}";
}

// [id, claimed_at, claimed_counter, counter]. The counter given is the delta's place, so that the
// edits of one request keep their order when all are pulled back to one time.
void AppendClaim(std::string_view id, const Delta& delta, std::string* out) {
  *out += '[';
  json::AppendQuoted(out, id);
  *out += "," + std::to_string(delta.ms) + "," +
          std::to_string(delta.counter_given ? delta.counter : kNoCounter) + "," +
          std::to_string(delta.index) + "]";
}

}  // namespace

void AppendComma(std::string* out) {
  if (!out->empty() && out->back() != '[') *out += ',';
}

std::vector<int64_t> ReadIntegers(const std::string& text) {
  std::vector<int64_t> integers;
  json::Scanner scanner(text, true);
  if (!scanner.Take('[') || scanner.Take(']')) return integers;
  do {
    json::Value value;
    Check(scanner.ReadValue(&value));
    int64_t integer = 0;
    Check(json::ParseInteger(value.text, &integer) == json::IntegerFault::kNone);
    integers.push_back(integer);
  } while (scanner.Take(','));
  return integers;
}

void PushState::Reject(std::string_view collection, int64_t index, std::string_view id,
                       const Rejection& rejection) {
  AppendNotice(&rejected, collection, index, id, rejection.code, rejection.message);
}

void PushState::Conflict(std::string_view collection, int64_t index, std::string_view id,
                         std::string_view code, std::string_view message) {
  AppendNotice(&conflicts, collection, index, id, code, message);
}

void PushState::Correct(std::string_view collection, std::string_view id) {
  AppendComma(&corrections);
  corrections += '[';
  json::AppendQuoted(&corrections, collection);
  corrections += ',';
  json::AppendQuoted(&corrections, id);
  corrections += ']';
}

Status PushState::CheckSize() const {
  // Corrections become one bound value.
  if (rejected.size() + conflicts.size() <= limits::kNoticeBytesMax &&
      corrections.size() + 2 <= limits::kSqlValueBytesMax) {
    return {};
  }
  return Status::TooLarge("answer_too_large",
                          "More rejections and conflicts than one answer holds (" +
                              std::to_string(limits::kNoticeBytesMax) +
                              " bytes): nothing was stored; send fewer deltas in a request");
}

Task<Status> ClampStamps(PushState* state, DeltaBatch* batch) {
  const int64_t latest = state->now_ms + limits::kClockAheadMaxMs;
  const Collection& collection = state->schema->collections[static_cast<size_t>(batch->collection)];
  // A replay may come when its stamp lies ahead no more: a device that has claims is looked up.
  std::vector<size_t> asked;
  std::string claims = "[";
  for (size_t i = 0; i < batch->deltas.size(); ++i) {
    const Delta& delta = batch->deltas[i];
    if (delta.ms <= latest && !state->space.has_claims) continue;
    asked.push_back(i);
    AppendComma(&claims);
    AppendClaim(batch->slice.Get(delta.id), delta, &claims);
  }
  if (asked.empty()) co_return Status();
  const std::string name(collection.name);
  const ResultSet known = co_await Query(sql::kReadClaims, {claims + "]", name, state->device});
  for (const std::vector<Cell>& row : known.rows) {
    Delta& delta = batch->deltas[asked[static_cast<size_t>(*std::get_if<int64_t>(&row[0]))]];
    delta.clamped = true;
    delta.ms = *std::get_if<int64_t>(&row[1]);
    delta.counter = *std::get_if<int64_t>(&row[2]);
    delta.counter_given = true;
  }
  std::string made = "[";
  for (const size_t i : asked) {
    Delta& delta = batch->deltas[i];
    const std::string_view id = batch->slice.Get(delta.id);
    if (!delta.clamped && delta.ms > latest) {
      AppendComma(&made);
      AppendClaim(id, delta, &made);
      delta.clamped = true;
      delta.ms = state->now_ms;
      delta.counter = delta.index;
    }
    if (!delta.clamped) continue;
    state->Conflict(collection.name, delta.index, id, "clock_ahead",
                    "updated_at is more than 5 minutes ahead of the server; it was set to now");
    state->Correct(collection.name, id);
  }
  if (made.size() > 1) {
    state->space.has_claims = true;
    co_await Query(sql::kWriteClaims, {made + "]", name, state->device, state->now_ms});
  }
  co_return Status();
}

Task<Status> RequireParents(PushState* state, DeltaBatch* batch) {
  const Collection& collection = state->schema->collections[static_cast<size_t>(batch->collection)];
  if (collection.parent < 0) co_return Status();
  const std::string parents(
      state->schema->collections[static_cast<size_t>(collection.parent)].name);
  IdIndex index(batch->deltas.size());
  std::vector<std::string> distinct;
  std::vector<uint32_t> parent_of(batch->deltas.size(), UINT32_MAX);
  for (size_t i = 0; i < batch->deltas.size(); ++i) {
    const std::string_view parent = batch->slice.Get(batch->deltas[i].parent);
    if (parent.empty()) continue;
    const uint32_t position =
        index.Position(parent, [&](uint32_t at) { return std::string_view(distinct[at]); });
    if (position == distinct.size()) distinct.emplace_back(parent);
    parent_of[i] = position;
  }
  if (distinct.empty()) co_return Status();
  std::string ids = "[";
  for (const std::string& parent : distinct) {
    AppendComma(&ids);
    json::AppendQuoted(&ids, parent);
  }
  ids += "]";
  const ResultSet result = co_await Query(sql::kReadMissingParents, {ids, parents});
  const std::vector<int64_t> missing = ReadIntegers(result.Text(0));
  if (missing.empty()) co_return Status();
  std::vector<Delta> kept;
  for (size_t i = 0; i < batch->deltas.size(); ++i) {
    const Delta& delta = batch->deltas[i];
    if (std::find(missing.begin(), missing.end(), parent_of[i]) == missing.end()) {
      kept.push_back(delta);
      continue;
    }
    state->Reject(
        collection.name, delta.index, batch->slice.Get(delta.id),
        {"parent_missing", "No " + parents + " record has the id " + distinct[parent_of[i]] +
                               "; send it before, or in the same request"});
  }
  batch->deltas = std::move(kept);
  co_return Status();
}

void NoteDepartures(const PushState& state, const Collection& collection,
                    const std::string& winners, std::vector<Statement>* writes) {
  if (!state.space.gives || collection.parent < 0) return;
  const auto parent = static_cast<size_t>(collection.parent);
  writes->push_back({sql::kNoteDepartures.text,
                     {winners, std::string(collection.name), state.head, state.device,
                      std::string(state.schema->collections[parent].name)}});
}

Task<Status> PushBareIds(PushState* state, BareIds ids) {
  std::string names = "[";
  for (const Collection& collection : state->schema->collections) {
    AppendComma(&names);
    json::AppendQuoted(&names, collection.name);
  }
  names += "]";
  const ResultSet found =
      co_await Query(sql::kReadBareIds, {ids.json + "]", state->seen_seq, std::move(names)});
  for (size_t at = 0; at < state->schema->collections.size(); ++at) {
    DeltaBatch batch{.collection = static_cast<int>(at)};
    for (const std::vector<Cell>& row : found.rows) {
      const std::string& collection = *std::get_if<std::string>(&row[1]);
      const std::string& id = *std::get_if<std::string>(&row[2]);
      if (collection != state->schema->collections[at].name) continue;
      const int64_t index = ids.places[static_cast<size_t>(*std::get_if<int64_t>(&row[0]))];
      if (*std::get_if<int64_t>(&row[3]) == 0) {
        state->Reject("deleted_ids", index, id,
                      {"delete_unseen",
                       "It changed after this device's cursor; send the cursor of "
                       "the last pull, or a delete delta with updated_at"});
        continue;
      }
      Delta delta{.index = static_cast<uint32_t>(index), .deletes = true, .counter_given = true};
      delta.id = {static_cast<uint32_t>(batch.slice.text.size() + batch.slice.decoded.size()),
                  static_cast<uint32_t>(id.size())};
      // It was seen, so it is deleted, though its stamp may be ahead of the server's time.
      const int64_t stored_ms = *std::get_if<int64_t>(&row[4]);
      const int64_t after_stored = *std::get_if<int64_t>(&row[5]) + 1;
      delta.ms = std::max(state->now_ms, stored_ms);
      delta.counter = stored_ms < delta.ms ? std::min(index, limits::kCounterMax) : after_stored;
      batch.slice.decoded += id;
      batch.deltas.push_back(delta);
    }
    if (batch.deltas.empty()) continue;
    const bool fields = state->schema->collections[at].merge == MergeRule::kFields;
    Status status = fields ? co_await PushFields(state, std::move(batch))
                           : co_await PushRecords(state, std::move(batch));
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

}  // namespace tidemark
