// plan: list, add, show, done, rm.

#include "base/json_tree.h"
#include "commands/commands.h"
#include "commands/lookup.h"
#include "days.h"
#include "errors.h"
#include "sql.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

constexpr int64_t kAllRows = int64_t{1} << 40;

std::string SharedNote(const json& plan) {
  if (TextOf(plan, "owner").empty()) return "";
  return "shared, " + (TextOf(plan, "permission").empty() ? "read" : TextOf(plan, "permission"));
}

}  // namespace

Result<Report> ListPlans(App* app) {
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  Result<json> plans = (*store)->Select(sql::kListPlans);
  if (!plans.ok()) return plans.status();
  std::vector<std::vector<std::string>> rows;
  for (json& plan : *plans) {
    plan["pending"] = IntegerOf(plan, "pending") != 0;
    rows.push_back(
        {TextOf(plan, "id"), TextOf(plan, "status"), TextOf(plan, "title"), SharedNote(plan)});
  }
  return Report{*plans, rows.empty() ? "No plans yet: samedi plan add TITLE\n"
                                     : Table({"ID", "STATUS", "TITLE", ""}, rows)};
}

Result<Report> AddPlan(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Options& options = app->options();
  Transaction transaction(&store->database());
  std::string id = options.id;
  if (id.empty()) {
    const Result<std::string> free = FreePlanId(app, store, options.title);
    if (!free.ok()) return free.status();
    id = *free;
  }
  const Result<json> there = store->Find({"plans", id});
  if (!there.ok()) return there.status();
  if (!there->is_null()) return Problem("exists", "There is a plan " + Printable(id) + " already");
  json data{{"title", options.title}, {"status", "active"}, {"created_at", app->now_ms()}};
  if (options.hours.has_value()) data["total_hours"] = *options.hours;
  if (!options.tags.empty()) data["tags"] = options.tags;
  if (Status status = PutRecord(app, store, {"plans", id}, data); !status.ok()) return status;
  if (Status status = transaction.Commit(); !status.ok()) return store->Explain(status);
  Report report{data, "✓ Created the plan " + Printable(id) + "\n"};
  report.value["id"] = id;
  return report;
}

Result<Report> ShowPlan(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Result<PlanRef> plan = FindPlan(store, app->options().id);
  if (!plan.ok()) return plan.status();
  Result<json> data = store->Find(plan->key());
  if (!data.ok()) return data.status();
  const Result<json> sessions = store->Select(sql::kListSessions, {plan->id, kAllRows});
  if (!sessions.ok()) return sessions.status();
  const Result<json> cards = store->Select(sql::kListCards, {plan->id, int64_t{0}, kAllRows});
  if (!cards.ok()) return cards.status();
  int64_t minutes = 0;
  for (const json& session : *sessions) minutes += IntegerOf(session, "duration_minutes");

  Report report{*data, app->Paint(1, Printable(plan->title)) + "\n"};
  report.value["id"] = plan->id;
  report.value["owner"] = plan->owner;
  report.value["sessions"] = sessions->size();
  report.value["cards"] = cards->size();
  report.value["minutes"] = minutes;
  const auto line = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) report.text += name + std::string(10 - name.size(), ' ') + value + "\n";
  };
  line("id", Printable(plan->id));
  line("status", Printable(TextOf(*data, "status")));
  line("tags", Printable(TextOf(*data, "tags")));
  line("planned", TextOf(*data, "total_hours").empty() ? "" : TextOf(*data, "total_hours") + " h");
  line("sessions", std::to_string(sessions->size()) + ", " + Duration(minutes));
  line("cards", std::to_string(cards->size()));
  const std::string content = TextOf(*data, "content");
  if (!content.empty()) {
    report.text += "\n" + Printable(content) + (content.ends_with('\n') ? "" : "\n");
  }
  return report;
}

Result<Report> FinishPlan(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  Transaction transaction(&store->database());
  const Result<PlanRef> plan = FindPlanToEdit(store, app->options().id);
  if (!plan.ok()) return plan.status();
  Result<json> data = store->Find(plan->key());
  if (!data.ok()) return data.status();
  (*data)["status"] = "completed";
  if (Status status = PutRecord(app, store, plan->key(), *data); !status.ok()) return status;
  if (Status status = transaction.Commit(); !status.ok()) return store->Explain(status);
  Report report{*data, "✓ Completed " + Printable(plan->id) + "\n"};
  report.value["id"] = plan->id;
  return report;
}

Result<Report> RemovePlan(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Result<PlanRef> plan = FindPlanToEdit(store, app->options().id);
  if (!plan.ok()) return plan.status();
  const Status removed = store->replica().Remove(plan->key(), app->now_ms());
  if (!removed.ok()) return store->Explain(removed);
  return Report{{{"id", plan->id}, {"deleted", true}},
                "✓ Deleted the plan " + Printable(plan->id) +
                    "; its sessions and cards are hidden with it\n"};
}

}  // namespace tidemark::samedi
