// The command line's grammar. CLI11 throws, so this file alone is compiled with exceptions; none
// leaves it.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "options.h"

namespace tidemark::samedi {
namespace {

constexpr const char* kFooter = R"(
Examples:
  samedi start french-b1 chunk-001     studies; samedi stop --notes "irregular verbs"
  samedi card add french-b1 "to be" être
  samedi card review                   asks what is due
  samedi login you@example.com
  samedi sync                          pushes and pulls; --watch does so every half hour
  samedi config set sync.enabled true  syncs by itself after changes

Everything but login, sync and shares works without a network. Files are in ~/.samedi.

Exit codes:
  0  done                          4  no network, or the server is out of order
  1  failed                        5  done, but the server has rejected changes
  2  the command line is wrong     6  another samedi is at work
  3  not signed in, or refused
)";

class Grammar {
 public:
  explicit Grammar(Options* options) : options_(options) {
    app.footer(kFooter);
    app.set_version_flag("--version", "samedi " SAMEDI_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    app.set_help_flag("-h,--help", "Explains a command");
    app.add_option("--home", options_->home, "Where the files are")->envname("SAMEDI_HOME");
    app.add_flag("--json", options_->json, "One JSON value on the standard output");
    app.add_flag("--no-color", options_->no_color, "No colours; NO_COLOR does the same");
    AddAccount();
    AddStudy();
    AddPlans();
    AddCards();
    AddSync();
    AddSettings();
    AddTransfer();
    AddShares();
  }

  CLI::App app{"A learning tracker that works without a network"};

 private:
  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& what,
                const std::string& example = "") {
    CLI::App* const command = parent->add_subcommand(name, what);
    command->fallthrough();
    if (!example.empty()) command->footer("\nExample: samedi " + example + "\n");
    return command;
  }

  void AddAccount() {
    auto* login = Add(&app, "login", "Signs in by a link in a mail", "login you@example.com");
    login->add_option("EMAIL", options_->email, "Your address")->required();
    auto* logout = Add(&app, "logout", "Forgets the token; the records stay");
    logout->add_flag("--everywhere", options_->everywhere, "Ends every session of yours (network)");
  }

  void AddStudy() {
    auto* start = Add(&app, "start", "Begins a session", "start french-b1 chunk-001");
    start->add_option("PLAN", options_->plan, "The plan's id; made if there is none")->required();
    start->add_option("CHUNK", options_->chunk, "The part of it");
    auto* stop = Add(&app, "stop", "Ends the session", "stop --notes \"irregular verbs\"");
    stop->add_option("--notes", options_->notes, "What to remember of it");
    Add(&app, "status", "The running session, what waits to be synced, the account");
    Add(&app, "stats", "Time, streak and cards that are due");
    auto* history = Add(&app, "history", "Past sessions, latest first", "history --plan french-b1");
    history->add_option("--plan", options_->plan, "Of this plan");
    AddLimit(history);
    history->add_flag("--conflicts", options_->conflicts,
                      "What the server dealt with in another way than asked, instead");
  }

  void AddLimit(CLI::App* command) {
    command->add_option("--limit", options_->limit, "At most so many (20)")
        ->check(CLI::Range(1, 1'000'000));
  }

  void AddPlans() {
    auto* plan = Add(&app, "plan", "Lists plans; add, show, done, rm");
    plan->require_subcommand(0, 1);
    Add(plan, "list", "Lists them");
    auto* add = Add(plan, "add", "Makes one", "plan add \"French B1\" --id french-b1 --hours 120");
    add->add_option("TITLE", options_->title, "Its title")->required();
    add->add_option("--id", options_->id, "Its id; else made of the title");
    add->add_option("--hours", options_->hours, "Hours planned")->check(CLI::NonNegativeNumber);
    add->add_option("--tag", options_->tags, "A tag; may be given again");
    for (const auto& [name, what] :
         {std::pair{"show", "All about one"}, std::pair{"done", "Completes one"},
          std::pair{"rm", "Deletes one, and hides its sessions and cards"}}) {
      Add(plan, name, what)->add_option("ID", options_->id, "The plan's id")->required();
    }
  }

  void AddCards() {
    auto* card = Add(&app, "card", "Lists cards; add, rm, review");
    card->require_subcommand(0, 1);
    auto* list = Add(card, "list", "Lists them, next review first");
    list->add_option("PLAN", options_->plan, "Of this plan");
    list->add_flag("--due", options_->due, "Only what is due");
    AddLimit(list);
    auto* add = Add(card, "add", "Makes one", "card add french-b1 \"to be\" être");
    add->add_option("PLAN", options_->plan, "The plan's id")->required();
    add->add_option("QUESTION", options_->question, "What is asked")->required();
    add->add_option("ANSWER", options_->answer, "What is right")->required();
    add->add_option("--chunk", options_->chunk, "The part of the plan");
    add->add_option("--tag", options_->tags, "A tag; may be given again");
    Add(card, "rm", "Deletes one")->add_option("ID", options_->id, "Its id")->required();
    auto* review = Add(card, "review", "Asks what is due and plans the next time (SM-2)",
                       "card review french-b1");
    review->add_option("PLAN", options_->plan, "Of this plan");
    review->add_option("--id", options_->id, "Grades this card, without asking");
    review->add_option("--grade", options_->grade, "0 (no idea) to 5 (at once)")
        ->check(CLI::Range(0, 5));
  }

  void AddSync() {
    auto* sync = Add(&app, "sync", "Pushes and pulls what changed", "sync --watch");
    sync->require_subcommand(0, 1);
    sync->add_flag("--watch", options_->watch, "Again every sync.interval, until Ctrl-C");
    sync->add_option("--retries", options_->retries, "Of a request that failed (4)")
        ->check(CLI::Range(0, 20));
    auto* push = Add(sync, "push", "Sends records again", "sync push --all");
    push->add_flag("--all", options_->all, "All of them: for a server that may not have them");
    auto* rejected = Add(&app, "rejected", "Lists what the server refused; retry, drop");
    rejected->require_subcommand(0, 1);
    Add(rejected, "list", "Lists it");
    for (const auto& [name, what] : {std::pair{"retry", "Sends one again"},
                                     std::pair{"drop", "Takes what the server has instead"}}) {
      Add(rejected, name, what)
          ->add_option("N", options_->number, "Its number in the list")
          ->required();
    }
  }

  void AddSettings() {
    auto* config = Add(&app, "config", "Shows the settings; get, set");
    config->require_subcommand(0, 1);
    Add(config, "get", "Shows one", "config get sync.interval")
        ->add_option("KEY", options_->key, "sync.enabled, sync.interval or api.url");
    auto* set = Add(config, "set", "Changes one", "config set sync.interval 30m");
    set->add_option("KEY", options_->key, "sync.enabled, sync.interval or api.url")->required();
    set->add_option("VALUE", options_->value, "Its value")->required();
    auto* completion = Add(&app, "completion", "A script for the shell's completion",
                           "completion bash > /etc/bash_completion.d/samedi");
    completion->add_option("SHELL", options_->shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember(std::set<std::string>{"bash", "zsh", "fish"}));
  }

  void AddTransfer() {
    auto* import = Add(&app, "import", "Cards from CSV, a plan from Markdown",
                       "import cards.csv --plan french-b1");
    import->add_option("FILE", options_->file, "Ends in .csv or .md")->required();
    import->add_option("--plan", options_->plan, "Of cards whose row names none");
    import->add_option("--id", options_->id, "Of the plan; else made of its title");
    auto* write = Add(&app, "export", "All records, as text", "export --format csv -o cards.csv");
    write->add_option("--format", options_->format, "json (all), csv (cards) or md (plans)")
        ->check(CLI::IsMember(std::set<std::string>{"json", "csv", "md"}));
    write->add_option("-o,--output", options_->output, "A file, in place of the standard output");
  }

  void AddShares() {
    auto* share = Add(&app, "share", "Shares a plan", "share french-b1 bob@example.com --edit");
    auto* unshare = Add(&app, "unshare", "Takes a share back");
    for (CLI::App* command : {share, unshare}) {
      command->add_option("PLAN", options_->plan, "The plan's id")->required();
      command->add_option("EMAIL", options_->email, "Whose address")->required();
    }
    share->add_flag("--edit", options_->edit, "To edit; else to read");
    Add(&app, "shares", "Lists what is shared, by you and with you");
  }

  Options* options_;
};

std::string CommandOf(const CLI::App& app) {
  std::string words;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    words += (words.empty() ? "" : " ") + at->get_name();
  }
  return words;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + "\"";
}

std::vector<CLI::App*> Below(CLI::App* app) {
  return app->get_subcommands([](const CLI::App*) { return true; });
}

// "path) words", for each command: what may follow it.
void AppendCases(CLI::App* app, const std::string& path, std::string* cases, std::string* paths) {
  std::string words;
  for (const CLI::App* command : Below(app)) words += command->get_name() + " ";
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  *cases += "    '" + path + "') words='" + words + "--json --home --no-color' ;;\n";
  if (!path.empty()) *paths += (paths->empty() ? "" : "|") + path;
  for (CLI::App* command : Below(app)) {
    AppendCases(command, path + "/" + command->get_name(), cases, paths);
  }
}

std::string FishScript(CLI::App* app) {
  std::string script = "complete -c samedi -f\n";
  for (CLI::App* command : Below(app)) {
    const std::string& name = command->get_name();
    script += "complete -c samedi -n __fish_use_subcommand -a " + name + " -d " +
              Quoted(command->get_description()) + "\n";
    for (CLI::App* below : Below(command)) {
      script += "complete -c samedi -n '__fish_seen_subcommand_from " + name + "' -a " +
                below->get_name() + " -d " + Quoted(below->get_description()) + "\n";
    }
  }
  return script;
}

}  // namespace

Parsed ParseArguments(const std::vector<std::string>& arguments) {
  Parsed parsed;
  Grammar grammar(&parsed.options);
  std::vector<const char*> argv{"samedi"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  try {
    grammar.app.parse(static_cast<int>(argv.size()), argv.data());
    parsed.options.command = CommandOf(grammar.app);
    parsed.runs = true;
  } catch (const CLI::CallForHelp&) {
    parsed.output = grammar.app.help();
  } catch (const CLI::Success& success) {
    parsed.output = std::string(success.what()) + "\n";
  } catch (const CLI::Error& error) {
    parsed.exit = 2;
    const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    const std::string message = error.what();
    if (json) {
      parsed.output = R"({"error":"usage","message":)" + Quoted(message) + "}\n";
    } else {
      const std::string command = CommandOf(grammar.app);
      parsed.error = "samedi: " + message + "\nTry: samedi " +
                     (command.empty() ? "" : command + " ") + "--help\n";
    }
  }
  return parsed;
}

std::string CompletionScript(const std::string& shell) {
  Options options;
  Grammar grammar(&options);
  if (shell == "fish") return FishScript(&grammar.app);
  std::string cases;
  std::string paths;
  AppendCases(&grammar.app, "", &cases, &paths);
  const bool zsh = shell == "zsh";
  const std::string typed =
      zsh ? "${words[@]:1:$((CURRENT - 2))}" : "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}";
  const std::string offer =
      zsh ? "  compadd -- ${=offered}\n" : "  COMPREPLY=($(compgen -W \"$offered\" -- \"$2\"))\n";
  std::string script = zsh ? "#compdef samedi\n" : "";
  for (size_t at = cases.find("words="); at != std::string::npos; at = cases.find("words=", at)) {
    cases.replace(at, 6, "offered=");
  }
  script += "_samedi() {\n  local at= word offered=\n  for word in \"" + typed +
            "\"; do\n    case \"$at/$word\" in\n      " + paths +
            ") at=\"$at/$word\" ;;\n    esac\n  done\n  case \"$at\" in\n" + cases + "  esac\n" +
            offer + "}\n";
  return script + (zsh ? "compdef _samedi samedi\n" : "complete -F _samedi samedi\n");
}

}  // namespace tidemark::samedi
