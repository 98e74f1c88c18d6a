// What the crons do with every document there is, some at a time; one that fails stops no other.
//
// A round is noted page by page, each with the request for the next: whoever runs out of what the
// platform allows to one invocation, or dies, has all but its last page noted, and the next run
// goes on there. A new round that finds one which has not ended begins there too, so that the last
// apps do not always come too late.

#include <utility>

#include "base/limits.h"
#include "documents/app.h"
#include "documents/operations.h"
#include "documents/sql_rounds.h"
#include "engine/await.h"
#include "engine/params.h"
#include "ops/activity.h"

namespace tidemark {
namespace {

constexpr const char* kLastApp = "~";  // behind every app's name

struct Counts {
  int64_t documents = 0;
  int64_t failed = 0;
  std::string problem;  // of the first that failed

  void Add(const Counts& page) {
    documents += page.documents;
    failed += page.failed;
    if (problem.empty()) problem = page.problem;
  }
};

struct Round {
  int64_t at = 0;
  std::string begins;
  std::string after;
  bool wrapped = false;
};

Reply Unreadable() {
  return Reply::Error(Status::Error(503, "unavailable", "The list of documents cannot be read"));
}

Task<Counts> RunPage(Request request, int64_t at, std::vector<std::string> apps) {
  Counts counts;
  Params params = request.params;
  params.erase("run");
  params.erase("resume");
  params["at"] = std::to_string(at);
  for (size_t next = 0; next < apps.size();) {
    const size_t begin = next;
    std::vector<Command> calls;
    for (; next < apps.size() && calls.size() < limits::kDocumentsTogether; ++next) {
      calls.emplace_back(CallCommand{ManifestName(apps[next]), request.Param("run"), params, {}});
    }
    const auto answers = co_await Calls(std::move(calls));
    for (size_t i = 0; i < answers.size(); ++i) {
      const auto* answer = std::get_if<CallReply>(&answers[i]);
      ++counts.documents;
      if (answer != nullptr && answer->status < 300) continue;
      ++counts.failed;
      if (!counts.problem.empty()) continue;
      const auto* failure = std::get_if<Failure>(&answers[i]);
      counts.problem = apps[begin + i] + ": " +
                       (failure != nullptr ? failure->message : std::to_string(answer->status));
    }
  }
  co_return counts;
}

// Notes how far it has come, and lists what comes next.
Task<std::variant<ResultSets, Failure>> NotePage(std::string run, Round round) {
  const std::string last = round.wrapped ? round.begins : kLastApp;
  co_return co_await D1(
      std::string(kActivityShard),
      {{sql::kWriteRound.text,
        {run, round.at, round.begins, round.after, static_cast<int64_t>(round.wrapped)}},
       {sql::kListDocuments.text, {round.after, last, limits::kDocumentsPage}}});
}

// None: it has nothing to do. A failure: the store cannot be read.
Task<std::variant<std::optional<Round>, Failure>> FindRound(Request request, int64_t at) {
  auto read =
      co_await D1(std::string(kActivityShard), {{sql::kReadRound.text, {request.Param("run")}}});
  if (auto* failure = std::get_if<Failure>(&read)) co_return std::move(*failure);
  const ResultSet& row = std::get_if<ResultSets>(&read)->front();
  const bool resumes = request.params.contains("resume");
  if (row.rows.empty()) co_return resumes ? std::nullopt : std::optional(Round{.at = at});
  const std::string after = row.Text(2);
  if (!resumes) co_return std::optional(Round{.at = at, .begins = after, .after = after});
  co_return std::optional(Round{.at = row.Integer(0, 0),
                                .begins = row.Text(1),
                                .after = after,
                                .wrapped = row.Integer(3, 0) != 0});
}

}  // namespace

Task<Reply> RunDocuments(Context context) {
  const Request& request = context.request;
  const std::string run = request.Param("run");
  const Result<int64_t> at = IntegerParam(request, "at", 0, limits::kTimeMaxMs, request.now_ms);
  if ((run != "snapshot_document" && run != "compact_document") || !at.ok()) {
    co_return Reply::Error(Status::Invalid("invalid_parameter", "run is no work on documents"));
  }
  const auto found = co_await FindRound(request, *at);
  if (std::holds_alternative<Failure>(found)) co_return Unreadable();
  std::optional<Round> round = *std::get_if<std::optional<Round>>(&found);
  Counts counts;
  Counts page;  // not noted yet
  bool unfinished = false;
  while (round) {
    const auto listed = co_await NotePage(run, *round);
    const auto* sets = std::get_if<ResultSets>(&listed);
    if (sets == nullptr && counts.documents + page.documents == 0) co_return Unreadable();
    unfinished = sets == nullptr;
    if (unfinished) break;  // that page is run again
    counts.Add(std::exchange(page, {}));
    std::vector<std::string> apps;
    for (const std::vector<Cell>& row : sets->back().rows) {
      apps.push_back(*std::get_if<std::string>(&row[0]));
    }
    if (!apps.empty()) {
      round->after = apps.back();
      page = co_await RunPage(request, round->at, std::move(apps));
    } else if (!round->wrapped) {
      round->wrapped = true;
      round->after.clear();
    } else {
      co_await D1(std::string(kActivityShard), {{sql::kEndRound.text, {run, round->at}}});
      break;
    }
  }
  Reply reply;
  reply.data["documents"] = std::to_string(counts.documents);
  reply.data["failed"] = std::to_string(counts.failed);
  if (!counts.problem.empty()) reply.data["problem"] = counts.problem;
  if (unfinished) reply.data["unfinished"] = "1";
  co_return reply;
}

}  // namespace tidemark
