// Status and Result<T>: how the core reports what a peer did wrong.
//
// Three things are kept apart. A peer's fault is a Status: a stable code (snake_case, part of the
// API), a message that says what to do, and the HTTP status that fits. A store that fails is a
// Status too (`unavailable`, `refused`). A broken invariant of ours is neither: it traps (CHECK).

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tidemark {

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok

  static Status Error(int http_status, std::string_view code, std::string message) {
    Status status;
    status.http_status_ = http_status;
    status.code_ = code;
    status.message_ = std::move(message);
    return status;
  }
  static Status Invalid(std::string_view code, std::string message) {
    return Error(400, code, std::move(message));
  }
  static Status Forbidden(std::string message) {
    return Error(403, "forbidden", std::move(message));
  }
  static Status NotFound(std::string message) {
    return Error(404, "not_found", std::move(message));
  }
  static Status TooLarge(std::string_view code, std::string message) {
    return Error(413, code, std::move(message));
  }

  bool ok() const { return http_status_ == 200; }
  int http_status() const { return http_status_; }
  std::string_view code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  int http_status_ = 200;
  std::string_view code_;  // a literal: codes are never made from data
  std::string message_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  const Status& status() const { return *std::get_if<Status>(&state_); }
  T& operator*() { return *std::get_if<T>(&state_); }
  const T& operator*() const { return *std::get_if<T>(&state_); }
  T* operator->() { return std::get_if<T>(&state_); }
  const T* operator->() const { return std::get_if<T>(&state_); }

 private:
  std::variant<T, Status> state_;
};

// An impossible state: stop here, loudly. The host throws the instance away and makes a new one.
[[noreturn]] inline void Trap() { __builtin_trap(); }
inline void Check(bool condition) {
  if (!condition) Trap();
}

}  // namespace tidemark
