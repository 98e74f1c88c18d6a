#include "commands/lookup.h"

#include "errors.h"
#include "markdown.h"
#include "sql.h"

namespace tidemark::samedi {

using nlohmann::json;

Result<PlanRef> FindPlan(Store* store, const std::string& id) {
  const Result<json> rows = store->Select(sql::kFindPlan, {id});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) {
    return Problem("no_such_plan",
                   "There is no plan " + Printable(id) + ": samedi plan lists them");
  }
  const json& row = rows->front();
  const PlanRef plan{TextOf(row, "owner"), id, TextOf(row, "title"), TextOf(row, "permission")};
  if (!plan.owner.empty() && rows->size() > 1) {
    return Problem("ambiguous", "Several people share a plan " + Printable(id) + " with you");
  }
  return plan;
}

Result<PlanRef> FindPlanToEdit(Store* store, const std::string& id) {
  Result<PlanRef> plan = FindPlan(store, id);
  if (plan.ok() && !plan->owner.empty() && plan->permission != "edit") {
    return Problem("forbidden", "The plan " + Printable(id) + " is shared with you to read only");
  }
  return plan;
}

Result<std::string> FreePlanId(App* app, Store* store, const std::string& title) {
  constexpr int kTriesMax = 100;
  const std::string slug = Slug(title);
  for (int number = 1; !slug.empty() && number <= kTriesMax; ++number) {
    const std::string id = number == 1 ? slug : slug + "-" + std::to_string(number);
    const Result<json> rows = store->Select(sql::kFindPlan, {id});
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return id;
  }
  return app->NewId();
}

Status PutRecord(App* app, Store* store, const RecordKey& key, const json& data) {
  Transaction transaction(&store->database());
  if (Status status = store->Put(key, data, app->now_ms()); !status.ok()) return status;
  store->database().Run(sql::kDropRejectedOf, {key.collection, key.owner, key.id});
  return store->Explain(transaction.Commit());
}

}  // namespace tidemark::samedi
