// The coordinator's HTTP API: which function serves a request, and with what.

#include "shards/coordinator_request.h"

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "engine/await.h"
#include "shards/allocate_sizes.h"
#include "shards/coordinator_sql.h"
#include "shards/count_slots.h"
#include "shards/operations.h"
#include "shards/shard_names.h"
#include "shards/sql_move.h"

namespace tidemark {
namespace {

constexpr uint32_t kBodyDepth = 3;

// Texts of a body that something is looked up by.
enum Needs : uint8_t {
  kNothing = 0,
  kBody = 1,
  kKey = 2,
  kShard = 4,
  kSequence = 8,
  kSlot = 16,
  kApart = 32,  // with kSlot
  kMoved = 64,  // with kKey
  kCounts = 128
};

struct Route {
  std::string_view path;
  std::string_view method;
  CoordinatorHandler run;
  uint8_t needs;
};

Result<std::string> Health(CoordinatorCall* /*call*/) { return std::string("OK"); }

constexpr Route kRoutes[] = {
    {"/shards", "GET", ListShardNames, kNothing},
    {"/shards", "POST", RegisterShard, kBody | kShard},
    {"/shards", "DELETE", UnregisterShard, kBody | kShard},
    {"/stats", "GET", ListShardStats, kCounts},
    {"/stats", "POST", SetShardCount, kBody | kShard},
    {"/allocate", "POST", AllocateShard, kBody | kKey},
    {"/keys", "POST", PlaceKey, kBody | kKey | kShard},
    {"/keys/find", "POST", FindMovedKey, kBody | kKey | kMoved},
    {"/keys", "DELETE", ForgetKey, kBody | kKey},
    {"/sequence", "POST", LeaseNumbers, kBody | kSequence},
    {"/slots", "GET", ReadSlots, kSlot},
    {"/slots", "POST", MakeSlots, kBody | kSlot},
    {"/routes", "POST", DeclareRoutes, kBody},
    {"/moves", "GET", ListMoves, kSlot},
    {"/moves", "POST", PlanMoves, kBody | kSlot | kApart},
    {"/moves/retry", "POST", RetryMove, kBody | kSlot},
    {"/flush", "POST", FlushCoordinator, kSlot},
    {"/health", "GET", Health, kNothing},
};

// Null, and what to answer, where there is none.
const Route* FindRoute(const std::string& path, const std::string& method, Reply* refused) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (route.path != path) continue;
    if (route.method == method) return &route;
    allowed.append(allowed.empty() ? "" : ", ").append(route.method);
  }
  if (allowed.empty()) {
    *refused = CoordinatorError(Status::NotFound("Nothing is at this path"));
    return nullptr;
  }
  *refused =
      CoordinatorError(Status::Error(405, "method_not_allowed", "This path takes " + allowed));
  refused->headers.emplace_back("allow", allowed);
  return nullptr;
}

// A text of 1 to so many bytes.
Status ReadText(const nlohmann::json& body, std::string_view name, size_t bytes_max,
                std::string* out) {
  const std::string* text = StringField(body, name);
  if (text == nullptr || text->empty() || text->size() > bytes_max) {
    return Status::Invalid("invalid_parameter", std::string(name) + " must be a text of 1 to " +
                                                    std::to_string(bytes_max) + " bytes");
  }
  *out = *text;
  return {};
}

Status ReadTexts(uint8_t needs, CoordinatorCall* call) {
  Status status;
  if (needs & kKey) {
    status = ReadText(call->body, "primaryKey", limits::kCoordinatorBodyBytesMax, &call->key);
    const Sha256Digest digest = Sha256Of(call->key);
    call->hash.bytes.assign(digest.begin(), digest.end());
  }
  if (needs & kShard && status.ok()) {
    status = ReadText(call->body, "shard", limits::kSqlShardNameBytesMax, &call->shard);
  }
  if (needs & kSequence) {
    status = ReadText(call->body, "name", limits::kSequenceNameBytesMax, &call->sequence);
  }
  return status;
}

// The names of shards in the body, as SQL takes them.
std::string AvailableIn(const nlohmann::json& body) {
  const nlohmann::json* available = ArrayField(body, "availableShards");
  return available == nullptr ? "[]" : DumpTree(*available);
}

// What the tables tell, all at once.
std::vector<Statement> Reads(uint8_t needs, const CoordinatorCall& call) {
  std::vector<Statement> reads = StateReads();
  if (needs & kKey) {
    reads.push_back({sql::kReadDirectory.text, {call.hash}});
    reads.push_back({sql::kReadRetiredShards.text, {AvailableIn(call.body)}});
  }
  if (needs & kMoved) reads.push_back({sql::kReadMovedKey.text, {call.hash}});
  if (needs & kSequence) reads.push_back({sql::kReadSequence.text, {call.sequence}});
  if (needs & kSlot) {
    reads.push_back({sql::kReadSlotTable.text, {}});
    reads.push_back({sql::kReadSlotMoves.text, {}});
  }
  if (needs & kApart) reads.push_back({sql::kListKeysApart.text, {}});
  if (needs & kCounts) reads.push_back(ReadCountsDue(call.now_ms));
  return reads;
}

void TakeReads(const ResultSets& sets, uint8_t needs, CoordinatorCall* call) {
  call->state = TakeState(sets[0], sets[1]);
  if (needs & kKey) {
    call->placed = sets[2].Text(0);
    for (const std::vector<Cell>& row : sets[3].rows) {
      call->retired.push_back(*std::get_if<std::string>(&row[0]));
    }
  }
  if (needs & kMoved) {
    call->placed = sets.back().Text(0);
    call->moved_at = sets.back().Integer(1, 0);
  }
  if (needs & kSequence) {
    call->next = sets.back().Integer(0, -1);
    call->sequences = sets.back().Integer(1, 0);
  }
  if (needs & kSlot) {
    call->slots = moves::SlotStateOf(sets[2]);
    for (const std::vector<Cell>& row : sets[3].rows) call->moves.push_back(moves::MoveOf(row));
  }
  if (needs & kCounts) call->counts_due = !sets[2].rows.empty();
  if (needs & kApart) {
    for (const std::vector<Cell>& row : sets[4].rows) {
      call->apart.push_back(*std::get_if<std::string>(&row[0]));
    }
  }
}

}  // namespace

Task<Reply> CoordinatorRequest(Context context) {
  const Request& request = context.request;
  Reply refused;
  const Route* route = FindRoute(request.Param("path"), request.Param("method"), &refused);
  if (route == nullptr) co_return refused;
  CoordinatorCall call{
      .now_ms = request.now_ms, .seed = request.seed, .environment = request.Param("environment")};
  if (route->needs & kBody) {
    if (request.body_size > limits::kCoordinatorBodyBytesMax) {
      co_return CoordinatorError(Status::TooLarge(
          "body_too_large", "The body is larger than " +
                                std::to_string(limits::kCoordinatorBodyBytesMax) + " bytes"));
    }
    const std::string text = co_await BodySlice(0, request.body_size);
    Result<nlohmann::json> tree = ParseTree(text, kBodyDepth);
    if (!tree.ok()) co_return CoordinatorError(tree.status());
    call.body = std::move(*tree);
    if (Status texts = ReadTexts(route->needs, &call); !texts.ok()) {
      co_return CoordinatorError(texts);
    }
  }
  call.after = request.Param("after");
  if (route->needs & kSlot) {
    const auto databases = ReadShardNames(request.Param("databases"));
    if (databases.ok()) call.databases = *databases;
  }
  TakeReads(co_await Batch(Reads(route->needs, call)), route->needs, &call);
  if (route->run == RegisterShard && call.state.Find(call.shard) == nullptr) {
    const ResultSet keys = co_await Query(sql::kCountDirectory, {call.shard});
    call.keys = keys.Integer(0, 0);
  }
  const bool bounded = Field(call.body, "maxDatabaseSize") != nullptr;
  if (route->run == AllocateShard && bounded && call.placed.empty()) {
    call.sizes = co_await Query(sql::kReadShardSizes);
  }
  Result<std::string> body = route->run(&call);
  if (!body.ok()) co_return CoordinatorError(body.status());
  if (!call.writes.empty()) co_await Batch(std::move(call.writes));
  if (call.queued) {
    // With their numbers.
    const int64_t last = call.moves.empty() ? 0 : call.moves.back().id;
    const ResultSet all = co_await Query(sql::kReadSlotMoves);
    std::vector<moves::Move> queued;
    for (const std::vector<Cell>& row : all.rows) {
      moves::Move move = moves::MoveOf(row);
      if (move.id > last) queued.push_back(std::move(move));
    }
    body = moves::MovesJson(queued);
  }
  if (call.queued || call.alarm) co_await SetAlarm(request.now_ms);
  Reply reply = Reply::Json(std::move(*body));
  if (!call.then.empty()) reply.data["then"] = call.then;
  if (call.changed) reply.data["state"] = call.state.Json();
  if (route->run == Health) reply.headers[0].second = "text/plain;charset=utf-8";
  co_return reply;
}

void CoordinatorCall::Count(std::string_view name, int64_t by) {
  CoordinatorShard* shard_of_name = state.Find(name);
  if (shard_of_name == nullptr) return;
  shard_of_name->keys = std::clamp<int64_t>(shard_of_name->keys + by, 0, limits::kIntegerMax);
  shard_of_name->updated_at = now_ms;
  writes.push_back(WriteShardStatement(*shard_of_name));
  changed = true;
}

// Numbers that nobody else was given: of a name, one after the other, or so many at once that their
// owner gives out itself. What an owner does not use is never given again.
Result<std::string> LeaseNumbers(CoordinatorCall* call) {
  const Result<int64_t> least = IntegerIn(call->body, "min", 0, limits::kIntegerMax, 1);
  if (!least.ok()) return least.status();
  const Result<int64_t> count = IntegerIn(call->body, "count", 1, limits::kSequenceLeaseMax, 1);
  if (!count.ok()) return count.status();
  if (call->next < 0 && call->sequences >= limits::kSequencesMax) {
    return Status::Error(
        409, "too_many_sequences",
        "There are at most " + std::to_string(limits::kSequencesMax) + " sequences");
  }
  const int64_t value = std::max(call->next, *least);
  if (value > limits::kIntegerMax - *count) {
    return Status::Error(409, "sequence_exhausted", "There are no numbers left below 2^53");
  }
  call->writes.push_back({sql::kWriteSequence.text, {call->sequence, value + *count}});
  return "{\"value\":" + std::to_string(value) + "}";
}

Result<int64_t> IntegerIn(const nlohmann::json& body, std::string_view name, int64_t least,
                          int64_t most, int64_t fallback) {
  if (Field(body, name) == nullptr && fallback >= least) return fallback;
  const std::optional<int64_t> value = IntegerField(body, name);
  if (value && *value >= least && *value <= most) return *value;
  return Status::Invalid("invalid_parameter", std::string(name) + " must be an integer from " +
                                                  std::to_string(least) + " to " +
                                                  std::to_string(most));
}

}  // namespace tidemark
