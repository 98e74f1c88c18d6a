// Any bytes as a file to import. CSV that is read is written and read again alike; a plan's chunks
// are those that its headings say.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "csv.h"
#include "markdown.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using tidemark::Check;
  namespace samedi = tidemark::samedi;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (const auto rows = samedi::ParseCsv(text); rows.ok()) {
    std::string written;
    for (const samedi::CsvRow& row : *rows) {
      Check(!row.fields.empty());
      // A line of one empty field would be an empty line, and those are passed over.
      if (row.fields.size() == 1 && row.fields[0].empty()) return 0;
      samedi::AppendCsv(row.fields, &written);
    }
    // At the very beginning a byte order mark is no part of the first field.
    if (written.starts_with("\xEF\xBB\xBF")) return 0;
    const auto again = samedi::ParseCsv(written);
    Check(again.ok() && again->size() == rows->size());
    for (size_t i = 0; i < rows->size(); ++i) Check((*again)[i].fields == (*rows)[i].fields);
  }
  if (const auto plan = samedi::ParsePlan(text); plan.ok()) {
    Check(!plan->title.empty());
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    Check(static_cast<int64_t>(plan->chunks.size()) < lines);
    const std::string slug = samedi::Slug(plan->title);
    Check(slug.size() <= 60 && samedi::Slug(slug) == slug);
  }
  return 0;
}
