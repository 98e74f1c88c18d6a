// Any text as a frame from a socket: it has a head, or a code; and what is taken from it is as the
// head says.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/status.h"
#include "base/utf8.h"
#include "live/frame_head.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (ValidUtf8Prefix(text) < text.size()) return 0;
  FrameHead head;
  const Status status = ReadFrameHead(text, &head);
  if (!status.ok()) {
    Check(status.http_status() == 400);
    return 0;
  }
  Check(head.request >= -1 && head.request <= limits::kIntegerMax);
  Check(head.limit >= 0 && head.limit <= limits::kPageRowsMax);
  Check(head.state.size() <= limits::kPresenceBytesMax);
  return 0;
}
