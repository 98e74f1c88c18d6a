// The operations of a live device: a socket on a space (docs/live.md).
//
// The host holds the sockets. It gives the operations what it knows of one (its device, how many
// there are, how many frames it sent this minute), sends what they answer, and closes where they
// say so. Each is local.

#pragma once

#include "engine/operation.h"

namespace tidemark {

// Before the upgrade. Parameters: `device`, `sockets`. Codes: `invalid_device_id`,
// `too_many_sockets`. Data: `device`.
Task<Reply> Join(Context context);

// A frame from a socket: the request's body. Parameters: `device`, `sockets`, `frames` (this one
// too, since the minute began), `units` (of text that they brought about), `space_frames` and
// `space_units` (the same of all sockets), `frames_max`, `left_ms` (of that minute), `too_large`
// (the answer to this frame was too large for one, and was taken back). The reply's body is the
// frame to answer with, perhaps empty. Data: `close`, a code to close the socket with; `presence`,
// the frame that tells its state to those who join later, empty where it has none any more.
Task<Reply> Frame(Context context);

// A device that had a state has none any more: its socket went away. Parameter: `device`.
Task<Reply> Leave(Context context);

}  // namespace tidemark
