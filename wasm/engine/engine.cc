#include "engine/engine.h"

#include <utility>

#include "engine/operation_table.h"

namespace tidemark {
namespace {

// An operation's number is its slot's generation and index: a late Resume or Cancel of an operation
// that ended finds nothing rather than its successor.
constexpr uint32_t kSlotBits = 8;
static_assert(limits::kLiveOperationsMax <= 1U << kSlotBits);

void WriteDone(const Reply& reply, std::string* output) {
  msgpack::Writer writer(output);
  writer.Array(2);
  writer.Int(1);
  WriteReply(reply, &writer);
}

}  // namespace

Operation* Engine::Find(uint32_t operation) const {
  const Slot& slot = slots_[operation % (1U << kSlotBits) % slots_.size()];
  return slot.generation == operation >> kSlotBits ? slot.operation.get() : nullptr;
}

void Engine::Begin(std::string_view request_frame, std::string* output) {
  Context context{.request = {}, .schema = &schema_};
  std::optional<std::string> body;
  Check(ReadRequest(request_frame, &context.request, &body));
  if (live_ == slots_.size() || task_internal::frame_bytes > limits::kFrameBytesMax) {
    Reply busy = Reply::Error(
        Status::Error(503, "busy", "Too many requests are under way here; try again in a second"));
    busy.headers.emplace_back("retry-after", "1");
    return WriteDone(busy, output);
  }
  const OperationEntry* entry = FindOperation(context.request.operation);
  Check(entry != nullptr);
  if (const Status allowed = entry->allows(context.request); !allowed.ok()) {
    return WriteDone(Reply::Error(allowed), output);
  }
  uint32_t index = 0;
  while (slots_[index].operation != nullptr) ++index;
  Slot& slot = slots_[index];
  slot.generation = (slot.generation + 1) % (1U << (32 - kSlotBits));
  std::string name = context.request.operation;
  slot.operation =
      std::make_unique<Operation>(entry->run(std::move(context)), std::move(name), std::move(body));
  ++live_;
  slot.operation->Start();
  WriteOutput(slot.generation << kSlotBits | index, output);
}

void Engine::Resume(uint32_t operation, std::string_view results_frame, std::string* output) {
  Operation* found = Find(operation);
  Check(found != nullptr);
  Check(found->Resume(results_frame));
  WriteOutput(operation, output);
}

void Engine::Cancel(uint32_t operation) {
  if (Find(operation) == nullptr) return;
  slots_[operation % (1U << kSlotBits)].operation.reset();
  --live_;
}

void Engine::WriteOutput(uint32_t operation, std::string* output) {
  Operation* found = Find(operation);
  if (found->done()) {
    WriteDone(found->TakeReply(), output);
    return Cancel(operation);
  }
  msgpack::Writer writer(output);
  writer.Array(3);
  writer.Int(0);
  writer.Int(operation);
  WriteCommands(found->commands(), &writer);
}

std::string Engine::Describe(uint32_t operation) const {
  const Operation* found = Find(operation);
  if (found == nullptr) return {};
  return found->name() + ", step " + std::to_string(found->step());
}

}  // namespace tidemark
