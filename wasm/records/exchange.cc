#include "records/exchange.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "engine/await.h"
#include "records/operations.h"
#include "records/payload.h"
#include "records/publish.h"

namespace tidemark {

Status CheckDevice(std::string_view device) {
  const bool allowed = std::all_of(device.begin(), device.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
  if (allowed && device.size() <= limits::kDeviceIdBytesMax) return {};
  return Status::Invalid("invalid_device_id",
                         "X-Device-ID must be 1 to 64 letters, digits or any of - _ . :");
}

std::string DeviceOf(const Request& request) {
  std::string device = request.Param("device");
  return device.empty() ? "default" : device;
}

Task<PushState> BeginExchange(Context context, std::string device) {
  PushState state;
  state.schema = context.schema;
  state.now_ms = context.request.now_ms;
  state.space = co_await ReadSpace(device);
  state.device = std::move(device);
  state.user = context.request.space;
  state.head = state.space.head;
  co_return state;
}

Task<Reply> Exchange(Context context, std::string device, PullOptions options) {
  const Request& request = context.request;
  PushState state = co_await BeginExchange(context, std::move(device));
  PayloadOptions given;
  const Status pushed = co_await PushPayload(&state, &given, request.body_size);
  if (!pushed.ok()) co_return Reply::Error(pushed);
  if (state.written + state.edits > 0) {
    co_await SetAlarm(request.now_ms + limits::kProjectDelayMs);
    co_await PublishChanges(context, {.space = state.space,
                                      .from = state.space.head,
                                      .to = state.head,
                                      .except_device = state.device});
  }
  options.cursor = std::move(given.cursor);
  if (given.limit > 0) options.limit = given.limit;
  Result<Reply> pulled = co_await Pull(&state, std::move(options));
  if (!pulled.ok()) co_return Reply::Error(pulled.status());
  Reply reply = std::move(*pulled);
  reply.data["deltas"] = std::to_string(state.deltas);
  reply.data["written"] = std::to_string(state.written);
  reply.data["version"] = std::to_string(state.head);
  if (state.edits > 0 || (state.written > 0 && state.space.gives)) reply.data["then"] = "share";
  co_return reply;
}

}  // namespace tidemark
