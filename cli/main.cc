// samedi: a learning tracker at the command line. It works on a local database, and syncs it with a
// Tidemark when it can.

#include <curl/curl.h>
#include <signal.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "app.h"
#include "base/json_tree.h"
#include "base/utf8.h"
#include "commands/commands.h"
#include "errors.h"
#include "sync.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

int Tell(const App& app, const Result<Report>& report) {
  if (!report.ok()) {
    const Status& status = report.status();
    if (app.options().json) {
      PrintOut(
          DumpTree(json{{"error", std::string(status.code())}, {"message", status.message()}}) +
          "\n");
    } else {
      PrintError("samedi: " + Printable(status.message()) + "\n");
    }
    return ExitOf(status);
  }
  PrintOut(app.options().json ? DumpTree(report->value) + "\n" : report->text);
  return report->exit;
}

int Run(const Options& options) {
  App app(options);
  for (const Command& command : Commands()) {
    if (command.name != options.command) continue;
    const Result<Report> report = command.run(&app);
    const int exit = Tell(app, report);
    if (report.ok() && command.changes) SyncIfDue(&app);
    return exit;
  }
  return kExitUsage;
}

int Main(const std::vector<std::string>& arguments) {
  // Files that are made are their owner's alone; writing beyond a limit of size is an error like a
  // full disk, and a reader that has gone is one too.
  umask(077);
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  for (const std::string& argument : arguments) {
    if (ValidUtf8Prefix(argument) == argument.size()) continue;
    PrintError("samedi: an argument is not UTF-8\n");
    return kExitUsage;
  }
  const Parsed parsed = ParseArguments(arguments);
  PrintOut(parsed.output);
  PrintError(parsed.error);
  if (!parsed.runs) return parsed.exit;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const int exit = Run(parsed.options);
  curl_global_cleanup();
  return exit;
}

}  // namespace
}  // namespace tidemark::samedi

int main(int argc, char** argv) { return tidemark::samedi::Main({argv + 1, argv + argc}); }
