// The answer of a pull, as JSON built around the rows that the host keeps.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/operation.h"
#include "records/schema.h"

namespace tidemark {

class Answer {
 public:
  // `opening` is how the object begins, without a comma at its end; empty for a plain one.
  explicit Answer(const Schema& schema, std::string opening = {})
      : schema_(schema), text_(std::move(opening)) {}

  void Add(const ResultSet& rows) {
    for (const Kept& kept : rows.kept) groups_.push_back(kept);
  }
  // An array for every collection, and `deleted_ids`.
  void Collections();
  // More of the object, beginning with a comma.
  void Text(std::string_view text) { text_ += text; }
  void Quoted(std::string_view name, std::string_view value);
  std::vector<Part> Finish();

 private:
  void Group(std::string_view name);

  const Schema& schema_;
  std::string text_;
  std::vector<Part> parts_;
  std::vector<Kept> groups_;
};

}  // namespace tidemark
