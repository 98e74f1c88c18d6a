// The coordinator's object, natively: its store and a clock.

#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "engine/engine.h"
#include "native/runner.h"
#include "records/schema.h"

namespace tidemark::testing {

using nlohmann::json;

class Coordinator {
 public:
  explicit Coordinator(std::string state = "") {
    const native::Answer opened = Run("open_coordinator", {{"state", std::move(state)}});
    EXPECT_EQ(opened.status, 200);
  }

  native::Answer Run(std::string operation, Params params, std::string body = {}) {
    Request request;
    request.operation = std::move(operation);
    request.now_ms = now_ms;
    request.seed = seed++;
    request.space = "default";
    request.params = std::move(params);
    request.body_size = static_cast<uint32_t>(body.size());
    const native::Stores stores{.own = &store};
    native::Answer answer =
        native::RunToEnd(&engine, request, "", std::move(body), stores, /*local=*/true);
    if (answer.data.contains("state")) state = json::parse(answer.data.at("state"));
    return answer;
  }

  native::Answer Ask(std::string method, std::string path, std::string body = {}) {
    return Run("coordinator_request",
               {{"method", std::move(method)}, {"path", std::move(path)}, {"environment", "test"}},
               std::move(body));
  }
  native::Answer Post(std::string path, const json& body) {
    return Ask("POST", std::move(path), body.dump());
  }
  json Get(std::string path) { return json::parse(Ask("GET", std::move(path)).body); }

  void Register(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      EXPECT_EQ(Post("/shards", {{"shard", name}}).body, R"({"success":true})");
    }
  }
  // The shard, or the code of the refusal.
  std::string Allocate(json body) {
    const native::Answer answer = Post("/allocate", body);
    const json told = json::parse(answer.body);
    return answer.status == 200 ? told["shard"].get<std::string>()
                                : told["code"].get<std::string>();
  }
  int64_t CountOf(const std::string& shard) {
    for (const json& stats : Get("/stats")) {
      if (stats["binding"] == shard) return stats["count"].get<int64_t>();
    }
    return -1;
  }

  Engine engine{DeclaredSchema()};
  native::SqliteStore store;
  json state;  // as it was told last
  int64_t now_ms = 1'795'000'000'000;
  uint64_t seed = 1;
};

}  // namespace tidemark::testing
