// What several commands look up: plans by their name, children of them.

#pragma once

#include <string>

#include "app.h"

namespace tidemark::samedi {

struct PlanRef {
  std::string owner;  // empty: one's own
  std::string id;
  std::string title;
  std::string permission;

  RecordKey key() const { return {"plans", id, owner}; }
};

// One's own plan of this id, else one shared with the user. Errors: no_such_plan, and ambiguous
// where several people share one of this id.
Result<PlanRef> FindPlan(Store* store, const std::string& id);
// The same, and `forbidden` where it is shared to read alone.
Result<PlanRef> FindPlanToEdit(Store* store, const std::string& id);

// An id for a new plan: the title's letters and digits, with a number where that is taken.
Result<std::string> FreePlanId(App* app, Store* store, const std::string& title);

// An edit by hand replaces what the server had rejected of that record.
Status PutRecord(App* app, Store* store, const RecordKey& key, const nlohmann::json& data);

}  // namespace tidemark::samedi
