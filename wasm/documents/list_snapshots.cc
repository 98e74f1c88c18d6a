// GET /snapshots: the days that there is a snapshot of, the newest first.

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/operations.h"
#include "documents/snapshots.h"
#include "engine/await.h"
#include "engine/params.h"

namespace tidemark {
namespace {

// Those of a page, the newest first. `more`: there are older ones.
std::vector<std::string> PageOf(const std::vector<std::string>& days, std::string_view before,
                                size_t limit, bool* more) {
  std::vector<std::string> page;
  for (auto day = days.rbegin(); day != days.rend(); ++day) {
    if (!before.empty() && *day >= before) continue;
    *more = page.size() == limit;
    if (*more) break;
    page.push_back(*day);
  }
  return page;
}

std::string LineOf(std::string_view day, const StoreReply& head) {
  const std::string version = DataOf(head.data, "version");
  std::string line = R"({"day":")" + std::string(day) + R"(","size":)" + DataOf(head.data, "size") +
                     R"(,"version":)";
  if (version.empty()) return line + "null}";
  json::AppendQuoted(&line, version);
  return line + '}';
}

}  // namespace

Task<Reply> ListSnapshots(Context context) {
  const Request& request = context.request;
  std::string app = request.Param("app");
  if (app.empty()) app = kDefaultApp;
  if (Status status = CheckApp(app); !status.ok()) co_return Reply::Error(status);
  const std::string before = request.Param("before");
  if (!before.empty() && !DayStart(before)) {
    co_return Reply::Error(Status::Invalid("invalid_parameter", "before must be YYYY-MM-DD"));
  }
  const Result<int64_t> limit =
      IntegerParam(request, "limit", 1, limits::kSnapshotsMax, limits::kSnapshotsDefault);
  if (!limit.ok()) co_return Reply::Error(limit.status());
  const Result<std::vector<std::string>> days = co_await ListDays(app);
  if (!days.ok()) co_return Reply::Error(days.status());
  bool more = false;
  const std::vector<std::string> page = PageOf(*days, before, static_cast<size_t>(*limit), &more);
  std::string body = "[";
  for (size_t next = 0; next < page.size();) {
    const size_t begin = next;
    std::vector<Command> heads;
    for (; next < page.size() && heads.size() < limits::kDocumentsTogether; ++next) {
      heads.emplace_back(StoreCommand("r2", "head", {{"key", DailySnapshotKey(app, page[next])}}));
    }
    const auto answers = co_await Stores(std::move(heads));
    for (size_t i = 0; i < answers.size(); ++i) {
      const auto* head = std::get_if<StoreReply>(&answers[i]);
      if (head == nullptr) co_return Reply::Error(StoreUnavailable());
      if (head->status != 200) continue;  // it was deleted meanwhile
      if (body.size() > 1) body += ',';
      body += LineOf(page[begin + i], *head);
    }
  }
  Reply reply = Reply::Json(body + ']');
  if (more) reply.data["next_before"] = page.back();
  co_return reply;
}

}  // namespace tidemark
