// What a server tells a replica: the answer of POST /sync, or a frame of the live feed.
//
// It is a peer's text: read by the core's scanner, without a tree, and checked whole before any of
// it is used. Data is a piece of the text, as it came; the text must outlive the answer.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "records/schema.h"

namespace tidemark {

struct AnswerRow {
  std::string collection;
  std::string owner;  // empty: one's own
  std::string id;
  bool deletes = false;
  std::string_view data;  // JSON object; empty for a deletion
  int64_t ms = 0;
  int64_t counter = 0;
  std::string device;
  std::string permission;  // empty where none is told
};

// A row of `rejected` or `conflicts`.
struct AnswerNotice {
  std::string collection;
  int64_t index = 0;
  std::string id;
  std::string code;
  std::string message;
};

struct ServerAnswer {
  std::string cursor;
  std::string since;  // of a frame
  bool has_more = false;
  bool reset = false;
  std::optional<int64_t> server_time;
  std::vector<AnswerRow> rows;  // by collection, in the order of the text
  std::vector<AnswerNotice> rejected;
  std::vector<AnswerNotice> conflicts;
};

// An array of any other name holds records of a collection that is not declared here; other keys
// are passed over. Error: invalid_answer.
Result<ServerAnswer> ParseAnswer(std::string_view text, const Schema& schema);

}  // namespace tidemark
