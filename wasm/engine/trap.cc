// What libc and libc++ would do through imports ends in a trap instead: the module imports nothing.
//
// A failed allocation and a failed library assertion are impossible states. The host discards the
// instance; the next request gets a new one.

#include <cstdlib>
#include <new>

#include "base/status.h"

using tidemark::Trap;

namespace {

void* Allocate(size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) Trap();
  return memory;
}

void* AllocateAligned(size_t size, std::align_val_t alignment) {
  const auto to = static_cast<size_t>(alignment);
  void* memory = std::aligned_alloc(to, (size + to - 1) / to * to);
  if (memory == nullptr) Trap();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void* operator new(size_t size, std::align_val_t to) { return AllocateAligned(size, to); }
void* operator new[](size_t size, std::align_val_t to) { return AllocateAligned(size, to); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

#if !defined(__EMSCRIPTEN__)  // Its libraries end in other calls: emscripten/system.cc has those.

_LIBCPP_BEGIN_NAMESPACE_STD
void __libcpp_verbose_abort(const char*, ...) noexcept { Trap(); }
_LIBCPP_END_NAMESPACE_STD

extern "C" {

void abort() { Trap(); }
[[noreturn]] void __abort_message(const char*, ...) { Trap(); }

// Number formatting links stdio, which nothing here ever writes to.
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t, int32_t, int32_t, int32_t) { Trap(); }
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t, int64_t, int32_t, int32_t) { Trap(); }
int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t) { Trap(); }

uintptr_t __stack_chk_guard = 0x595e9fbd;
[[noreturn]] void __stack_chk_fail() { Trap(); }

}  // extern "C"

#endif
