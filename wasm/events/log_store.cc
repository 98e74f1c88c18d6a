#include "events/log_store.h"

#include <algorithm>

#include "engine/params.h"
#include "events/sql_log.h"

namespace tidemark::events {
namespace {

constexpr size_t kReasonBytesMax = 123;

struct CloseCode {
  std::string_view code;
  std::string_view number;
};
// All other codes are a policy's: 1008.
constexpr CloseCode kCloseCodes[] = {
    {"invalid_frame", "1007"},    {"frame_too_large", "1009"}, {"entry_too_large", "1009"},
    {"too_many_entries", "1009"}, {"unavailable", "1013"},     {"busy", "1013"},
    {"signed_out", "4401"},       {"cursor_expired", "4409"},
};

int64_t Whole(const Request& request, std::string_view name) {
  const Result<int64_t> value = IntegerParam(request, name, 0, limits::kIntegerMax, 0);
  return value.ok() ? *value : 0;
}

}  // namespace

LogStore::LogStore(const Request& request)
    : shard(request.Param("storage") == "d1" ? kDatabase : std::string_view()),
      tenant(request.space),
      keep_entries(Whole(request, "keep_entries")),
      keep_days(std::min(Whole(request, "keep_days"), limits::kEventKeepDaysMax)) {}

Statement ReadLog(const LogStore& store, std::string public_key) {
  return {sql::kReadEventLog.text, {store.tenant, std::move(public_key)}};
}

LogState LogStateOf(const ResultSet& set) {
  return {.id = set.Integer(0, 0),
          .first = set.Integer(1, 1),
          .last = set.Integer(2, 0),
          .greatest = set.Text(3)};
}

Result<ResultSets> SetsOf(CommandResult result) {
  if (auto* sets = std::get_if<ResultSets>(&result)) return std::move(*sets);
  const auto* failure = std::get_if<Failure>(&result);
  Check(failure != nullptr);
  if (failure->code == "refused") {
    return Status::Error(409, "refused", "Another has written to this log");
  }
  return Status::Error(503, "unavailable", "The log cannot be reached; try again");
}

Task<Result<ResultSets>> Run(const LogStore* store, std::vector<Statement> statements) {
  std::vector<Command> commands;
  commands.emplace_back(store->Command(std::move(statements)));
  std::vector<CommandResult> results = co_await Commands(std::move(commands));
  co_return SetsOf(std::move(results.front()));
}

Status ReadOnly() { return Status::Error(403, "read_only", "this connection only reads"); }

Status CursorExpired(int64_t first) {
  return Status::Error(410, "cursor_expired",
                       std::to_string(first) + " is the first sequence that is kept");
}

Reply Close(const Status& status) {
  Reply reply = Reply::Error(status);
  reply.body.clear();
  const auto* found =
      std::find_if(std::begin(kCloseCodes), std::end(kCloseCodes),
                   [&](const CloseCode& each) { return each.code == status.code(); });
  reply.data["close"] = found == std::end(kCloseCodes) ? "1008" : found->number;
  reply.data["reason"] =
      (std::string(status.code()) + ": " + status.message()).substr(0, kReasonBytesMax);
  return reply;
}

}  // namespace tidemark::events
