// Any bytes as frames of a socket, parts of messages too: nothing traps, whoever sends them is
// answered or closed, nothing of it stays, and the other socket goes on. The input is frames, each
// behind its length in two bytes.

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "tests/support/event_harness.h"

namespace tidemark::testing {
namespace {

void CheckFrames(EventHarness* log, std::string_view input) {
  static EventSocket& good = log->Join();
  static int64_t writes = 0;
  EventSocket& bad = log->Join();
  while (input.size() > 2 && bad.close.empty()) {
    const size_t size =
        size_t{static_cast<uint8_t>(input[0])} << 8 | static_cast<uint8_t>(input[1]);
    input.remove_prefix(2);
    log->SendAlone(bad, std::string(input.substr(0, size)));
    input.remove_prefix(std::min(size, input.size()));
  }
  Check(log->engine.live() == 0);
  bad.Messages();
  good.frames.clear();
  log->SendAlone(good, WriteFrame("good", 0, {{EntryId(static_cast<uint64_t>(writes)), "data"}}));
  Check(good.Acks().at(0) == std::vector<int64_t>{++writes});
  log->Leave(bad);
  log->sockets.erase(bad.number);
  Check(log->Rows("SELECT 1 FROM event_subscription UNION ALL SELECT 1 FROM event_chunk").empty());
}

}  // namespace
}  // namespace tidemark::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static tidemark::testing::EventHarness log;
  tidemark::testing::CheckFrames(&log, {reinterpret_cast<const char*>(data), size});
  return 0;
}
