// status, stats.

#include <map>

#include "commands/commands.h"
#include "days.h"
#include "errors.h"
#include "sql.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

std::string Ago(int64_t ms) {
  constexpr int64_t kTwoDays = 2'880;  // in minutes
  const int64_t minutes = ms / 60'000;
  if (minutes < 1) return "just now";
  if (minutes < 60) return Count(minutes, "minute") + " ago";
  if (minutes < kTwoDays) return Count(minutes / 60, "hour") + " ago";
  return Count(minutes / (kTwoDays / 2), "day") + " ago";
}

// Minutes that a session says, or that its times do; none while it runs.
int64_t MinutesOf(const json& session) {
  if (session.at("duration_minutes").is_number()) return IntegerOf(session, "duration_minutes");
  if (!session.at("end_time").is_number()) return 0;
  return (IntegerOf(session, "end_time") - IntegerOf(session, "start_time")) / 60'000;
}

}  // namespace

Result<Report> ShowStatus(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Result<json> running = store->Select(sql::kRunning);
  if (!running.ok()) return running.status();
  const Result<ReplicaState> state = store->replica().State();
  if (!state.ok()) return store->Explain(state.status());
  const Result<Settings> settings = app->LoadConfig();
  if (!settings.ok()) return settings.status();
  const Result<std::optional<Account>> loaded = LoadAccount(app->auth_path());
  if (!loaded.ok()) return loaded.status();
  const std::optional<Account>& account = *loaded;

  const int64_t now_ms = app->now_ms();
  json session = running->empty() ? json() : running->front();
  Report report;
  std::string session_text = "none";
  if (!session.is_null()) {
    const int64_t minutes = (now_ms - IntegerOf(session, "start_time")) / 60'000;
    session["minutes"] = minutes;
    session_text = Printable(TextOf(session, "plan_id") + " " + TextOf(session, "chunk_id")) +
                   " for " + Duration(minutes);
  }
  const std::string email = account.has_value() ? account->email : "";
  report.value = {{"session", session},
                  {"pending", state->pending},
                  {"rejected", state->rejected},
                  {"last_sync", state->synced_at == 0 ? json() : json(state->synced_at)},
                  {"account", account.has_value() ? json(email) : json()},
                  {"api_url", settings->api_url},
                  {"device", state->device}};
  report.text =
      "Session    " + session_text + "\n" +  //
      "Pending    " + Count(static_cast<int64_t>(state->pending), "change") + "\n" + "Last sync  " +
      (state->synced_at == 0 ? "never" : Ago(now_ms - state->synced_at)) + "\n" + "Account    " +
      (account.has_value() ? Printable(email) + " at " + settings->api_url : "not signed in") +
      "\n";
  if (state->rejected > 0) {
    report.text += app->Paint(33, "Rejected   ") +
                   Count(static_cast<int64_t>(state->rejected), "change") + ": samedi rejected\n";
  }
  return report;
}

Result<Report> ShowStats(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Result<json> sessions = store->Select(sql::kStudied);
  if (!sessions.ok()) return sessions.status();
  const int64_t now_ms = app->now_ms();
  const Result<json> due = store->Select(sql::kCountDue, {now_ms});
  if (!due.ok()) return due.status();

  std::vector<int64_t> days;
  int64_t total = 0;
  std::map<std::string, json> plans;
  for (const json& session : *sessions) {
    const int64_t minutes = MinutesOf(session);
    days.push_back(LocalDay(IntegerOf(session, "start_time")));
    total += minutes;
    json& plan = plans[TextOf(session, "plan_id")];
    if (plan.is_null()) {
      plan = {{"plan_id", TextOf(session, "plan_id")},
              {"title", TextOf(session, "plan")},
              {"sessions", 0},
              {"minutes", 0}};
    }
    plan["sessions"] = IntegerOf(plan, "sessions") + 1;
    plan["minutes"] = IntegerOf(plan, "minutes") + minutes;
  }
  const int64_t streak = Streak(days, LocalDay(now_ms));
  const int64_t due_cards = IntegerOf(due->at(0), "due");
  Report report;
  json by_plan = json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& [id, plan] : plans) {
    by_plan.push_back(plan);
    rows.push_back({id, Duration(IntegerOf(plan, "minutes")),
                    std::to_string(IntegerOf(plan, "sessions")), TextOf(plan, "title")});
  }
  report.value = {{"total_minutes", total},
                  {"sessions", sessions->size()},
                  {"streak_days", streak},
                  {"due_cards", due_cards},
                  {"plans", by_plan}};
  report.text = "Total   " + Duration(total) + " in " +
                Count(static_cast<int64_t>(sessions->size()), "session") + "\nStreak  " +
                Count(streak, "day") + "\nDue     " + Count(due_cards, "card") + "\n";
  if (!rows.empty()) report.text += "\n" + Table({"PLAN", "TIME", "SESSIONS", "TITLE"}, rows);
  return report;
}

}  // namespace tidemark::samedi
