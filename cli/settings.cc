#include "settings.h"

#include <curl/curl.h>

#include <charconv>
#include <memory>

#include "base/json_tree.h"
#include "errors.h"
#include "files.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

constexpr int64_t kIntervalMaxS = int64_t{30} * 86'400;
constexpr uint32_t kDepthMax = 8;

Status Damaged(const std::string& path, const std::string& why) {
  return Problem("damaged", path + " is damaged (" + why +
                                "): mend it, or delete it to go back to the defaults");
}

Result<json> ReadTree(const std::string& path) {
  const Result<std::optional<std::string>> read = ReadFile(path);
  if (!read.ok()) return read.status();
  const std::optional<std::string>& text = *read;
  if (!text.has_value()) return json(json::object());
  Result<json> tree = ParseTree(*text, kDepthMax);
  if (!tree.ok()) return Damaged(path, tree.status().message());
  if (!tree->is_object()) return Damaged(path, "it is not an object");
  return tree;
}

Status UnknownKey(std::string_view key) {
  std::string known;
  for (const std::string& name : SettingKeys()) known += (known.empty() ? "" : ", ") + name;
  return Problem("unknown_key", "There is no setting " + std::string(key) + ": there are " + known);
}

std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool StaysHere(const std::string& host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

// The file's member into the settings; `value` as the user typed it, or as the file has it.
Status Apply(const std::string& key, const json& value, Settings* settings) {
  if (key == "sync.enabled") {
    if (!value.is_boolean()) return Problem("bad_value", key + " is true or false");
    settings->sync_enabled = value.get<bool>();
  } else if (key == "sync.interval") {
    const Result<int64_t> seconds =
        ParseInterval(value.is_string() ? value.get<std::string>() : value.dump());
    if (!seconds.ok()) return seconds.status();
    settings->sync_interval_s = *seconds;
  } else if (key == "api.url") {
    const Result<std::string> url = ParseApiUrl(value.is_string() ? value.get<std::string>() : "");
    if (!url.ok()) return url.status();
    settings->api_url = *url;
  } else {
    return UnknownKey(key);
  }
  return Status();
}

}  // namespace

const std::vector<std::string>& SettingKeys() {
  static const std::vector<std::string> keys{"sync.enabled", "sync.interval", "api.url"};
  return keys;
}

Result<int64_t> ParseInterval(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  int64_t scale = 0;
  if (unit.empty() || unit == "s") scale = 1;
  if (unit == "m") scale = 60;
  if (unit == "h") scale = 3'600;
  if (unit == "d") scale = 86'400;
  if (error != std::errc() || scale == 0 || number < 1 || number > kIntervalMaxS / scale) {
    return Problem("bad_value",
                   "An interval is seconds, or like 90s, 30m, 2h, 1d; from 1 second to 30 days");
  }
  return number * scale;
}

Result<std::string> ParseApiUrl(std::string_view text) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
  const Status bad = Problem("bad_value", "api.url is like https://sync.example.com");
  if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) return bad;
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  const std::string host = Part(url.get(), CURLUPART_HOST);
  const bool more = !Part(url.get(), CURLUPART_QUERY).empty() ||
                    !Part(url.get(), CURLUPART_FRAGMENT).empty() ||
                    !Part(url.get(), CURLUPART_USER).empty();
  if ((scheme != "http" && scheme != "https") || host.empty() || more) return bad;
  if (scheme == "http" && !StaysHere(host)) {
    return Problem("bad_value",
                   "api.url must begin with https:// unless it is on this machine: "
                   "over http anyone on the way could read the token");
  }
  std::string whole = Part(url.get(), CURLUPART_URL);
  while (whole.ends_with('/')) whole.pop_back();
  return whole;
}

Result<Settings> LoadSettings(const std::string& path) {
  const Result<json> tree = ReadTree(path);
  if (!tree.ok()) return tree.status();
  Settings settings;
  for (const std::string& key : SettingKeys()) {
    const json* const value = Field(*tree, key);
    if (value == nullptr) continue;
    if (Status status = Apply(key, *value, &settings); !status.ok()) {
      return Damaged(path, status.message());
    }
  }
  return settings;
}

Result<json> GetSetting(const Settings& settings, std::string_view key) {
  if (key == "sync.enabled") return json(settings.sync_enabled);
  if (key == "sync.interval") return json(settings.sync_interval_s);
  if (key == "api.url") return json(settings.api_url);
  return UnknownKey(key);
}

Status SetSetting(const std::string& path, std::string_view key, std::string_view value) {
  Result<json> tree = ReadTree(path);
  if (!tree.ok()) return tree.status();
  const std::string name(key);
  json typed = std::string(value);
  if (value == "true" || value == "false") typed = value == "true";
  Settings settings;
  if (Status status = Apply(name, typed, &settings); !status.ok()) return status;
  const Result<json> plain = GetSetting(settings, key);
  if (!plain.ok()) return plain.status();
  (*tree)[name] = *plain;
  constexpr auto kReplace = json::error_handler_t::replace;
  return WriteFile(path, tree->dump(2, ' ', false, kReplace) + "\n", 0600);
}

}  // namespace tidemark::samedi
