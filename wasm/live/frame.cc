// A frame from a socket: push, pull or presence.

#include <string>
#include <utility>

#include "base/json_scanner.h"
#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "live/frame_head.h"
#include "live/operations.h"
#include "records/body.h"
#include "records/exchange.h"
#include "records/payload.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

constexpr std::string_view kCloseSignedOut = "4401";
constexpr std::string_view kCloseTooLarge = "1009";
constexpr std::string_view kCloseTooFast = "4429";

// Frames after which a socket that does not heed `rate_limited` is closed.
constexpr int64_t kPatience = 2;

std::string Opening(std::string_view type, int64_t request) {
  std::string text = "{\"type\":\"" + std::string(type) + '"';
  if (request >= 0) text += ",\"request\":" + std::to_string(request);
  return text;
}

// The error frame. Its status takes the transaction back.
Reply ErrorFrame(const Status& status, int64_t request, int64_t retry_after_s = 0) {
  std::string frame = Opening("error", request) + ",\"code\":";
  json::AppendQuoted(&frame, status.code());
  frame += ",\"message\":";
  json::AppendQuoted(&frame, status.message());
  frame += ",\"status\":" + std::to_string(status.http_status());
  if (retry_after_s > 0) frame += ",\"retry_after\":" + std::to_string(retry_after_s);
  Reply reply = Reply::Error(status);
  reply.body.clear();
  reply.body.emplace_back(frame + "}");
  return reply;
}

// An error of an exchange, as the frame that tells it.
Reply AsFrame(Reply reply, int64_t request) {
  // Its body is {"error":CODE,"message":TEXT}, and a frame says `code`.
  constexpr std::string_view kError = "{\"error\":";
  std::string body = *std::get_if<std::string>(&reply.body.front());
  body.replace(0, kError.size(), Opening("error", request) + ",\"code\":");
  body.pop_back();
  reply.body.front() = body + ",\"status\":" + std::to_string(reply.status) + "}";
  return reply;
}

// The token has ended, or was revoked.
Reply SignedOut() {
  Reply reply = ErrorFrame(Status::Error(401, "invalid_token", "Invalid token"), -1);
  reply.data["close"] = kCloseSignedOut;
  return reply;
}

// Whether the socket may send another frame now; the reply that ends it where not.
Reply CheckSocket(const Request& request) {
  const Identity& identity = request.identity;
  if (request.body_size > limits::kFrameBytesInMax) {
    Reply reply = ErrorFrame(
        Status::TooLarge("frame_too_large", "A frame is at most " +
                                                std::to_string(limits::kFrameBytesInMax) +
                                                " bytes; send more by POST /sync"),
        -1);
    reply.data["close"] = kCloseTooLarge;
    return reply;
  }
  if (identity.expires_ms > 0 && identity.expires_ms <= request.now_ms) return SignedOut();
  const auto number = [&](std::string_view name, int64_t fallback) {
    const Result<int64_t> value = IntegerParam(request, name, 0, limits::kIntegerMax, fallback);
    return value.ok() ? *value : fallback;
  };
  const int64_t frames = number("frames", 0);
  const int64_t frames_max = number("frames_max", limits::kFramesPerMinute);
  const bool busy_socket =
      frames > frames_max || number("units", 0) > limits::kSocketUnitsPerMinute;
  const bool busy_space = number("space_frames", 0) > frames_max * limits::kBusySockets ||
                          number("space_units", 0) > limits::kSpaceUnitsPerMinute;
  if (!busy_socket && !busy_space) return {};
  const int64_t wait_s = (number("left_ms", limits::kMinuteMs) + 999) / 1000;
  Reply reply = ErrorFrame(Status::Error(429, "rate_limited", "Rate limit exceeded"), -1, wait_s);
  if (frames > frames_max * kPatience) reply.data["close"] = kCloseTooFast;
  return reply;
}

Task<Reply> PullFrame(Context context, std::string device, FrameHead head) {
  PushState state = co_await BeginExchange(context, std::move(device));
  if (Status status = ApplyCursor(head.cursor, &state); !status.ok()) {
    co_return ErrorFrame(status, head.request);
  }
  PullOptions options{.cursor = std::move(head.cursor),
                      .units_max = limits::kFrameUnitsMax,
                      .opening = Opening("changes", head.request)};
  if (head.limit > 0) options.limit = head.limit;
  Result<Reply> pulled = co_await Pull(&state, std::move(options));
  if (!pulled.ok()) co_return ErrorFrame(pulled.status(), head.request);
  co_return std::move(*pulled);
}

Task<Reply> PushFrame(Context context, std::string device, FrameHead head) {
  if (Status allowed = CheckSpace(context.request.identity, context.request.space, Action::kWrite);
      !allowed.ok()) {
    co_return ErrorFrame(allowed, head.request);
  }
  PullOptions options{.units_max = limits::kFrameUnitsMax, .opening = Opening("ack", head.request)};
  Reply reply = co_await Exchange(std::move(context), std::move(device), std::move(options));
  if (reply.status >= 400) co_return AsFrame(std::move(reply), head.request);
  co_return reply;
}

std::string PresenceFrame(std::string_view device, std::string_view state) {
  std::string frame = R"({"type":"presence","device":)";
  json::AppendQuoted(&frame, device);
  return frame + ",\"state\":" + std::string(state) + "}";
}

}  // namespace

Task<Reply> Join(Context context) {
  const Request& request = context.request;
  if (Status status = CheckDevice(request.Param("device")); !status.ok()) {
    co_return Reply::Error(status);
  }
  if (!IntegerParam(request, "sockets", 0, limits::kSocketsMax - 1, 0).ok()) {
    co_return Reply::Error(Status::Error(
        503, "too_many_sockets",
        "This space has " + std::to_string(limits::kSocketsMax) + " sockets: close one of them"));
  }
  Reply reply;
  reply.data["device"] = DeviceOf(request);
  co_return reply;
}

Task<Reply> Frame(Context context) {
  const Request& request = context.request;
  if (Reply refused = CheckSocket(request); refused.status >= 400) co_return refused;
  const ResultSet version = co_await Query(sql::kReadMeta, {"token_version"});
  if (request.identity.version < version.Integer(0, 0)) co_return SignedOut();
  const Result<Slice> text = co_await ReadSlice(0, request.body_size, request.body_size);
  if (!text.ok()) co_return ErrorFrame(text.status(), -1);
  FrameHead head;
  if (Status status = ReadFrameHead(text->text, &head); !status.ok()) {
    co_return ErrorFrame(status, head.request);
  }
  if (!request.Param("too_large").empty()) {
    co_return ErrorFrame(Status::TooLarge("frame_too_large",
                                          "The answer is larger than a frame: make this "
                                          "exchange by POST /sync"),
                         head.request);
  }
  std::string device = DeviceOf(request);
  if (head.type == FrameType::kPush) {
    co_return co_await PushFrame(std::move(context), std::move(device), std::move(head));
  }
  if (head.type == FrameType::kPull) {
    co_return co_await PullFrame(std::move(context), std::move(device), std::move(head));
  }
  if (head.state.empty()) {
    co_return ErrorFrame(Status::Invalid("invalid_frame", "presence needs a state"), head.request);
  }
  std::string frame = PresenceFrame(device, head.state);
  Reply reply;
  reply.data["presence"] = head.state == "null" ? std::string() : frame;
  co_await Publish(std::move(device), {std::move(frame)});
  co_return reply;
}

Task<Reply> Leave(Context context) {
  std::string device = DeviceOf(context.request);
  std::string frame = PresenceFrame(device, "null");
  co_await Publish(std::move(device), {std::move(frame)});
  co_return Reply();
}

}  // namespace tidemark
