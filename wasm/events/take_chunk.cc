// ChunkedMessage: parts wait in the store, so they outlive the object's memory, within bounds of
// bytes, number and time. With the last of them the message is whole and answered as if it had come
// as one.

#include <utility>

#include "base/limits.h"
#include "events/incoming.h"
#include "events/log_store.h"
#include "events/sql_sockets.h"

namespace tidemark::events {
namespace {

// Codes: `too_many_chunks`, `frame_too_large`, `busy`.
Status CheckRoom(const ResultSet& held, size_t size) {
  const auto adds = static_cast<int64_t>(size);
  if (held.Integer(0, 0) >= limits::kEventChunksMax) {
    return Status::Error(403, "too_many_chunks", "too many parts without the others");
  }
  if (held.Integer(1, 0) + adds > limits::kEventMessageBytesMax) {
    return Status::TooLarge("frame_too_large", "parts of more than " +
                                                   std::to_string(limits::kEventMessageBytesMax) +
                                                   " bytes; write fewer entries at once");
  }
  if (held.Integer(2, 0) + adds > limits::kEventChunkBytesTogether ||
      held.Integer(3, 0) >= limits::kEventChunksTogether) {
    return Status::Error(503, "busy", "too much is being sent at once; try again");
  }
  return {};
}

Task<std::string> Join(int64_t socket, int64_t id) {
  ResultSets sets = co_await Batch(
      {{sql::kReadChunks.text, {socket, id}}, {sql::kForgetChunks.text, {socket, id}}});
  std::string joined;
  size_t size = 0;
  for (const std::vector<Cell>& row : sets[0].rows)
    size += std::get_if<std::string>(&row[0])->size();
  joined.reserve(size);
  for (std::vector<Cell>& row : sets[0].rows) {
    auto* part = std::get_if<std::string>(&row[0]);
    Check(part != nullptr);
    joined += *part;
    std::string().swap(*part);
  }
  co_return joined;
}

}  // namespace

Task<Reply> TakeChunk(Context context, std::unique_ptr<Incoming> incoming) {
  const Request& request = context.request;
  const Message& chunk = incoming->message;
  // Of what a client sends only entries are that large.
  if (request.Param("access") != "write") co_return Close(ReadOnly());
  const int64_t socket = SocketOf(request);
  const ResultSet held = co_await Query(sql::kMeasureChunks, {socket});
  if (Status room = CheckRoom(held, chunk.data.size()); !room.ok()) co_return Close(room);
  const int64_t id = chunk.id;
  const int64_t parts = chunk.parts;
  std::vector<Command> commands;
  commands.emplace_back(
      SqlCommand{{},
                 {{sql::kKeepChunk.text,
                   {socket, id, chunk.part, parts, request.now_ms, Blob{std::string(chunk.data)}}},
                  {sql::kCountParts.text, {socket, id}}}});
  commands.emplace_back(AlarmCommand{request.now_ms + limits::kEventChunkMs});
  std::vector<CommandResult> results = co_await Commands(std::move(commands));
  Result<ResultSets> sets = SetsOf(std::move(results[0]));
  Check(sets.ok());
  const ResultSet& count = (*sets)[1];
  if (count.Integer(1, 0) != parts || count.Integer(2, 0) != parts) {
    co_return Close(Status::Invalid("invalid_frame", "parts of one id differ in their total"));
  }
  if (count.Integer(0, 0) < parts) co_return Reply();
  auto whole = std::make_unique<Incoming>();
  whole->bytes = co_await Join(socket, id);
  co_return co_await Answer(std::move(context), std::move(whole), true);
}

}  // namespace tidemark::events
