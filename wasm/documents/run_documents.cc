// What the crons do with every document there is, some at a time; one that fails stops no other.

#include <utility>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/operations.h"
#include "documents/sql_journal.h"
#include "engine/await.h"
#include "ops/activity.h"

namespace tidemark {
namespace {

struct Counts {
  int64_t documents = 0;
  int64_t failed = 0;
  std::string problem;  // of the first that failed
};

Task<bool> RunPage(Request request, std::vector<std::string> apps, Counts* counts) {
  Params params = request.params;
  params.erase("run");
  for (size_t next = 0; next < apps.size();) {
    const size_t begin = next;
    std::vector<Command> calls;
    for (; next < apps.size() && calls.size() < limits::kDocumentsTogether; ++next) {
      calls.emplace_back(CallCommand{ManifestName(apps[next]), request.Param("run"), params, {}});
    }
    const auto answers = co_await Calls(std::move(calls));
    for (size_t i = 0; i < answers.size(); ++i) {
      const auto* answer = std::get_if<CallReply>(&answers[i]);
      ++counts->documents;
      if (answer != nullptr && answer->status < 300) continue;
      ++counts->failed;
      if (!counts->problem.empty()) continue;
      const auto* failure = std::get_if<Failure>(&answers[i]);
      counts->problem = apps[begin + i] + ": " +
                        (failure != nullptr ? failure->message : std::to_string(answer->status));
    }
  }
  co_return true;
}

}  // namespace

Task<Reply> RunDocuments(Context context) {
  const Request& request = context.request;
  const std::string run = request.Param("run");
  if (run != "snapshot_document" && run != "compact_document") {
    co_return Reply::Error(Status::Invalid("invalid_parameter", "run is no work on documents"));
  }
  Counts counts;
  std::string after;
  for (;;) {
    const auto listed = co_await D1(std::string(kActivityShard),
                                    {{sql::kListDocuments.text, {after, limits::kDocumentsPage}}});
    const auto* sets = std::get_if<ResultSets>(&listed);
    if (sets == nullptr) {
      co_return Reply::Error(
          Status::Error(503, "unavailable", "The list of documents cannot be read"));
    }
    std::vector<std::string> apps;
    for (const std::vector<Cell>& row : sets->front().rows) {
      apps.push_back(*std::get_if<std::string>(&row[0]));
    }
    if (apps.empty()) break;
    after = apps.back();
    const bool last = static_cast<int64_t>(apps.size()) < limits::kDocumentsPage;
    co_await RunPage(request, std::move(apps), &counts);
    if (last) break;
  }
  Reply reply;
  reply.data["documents"] = std::to_string(counts.documents);
  reply.data["failed"] = std::to_string(counts.failed);
  if (!counts.problem.empty()) reply.data["problem"] = counts.problem;
  co_return reply;
}

}  // namespace tidemark
