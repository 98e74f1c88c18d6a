// A message on its way through an operation: its bytes, and what was read from them.

#pragma once

#include <memory>
#include <string>

#include "engine/operation.h"
#include "events/message.h"

namespace tidemark::events {

// Never moved once it is read: the message is views into the bytes, good as long as this is.
struct Incoming {
  std::string bytes;
  Message message;
};

// The messages that need the store. Each is answered by the frames of its reply, or closes.
Task<Reply> WriteEntries(Context context, std::unique_ptr<Incoming> incoming);
Task<Reply> RequestChanges(Context context, std::unique_ptr<Incoming> incoming);
Task<Reply> StopChanges(Context context, std::unique_ptr<Incoming> incoming);
// A part of a message; with the last of them, what the message asks for.
Task<Reply> TakeChunk(Context context, std::unique_ptr<Incoming> incoming);

// Any message. One that came in chunks is no chunk itself.
Task<Reply> Answer(Context context, std::unique_ptr<Incoming> incoming, bool joined);

// The number of the socket that the operation works for.
int64_t SocketOf(const Request& request);

}  // namespace tidemark::events
