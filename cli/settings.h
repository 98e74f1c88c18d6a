// ~/.samedi/config.json: what the user set, by dotted keys. Keys that are not known here are kept.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tidemark::samedi {

struct Settings {
  bool sync_enabled = false;
  int64_t sync_interval_s = 1'800;
  std::string api_url = "http://127.0.0.1:8787";
};

// The keys, in the order in which they are shown.
const std::vector<std::string>& SettingKeys();

// The defaults where there is no file. Error: damaged, naming the file.
Result<Settings> LoadSettings(const std::string& path);

// The value of a key as the file has it. Error: unknown_key.
Result<nlohmann::json> GetSetting(const Settings& settings, std::string_view key);

// Checks `value` and writes the file. Errors: unknown_key, bad_value, and those of the file.
Status SetSetting(const std::string& path, std::string_view key, std::string_view value);

// "1800", "90s", "30m", "2h", "1d": seconds, from 1 to 30 days. Error: bad_value.
Result<int64_t> ParseInterval(std::string_view text);

// http or https, a host, perhaps a port and a path: without a slash at its end. Plain http only
// where it stays on this machine: a token would travel readable. Error: bad_value.
Result<std::string> ParseApiUrl(std::string_view text);

}  // namespace tidemark::samedi
