// start, stop, history: the sessions of one's own plans.

#include <algorithm>

#include "commands/commands.h"
#include "commands/lookup.h"
#include "days.h"
#include "errors.h"
#include "sql.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

std::string Named(const json& session) {
  const std::string chunk = TextOf(session, "chunk_id");
  return TextOf(session, "plan_id") + (chunk.empty() ? "" : " " + chunk);
}

// Makes a plan of the id where there is none: a session needs one. True where it was made.
Result<bool> EnsurePlan(App* app, Store* store, const std::string& id) {
  const Result<PlanRef> plan = FindPlan(store, id);
  if (plan.ok()) {
    if (plan->owner.empty()) return false;
    return Problem("forbidden", "The plan " + Printable(id) +
                                    " is shared with you: sessions go with plans of your own");
  }
  if (plan.status().code() != "no_such_plan") return plan.status();
  const json data{{"title", id}, {"status", "active"}, {"created_at", app->now_ms()}};
  if (Status status = PutRecord(app, store, {"plans", id}, data); !status.ok()) return status;
  return true;
}

}  // namespace

Result<Report> Start(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Options& options = app->options();
  // Nobody starts another one between the look and the edit.
  Transaction transaction(&store->database());
  const Result<json> running = store->Select(sql::kRunning);
  if (!running.ok()) return running.status();
  if (!running->empty()) {
    return Problem("already_running",
                   "A session of " + Printable(Named(running->front())) + " runs since " +
                       LocalTime(IntegerOf(running->front(), "start_time")) + ": samedi stop");
  }
  const Result<bool> made = EnsurePlan(app, store, options.plan);
  if (!made.ok()) return made.status();
  const std::string id = app->NewId();
  const int64_t now_ms = app->now_ms();
  json data{{"plan_id", options.plan}, {"start_time", now_ms}, {"created_at", now_ms}};
  if (!options.chunk.empty()) data["chunk_id"] = options.chunk;
  if (Status status = PutRecord(app, store, {"sessions", id}, data); !status.ok()) return status;
  if (Status status = transaction.Commit(); !status.ok()) return store->Explain(status);
  Report report{data, ""};
  report.value["id"] = id;
  report.value["plan_created"] = *made;
  if (*made) report.text += "Created the plan " + Printable(options.plan) + "\n";
  report.text += app->Paint(32, "▶") + " Started " + Printable(Named(data)) + " at " +
                 LocalTime(now_ms).substr(11) + "\n";
  return report;
}

Result<Report> Stop(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  Transaction transaction(&store->database());
  const Result<json> running = store->Select(sql::kRunning);
  if (!running.ok()) return running.status();
  if (running->empty()) return Problem("not_running", "No session runs: samedi start PLAN CHUNK");
  const std::string id = TextOf(running->front(), "id");
  Result<json> data = store->Find({"sessions", id});
  if (!data.ok()) return data.status();
  const int64_t start_ms = IntegerOf(running->front(), "start_time");
  // The clock may have been set back since.
  const int64_t end_ms = std::max(app->now_ms(), start_ms);
  const int64_t minutes = (end_ms - start_ms + 30'000) / 60'000;
  (*data)["end_time"] = end_ms;
  (*data)["duration_minutes"] = minutes;
  if (!app->options().notes.empty()) (*data)["notes"] = app->options().notes;
  if (Status status = PutRecord(app, store, {"sessions", id}, *data); !status.ok()) return status;
  if (Status status = transaction.Commit(); !status.ok()) return store->Explain(status);
  Report report{*data, app->Paint(31, "■") + " Stopped " + Printable(Named(*data)) + " after " +
                           Duration(minutes) + "\n"};
  report.value["id"] = id;
  return report;
}

Result<Report> ShowHistory(App* app) {
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  const Options& options = app->options();
  if (options.conflicts) {
    Result<json> notices = (*store)->Select(sql::kNotices, {options.limit});
    if (!notices.ok()) return notices.status();
    std::vector<std::vector<std::string>> rows;
    for (const json& notice : *notices) {
      rows.push_back({LocalTime(IntegerOf(notice, "at")), TextOf(notice, "collection"),
                      TextOf(notice, "id"), TextOf(notice, "code")});
    }
    return Report{*notices, rows.empty() ? "No conflicts\n"
                                         : Table({"WHEN", "COLLECTION", "ID", "CODE"}, rows)};
  }
  Result<json> sessions = (*store)->Select(sql::kListSessions, {options.plan, options.limit});
  if (!sessions.ok()) return sessions.status();
  std::vector<std::vector<std::string>> rows;
  for (const json& session : *sessions) {
    const bool stopped = session.at("duration_minutes").is_number();
    rows.push_back({LocalTime(IntegerOf(session, "start_time")),
                    stopped ? Duration(IntegerOf(session, "duration_minutes")) : "running",
                    TextOf(session, "plan_id"), TextOf(session, "chunk_id"),
                    TextOf(session, "notes")});
  }
  return Report{*sessions, rows.empty()
                               ? "No sessions yet: samedi start PLAN CHUNK\n"
                               : Table({"STARTED", "TIME", "PLAN", "CHUNK", "NOTES"}, rows)};
}

}  // namespace tidemark::samedi
