#include "sync.h"

#include <time.h>

#include <algorithm>
#include <optional>

#include "base/random.h"
#include "errors.h"
#include "files.h"

namespace tidemark::samedi {
namespace {

constexpr int64_t kBackOffMs = 300;
constexpr int64_t kBackOffMaxMs = 10'000;
constexpr int64_t kRetryAfterMaxS = 120;  // longer than that nobody waits at a prompt

// The same body is sent until it is answered: what was stored already changes nothing.
class Exchange {
 public:
  Exchange(App* app, const SyncOptions& options, const Settings& settings, Account account)
      : options_(options),
        account_(std::move(account)),
        http_(settings.api_url, options.http),
        random_(static_cast<uint64_t>(app->now_ms())) {}

  Result<HttpAnswer> Post(const std::string& device, const std::string& body) {
    const HttpRequest request{"POST", "/sync", account_.jwt, device, body};
    for (int attempt = 0;; ++attempt) {
      Result<HttpAnswer> answer = http_.Send(request);
      const Status status = answer.ok() && answer->status != 200 ? RefusalOf(*answer)
                            : answer.ok()                        ? Status()
                                                                 : answer.status();
      const bool passes = ExitOf(status) == kExitOffline;
      if (!passes || attempt >= options_.retries) return answer;
      int64_t wait_ms = std::min(kBackOffMs << std::min(attempt, 10), kBackOffMaxMs);
      wait_ms += static_cast<int64_t>(random_.Below(static_cast<uint64_t>(wait_ms)));
      if (answer.ok() && answer->retry_after_s > 0) {
        if (answer->retry_after_s > kRetryAfterMaxS) return answer;
        wait_ms = std::max(wait_ms, answer->retry_after_s * 1000);
      }
      if (!WaitMs(wait_ms)) return Problem("interrupted", "Interrupted");
    }
  }

  int64_t round_trips() const { return http_.round_trips(); }

 private:
  const SyncOptions& options_;
  Account account_;
  Http http_;
  Random random_;
};

// A device's records are one user's: they are not pushed into the space of another.
Status CheckOwner(Store* store, const ReplicaState& state, const Account& account) {
  if (state.account.empty()) return store->Explain(store->replica().SetAccount(account.user_id));
  if (state.account == account.user_id) return Status();
  return Problem("other_account", store->path() + " holds the records of another account (" +
                                      state.account + "): sign in as that, or use another --home");
}

std::string WithRetryAfter(const HttpAnswer& answer) {
  if (answer.retry_after_s <= 0) return {};
  return " (try again in " + std::to_string(answer.retry_after_s) + " s)";
}

// One request and what becomes of it. False where all is exchanged.
Result<bool> Step(App* app, Store* store, Exchange* exchange, size_t* deltas_max,
                  SyncCounts* counts) {
  Replica replica(&store->database(), &DeclaredSchema(), {.deltas_max = *deltas_max});
  const Result<Outgoing> outgoing = replica.Next(app->now_ms());
  if (!outgoing.ok()) return store->Explain(outgoing.status());
  const Result<ReplicaState> before = replica.State();
  if (!before.ok()) return store->Explain(before.status());

  const Result<HttpAnswer> answer = exchange->Post(before->device, outgoing->body);
  Status status = answer.ok() ? Status() : answer.status();
  if (answer.ok() && answer->status != 200) status = RefusalOf(*answer);
  if (status.ok()) {
    const Result<Received> received =
        replica.Receive(outgoing->request, answer->body, app->now_ms());
    if (received.ok()) {
      counts->pushed += static_cast<int64_t>(received->accepted);
      counts->rejected += static_cast<int64_t>(received->rejected);
      counts->pulled += static_cast<int64_t>(received->rows);
      counts->reset |= received->reset;
      const Result<ReplicaState> after = replica.State();
      if (!after.ok()) return store->Explain(after.status());
      return !after->idle();
    }
    status = store->Explain(received.status());
  }
  // What it carried waits again; the next sync sends it as it is.
  if (Status failed = replica.Fail(outgoing->request); !failed.ok()) return store->Explain(failed);
  if (answer.ok() && answer->status == 413 && outgoing->deltas > 1) {
    *deltas_max = outgoing->deltas / 2;
    return true;
  }
  if (answer.ok() && status.code() == "rate_limited") {
    return Problem("rate_limited", status.message() + WithRetryAfter(*answer));
  }
  return status;
}

}  // namespace

bool WaitMs(int64_t ms) {
  constexpr int64_t kSliceMs = 50;
  for (; ms > 0 && !Interrupted(); ms -= kSliceMs) {
    const timespec slice{0, static_cast<long>(std::min(ms, kSliceMs) * 1'000'000)};
    nanosleep(&slice, nullptr);
  }
  return !Interrupted();
}

Result<SyncCounts> Sync(App* app, const SyncOptions& options) {
  const Result<Settings> settings = app->LoadConfig();
  if (!settings.ok()) return settings.status();
  Result<Account> account = app->SignedIn(settings->api_url);
  if (!account.ok()) return account.status();
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Result<FileLock> lock = FileLock::Take(app->File("sync.lock"), options.lock_wait_ms);
  if (!lock.ok()) return lock.status();

  const Result<ReplicaState> state = store->replica().State();
  if (!state.ok()) return store->Explain(state.status());
  if (Status status = CheckOwner(store, *state, *account); !status.ok()) return status;
  // Whoever had the lock before has no request under way any more, whatever the state says.
  if (Status status = store->replica().Fail(state->under_way); !status.ok()) {
    return store->Explain(status);
  }
  Exchange exchange(app, options, *settings, *account);
  SyncCounts counts;
  size_t deltas_max = ReplicaOptions().deltas_max;
  const auto total = static_cast<int64_t>(state->pending);
  for (bool more = true; more;) {
    if (Interrupted()) return Problem("interrupted", "Interrupted");
    const Result<bool> stepped = Step(app, store, &exchange, &deltas_max, &counts);
    if (!stepped.ok()) return stepped.status();
    more = *stepped;
    if (options.progress) {
      options.progress(std::min(counts.pushed + counts.rejected, total), total);
    }
  }
  counts.round_trips = exchange.round_trips();
  return counts;
}

void SyncIfDue(App* app) {
  const Result<Settings> settings = app->LoadConfig();
  if (!settings.ok() || !settings->sync_enabled || !app->SignedIn(settings->api_url).ok()) return;
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return;
  const Result<ReplicaState> state = (*store)->replica().State();
  if (!state.ok()) return;
  const int64_t since_ms = app->now_ms() - state->synced_at;
  if (since_ms >= 0 && since_ms < settings->sync_interval_s * 1000) return;
  // A prompt does not wait long for a network that is not there.
  const SyncOptions options{
      .retries = 0, .http = {.connect_ms = 3'000, .whole_ms = 15'000}, .lock_wait_ms = 0};
  const Result<SyncCounts> counts = Sync(app, options);
  if (!counts.ok() && !app->options().json) {
    PrintError("not synced: " + counts.status().message() + "\n");
  }
}

}  // namespace tidemark::samedi
