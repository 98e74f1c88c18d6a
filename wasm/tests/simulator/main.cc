// simulate [--seeds N] [--from SEED] [--seed SEED] : runs histories and reports those that fail.
//
// A failing seed is printed with the command that replays it, and traced when it is run alone.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/simulator/documents_world.h"
#include "tests/simulator/events_world.h"
#include "tests/simulator/router_world.h"
#include "tests/simulator/sharded_world.h"
#include "tests/simulator/shares_world.h"
#include "tests/simulator/world.h"

namespace {

// Several spaces take longer than one: every so many seeds are of sharing too.
constexpr uint64_t kSharesEvery = 8;
constexpr uint64_t kShardedEvery = 4;  // likewise
constexpr uint64_t kRouterEvery = 8;

struct Options {
  uint64_t from = 1;
  uint64_t seeds = 1000;
  bool trace = false;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seeds") options.seeds = value;
    if (name == "--from") options.from = value;
    if (name == "--seed") options = {.from = value, .seeds = 1, .trace = true};
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  const Options options = Parse(argc, argv);
  uint64_t failed = 0;
  int64_t actions = 0;
  int64_t deaths = 0;
  Clock::time_point reported = Clock::now();
  for (uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) {
    tidemark::testing::World world(seed, options.trace);
    std::string problem = world.Run();
    actions += world.actions();
    if (problem.empty() && (options.seeds == 1 || seed % kSharesEvery == 0)) {
      tidemark::testing::SharesWorld shares(seed, options.trace);
      problem = shares.Run();
      actions += shares.actions();
    }
    if (problem.empty()) {
      tidemark::testing::DocumentsWorld documents(seed, options.trace);
      problem = documents.Run();
      actions += documents.actions();
    }
    if (problem.empty() && (options.seeds == 1 || seed % kShardedEvery == 0)) {
      tidemark::testing::ShardedWorld sharded(seed, options.trace);
      problem = sharded.Run();
      actions += sharded.actions();
    }
    if (problem.empty()) {
      tidemark::testing::EventsWorld events(seed, options.trace);
      problem = events.Run();
      actions += events.actions();
    }
    if (problem.empty() && (options.seeds == 1 || seed % kRouterEvery == 0)) {
      tidemark::testing::RouterWorld router(seed, options.trace);
      problem = router.Run();
      actions += router.actions();
    }
    deaths += world.deaths();
    if (!problem.empty()) {
      ++failed;
      std::printf("seed %llu failed: %s\nreplay: npm run simulate -- --seed %llu\n",
                  static_cast<unsigned long long>(seed), problem.c_str(),
                  static_cast<unsigned long long>(seed));
    }
    if (Clock::now() - reported > std::chrono::seconds(10)) {
      reported = Clock::now();
      std::printf("%llu of %llu seeds, %llu failed\n",
                  static_cast<unsigned long long>(seed - options.from + 1),
                  static_cast<unsigned long long>(options.seeds),
                  static_cast<unsigned long long>(failed));
      std::fflush(stdout);
    }
  }
  std::printf("simulated %llu seeds, %lld actions, %lld deaths of devices, %llu failed\n",
              static_cast<unsigned long long>(options.seeds), static_cast<long long>(actions),
              static_cast<long long>(deaths), static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
