// The commands: each a function from what the command line says to a report.

#pragma once

#include <string>
#include <vector>

#include "app.h"

namespace tidemark::samedi {

struct Command {
  std::string name;  // its words
  Result<Report> (*run)(App*);
  bool changes = false;  // records: what is due to be synced is, after it
};

const std::vector<Command>& Commands();

Result<Report> Login(App* app);
Result<Report> Logout(App* app);
Result<Report> Start(App* app);
Result<Report> Stop(App* app);
Result<Report> ListPlans(App* app);
Result<Report> AddPlan(App* app);
Result<Report> ShowPlan(App* app);
Result<Report> FinishPlan(App* app);
Result<Report> RemovePlan(App* app);
Result<Report> ListCards(App* app);
Result<Report> AddCard(App* app);
Result<Report> RemoveCard(App* app);
Result<Report> ReviewCards(App* app);
Result<Report> ShowStatus(App* app);
Result<Report> ShowStats(App* app);
Result<Report> ShowHistory(App* app);
Result<Report> SyncNow(App* app);
Result<Report> PushAll(App* app);
Result<Report> GetConfig(App* app);
Result<Report> SetConfig(App* app);
Result<Report> ImportFile(App* app);
Result<Report> ExportAll(App* app);
Result<Report> ListRejected(App* app);
Result<Report> RetryRejected(App* app);
Result<Report> DropRejected(App* app);
Result<Report> SharePlan(App* app);
Result<Report> UnsharePlan(App* app);
Result<Report> ListShares(App* app);
Result<Report> ShowCompletion(App* app);

}  // namespace tidemark::samedi
