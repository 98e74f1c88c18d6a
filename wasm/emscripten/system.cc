// The calls that Emscripten's libraries would import from their host.

#include <cstddef>
#include <cstdint>

#include "base/status.h"

extern "C" {

// Growth is of no interest here: the host takes a fresh view of the memory after each call.
void emscripten_notify_memory_growth(size_t) {}
void __wasi_proc_exit(uint32_t) { tidemark::Trap(); }

}  // extern "C"
