// What live devices are told of a push: its rows, in one frame for all of them (docs/live.md).

#pragma once

#include <cstdint>
#include <string>

#include "engine/operation.h"
#include "records/cursor.h"

namespace tidemark {

// The rows of a space with a seq above `from` and up to `to`, and who need not be told.
struct Published {
  Space space;
  int64_t from = 0;
  int64_t to = 0;
  std::string except_device;  // empty: all are told
};

// Publishes them where the object has sockets (the parameter `sockets`, from the host). A frame
// holds all of the rows, or, where they are too large for so many sockets, none of them and
// `has_more`. False where nobody is there to be told.
Task<bool> PublishChanges(Context context, Published published);

}  // namespace tidemark
