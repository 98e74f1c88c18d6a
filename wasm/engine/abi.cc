// The module's exports: docs/boundary.md. Eight functions and `memory`; they do not grow.

#include <cstdint>
#include <string>

#include "base/limits.h"
#include "engine/engine.h"
#include "records/schema.h"
#include "shards/slots.h"

namespace {

tidemark::Engine& TheEngine() {
  static tidemark::Engine engine(tidemark::DeclaredSchema());
  return engine;
}

std::string input;
std::string output;

// A buffer that one large message grew is not kept for the small ones that follow.
constexpr size_t kKeptBytes = 4 << 20;

std::string_view TakeInput(uint32_t size) {
  tidemark::Check(size <= input.size());
  output.clear();
  if (output.capacity() > kKeptBytes) output = std::string();
  return std::string_view(input).substr(0, size);
}

}  // namespace

extern "C" {

// Room for an input frame of `size` bytes: its address, good until the next call.
__attribute__((export_name("tm_reserve"))) char* tm_reserve(uint32_t size) {
  tidemark::Check(size <= tidemark::limits::kInputBytesMax);
  if (input.size() < size || input.capacity() > kKeptBytes) {
    input = std::string();
    input.resize(size);
  }
  return input.data();
}

// Starts the operation of the request frame in the first `size` bytes of the input.
__attribute__((export_name("tm_begin"))) void tm_begin(uint32_t size) {
  TheEngine().Begin(TakeInput(size), &output);
}

// Continues an operation with the results frame in the first `size` bytes of the input.
__attribute__((export_name("tm_resume"))) void tm_resume(uint32_t operation, uint32_t size) {
  TheEngine().Resume(operation, TakeInput(size), &output);
}

// The output frame of the last begin or resume: good until the next call.
__attribute__((export_name("tm_output"))) const char* tm_output() { return output.data(); }
__attribute__((export_name("tm_output_size"))) uint32_t tm_output_size() {
  return static_cast<uint32_t>(output.size());
}

// Frees an operation that will not be resumed.
__attribute__((export_name("tm_cancel"))) void tm_cancel(uint32_t operation) {
  TheEngine().Cancel(operation);
}

// The slot of the key in the first `size` bytes of the input. An output stays as it is.
__attribute__((export_name("tm_slot"))) uint32_t tm_slot(uint32_t size) {
  tidemark::Check(size <= input.size());
  return tidemark::SlotOf(std::string_view(input).substr(0, size));
}

}  // extern "C"
