#include "records/answer.h"

#include <utility>

#include "base/json_scanner.h"

namespace tidemark {

void Answer::Group(std::string_view name) {
  text_ += text_.empty() && parts_.empty() ? "{" : ",";
  json::AppendQuoted(&text_, name);
  text_ += ":[";
  bool first = true;
  for (const Kept& kept : groups_) {
    if (kept.group != name) continue;
    if (!first) text_ += ",";
    first = false;
    parts_.emplace_back(std::exchange(text_, {}));
    parts_.emplace_back(kept.handle);
  }
  text_ += "]";
}

void Answer::Collections() {
  for (const Collection& collection : schema_.collections) Group(collection.name);
  Group("deleted_ids");
}

void Answer::Quoted(std::string_view name, std::string_view value) {
  text_ += ",\"" + std::string(name) + "\":";
  json::AppendQuoted(&text_, value);
}

std::vector<Part> Answer::Finish() {
  parts_.emplace_back(std::exchange(text_, {}) + "}");
  return std::move(parts_);
}

}  // namespace tidemark
