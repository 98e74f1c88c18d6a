#include "commands/commands.h"

namespace tidemark::samedi {

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands{
      {"login", Login},
      {"logout", Logout},
      {"start", Start, true},
      {"stop", Stop, true},
      {"plan", ListPlans},
      {"plan list", ListPlans},
      {"plan add", AddPlan, true},
      {"plan show", ShowPlan},
      {"plan done", FinishPlan, true},
      {"plan rm", RemovePlan, true},
      {"card", ListCards},
      {"card list", ListCards},
      {"card add", AddCard, true},
      {"card rm", RemoveCard, true},
      {"card review", ReviewCards, true},
      {"status", ShowStatus},
      {"stats", ShowStats},
      {"history", ShowHistory},
      {"sync", SyncNow},
      {"sync push", PushAll},
      {"config", GetConfig},
      {"config get", GetConfig},
      {"config set", SetConfig},
      {"import", ImportFile, true},
      {"export", ExportAll},
      {"rejected", ListRejected},
      {"rejected list", ListRejected},
      {"rejected retry", RetryRejected, true},
      {"rejected drop", DropRejected},
      {"share", SharePlan},
      {"unshare", UnsharePlan},
      {"shares", ListShares},
      {"completion", ShowCompletion},
  };
  return commands;
}

}  // namespace tidemark::samedi
