// Keeps the entries that the Worker has gathered.

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "engine/await.h"
#include "ops/activity.h"

namespace tidemark {
namespace {

constexpr uint32_t kEntriesDepth = 2;
constexpr int64_t kTimeEnd = int64_t{1} << 48;  // of a UUID's time

std::string TextOf(const nlohmann::json& entry, std::string_view key) {
  const std::string* text = StringField(entry, key);
  return text == nullptr ? std::string() : *text;
}

int64_t NumberOf(const nlohmann::json& entry, std::string_view key) {
  return IntegerField(entry, key).value_or(0);
}

// Entries' lines, with commas between.
std::string LinesOf(const nlohmann::json& entries, const std::string& source) {
  std::string lines;
  for (const nlohmann::json& from : entries) {
    ActivityEntry entry;
    entry.time_ms = NumberOf(from, "time");
    if (entry.time_ms <= 0 || entry.time_ms >= kTimeEnd) continue;
    entry.source = source;
    entry.number = NumberOf(from, "number");
    entry.method = TextOf(from, "method");
    entry.path = TextOf(from, "path");
    entry.app = TextOf(from, "app");
    entry.status = NumberOf(from, "status");
    entry.size = NumberOf(from, "size");
    entry.user = TextOf(from, "user");
    entry.duration_ms = NumberOf(from, "duration_ms");
    entry.error = TextOf(from, "error");
    if (!lines.empty()) lines += ',';
    lines += ActivityLine(entry);
  }
  return lines;
}

}  // namespace

Task<Reply> RecordActivity(Context context) {
  const Request& request = context.request;
  if (request.body_size > limits::kSliceBytes) {
    co_return Reply::Error(Status::TooLarge("body_too_large", "The entries are too large"));
  }
  const std::string body = co_await BodySlice(0, request.body_size);
  const auto entries = ParseTree(body, kEntriesDepth);
  if (!entries.ok()) co_return Reply::Error(entries.status());
  if (!entries->is_array() || entries->size() > limits::kActivityBatchRows) {
    co_return Reply::Error(Status::Invalid(
        "invalid_parameter", "The body must be an array of at most " +
                                 std::to_string(limits::kActivityBatchRows) + " entries"));
  }
  std::string lines = LinesOf(*entries, request.Param("source"));
  if (lines.empty()) co_return Reply();
  const auto written = co_await D1(std::string(kActivityShard), {AppendActivity(std::move(lines))});
  if (!std::holds_alternative<ResultSets>(written)) co_return ActivityUnavailable();
  co_return Reply();
}

}  // namespace tidemark
