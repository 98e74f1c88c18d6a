// What one operation holds at the native host: its body, and what is kept for it.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/command.h"

namespace tidemark::native {

// A put in pieces. It is gone with its operation, unless it was closed.
struct Upload {
  std::string key;
  size_t size = 0;
  Params params;
  std::string bytes;
  bool failed = false;
};

// Streams are numbered apart from texts: what takes a text traps on one.
inline constexpr uint32_t kFirstStream = uint32_t{1} << 31;

struct Held {
  std::string body;
  std::vector<std::string> texts = {};
  std::map<uint32_t, std::string> streams = {};
  std::map<uint32_t, Upload> uploads = {};
  uint32_t next_stream = kFirstStream;  // of both
};

}  // namespace tidemark::native
