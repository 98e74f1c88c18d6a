// The vectors that the replica shares with its twin in TypeScript: tests/vectors/replica.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "replica/replica.h"

namespace tidemark {
namespace {

using nlohmann::json;

// Collections of a vector, where it does not use the declared ones.
struct Declared {
  std::vector<std::string> names;
  std::vector<Collection> collections;
  Schema schema;
};

void Declare(const json& list, Declared* out) {
  for (const json& entry : list) out->names.push_back(entry.at("name").get<std::string>());
  for (size_t i = 0; i < list.size(); ++i) {
    Collection& collection = out->collections.emplace_back();
    collection.name = out->names[i];
  }
  out->schema.collections = out->collections;
}

std::string KeyText(const RecordKey& key) {
  const std::string owner = key.owner.empty() ? "" : std::string(key.owner) + " ";
  return owner + std::string(key.collection) + "/" + std::string(key.id);
}

// Without the collections that are empty: to leave one out is the same.
json Lean(json body) {
  for (auto member = body.begin(); member != body.end();) {
    member = member->is_array() && member->empty() ? body.erase(member) : std::next(member);
  }
  return body;
}

class Runner {
 public:
  explicit Runner(const json& vector) {
    if (vector.contains("collections")) {
      Declare(vector.at("collections"), &declared_);
      schema_ = &declared_.schema;
    }
    if (vector.contains("limits")) {
      const json& limits = vector.at("limits");
      options_.deltas_max = limits.value("deltas", options_.deltas_max);
      options_.bytes_max = limits.value("bytes", options_.bytes_max);
      options_.frame_bytes_max = limits.value("frame_bytes", options_.frame_bytes_max);
    }
    Result<std::unique_ptr<Database>> opened = Database::Open(":memory:", 0);
    database_ = std::move(*opened);
    EXPECT_TRUE(Replica::Create(database_.get(), vector.at("device").get<std::string>()).ok());
    replica_.emplace(database_.get(), schema_, options_);
  }

  void Run(const json& step) {
    const std::string verb = step.at("do").get<std::string>();
    if (verb == "edit" || verb == "remove") return Change(step);
    if (verb == "next") return Next(step);
    if (verb == "receive") return Receive(step);
    if (verb == "fail") return Expect(replica_->Fail(step.at("request").get<int64_t>()));
    if (verb == "broadcast") return Follow(step);
    if (verb == "dismiss") return Expect(replica_->Dismiss(step.at("index").get<size_t>()));
    if (verb == "retry") {
      return Expect(replica_->Retry(step.at("index").get<size_t>(), Now(step)));
    }
    if (verb == "restart") return Restart();
    ASSERT_EQ(verb, "expect");
    Compare(step);
  }

 private:
  static int64_t Now(const json& step) { return step.at("now").get<int64_t>(); }
  static void Expect(const Status& status) { EXPECT_TRUE(status.ok()) << status.message(); }

  void Change(const json& step) {
    const std::string collection = step.at("collection").get<std::string>();
    const std::string id = step.at("id").get<std::string>();
    const std::string owner = step.value("owner", "");
    const RecordKey key{collection, id, owner};
    if (step.at("do") == "remove") return Expect(replica_->Remove(key, Now(step)));
    Expect(replica_->Edit(key, step.at("data").dump(), Now(step)));
  }

  void Next(const json& step) {
    const Result<Outgoing> outgoing = replica_->Next(Now(step), step.value("live", false));
    const json& expected = step.at("expect");
    if (expected.contains("too_large")) {
      ASSERT_FALSE(outgoing.ok());
      EXPECT_EQ(outgoing.status().code(), "frame_too_large");
      return;
    }
    ASSERT_TRUE(outgoing.ok()) << outgoing.status().message();
    if (expected.contains("request")) EXPECT_EQ(outgoing->request, expected.at("request"));
    if (!expected.contains("body")) return;
    const json body = json::parse(outgoing->body, nullptr, false);
    EXPECT_EQ(Lean(body), Lean(expected.at("body"))) << outgoing->body;
    EXPECT_TRUE(outgoing->body.starts_with(R"({"cursor":)"));
  }

  void Receive(const json& step) {
    const Result<Received> received =
        replica_->Receive(step.at("request").get<int64_t>(), step.at("answer").dump(), Now(step));
    EXPECT_TRUE(received.ok()) << received.status().message();
  }

  void Follow(const json& step) {
    const Result<Broadcast> told = replica_->Follow(step.at("frame").dump());
    ASSERT_TRUE(told.ok()) << told.status().message();
    const char* const names[] = {"applied", "known", "gap"};
    EXPECT_EQ(names[static_cast<size_t>(*told)], step.at("expect"));
  }

  // What a new process does that finds a request under way.
  void Restart() {
    replica_.emplace(database_.get(), schema_, options_);
    const Result<ReplicaState> state = replica_->State();
    ASSERT_TRUE(state.ok());
    Expect(replica_->Fail(state->under_way));
  }

  void Compare(const json& step) {
    const Result<ReplicaState> state = replica_->State();
    ASSERT_TRUE(state.ok());
    if (step.contains("idle")) EXPECT_EQ(state->idle(), step.at("idle"));
    if (step.contains("cursor")) {
      EXPECT_EQ(state->cursor.has_value() ? json(*state->cursor) : json(), step.at("cursor"));
    }
    if (step.contains("view")) {
      json view = json::object();
      Expect(replica_->View([&](const RecordKey& key, std::string_view data) {
        view[KeyText(key)] = json::parse(data, nullptr, false);
      }));
      EXPECT_EQ(view, step.at("view"));
    }
    if (step.contains("outbox")) {
      std::multiset<std::string> keys;
      Rows rows = database_->Query("SELECT collection, id, owner FROM outbox");
      while (rows.Next()) keys.insert(KeyText({rows.Text(0), rows.Text(1), rows.Text(2)}));
      EXPECT_EQ(keys, step.at("outbox").get<std::multiset<std::string>>());
    }
    if (step.contains("rejected")) {
      json list = json::array();
      const Result<std::vector<RejectedEdit>> rejected = replica_->Rejected();
      ASSERT_TRUE(rejected.ok());
      for (size_t i = 0; i < rejected->size(); ++i) {
        const RejectedEdit& edit = (*rejected)[i];
        json& entry = list.emplace_back(
            json{{"collection", edit.collection}, {"id", edit.id}, {"code", edit.code}});
        if (i < step.at("rejected").size() && step.at("rejected")[i].contains("owner")) {
          entry["owner"] = edit.owner;
        }
      }
      EXPECT_EQ(list, step.at("rejected"));
    }
    if (step.contains("conflicts")) {
      json list = json::array();
      Rows rows = database_->Query("SELECT collection, id, code FROM notices ORDER BY number");
      while (rows.Next()) {
        list.push_back({{"collection", std::string(rows.Text(0))},
                        {"id", std::string(rows.Text(1))},
                        {"code", std::string(rows.Text(2))}});
      }
      EXPECT_EQ(list, step.at("conflicts"));
    }
  }

  Declared declared_;
  const Schema* schema_ = &DeclaredSchema();
  ReplicaOptions options_;
  std::unique_ptr<Database> database_;
  std::optional<Replica> replica_;
};

class Vectors : public testing::TestWithParam<std::string> {};

TEST_P(Vectors, Holds) {
  std::ifstream file(std::string(TIDEMARK_ROOT "/tests/vectors/replica/") + GetParam() + ".json");
  std::stringstream text;
  text << file.rdbuf();
  const json vector = json::parse(text.str(), nullptr, false);
  ASSERT_TRUE(vector.is_object());
  SCOPED_TRACE(vector.at("name").get<std::string>());
  Runner runner(vector);
  int number = 0;
  for (const json& step : vector.at("steps")) {
    SCOPED_TRACE("step " + std::to_string(number++) + ": " + step.dump());
    runner.Run(step);
    if (HasFailure()) return;
  }
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(TIDEMARK_ROOT "/tests/vectors/replica")) {
    names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Replica, Vectors, testing::ValuesIn(Names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace tidemark
