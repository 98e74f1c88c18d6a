// The engine: runs operations by name, many at a time, one step at a time (sans I/O).
//
// Output := [0, operation, [Command...]] | [1, Reply]
//
// Begin starts an operation and Resume continues it with the results of its commands; both write
// an Output. The host answers each Output of commands by one Resume or one Cancel. Operations
// interleave freely; their number and memory are bounded, and above the bound Begin replies 503
// `busy`. A frame that is not well formed comes from a broken host, never from a peer: it traps.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "engine/operation.h"
#include "records/schema.h"

namespace tidemark {

class Engine {
 public:
  explicit Engine(const Schema& schema) : schema_(schema) {}

  void Begin(std::string_view request_frame, std::string* output);
  void Resume(uint32_t operation, std::string_view results_frame, std::string* output);
  // Frees an operation that the host will not resume. An unknown one is ignored.
  void Cancel(uint32_t operation);

  size_t live() const { return live_; }
  // What the operation waits in, as "name, step n"; empty for an unknown one.
  std::string Describe(uint32_t operation) const;

 private:
  struct Slot {
    uint32_t generation = 0;
    std::unique_ptr<Operation> operation;
  };

  Operation* Find(uint32_t operation) const;
  void WriteOutput(uint32_t operation, std::string* output);

  const Schema& schema_;
  std::array<Slot, limits::kLiveOperationsMax> slots_;
  size_t live_ = 0;
};

}  // namespace tidemark
