// A frame from a socket.

#include <utility>

#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "events/incoming.h"
#include "events/log_store.h"
#include "events/operations.h"

namespace tidemark {
namespace events {

int64_t SocketOf(const Request& request) {
  const Result<int64_t> socket = IntegerParam(request, "socket", 1, limits::kIntegerMax, 0);
  Check(socket.ok());
  return *socket;
}

Task<Reply> Answer(Context context, std::unique_ptr<Incoming> incoming, bool joined) {
  if (Status status = ReadMessage(incoming->bytes, &incoming->message); !status.ok()) {
    co_return Close(status);
  }
  switch (incoming->message.tag) {
    case Tag::kWriteEntries:
      co_return co_await WriteEntries(std::move(context), std::move(incoming));
    case Tag::kRequestChanges:
      co_return co_await RequestChanges(std::move(context), std::move(incoming));
    case Tag::kStopChanges:
      co_return co_await StopChanges(std::move(context), std::move(incoming));
    case Tag::kChunkedMessage:
      if (joined) co_return Close(Status::Invalid("invalid_frame", "chunks of a chunk"));
      co_return co_await TakeChunk(std::move(context), std::move(incoming));
    case Tag::kPing:
      break;
  }
  Reply pong;
  pong.body.emplace_back(WritePong(incoming->message.id));
  co_return pong;
}

}  // namespace events

Task<Reply> EventFrame(Context context) {
  const Request& request = context.request;
  if (request.body_size > limits::kEventFrameBytesMax) {
    co_return events::Close(Status::TooLarge(
        "frame_too_large", "a frame of " + std::to_string(request.body_size) + " bytes; at most " +
                               std::to_string(limits::kEventFrameBytesMax)));
  }
  const int64_t expires_ms = request.identity.expires_ms;
  if (expires_ms > 0 && expires_ms <= request.now_ms) {
    co_return events::Close(Status::Error(401, "signed_out", "the token has ended"));
  }
  auto incoming = std::make_unique<events::Incoming>();
  if (request.body_size > 0) incoming->bytes = co_await BodySlice(0, request.body_size);
  co_return co_await events::Answer(std::move(context), std::move(incoming), false);
}

}  // namespace tidemark
