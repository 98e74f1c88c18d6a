// POST /sync: push and pull in one request, in one transaction.

#include <algorithm>

#include "base/limits.h"
#include "engine/await.h"
#include "records/operations.h"
#include "records/payload.h"
#include "records/pull.h"
#include "records/statements.h"

namespace tidemark {
namespace {

Status CheckDevice(std::string_view device) {
  const bool allowed = std::all_of(device.begin(), device.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
  if (allowed && device.size() <= limits::kDeviceIdBytesMax) return {};
  return Status::Invalid("invalid_device_id",
                         "X-Device-ID must be 1 to 64 letters, digits or any of - _ . :");
}

Status CheckRequest(const Request& request, const std::string& device) {
  // Media types compare without regard to case; parameters such as charset do not matter here.
  std::string type = request.Param("content_type");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (type != "application/json") {
    return Status::Error(415, "unsupported_media_type", "Send content-type: application/json");
  }
  if (request.body_size > limits::kBodyBytesMax) {
    return Status::TooLarge("body_too_large", "The body is larger than " +
                                                  std::to_string(limits::kBodyBytesMax) +
                                                  " bytes; split the push into several requests");
  }
  return CheckDevice(device);
}

}  // namespace

Task<Space> ReadSpace(std::string device) {
  const ResultSet row = co_await Query(sql::kReadSpace, {std::move(device)});
  co_return Space{.epoch = row.Text(0),
                  .head = row.Integer(1, 0),
                  .pruned_seq = row.Integer(2, 0),
                  .horizon_ms = row.Integer(3, 0),
                  .projected_seq = row.Integer(4, 0),
                  .has_claims = row.Integer(5, 0) != 0};
}

Task<Reply> Sync(Context context) {
  const Request& request = context.request;
  PushState state;
  state.schema = context.schema;
  state.now_ms = request.now_ms;
  state.device = request.Param("device").empty() ? "default" : request.Param("device");
  if (Status status = CheckRequest(request, state.device); !status.ok()) {
    co_return Reply::Error(status);
  }
  state.space = co_await ReadSpace(state.device);
  state.head = state.space.head;

  PayloadOptions options;
  const Status pushed = co_await PushPayload(&state, &options, request.body_size);
  if (!pushed.ok()) co_return Reply::Error(pushed);
  if (state.written > 0) co_await SetAlarm(request.now_ms + limits::kProjectDelayMs);

  const int64_t limit = options.limit == 0 ? limits::kPageRowsMax : options.limit;
  Result<Reply> pulled = co_await Pull(&state, options.cursor, limit);
  if (!pulled.ok()) co_return Reply::Error(pulled.status());
  Reply reply = std::move(*pulled);
  reply.data["deltas"] = std::to_string(state.deltas);
  reply.data["written"] = std::to_string(state.written);
  reply.data["version"] = std::to_string(state.head);
  co_return reply;
}

}  // namespace tidemark
