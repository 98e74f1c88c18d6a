// share, unshare, shares: the server keeps them.

#include "base/json_tree.h"
#include "commands/commands.h"
#include "errors.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

// A request as the user who is signed in; its answer's JSON, or null where it has none.
Result<json> Ask(App* app, HttpRequest request) {
  const Result<Settings> settings = app->LoadConfig();
  if (!settings.ok()) return settings.status();
  const Result<Account> account = app->SignedIn(settings->api_url);
  if (!account.ok()) return account.status();
  Http http(settings->api_url);
  request.token = account->jwt;
  const Result<HttpAnswer> answer = http.Send(request);
  if (!answer.ok()) return answer.status();
  if (answer->status < 200 || answer->status >= 300) return RefusalOf(*answer);
  if (answer->body.empty()) return json();
  constexpr uint32_t kDepthMax = 8;
  Result<json> tree = ParseTree(answer->body, kDepthMax);
  if (!tree.ok()) return Problem("invalid_answer", "The server's answer is not JSON");
  return tree;
}

void AddRows(const json& shares, std::string_view list, std::string_view who,
             std::vector<std::vector<std::string>>* rows) {
  const json* const entries = ArrayField(shares, list);
  if (entries == nullptr) return;
  for (const json& entry : *entries) {
    std::string person = TextOf(entry, who);
    if (person.empty()) person = TextOf(entry, list == "given" ? "shared_with_user_id" : "owner");
    rows->push_back(
        {std::string(list), TextOf(entry, "plan_id"), person, TextOf(entry, "permission")});
  }
}

}  // namespace

Result<Report> SharePlan(App* app) {
  const Options& options = app->options();
  const std::string permission = options.edit ? "edit" : "read";
  const json body{{"plan_id", options.plan}, {"email", options.email}, {"permission", permission}};
  const Result<json> answer =
      Ask(app, {.method = "PUT", .path = "/shares", .body = DumpTree(body)});
  if (!answer.ok()) return answer.status();
  return Report{answer->is_null() ? body : *answer, "✓ " + Printable(options.email) + " can " +
                                                        permission + " " + Printable(options.plan) +
                                                        "\n"};
}

Result<Report> UnsharePlan(App* app) {
  const Options& options = app->options();
  const std::string path =
      "/shares?plan_id=" + PercentEncode(options.plan) + "&email=" + PercentEncode(options.email);
  const Result<json> answer = Ask(app, {.method = "DELETE", .path = path});
  if (!answer.ok()) return answer.status();
  return Report{{{"plan_id", options.plan}, {"email", options.email}, {"shared", false}},
                "✓ " + Printable(options.plan) + " is no longer shared with " +
                    Printable(options.email) + "\n"};
}

Result<Report> ListShares(App* app) {
  const Result<json> shares = Ask(app, {.path = "/shares"});
  if (!shares.ok()) return shares.status();
  std::vector<std::vector<std::string>> rows;
  AddRows(*shares, "given", "email", &rows);
  AddRows(*shares, "received", "owner_email", &rows);
  return Report{*shares, rows.empty() ? "Nothing is shared: samedi share PLAN EMAIL\n"
                                      : Table({"", "PLAN", "WITH OR BY", "MAY"}, rows)};
}

}  // namespace tidemark::samedi
