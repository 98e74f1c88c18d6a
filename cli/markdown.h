// A plan as Markdown: its title is the first heading of the first rank, its chunks are the headings
// of the second, and the whole text is its content. Code blocks are no headings.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tidemark::samedi {

struct PlanChunk {
  std::string id;  // "chunk-001", in order
  std::string title;
};

struct PlanText {
  std::string title;
  std::vector<PlanChunk> chunks;
};

// Error: bad_markdown, where there is no title.
Result<PlanText> ParsePlan(std::string_view text);

// Lower case letters and digits of ASCII, joined by hyphens; empty where the title has none.
std::string Slug(std::string_view title);

}  // namespace tidemark::samedi
