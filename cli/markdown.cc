#include "markdown.h"

#include <algorithm>
#include <cstdio>

#include "errors.h"

namespace tidemark::samedi {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The rank of a heading's line and its text (CommonMark, section 4.2); 0 for any other line.
int Heading(std::string_view line, std::string_view* title) {
  size_t indent = 0;
  while (indent < line.size() && line[indent] == ' ') ++indent;
  if (indent > 3) return 0;
  line.remove_prefix(indent);
  size_t rank = 0;
  while (rank < line.size() && line[rank] == '#') ++rank;
  if (rank == 0 || rank > 6) return 0;
  if (rank < line.size() && line[rank] != ' ' && line[rank] != '\t' && line[rank] != '\r') return 0;
  std::string_view text = Trimmed(line.substr(rank));
  // Closing hashes are no part of it.
  const size_t end = text.find_last_not_of('#');
  if (end == text.npos) {
    text = {};
  } else if (end + 1 < text.size() && (text[end] == ' ' || text[end] == '\t')) {
    text = Trimmed(text.substr(0, end));
  }
  *title = text;
  return static_cast<int>(rank);
}

// The fence of a code block: three or more of ` or ~ at the line's start.
char FenceOf(std::string_view line, size_t* length) {
  const std::string_view text = Trimmed(line);
  if (text.empty() || (text[0] != '`' && text[0] != '~')) return 0;
  *length = std::min(text.find_first_not_of(text[0]), text.size());
  return *length >= 3 ? text[0] : '\0';
}

}  // namespace

Result<PlanText> ParsePlan(std::string_view text) {
  PlanText plan;
  char fence = 0;
  size_t fence_length = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    size_t length = 0;
    const char mark = FenceOf(line, &length);
    if (fence != 0) {
      if (mark == fence && length >= fence_length) fence = 0;
      continue;
    }
    if (mark != 0) {
      fence = mark;
      fence_length = length;
      continue;
    }
    std::string_view title;
    const int rank = Heading(line, &title);
    if (rank == 0 || title.empty()) continue;
    if (rank == 1 && plan.title.empty()) plan.title = title;
    if (rank == 2) {
      char id[32];
      std::snprintf(id, sizeof(id), "chunk-%03zu", plan.chunks.size() + 1);
      plan.chunks.push_back({id, std::string(title)});
    }
  }
  if (plan.title.empty()) {
    return Problem("bad_markdown", "There is no title: a line that begins with \"# \"");
  }
  return plan;
}

std::string Slug(std::string_view title) {
  std::string slug;
  for (const char c : title) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (upper || plain) {
      slug += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (slug.ends_with('-')) slug.pop_back();
  return slug.substr(0, 60);
}

}  // namespace tidemark::samedi
