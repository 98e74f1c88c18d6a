// Task<T>: a lazy C++20 coroutine, the form of every operation in the core.
//
// Rules:
// - A task starts when it is awaited, runs on its awaiter's turn, and is destroyed with its owner:
//   destroying the outermost task of an operation frees every frame beneath it.
// - Parameters are taken by value; no reference, view or span lives across a co_await.
// - Control passes by symmetric transfer, so a loop of any length that awaits tasks which finish at
//   once needs no stack (in Wasm that takes -mtail-call).
// - Nothing is thread-safe: an engine and its operations belong to one thread.

#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <optional>
#include <utility>

#include "base/status.h"

namespace tidemark {

class Operation;

namespace task_internal {

// Bytes of all live coroutine frames: the engine refuses new work above a bound (limits.h).
inline size_t frame_bytes = 0;

struct PromiseBase {
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
      const std::coroutine_handle<> next = done.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };

  static void* operator new(size_t size) {
    frame_bytes += size;
    return ::operator new(size);
  }
  static void operator delete(void* frame, size_t size) {
    frame_bytes -= size;
    ::operator delete(frame);
  }

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { Trap(); }

  std::coroutine_handle<> continuation;
  Operation* operation = nullptr;  // the operation that this task works for
};

}  // namespace task_internal

template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type : task_internal::PromiseBase {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    // By reference: a move and a destructor less in every coroutine.
    void return_value(T&& result) { value.emplace(std::move(result)); }
    void return_value(const T& result) { value.emplace(result); }
    std::optional<T> value;
  };
  using Handle = std::coroutine_handle<promise_type>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiter) noexcept {
    handle_.promise().continuation = awaiter;
    handle_.promise().operation = awaiter.promise().operation;
    return handle_;
  }
  T await_resume() {
    std::optional<T>& value = handle_.promise().value;
    if (!value.has_value()) Trap();
    return std::move(*value);
  }

  // For the engine alone: starts the outermost task, and takes its result.
  void Start(Operation* operation) {
    handle_.promise().operation = operation;
    handle_.resume();
  }
  bool done() const { return handle_.done(); }
  T TakeResult() { return await_resume(); }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

}  // namespace tidemark
