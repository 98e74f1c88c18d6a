// Short forms for tests: deltas, what an answer tells, and the whole of a space as text.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/harness.h"

namespace tidemark::testing {

inline json PlanData(const std::string& title) { return {{"title", title}, {"status", "active"}}; }
inline json CardData(const std::string& plan, const std::string& question) {
  return {{"plan_id", plan}, {"question", question}, {"answer", "42"}, {"next_review", kNow}};
}
inline json SessionData(const std::string& plan) {
  return {{"plan_id", plan}, {"start_time", kNow}};
}

// A delta without a clock's counter: its place in its array stands for it.
inline json Update(const std::string& id, json data, int64_t ms) {
  return {{"action", "update"}, {"id", id}, {"data", std::move(data)}, {"updated_at", ms}};
}
inline json Update(const std::string& id, json data, int64_t ms, int64_t counter) {
  json delta = Update(id, std::move(data), ms);
  delta["counter"] = counter;
  return delta;
}
inline json Removal(const std::string& id, int64_t ms) {
  return {{"action", "delete"}, {"id", id}, {"updated_at", ms}};
}
inline json Removal(const std::string& id, int64_t ms, int64_t counter) {
  json delta = Removal(id, ms);
  delta["counter"] = counter;
  return delta;
}

// A body of one collection's deltas.
inline json Body(const std::string& collection, json deltas) {
  json body = json::object();
  body[collection] = std::move(deltas);
  return body;
}
inline json With(json body, const std::string& key, json value) {
  body[key] = std::move(value);
  return body;
}

// The `id` of each row, in order; the same for other members that are strings.
inline std::vector<std::string> Each(const json& rows, const std::string& member) {
  std::vector<std::string> texts;
  for (const json& row : rows) {
    texts.push_back(row.contains(member) ? row.at(member).get<std::string>() : "");
  }
  return texts;
}
inline std::vector<std::string> Ids(const json& rows) { return Each(rows, "id"); }
inline std::vector<std::string> Codes(const json& notices) { return Each(notices, "code"); }

inline int64_t CountOf(SpaceHarness* space, const std::string& sql) {
  return std::stoll(space->space.Rows(sql).at(0));
}
inline int64_t HistoryCount(SpaceHarness* space) {
  return CountOf(space, "SELECT count(*) FROM history");
}

// Records, history and claims, whole: two equal ones mean that nothing was changed between.
inline std::string Everything(SpaceHarness* space) {
  std::string text;
  for (const char* sql :
       {"SELECT * FROM records ORDER BY collection, id", "SELECT * FROM history ORDER BY id",
        "SELECT * FROM claims ORDER BY collection, id, device, claimed_at, claimed_counter"}) {
    for (const std::string& row : space->space.Rows(sql)) text += row + "\n";
  }
  return text;
}

// The stored data of a record; empty where it is deleted or was never seen.
inline std::string Stored(SpaceHarness* space, const std::string& collection,
                          const std::string& id) {
  for (const std::string& row : space->Records()) {
    if (row.starts_with(collection + "|" + id + "|")) {
      return row.substr(collection.size() + id.size() + 2);
    }
  }
  return {};
}

}  // namespace tidemark::testing
