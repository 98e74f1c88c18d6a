#include "native/runner.h"

#include <utility>

namespace tidemark::native {
namespace {

// As the Worker does (worker/drive.ts, BODY_WITH_REQUEST_MAX).
constexpr size_t kBodyWithRequestMax = 64 << 10;

}  // namespace

Running::Running(Engine* engine, const Request& request, std::string_view role, std::string body,
                 Stores stores, bool local)
    : engine_(engine), stores_(std::move(stores)), local_(local) {
  held_.body = std::move(body);
  Request framed = request;
  framed.body_size = static_cast<uint32_t>(held_.body.size());
  if (local_ && stores_.own != nullptr) {
    stores_.own->Begin();
    in_transaction_ = true;
  }
  std::string frame;
  const bool with = local_ && held_.body.size() <= kBodyWithRequestMax;
  engine_->Begin(EncodeRequest(framed, role, with ? &held_.body : nullptr), &frame);
  output_ = DecodeOutput(frame);
  if (output_.done) Finish();
}

Running::~Running() {
  if (!output_.done) engine_->Cancel(output_.operation);
  if (in_transaction_) stores_.own->Rollback();
}

HostResult Running::RunCommand(const HostCommand& command) {
  if (command.kind == "body") {
    return held_.body.substr(static_cast<size_t>(command.number),
                             static_cast<size_t>(command.size));
  }
  if (command.kind == "alarm") {
    if (stores_.set_alarm) stores_.set_alarm(command.number);
    return Null{};
  }
  if (command.kind == "publish") {
    published_.emplace_back(command.device, Join(command.parts));
    return Null{};
  }
  if (command.kind == "send") {
    sent_.emplace_back(command.sockets, Join(command.parts));
    return Null{};
  }
  if (command.kind == "call") {
    auto result = stores_.call(command, &held_);
    if (auto* failure = std::get_if<Failure>(&result)) return std::move(*failure);
    return std::move(*std::get_if<CallReply>(&result));
  }
  if (command.kind == "store") {
    BlobStore* store = command.space == "kv" ? stores_.kv : stores_.r2;
    Check(!local_ && store != nullptr);
    auto answer = store->Run(command, &held_);
    if (auto* failure = std::get_if<Failure>(&answer)) return std::move(*failure);
    return std::move(*std::get_if<CallReply>(&answer));
  }
  auto result = command.kind == "d1" ? stores_.d1(command.shard, command.statements, &held_)
                                     : stores_.own->Run(command.statements, &held_);
  if (auto* failure = std::get_if<Failure>(&result)) {
    // A failing own store ends the operation in the Worker; natively it is a bug of ours.
    Check(command.kind == "d1");
    return std::move(*failure);
  }
  return std::move(*std::get_if<ResultSets>(&result));
}

void Running::Step() {
  std::vector<HostResult> results;
  results.reserve(output_.commands.size());
  for (const HostCommand& command : output_.commands) results.push_back(RunCommand(command));
  std::string frame;
  engine_->Resume(output_.operation, EncodeResults(output_.commands, results), &frame);
  output_ = DecodeOutput(frame);
  ++steps_;
  if (output_.done) Finish();
}

void Running::Finish() {
  const bool failed = output_.reply.status >= 400;
  if (in_transaction_) {
    in_transaction_ = false;
    if (failed) return stores_.own->Rollback();
    stores_.own->Commit();
  }
  if (failed) return;
  if (stores_.publish) {
    for (const auto& [device, frame] : published_) stores_.publish(device, frame);
  }
  if (stores_.send) {
    for (const auto& [sockets, frame] : sent_) stores_.send(sockets, frame);
  }
}

std::string Running::Join(const std::vector<Part>& parts) const {
  std::string joined;
  for (const Part& part : parts) {
    const auto* text = std::get_if<std::string>(&part);
    joined += text != nullptr ? *text : held_.texts.at(std::get_if<Handle>(&part)->id);
  }
  return joined;
}

std::string Answer::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Answer Running::Take() {
  Answer answer{.status = output_.reply.status,
                .body = {},
                .data = std::move(output_.reply.data),
                .headers = std::move(output_.reply.headers)};
  const std::vector<Part>& parts = output_.reply.body;
  const auto* handle = parts.size() == 1 ? std::get_if<Handle>(&parts[0]) : nullptr;
  const auto stream = held_.streams.find(handle == nullptr ? 0 : handle->id);
  answer.body = stream == held_.streams.end() ? Join(parts) : stream->second;
  return answer;
}

Answer RunToEnd(Engine* engine, const Request& request, std::string_view role, std::string body,
                const Stores& stores, bool local) {
  Running running(engine, request, role, std::move(body), stores, local);
  while (!running.done()) running.Step();
  return running.Take();
}

}  // namespace tidemark::native
