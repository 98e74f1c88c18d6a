// WriteEntries: what is not known yet is stored, the writer gets a sequence for each of its entries
// once that is done, and those who follow the log get what is new.

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/limits.h"
#include "events/incoming.h"
#include "events/log_store.h"
#include "events/sql_log.h"
#include "events/sql_sockets.h"

namespace tidemark::events {
namespace {

// Entries that are stored, and sent, as one.
struct Piece {
  int64_t first = 0;
  int64_t count = 0;
  std::string ids;
  std::string data;
};

// What a message's entries come to: a sequence for each, and those that are new, in pieces.
struct Plan {
  std::vector<int64_t> sequences;
  std::vector<Piece> pieces;
  std::string ids;  // of the new ones
  int64_t first = 0;
  bool sent = false;  // to all who follow
};

// For each entry the place of the first of its id.
std::vector<uint32_t> FirstPlaces(const std::vector<Entry>& entries) {
  std::vector<uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const int compared = entries[a].id.compare(entries[b].id);
    return compared != 0 ? compared < 0 : a < b;
  });
  std::vector<uint32_t> places(entries.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const bool same = i > 0 && entries[order[i]].id == entries[order[i - 1]].id;
    places[order[i]] = same ? places[order[i - 1]] : order[i];
  }
  return places;
}

void Append(const Message& message, const Entry& entry, int64_t sequence, Plan* plan) {
  if (plan->pieces.empty() ||
      plan->pieces.back().data.size() + entry.data.size() > limits::kEventBatchBytes) {
    plan->pieces.emplace_back().first = sequence;
  }
  Piece& piece = plan->pieces.back();
  ++piece.count;
  piece.ids += entry.id;
  AppendEntry(sequence, message.iv, entry, &piece.data);
  plan->ids += entry.id;
}

// `known`: rows of an entry's place and its sequence.
Plan PlanOf(const Message& message, const ResultSet& known, int64_t last) {
  const std::vector<Entry>& entries = message.entries;
  Plan plan;
  plan.first = last + 1;
  plan.sequences.assign(entries.size(), 0);
  for (const std::vector<Cell>& row : known.rows) {
    const auto* place = std::get_if<int64_t>(&row[0]);
    const auto* sequence = std::get_if<int64_t>(&row[1]);
    Check(place != nullptr && sequence != nullptr);
    plan.sequences.at(static_cast<size_t>(*place)) = *sequence;
  }
  const std::vector<uint32_t> places = FirstPlaces(entries);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (plan.sequences[i] != 0) continue;
    if (places[i] != i) {
      plan.sequences[i] = plan.sequences[places[i]];
    } else {
      plan.sequences[i] = ++last;
      Append(message, entries[i], last, &plan);
    }
  }
  return plan;
}

// Of so many elements.
std::string ArrayOf(size_t count) {
  std::string text = "[";
  text.reserve(2 * count + 2);
  for (size_t i = 0; i < count; ++i) text += i > 0 ? ",0" : "0";
  return text + ']';
}

std::vector<Statement> Store(const LogStore& store, const Request& request, const LogState& log,
                             const Message& message, bool sends, Plan* plan) {
  const std::string key(message.public_key);
  std::vector<Statement> statements;
  if (log.id == 0) statements.push_back({sql::kMakeEventLog.text, {store.tenant, key}});
  for (Piece& piece : plan->pieces) {
    std::string data = sends ? piece.data : std::move(piece.data);
    statements.push_back({sql::kAppendEvents.text,
                          {store.tenant, key, piece.first, piece.count, request.now_ms,
                           SocketOf(request), Blob{std::move(piece.ids)}, Blob{std::move(data)}}});
  }
  std::string count = ArrayOf(plan->ids.size() / 16);
  statements.push_back(
      {sql::kKnowEvents.text,
       {store.tenant, key, Blob{std::move(plan->ids)}, std::move(count), plan->first}});
  return statements;
}

// Whether a write goes to all who follow at once: what is larger they get in pages.
bool SendsAtOnce(const std::vector<int64_t>& sockets, const Plan& plan) {
  size_t bytes = 0;
  for (const Piece& piece : plan.pieces) bytes += piece.data.size();
  return static_cast<int64_t>(bytes * sockets.size()) <= limits::kEventFanOutBytes;
}

void SendPieces(const std::vector<int64_t>& sockets, const Message& message, Plan* plan,
                std::vector<Command>* commands) {
  if (sockets.empty()) return;
  for (Piece& piece : plan->pieces) {
    std::string changes = ChangesHead(message.public_key, piece.count) + piece.data;
    changes += ChangesTail();
    for (std::string& frame : FramesOf(std::move(changes), piece.first)) {
      commands->emplace_back(SendCommand{sockets, {std::move(frame)}});
    }
  }
}

std::vector<int64_t> Integers(const ResultSet& set) {
  std::vector<int64_t> integers;
  for (const std::vector<Cell>& row : set.rows) {
    if (const auto* integer = std::get_if<int64_t>(&row[0])) integers.push_back(*integer);
  }
  return integers;
}

Reply Ack(const Message& message, const std::vector<int64_t>& sequences) {
  Reply reply;
  reply.body.emplace_back(WriteAck(message.id, sequences));
  return reply;
}

Statement Find(const LogStore& store, const Message& message) {
  std::string ids;
  for (const Entry& entry : message.entries) ids += entry.id;
  return {sql::kFindEvents.text,
          {store.tenant, std::string(message.public_key), Blob{std::move(ids)},
           ArrayOf(message.entries.size())}};
}

// What a write stands on: the log as it is, which of its entries are known, and who follows.
struct Ground {
  LogState log;
  ResultSet known;
  std::vector<int64_t> followers;
};

bool AllGreater(const std::vector<Entry>& entries, std::string_view id) {
  return std::all_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return entry.id > id; });
}

Task<Result<Ground>> ReadGround(const LogStore* store, const Request* request,
                                const Message* message) {
  const std::string key(message->public_key);
  std::vector<Command> commands;
  commands.emplace_back(store->Command({ReadLog(*store, key)}));
  commands.emplace_back(SqlCommand{{}, {{sql::kListSubscribers.text, {key, SocketOf(*request)}}}});
  std::vector<CommandResult> results = co_await Commands(std::move(commands));
  Result<ResultSets> logs = SetsOf(std::move(results[0]));
  if (!logs.ok()) co_return logs.status();
  Result<ResultSets> sockets = SetsOf(std::move(results[1]));
  Check(sockets.ok());
  Ground ground{.log = LogStateOf((*logs)[0]), .known = {}, .followers = Integers((*sockets)[0])};
  if (!AllGreater(message->entries, ground.log.greatest)) {
    Result<ResultSets> found = co_await Run(store, {Find(*store, *message)});
    if (!found.ok()) co_return found.status();
    ground.known = std::move((*found)[0]);
  }
  co_return ground;
}

// Whether the tenant may have this log. Codes: `too_many_keys`.
Task<Status> CheckLog(const LogStore* store, const LogState* log) {
  if (log->id != 0) co_return Status();
  Result<ResultSets> logs = co_await Run(store, {{sql::kCountEventLogs.text, {store->tenant}}});
  if (!logs.ok()) co_return logs.status();
  if ((*logs)[0].Integer(0, 0) < limits::kEventKeysMax) co_return Status();
  co_return Status::Error(403, "too_many_keys",
                          "this tenant has " + std::to_string(limits::kEventKeysMax) + " keys");
}

// Whether the socket may write under this key.
Status CheckWriter(const Request& request, const Message& message) {
  if (request.Param("access") != "write") return ReadOnly();
  const std::string bound = request.Param("public_key");
  if (bound.empty() || bound == message.public_key) return {};
  return Status::Error(403, "key_bound", "this connection writes under another public key");
}

// Stores what is new of a plan, and sends it where others cannot have written in between. Code:
// `refused`, where they have.
Task<Status> Write(const LogStore* store, const Request* request, const Message* message,
                   const Ground* ground, Plan* plan) {
  const bool sends = store->own() && SendsAtOnce(ground->followers, *plan);
  std::vector<Command> commands;
  commands.emplace_back(
      store->Command(Store(*store, *request, ground->log, *message, sends, plan)));
  if (store->prunes()) {
    commands.emplace_back(AlarmCommand{request->now_ms + limits::kEventPruneMs});
  }
  if (sends) {
    SendPieces(ground->followers, *message, plan, &commands);
  } else if (store->own()) {
    commands.emplace_back(
        SqlCommand{{},
                   {{sql::kFallBehind.text,
                     {std::string(message->public_key), SocketOf(*request), plan->first}}}});
  }
  plan->sent = sends;
  std::vector<CommandResult> results = co_await Commands(std::move(commands));
  const Result<ResultSets> written = SetsOf(std::move(results[0]));
  co_return written.ok() ? Status() : written.status();
}

}  // namespace

Task<Reply> WriteEntries(Context context, std::unique_ptr<Incoming> incoming) {
  const Request& request = context.request;
  const Message& message = incoming->message;
  if (message.entries.empty()) co_return Ack(message, {});
  if (Status status = CheckWriter(request, message); !status.ok()) co_return Close(status);
  const LogStore store(request);
  for (int64_t tries = limits::kEventWriteTries; tries > 0; --tries) {
    Result<Ground> ground = co_await ReadGround(&store, &request, &message);
    if (!ground.ok()) co_return Close(ground.status());
    if (Status status = co_await CheckLog(&store, &ground->log); !status.ok()) {
      co_return Close(status);
    }
    Plan plan = PlanOf(message, ground->known, ground->log.last);
    Reply reply = Ack(message, plan.sequences);
    if (request.Param("public_key").empty()) {
      reply.data["public_key"] = std::string(message.public_key);
    }
    if (plan.pieces.empty()) co_return reply;
    const Status written = co_await Write(&store, &request, &message, &*ground, &plan);
    if (written.code() == "refused") continue;
    if (!written.ok()) co_return Close(written);
    if (!store.own()) {
      // Others may have written in between: everybody reads on from where they are.
      const int64_t last = plan.pieces.back().first + plan.pieces.back().count - 1;
      co_await Query(sql::kMarkBehind, {std::string(message.public_key), last});
    }
    if (!plan.sent) reply.data["deliver"] = "1";
    co_return reply;
  }
  co_return Close(Status::Error(503, "busy", "others write to this log; try again"));
}

}  // namespace tidemark::events
