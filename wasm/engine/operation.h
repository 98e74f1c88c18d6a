// An operation: one request on its way through the core, written as a coroutine.
//
// Request :=  [name, now_ms, seed, Identity | nil, space | nil, {key: text...}, body_size | bin]
// Identity := [user_id, role, org | nil, tenant | nil, email | nil, version, expires_ms]
// Reply   :=  [status, [[header, value]...], [bin | Handle ...], {key: text...}]
//
// A small body may come with its request, as bytes: then no slice of it is asked for.
// The seed is 16 random bytes from the host. `space` is the name of the object that the operation
// runs in, told by the runtime and not by the peer. An operation that answers 400 or more changed
// nothing: the host rolls its transaction back.

#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "engine/command.h"
#include "engine/task.h"
#include "ops/access.h"

namespace tidemark {

struct Schema;

struct Request {
  std::string operation;
  int64_t now_ms = 0;
  uint64_t seed = 0;
  Identity identity;
  std::string space;
  Params params;
  uint32_t body_size = 0;

  // The parameter's text, empty where it was not given.
  std::string Param(std::string_view key) const {
    const auto found = params.find(key);
    return found == params.end() ? std::string() : found->second;
  }
};

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<Part> body;
  Params data;  // for the log line, and for the operation that called this one

  static Reply Json(std::string body);
  static Reply Error(const Status& status);
};

// What an operation starts with; passed by value.
struct Context {
  Request request;
  const Schema* schema = nullptr;
};

class Operation {
 public:
  Operation(Task<Reply> task, std::string name, std::optional<std::string> body = std::nullopt)
      : task_(std::move(task)), name_(std::move(name)), body_(std::move(body)) {}

  void Start() { task_.Start(this); }
  // False where the results do not fit the commands that were asked.
  bool Resume(std::string_view results_frame);

  bool done() const { return task_.done(); }
  Reply TakeReply() { return task_.TakeResult(); }
  const std::vector<Command>& commands() const { return commands_; }
  const std::string& name() const { return name_; }
  int step() const { return step_; }
  // Where it came with the request.
  const std::optional<std::string>& body() const { return body_; }

  // For awaiters (engine/await.h).
  void Suspend(std::coroutine_handle<> waiting, std::vector<Command> commands) {
    waiting_ = waiting;
    commands_ = std::move(commands);
    ++step_;
  }
  std::vector<CommandResult> TakeResults() { return std::move(results_); }

 private:
  Task<Reply> task_;
  std::string name_;
  std::optional<std::string> body_;
  std::coroutine_handle<> waiting_;
  std::vector<Command> commands_;
  std::vector<CommandResult> results_;
  int step_ = 0;
};

// `body` is left empty where only its size came.
bool ReadRequest(std::string_view frame, Request* request, std::optional<std::string>* body);
void WriteReply(const Reply& reply, msgpack::Writer* writer);

}  // namespace tidemark
