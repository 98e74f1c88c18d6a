// The host's half of the boundary, natively: frames as a host reads and writes them. The grammars
// are those of engine/command.h and engine/operation.h; worker/frames.ts is the same for the
// Worker.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/command.h"
#include "engine/operation.h"

namespace tidemark::native {

struct HostStatement {
  std::string sql;
  std::vector<Param> params;
  Keep keep;
};

struct HostCommand {
  std::string kind;   // sql, d1, body, alarm, call, store, publish, send
  std::string shard;  // d1
  std::vector<HostStatement> statements;
  int64_t number = 0;     // body: offset; alarm: time
  int64_t size = 0;       // body
  std::string space;      // call; store: its name
  std::string operation;  // store: the verb
  Params params;
  std::vector<Part> parts;  // call, store: the body; publish, send: the frame
  std::string device;
  std::vector<int64_t> sockets;  // send       // publish
};

struct HostReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<Part> body;
  Params data;
};

struct Output {
  bool done = false;
  uint32_t operation = 0;
  std::vector<HostCommand> commands;
  HostReply reply;
};

// With the body, or with its size alone.
std::string EncodeRequest(const Request& request, std::string_view role,
                          const std::string* body = nullptr);
// Traps where the frame is not the engine's.
Output DecodeOutput(std::string_view frame);

// Results, one a command.
using HostResult = std::variant<Null, ResultSets, std::string, CallReply, Failure>;
std::string EncodeResults(const std::vector<HostCommand>& commands,
                          const std::vector<HostResult>& results);

}  // namespace tidemark::native
