// config, completion.

#include "base/json_tree.h"
#include "commands/commands.h"
#include "errors.h"

namespace tidemark::samedi {

using nlohmann::json;

Result<Report> GetConfig(App* app) {
  const Result<Settings> settings = app->LoadConfig();
  if (!settings.ok()) return settings.status();
  if (!app->options().key.empty()) {
    const Result<json> value = GetSetting(*settings, app->options().key);
    if (!value.ok()) return value.status();
    const auto* text = value->get_ptr<const std::string*>();
    return Report{*value, (text != nullptr ? *text : DumpTree(*value)) + "\n"};
  }
  Report report{json::object(), ""};
  for (const std::string& key : SettingKeys()) {
    const Result<json> value = GetSetting(*settings, key);
    if (!value.ok()) return value.status();
    report.value[key] = *value;
    report.text += key + " = " + TextOf(report.value, key) + "\n";
  }
  return report;
}

Result<Report> SetConfig(App* app) {
  if (Status status = app->MakeHome(); !status.ok()) return status;
  const Options& options = app->options();
  const Status set = SetSetting(app->config_path(), options.key, options.value);
  if (!set.ok()) return set;
  return GetConfig(app);
}

Result<Report> ShowCompletion(App* app) {
  const std::string script = CompletionScript(app->options().shell);
  return Report{json(script), script};
}

}  // namespace tidemark::samedi
