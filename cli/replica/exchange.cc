// What a replica and the server tell each other: bodies out, answers and frames in.

#include <map>
#include <utility>

#include "base/json_writer.h"
#include "replica/fields.h"
#include "replica/replica.h"
#include "replica/sql_replica.h"
#include "replica/stamping.h"

namespace tidemark {
namespace {

constexpr int64_t kNoticesMax = 1'000;

// One delta of a body, from a row of kOutboxInOrder.
void AppendDelta(const Rows& row, json::Writer* out) {
  const bool deletes = row.Integer(2) != 0;
  out->Raw(deletes ? R"({"action":"delete","id":)" : R"({"action":"update","id":)");
  out->Quoted(row.Text(1));
  if (!row.Text(0).empty()) {
    out->Raw(R"(,"owner":)");
    out->Quoted(row.Text(0));
  }
  if (!deletes) {
    out->Raw(R"(,"data":)");
    out->Raw(row.Text(3));
  }
  out->Raw(R"(,"updated_at":)");
  out->Integer(row.Integer(4));
  out->Raw(R"(,"counter":)");
  out->Integer(row.Integer(5));
  out->Char('}');
}

struct SentDelta {
  std::string_view collection;
  int64_t position = 0;
  std::string owner, id;
  ClockValue stamp;
  bool unsure = false;
};

// An edit that the server took becomes part of what it is known to hold.
void AcceptEdit(Database* database, const Collection& collection, const RecordKey& key,
                bool deletes, std::string_view data, ClockValue stamp, std::string_view device) {
  if (deletes) return database->Run(sql::kDeleteBase, {key.collection, key.owner, key.id});
  std::string fields;
  if (collection.merge == MergeRule::kFields) {
    {
      Rows rows = database->Query(sql::kReadBase, {key.collection, key.owner, key.id});
      fields = OverlayFields(rows.Next() ? rows.Text(0) : "{}", data);
    }
    data = fields;
  }
  database->Run(sql::kPutBase, {key.collection, key.owner, key.id, data, stamp.first, stamp.second,
                                device, std::monostate()});
}

}  // namespace

struct Replica::Batch {
  std::string text;  // the collections' members of the body
  size_t bytes = 0;  // of the deltas' texts
  std::vector<SentDelta> sent;
};

// The deltas of the next body: a prefix of the outbox in the order of collections, parents first,
// and in each of stamps. While a request is under way, what it carries.
Status Replica::Collect(const ReplicaState& state, bool live, Batch* batch) {
  if (!state.cursor.has_value() || state.walking) return Status();
  const size_t bytes_max = live ? options_.frame_bytes_max : options_.bytes_max;
  const char* const query = state.under_way == 0 ? sql::kOutboxInOrder : sql::kInFlightAgain;
  for (const Collection& collection : schema_->collections) {
    Rows rows = database_->Query(query, {collection.name});
    int64_t position = 0;
    while (rows.Next()) {
      std::string delta;
      {
        json::Writer writer(&delta);
        AppendDelta(rows, &writer);
      }
      const bool fits = batch->bytes + delta.size() <= bytes_max;
      if (batch->sent.empty() && live && !fits) {
        return Status::TooLarge("frame_too_large", "The next delta does not fit a frame");
      }
      if (!batch->sent.empty() && (!fits || batch->sent.size() >= options_.deltas_max)) {
        if (position > 0) batch->text += ']';
        return Status();
      }
      if (position == 0) {
        batch->text += ",\"" + std::string(collection.name) + "\":[";
      } else {
        batch->text += ',';
      }
      batch->bytes += delta.size();
      batch->text += delta;
      batch->sent.push_back({collection.name,
                             position++,
                             std::string(rows.Text(0)),
                             std::string(rows.Text(1)),
                             {rows.Integer(4), rows.Integer(5)},
                             rows.Integer(6) == 2});
    }
    if (position > 0) batch->text += ']';
  }
  return Status();
}

// Entries from a clock that was far ahead get new stamps, in the order of the old ones: the server
// would set them all to its own time.
void Replica::Restamp(ReplicaState* state, int64_t now_ms) {
  const int64_t at_ms = CorrectedNow(*state, now_ms);
  struct Ahead {
    std::string collection, owner, id;
    ClockValue seen;
  };
  std::vector<Ahead> entries;
  {
    Rows rows = database_->Query(sql::kOutboxAhead,
                                 {at_ms + limits::kClockAheadMaxMs, limits::kClockAheadMaxMs});
    while (rows.Next()) {
      entries.push_back({std::string(rows.Text(0)),
                         std::string(rows.Text(1)),
                         std::string(rows.Text(2)),
                         {rows.Integer(3), rows.Integer(4)}});
    }
  }
  if (entries.empty()) return;
  if (state->clock_ms > at_ms + limits::kClockAheadMaxMs) {
    state->clock_ms = at_ms;
    state->clock_counter = 0;
  }
  for (const Ahead& entry : entries) {
    Observe(state, entry.seen);
    const ClockValue stamp = Tick(state, at_ms);
    database_->Run(sql::kRestamp,
                   {entry.collection, entry.owner, entry.id, stamp.first, stamp.second});
  }
  database_->Run(sql::kSetClock, {state->clock_ms, state->clock_counter});
}

Result<Outgoing> Replica::Next(int64_t now_ms, bool live) {
  Transaction transaction(database_);
  ReplicaState state = ReadState();
  if (state.under_way == 0) Restamp(&state, now_ms);
  Batch batch;
  if (Status status = Collect(state, live, &batch); !status.ok()) return status;

  database_->Run(sql::kDropInFlight);
  for (const SentDelta& delta : batch.sent) {
    database_->Run(sql::kPutInFlight,
                   {delta.collection, delta.position, delta.owner, delta.id, delta.stamp.first,
                    delta.stamp.second, int64_t{delta.unsure}});
    database_->Run(sql::kMarkSent, {delta.collection, delta.owner, delta.id});
  }
  Outgoing outgoing;
  outgoing.request = state.request + 1;
  outgoing.deltas = batch.sent.size();
  database_->Run(sql::kSetRequest, {outgoing.request, outgoing.request});
  if (Status status = transaction.Commit(); !status.ok()) return status;

  json::Writer body(&outgoing.body);
  body.Raw(R"({"cursor":)");
  if (state.cursor.has_value()) {
    body.Quoted(*state.cursor);
  } else {
    body.Raw("null");
  }
  if (options_.limit > 0) {
    body.Raw(R"(,"limit":)");
    body.Integer(options_.limit);
  }
  body.Raw(batch.text);
  body.Char('}');
  outgoing.body = std::move(body).Take();
  return outgoing;
}

Status Replica::Fail(int64_t request) {
  Transaction transaction(database_);
  const ReplicaState state = ReadState();
  if (state.under_way == request && request != 0) {
    database_->Run(sql::kDropInFlight);
    database_->Run(sql::kSetRequest, {state.request, int64_t{0}});
  }
  return transaction.Commit();
}

// Takes what the request carried out of the outbox. True where the base cannot be trusted any more:
// a rejected edit had replaced one that was sent before and never answered for. The server may hold
// that one, and an older server does not tell a device what it wrote itself.
bool Replica::Acknowledge(const ReplicaState& state, const ServerAnswer& answer,
                          Received* received) {
  std::map<std::pair<std::string_view, int64_t>, const AnswerNotice*> refused;
  for (const AnswerNotice& notice : answer.rejected) {
    refused[{notice.collection, notice.index}] = &notice;
  }
  bool doubtful = false;
  for (const Collection& collection : schema_->collections) {
    Rows rows = database_->Query(sql::kInFlight, {collection.name});
    while (rows.Next()) {
      const RecordKey key{collection.name, rows.Text(1), rows.Text(0)};
      const bool unsure = rows.Integer(3) != 0;
      const bool newest = rows.Integer(4) != 0;
      const ClockValue stamp{rows.Integer(7), rows.Integer(8)};
      const auto found = refused.find({collection.name, rows.Integer(2)});
      const bool accepted = found == refused.end();
      if (accepted) {
        ++received->accepted;
        AcceptEdit(database_, collection, key, rows.Integer(5) != 0, rows.Text(6), stamp,
                   state.device);
      } else {
        const AnswerNotice& notice = *found->second;
        refused.erase(found);
        doubtful |= newest && unsure;
        if (newest) {
          ++received->rejected;
          database_->Run(sql::kAddRejected,
                         {key.owner, key.collection, key.id, notice.code, notice.message,
                          rows.Integer(5), rows.Text(6), stamp.first, stamp.second});
        }
      }
      if (newest) {
        database_->Run(sql::kDeleteOutbox, {key.collection, key.owner, key.id});
      } else {
        const bool settled = accepted || !unsure;
        database_->Run(sql::kSetSent,
                       {key.collection, key.owner, key.id, int64_t{settled ? 0 : 2}});
      }
    }
  }
  if (!refused.empty()) {
    database_->Fail(
        Status::Error(502, "invalid_answer", "The server's answer rejects what was not sent"));
  }
  database_->Run(sql::kDropInFlight);
  return doubtful;
}

// Rows in the order they came; the clock follows those that are not too far ahead.
void Replica::Apply(const ServerAnswer& answer, int64_t latest_ms, ReplicaState* state) {
  for (const AnswerRow& row : answer.rows) {
    if (row.deletes) {
      database_->Run(sql::kDeleteBase, {row.collection, row.owner, row.id});
    } else {
      SqlValue permission;
      if (!row.permission.empty()) permission = row.permission;
      database_->Run(sql::kPutBase, {row.collection, row.owner, row.id, row.data, row.ms,
                                     row.counter, row.device, permission});
    }
    if (row.ms <= latest_ms) Observe(state, {row.ms, row.counter});
  }
}

Result<Received> Replica::Receive(int64_t request, std::string_view text, int64_t now_ms) {
  Transaction transaction(database_);
  ReplicaState state = ReadState();
  Received received;
  received.ignored = request == 0 || state.under_way != request;
  if (received.ignored) {
    if (Status status = transaction.Commit(); !status.ok()) return status;
    return received;
  }
  const Result<ServerAnswer> answer = ParseAnswer(text, *schema_);
  if (!answer.ok()) return answer.status();

  int64_t latest_ms = INT64_MAX;
  if (answer->server_time.has_value()) {
    latest_ms = *answer->server_time + limits::kClockAheadMaxMs;
    state.skew_ms = *answer->server_time - now_ms;
    if (state.clock_ms > latest_ms) {
      state.clock_ms = *answer->server_time;
      state.clock_counter = 0;
    }
  }
  received.reset = answer->reset;
  received.rows = answer->rows.size();
  // Without a cursor the answer begins the whole state, as after a reset.
  if (answer->reset || !state.cursor.has_value()) database_->Run(sql::kDropBase);
  const bool doubtful = Acknowledge(state, *answer, &received);
  Apply(*answer, latest_ms, &state);
  for (const AnswerNotice& notice : answer->conflicts) {
    database_->Run(sql::kAddNotice,
                   {notice.collection, notice.id, notice.code, notice.message, now_ms});
  }
  if (!answer->conflicts.empty()) database_->Run(sql::kTrimNotices, {kNoticesMax});
  SqlValue cursor;
  if (!doubtful) cursor = answer->cursor;
  database_->Run(sql::kSetAnswered, {cursor, int64_t{answer->has_more}, state.clock_ms,
                                     state.clock_counter, state.skew_ms});
  database_->Run(sql::kSetSynced, {now_ms});
  if (Status status = transaction.Commit(); !status.ok()) return status;
  return received;
}

Result<Broadcast> Replica::Follow(std::string_view text) {
  const Result<ServerAnswer> frame = ParseAnswer(text, *schema_);
  if (!frame.ok()) return frame.status();
  Transaction transaction(database_);
  ReplicaState state = ReadState();
  const bool follows = state.cursor.has_value() && state.under_way == 0 && !state.walking &&
                       !frame->reset && !frame->has_more && frame->since == *state.cursor;
  if (!follows) {
    if (Status status = transaction.Commit(); !status.ok()) return status;
    // A frame that says there is more holds none of it, whatever its cursor.
    const bool known = !frame->has_more && state.cursor == frame->cursor;
    return known ? Broadcast::kKnown : Broadcast::kGap;
  }
  const int64_t latest_ms =
      frame->server_time.has_value() ? *frame->server_time + limits::kClockAheadMaxMs : INT64_MAX;
  Apply(*frame, latest_ms, &state);
  database_->Run(sql::kSetClock, {state.clock_ms, state.clock_counter});
  database_->Run(sql::kSetReached, {frame->cursor, int64_t{0}});
  if (Status status = transaction.Commit(); !status.ok()) return status;
  return Broadcast::kApplied;
}

}  // namespace tidemark
