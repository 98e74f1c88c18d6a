// What an entry says: texts cut to their bounds and clean, and no secret in a path.

#include "ops/activity.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "documents/app.h"
#include "ops/sql_activity.h"

namespace tidemark {
namespace {

constexpr size_t kMethodBytesMax = 16;
constexpr size_t kErrorBytesMax = 64;

// A link's or a ticket's secret, in base64url.
constexpr size_t kSecretTextBytes = (limits::kSecretBytes * 4 + 2) / 3;

bool IsBase64Url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// Secrets are never asked for in a path: but whoever puts one there by mistake must not find it
// here. A token's first part is the base64url of `{"`.
bool LooksSecret(std::string_view segment) {
  const size_t token = segment.find("eyJ");
  if (token != segment.npos && segment.find('.', token) != segment.npos) return true;
  return segment.size() == kSecretTextBytes &&
         std::all_of(segment.begin(), segment.end(), IsBase64Url);
}

// Whole characters of UTF-8 up to the bound, and no control characters.
std::string Clean(std::string_view text, size_t bytes_max) {
  text = text.substr(0, bytes_max);
  std::string clean(text.substr(0, ValidUtf8Prefix(text)));
  for (char& c : clean) {
    if ((c >= 0 && c < ' ') || c == '\x7f') c = '_';
  }
  return clean;
}

std::string CleanPath(std::string_view path) {
  // An encoded question mark is that of a client which encoded too much.
  const size_t end = std::min({path.find('?'), path.find("%3F"), path.find("%3f")});
  path = path.substr(0, end);
  std::string shown;
  while (!path.empty()) {
    const size_t size = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, size);
    shown += LooksSecret(segment) ? "*" : segment;
    path.remove_prefix(size);
    if (path.empty()) break;
    shown += '/';
    path.remove_prefix(1);
  }
  return Clean(shown, limits::kActivityPathBytesMax);
}

// Of /db.json and /snapshots, that of the default app; of what is under /apps/NAME/, that of NAME.
std::string_view AppOfPath(std::string_view path) {
  constexpr std::string_view kApps = "/apps/";
  if (path.starts_with(kApps)) {
    path.remove_prefix(kApps.size());
    return path.substr(0, path.find('/'));
  }
  const bool is_default =
      path == "/db.json" || path == "/snapshots" || path.starts_with("/snapshots/");
  return is_default ? kDefaultApp : std::string_view();
}

std::string_view UserOf(std::string_view user) {
  const bool printable =
      std::all_of(user.begin(), user.end(), [](char byte) { return byte > ' ' && byte < '\x7f'; });
  return printable && user.size() <= limits::kUserIdBytesMax ? user : std::string_view();
}

// In the order of the source's numbers within a millisecond, until they have gone round.
std::string IdOf(const ActivityEntry& entry) {
  const Sha256Digest digest = Sha256Of(entry.source + '\n' + std::to_string(entry.number));
  std::array<uint8_t, 10> bytes{};
  bytes[0] = static_cast<uint8_t>(entry.number >> 8);
  bytes[1] = static_cast<uint8_t>(entry.number);
  std::copy_n(digest.begin(), bytes.size() - 2, bytes.begin() + 2);
  return UuidV7(entry.time_ms, bytes);
}

class LineWriter {
 public:
  explicit LineWriter(std::string* line) : writer_(line) { writer_.Char('{'); }

  void Text(std::string_view key, std::string_view text) {
    Key(key);
    if (text.empty()) {
      writer_.Raw("null");
    } else {
      writer_.Quoted(text);
    }
  }
  void Integer(std::string_view key, int64_t value) {
    Key(key);
    writer_.Integer(std::clamp<int64_t>(value, 0, limits::kIntegerMax));
  }
  std::string Take() && {
    writer_.Char('}');
    return std::move(writer_).Take();
  }

 private:
  void Key(std::string_view key) {
    writer_.Raw(first_ ? "\"" : ",\"");
    writer_.Raw(key);
    writer_.Raw("\":");
    first_ = false;
  }

  json::Writer writer_;
  bool first_ = true;
};

}  // namespace

std::string ActivityLine(const ActivityEntry& entry) {
  const std::string method = Clean(entry.method, kMethodBytesMax);
  const std::string path = CleanPath(entry.path);
  const std::string_view app = entry.app.empty() ? AppOfPath(path) : std::string_view(entry.app);
  std::string line;
  LineWriter writer(&line);
  writer.Text("id", IdOf(entry));
  writer.Integer("time", entry.time_ms);
  writer.Text("method", method.empty() ? "_" : method);
  writer.Text("path", path.empty() ? "/" : path);
  writer.Text("app", CheckApp(app).ok() ? app : std::string_view());
  writer.Integer("status", entry.status);
  writer.Integer("size", entry.size);
  writer.Text("user", UserOf(entry.user));
  writer.Integer("duration_ms", entry.duration_ms);
  writer.Text("error", Clean(entry.error, kErrorBytesMax));
  return std::move(writer).Take();
}

Statement AppendActivity(Param lines) { return {sql::kAppendActivity.text, {std::move(lines)}}; }

Reply ActivityUnavailable() {
  return Reply::Error(
      Status::Error(503, "unavailable", "The activity cannot be read now; try again"));
}

}  // namespace tidemark
