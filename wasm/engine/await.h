// What an operation can await: each hands the host its commands and resumes with their results.
//
// Query and Batch run on the operation's own store and cannot fail (a store that fails ends the
// operation at the host). D1, Call and Store can: they return what came, or the Failure.

#pragma once

#include <algorithm>
#include <coroutine>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/command.h"
#include "engine/operation.h"

namespace tidemark {

class Await {
 public:
  explicit Await(Command command) { commands_.push_back(std::move(command)); }
  explicit Await(std::vector<Command> commands) : commands_(std::move(commands)) {}

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    operation_ = waiting.promise().operation;
    operation_->Suspend(waiting, std::move(commands_));
  }

 protected:
  std::vector<CommandResult> TakeResults() { return operation_->TakeResults(); }
  CommandResult TakeResult() { return std::move(TakeResults().front()); }
  // Of statements on the own store, which either run or end the operation at the host.
  ResultSets TakeSets() {
    CommandResult result = TakeResult();
    auto* sets = std::get_if<ResultSets>(&result);
    Check(sets != nullptr);
    return std::move(*sets);
  }

 private:
  std::vector<Command> commands_;
  Operation* operation_ = nullptr;
};

// Statements on the own store, all or nothing.
class Batch : public Await {
 public:
  explicit Batch(std::vector<Statement> statements)
      : Await(SqlCommand{{}, std::move(statements)}) {}
  ResultSets await_resume() { return TakeSets(); }
};

// One statement on the own store.
class Query : public Await {
 public:
  explicit Query(const Sql& sql, std::vector<Param> params = {}, Keep keep = {})
      : Await(SqlCommand{{}, {Statement{sql.text, std::move(params), keep}}}) {}
  ResultSet await_resume() { return std::move(TakeSets().front()); }
};

// One atomic batch on a D1 shard. Codes: `refused`, `moved`, `unavailable`.
class D1 : public Await {
 public:
  D1(std::string shard, std::vector<Statement> statements)
      : Await(SqlCommand{std::move(shard), std::move(statements)}) {}
  std::variant<ResultSets, Failure> await_resume() {
    CommandResult result = TakeResult();
    if (auto* sets = std::get_if<ResultSets>(&result)) return std::move(*sets);
    auto* failure = std::get_if<Failure>(&result);
    Check(failure != nullptr);
    return std::move(*failure);
  }
};

// A slice of the request's body: at once, where the body came with the request.
class BodySlice : public Await {
 public:
  BodySlice(size_t offset, size_t size)
      : Await(BodyCommand{static_cast<uint32_t>(offset), static_cast<uint32_t>(size)}),
        offset_(offset),
        size_(size) {}
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) {
    const std::optional<std::string>& body = waiting.promise().operation->body();
    if (body) slice_ = body->substr(std::min(offset_, body->size()), size_);
    if (!slice_) Await::await_suspend(waiting);
    return !slice_;
  }
  std::string await_resume() {
    if (slice_) return std::move(*slice_);
    CommandResult result = TakeResult();
    auto* bytes = std::get_if<std::string>(&result);
    Check(bytes != nullptr);
    return std::move(*bytes);
  }

 private:
  size_t offset_;
  size_t size_;
  std::optional<std::string> slice_;
};

// Wakes this object at a time, or earlier if an earlier alarm is set.
class SetAlarm : public Await {
 public:
  explicit SetAlarm(int64_t at_ms) : Await(AlarmCommand{at_ms}) {}
  void await_resume() { TakeResult(); }
};

// Sends a frame to the object's sockets, but not to those of a device, once the operation's
// transaction is committed.
class Publish : public Await {
 public:
  Publish(std::string except_device, std::vector<Part> frame)
      : Await(PublishCommand{std::move(except_device), std::move(frame)}) {}
  void await_resume() { TakeResult(); }
};

// Several commands in one step, in order: of a local operation, one after the other.
class Commands : public Await {
 public:
  explicit Commands(std::vector<Command> commands) : Await(std::move(commands)) {}
  std::vector<CommandResult> await_resume() { return TakeResults(); }
};

// Runs an operation in another object, with the caller's identity.
class Call : public Await {
 public:
  Call(std::string space, std::string operation, Params params, std::vector<Part> body = {})
      : Await(CallCommand{std::move(space), std::move(operation), std::move(params),
                          std::move(body)}) {}
  explicit Call(CallCommand command) : Await(std::move(command)) {}
  std::variant<CallReply, Failure> await_resume() { return ReplyOf(TakeResult()); }

  static std::variant<CallReply, Failure> ReplyOf(CommandResult result) {
    if (auto* reply = std::get_if<CallReply>(&result)) return std::move(*reply);
    auto* failure = std::get_if<Failure>(&result);
    Check(failure != nullptr);
    return std::move(*failure);
  }
};

// A verb on KV (`kv`) or R2 (`r2`); command.h lists them.
class Store : public Call {
 public:
  Store(std::string store, std::string verb, Params params, std::vector<Part> body = {})
      : Call(StoreCommand(std::move(store), std::move(verb), std::move(params), std::move(body))) {}
};

// Several calls at once: what each answered, in their order.
class Calls : public Await {
 public:
  explicit Calls(std::vector<Command> calls) : Await(std::move(calls)) {}
  std::vector<std::variant<CallReply, Failure>> await_resume() {
    std::vector<std::variant<CallReply, Failure>> answers;
    for (CommandResult& result : TakeResults()) answers.push_back(Call::ReplyOf(std::move(result)));
    return answers;
  }
};
// Likewise of StoreCommand's.
using Stores = Calls;

}  // namespace tidemark
