// Runs an operation that asks its host for nothing.

#pragma once

#include <string>
#include <utility>

#include "engine/engine.h"
#include "native/runner.h"
#include "records/schema.h"

namespace tidemark::testing {

inline constexpr int64_t kPureNow = 1'795'000'000'000;

inline native::Answer RunPure(std::string operation, Params params, uint64_t seed = 1,
                              int64_t now_ms = kPureNow) {
  Engine engine(DeclaredSchema());
  Request request;
  request.operation = std::move(operation);
  request.now_ms = now_ms;
  request.seed = seed;
  request.params = std::move(params);
  return native::RunToEnd(&engine, request, "", "", {}, /*local=*/true);
}

}  // namespace tidemark::testing
