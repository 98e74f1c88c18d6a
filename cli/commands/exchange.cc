// sync, sync push, rejected.

#include <cstdio>

#include "commands/commands.h"
#include "days.h"
#include "errors.h"
#include "sync.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

// What the server refused and nobody has dealt with yet, as lines.
Result<std::string> RejectedLines(App* app, Store* store) {
  const Result<std::vector<RejectedEdit>> list = store->replica().Rejected();
  if (!list.ok()) return store->Explain(list.status());
  std::string lines;
  int number = 0;
  for (const RejectedEdit& edit : *list) {
    lines += app->Paint(33, std::to_string(++number)) + "  " +
             Printable(edit.collection + "/" + edit.id + "  " + edit.code + ": " + edit.message) +
             "\n";
  }
  return lines;
}

Result<Report> ReportOf(App* app, const SyncCounts& counts) {
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  const Result<ReplicaState> state = (*store)->replica().State();
  if (!state.ok()) return (*store)->Explain(state.status());
  Report report;
  report.value = {{"pushed", counts.pushed},
                  {"pulled", counts.pulled},
                  {"rejected", state->rejected},
                  {"round_trips", counts.round_trips},
                  {"reset", counts.reset}};
  report.text = app->Paint(32, "✓") + " Synced: " + std::to_string(counts.pushed) + " pushed, " +
                std::to_string(counts.pulled) + " pulled\n";
  if (counts.reset) report.text += "The server told this device to start over, and it did\n";
  if (state->rejected > 0) {
    const Result<std::string> lines = RejectedLines(app, *store);
    if (!lines.ok()) return lines.status();
    report.text += Count(static_cast<int64_t>(state->rejected), "change") +
                   " rejected (samedi rejected retry N, or drop N):\n" + *lines;
    report.exit = kExitRejected;
  }
  return report;
}

// On a terminal, a bar that is drawn over itself.
std::function<void(int64_t, int64_t)> ProgressBar(const App& app) {
  if (!app.interactive()) return {};
  return [](int64_t done, int64_t total) {
    constexpr int64_t kCells = 30;
    if (total == 0) return;
    const int64_t filled = kCells * done / total;
    std::string bar = "\r[";
    for (int64_t i = 0; i < kCells; ++i) bar += i < filled ? "█" : "░";
    bar += "] " + std::to_string(done) + " of " + std::to_string(total);
    if (done == total) bar += "\n";
    PrintError(bar);
    std::fflush(stderr);
  };
}

// Every interval, until an interrupt. What may pass is said, and tried again in time.
Result<Report> Watch(App* app) {
  int64_t syncs = 0;
  int64_t failures = 0;
  while (!Interrupted()) {
    const Result<Settings> settings = app->LoadConfig();
    if (!settings.ok()) return settings.status();
    const Result<SyncCounts> counts = Sync(app, {});
    const std::string at = LocalTime(app->now_ms()).substr(11) + "  ";
    if (counts.ok()) {
      ++syncs;
      const Result<Report> report = ReportOf(app, *counts);
      if (!report.ok()) return report.status();
      if (!app->options().json) PrintOut(at + report->text);
    } else if (counts.status().code() != "interrupted") {
      ++failures;
      const int exit = ExitOf(counts.status());
      if (exit != kExitOffline && exit != kExitBusy) return counts.status();
      PrintError(at + counts.status().message() + "\n");
    }
    WaitMs(settings->sync_interval_s * 1000);
  }
  return Report{{{"syncs", syncs}, {"failures", failures}},
                "Stopped after " + Count(syncs, "sync") + "\n"};
}

Result<size_t> NumberOf(App* app, Store* store) {
  const Result<ReplicaState> state = store->replica().State();
  if (!state.ok()) return store->Explain(state.status());
  const int64_t number = app->options().number;
  if (number < 1 || number > static_cast<int64_t>(state->rejected)) {
    return Problem("not_found", "There is no rejected change " + std::to_string(number));
  }
  return static_cast<size_t>(number - 1);
}

}  // namespace

Result<Report> SyncNow(App* app) {
  CatchInterrupts();
  if (app->options().watch) return Watch(app);
  const Result<SyncCounts> counts = Sync(app, {.retries = app->options().retries});
  if (!counts.ok()) return counts.status();
  return ReportOf(app, *counts);
}

Result<Report> PushAll(App* app) {
  if (!app->options().all) {
    return Problem("usage", "samedi sync push --all sends every record; samedi sync what changed");
  }
  CatchInterrupts();
  const Result<Settings> settings = app->LoadConfig();
  if (!settings.ok()) return settings.status();
  if (Result<Account> account = app->SignedIn(settings->api_url); !account.ok()) {
    return account.status();
  }
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  if (Status status = (*store)->replica().PushAll(); !status.ok()) {
    return (*store)->Explain(status);
  }
  const Result<SyncCounts> counts =
      Sync(app, {.retries = app->options().retries, .progress = ProgressBar(*app)});
  if (counts.ok()) return ReportOf(app, *counts);
  const Result<ReplicaState> state = (*store)->replica().State();
  if (!state.ok()) return (*store)->Explain(state.status());
  const Status& status = counts.status();
  return Status::Error(status.http_status(), status.code(),
                       status.message() + ". " +
                           Count(static_cast<int64_t>(state->pending), "record") +
                           " left: the same command goes on");
}

Result<Report> ListRejected(App* app) {
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  const Result<std::vector<RejectedEdit>> list = (*store)->replica().Rejected();
  if (!list.ok()) return (*store)->Explain(list.status());
  const Result<std::string> lines = RejectedLines(app, *store);
  if (!lines.ok()) return lines.status();
  Report report{json::array(), lines->empty() ? "Nothing was rejected\n" : *lines};
  for (const RejectedEdit& edit : *list) {
    json& entry = report.value.emplace_back(json{{"number", report.value.size() + 1},
                                                 {"collection", edit.collection},
                                                 {"id", edit.id},
                                                 {"code", edit.code},
                                                 {"message", edit.message},
                                                 {"action", edit.deletes ? "delete" : "update"},
                                                 {"updated_at", edit.ms}});
    if (!edit.owner.empty()) entry["owner"] = edit.owner;
    if (!edit.deletes) {
      entry["data"] = json::parse(edit.data, nullptr, /*allow_exceptions=*/false);
    }
  }
  report.exit = list->empty() ? kExitOk : kExitRejected;
  return report;
}

Result<Report> RetryRejected(App* app) {
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  const Result<size_t> index = NumberOf(app, *store);
  if (!index.ok()) return index.status();
  const Status status = (*store)->replica().Retry(*index, app->now_ms());
  if (!status.ok()) return (*store)->Explain(status);
  return Report{{{"retried", app->options().number}}, "✓ It is sent again with the next sync\n"};
}

Result<Report> DropRejected(App* app) {
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  const Result<size_t> index = NumberOf(app, *store);
  if (!index.ok()) return index.status();
  const Status status = (*store)->replica().Dismiss(*index);
  if (!status.ok()) return (*store)->Explain(status);
  return Report{{{"dropped", app->options().number}},
                "✓ Dropped: what the server has shows again\n"};
}

}  // namespace tidemark::samedi
