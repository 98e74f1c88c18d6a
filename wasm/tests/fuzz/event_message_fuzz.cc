// Any bytes as a message of an event log: it is refused, or its entries come out as they went in,
// also in chunks.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "events/message.h"
#include "tests/support/event_harness.h"

namespace tidemark::testing {
namespace {

void CheckMessage(std::string_view bytes) {
  events::Message message;
  if (!events::ReadMessage(bytes, &message).ok()) return;
  std::string entries;
  int64_t sequence = 0;
  for (const events::Entry& entry : message.entries) {
    events::AppendEntry(++sequence, message.iv, entry, &entries);
  }
  Check(events::SkipEntries(entries, sequence).empty());
  std::string changes = events::ChangesHead(message.public_key, sequence) + entries;
  changes += events::ChangesTail();
  EventSocket reader;
  reader.frames = events::FramesOf(std::move(changes), 1);
  const auto got = reader.Entries(message.public_key);
  Check(got.size() == message.entries.size());
  for (size_t i = 0; i < got.size(); ++i) {
    Check(got[i].id == message.entries[i].id && got[i].data == message.entries[i].data);
  }
}

}  // namespace
}  // namespace tidemark::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tidemark::testing::CheckMessage({reinterpret_cast<const char*>(data), size});
  return 0;
}
