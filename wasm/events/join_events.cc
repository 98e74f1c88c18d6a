// An object's first breath, and sockets that come and go.

#include <array>
#include <utility>

#include "accounts/one_time.h"
#include "base/limits.h"
#include "base/random.h"
#include "engine/params.h"
#include "events/incoming.h"
#include "events/log_store.h"
#include "events/message.h"
#include "events/operations.h"
#include "events/sql_keys.h"
#include "events/sql_log.h"
#include "events/sql_sockets.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

// A version 4 UUID (RFC 9562, section 5.4), as bytes.
std::string RandomUuid(Random* random) {
  std::array<uint8_t, 16> bytes{};
  random->Fill(bytes);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<Statement> Wipe() {
  std::vector<Statement> statements;
  for (const Sql& sql : {sql::kWipeRemotes, sql::kWipeLogs, sql::kWipeBatches, sql::kWipeEntries}) {
    statements.push_back({sql.text, {}});
  }
  return statements;
}

// Codes: `unauthorized`. The access that a key gives, and the key's number.
Task<Result<std::pair<std::string, int64_t>>> ReadAccess(const Request* request) {
  const std::string key = request->Param("key");
  if (key.empty()) co_return std::pair(request->Param("access"), int64_t{0});
  const std::optional<std::string> hash = HashOfSecret(key);
  ResultSet found;
  if (hash.has_value()) found = co_await Query(sql::kFindAccessKey, {*hash});
  if (found.rows.empty()) {
    co_return Status::Error(401, "unauthorized", "This access key opens no log here");
  }
  const bool views = request->Param("access") == "read";
  co_return std::pair(views ? std::string("read") : found.Text(1), found.Integer(0, 0));
}

}  // namespace

Task<Reply> OpenEvents(Context context) {
  std::vector<Statement> statements;
  for (const Sql& table :
       {sql::kCreateMeta, sql::kCreateEventRemote, sql::kCreateEventLog, sql::kIndexEventLog,
        sql::kCreateEventBatch, sql::kCreateEventEntry, sql::kCreateEventSocket,
        sql::kCreateEventSubscription, sql::kIndexEventSubscription, sql::kIndexEventSubscriber,
        sql::kIndexEventBehind, sql::kCreateEventChunk, sql::kCreateAccessKey}) {
    statements.push_back({table.text, {}});
  }
  Reply reply;
  const Request& request = context.request;
  std::string sockets = request.Param("sockets");
  if (request.Param("storage") == "memory") {
    for (Statement& wipe : Wipe()) statements.push_back(std::move(wipe));
    if (sockets != "[]") reply.data["restarted"] = "1";
  }
  statements.push_back({sql::kForgetLostSockets.text, {std::move(sockets)}});
  statements.push_back({sql::kForgetLostSubscriptions.text, {}});
  statements.push_back({sql::kForgetLostChunks.text, {}});
  co_await Batch(std::move(statements));
  co_return reply;
}

Task<Reply> JoinEvents(Context context) {
  const Request& request = context.request;
  if (!IntegerParam(request, "sockets", 0, limits::kEventSocketsMax - 1, 0).ok()) {
    co_return Reply::Error(Status::Error(503, "too_many_sockets",
                                         "This log has " +
                                             std::to_string(limits::kEventSocketsMax) +
                                             " connections: close one of them"));
  }
  const auto access = co_await ReadAccess(&request);
  if (!access.ok()) co_return Reply::Error(access.status());
  Random random(request.seed);
  const events::LogStore store(request);
  Result<ResultSets> remote = co_await events::Run(
      &store, {{sql::kMakeEventRemote.text, {store.tenant, Blob{RandomUuid(&random)}}},
               {sql::kReadEventRemote.text, {store.tenant}}});
  if (!remote.ok()) co_return Reply::Error(remote.status());
  // Its number is in what it writes, also in a log that several objects share: so it is random.
  const auto socket = static_cast<int64_t>(random.Below(uint64_t{1} << 48)) + 1;
  co_await Query(sql::kAddEventSocket, {socket, access->second});
  Reply reply;
  reply.body.emplace_back(events::WriteHello((*remote)[1].Text(0)));
  reply.data["socket"] = std::to_string(socket);
  reply.data["access"] = access->first;
  co_return reply;
}

Task<Reply> LeaveEvents(Context context) {
  const int64_t socket = events::SocketOf(context.request);
  co_await Batch({{sql::kRemoveEventSocket.text, {socket}},
                  {sql::kRemoveSubscriptions.text, {socket}},
                  {sql::kRemoveChunks.text, {socket}}});
  co_return Reply();
}

}  // namespace tidemark
