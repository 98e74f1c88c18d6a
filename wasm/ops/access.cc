#include "ops/access.h"

#include <algorithm>

#include "base/limits.h"
#include "records/schema.h"

namespace tidemark {
namespace {

constexpr std::string_view kReserved[] = {
    "activity",  "admin",       "api",     "apps",         "assets",   "auth",
    "backup",    "cards",       "college", "coreenginedb", "db.json",  "dev",
    "eventlog",  "favicon.ico", "health",  "history",      "live",     "login",
    "monitor",   "plans",       "restore", "robots.txt",   "sessions", "shares",
    "snapshots", "stats",       "stream",  "sync",         "user",     "viewer"};

// Collections have routes of their own names.
bool IsReserved(std::string_view id) {
  const auto collections = DeclaredSchema().collections;
  return std::find(std::begin(kReserved), std::end(kReserved), id) != std::end(kReserved) ||
         std::any_of(collections.begin(), collections.end(),
                     [id](const Collection& collection) { return collection.name == id; });
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualInAnyCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

bool IsEditor(std::string_view email, std::string_view editors) {
  constexpr std::string_view kSpace = " \t\r\n";
  while (!editors.empty()) {
    const size_t comma = std::min(editors.find(','), editors.size());
    std::string_view word = editors.substr(0, comma);
    editors.remove_prefix(std::min(comma + 1, editors.size()));
    word.remove_prefix(std::min(word.find_first_not_of(kSpace), word.size()));
    word = word.substr(0, word.find_last_not_of(kSpace) + 1);
    if (word == "*" || (!word.empty() && EqualInAnyCase(word, email))) return true;
  }
  return false;
}

}  // namespace

Role ParseRole(std::string_view role) {
  if (role == "user") return Role::kUser;
  if (role == "viewer") return Role::kViewer;
  if (role == "admin") return Role::kAdmin;
  return Role::kNone;
}

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kUser:
      return "user";
    case Role::kViewer:
      return "viewer";
    case Role::kAdmin:
      return "admin";
    case Role::kNone:
      break;
  }
  return "none";
}

std::span<const std::string_view> ReservedIds() { return kReserved; }

Status CheckUserId(std::string_view user_id) {
  const bool printable = std::all_of(user_id.begin(), user_id.end(),
                                     [](char byte) { return byte > ' ' && byte < '\x7f'; });
  if (user_id.empty() || user_id.size() > limits::kUserIdBytesMax || !printable) {
    return Status::Error(401, "invalid_user_id",
                         "The token's user_id must be 1 to 128 printable ASCII characters "
                         "without spaces");
  }
  if (IsReserved(user_id)) {
    return Status::Invalid("reserved_id", "The token's user_id is a reserved word; choose another");
  }
  return {};
}

Status CheckSpace(const Identity& identity, std::string_view owner, Action action) {
  if (identity.user_id.empty()) {
    return Status::Error(401, "unauthorized", "Unauthorized");
  }
  if (Status valid = CheckUserId(identity.user_id); !valid.ok()) return valid;
  const bool own = identity.user_id == owner;
  const bool reads = action == Action::kRead;
  switch (identity.role) {
    case Role::kAdmin:
      if (own || reads) return {};
      break;
    case Role::kUser:
      if (own) return {};
      break;
    case Role::kViewer:
      if (own && reads) return {};
      return Status::Forbidden("This token may only read (role viewer)");
    case Role::kNone:
      break;
  }
  return Status::Forbidden("This token gives no access to that space");
}

Permission ParsePermission(std::string_view permission) {
  if (permission == "edit") return Permission::kEdit;
  return permission == "read" ? Permission::kRead : Permission::kNone;
}

Status CheckShare(Permission permission, Action action) {
  if (permission == Permission::kNone) return Status::NotFound("Nothing like this is shared here");
  if (permission == Permission::kEdit || action == Action::kRead) return {};
  return Status::Forbidden("It is shared to be read");
}

Status CheckDocument(const Identity& identity, bool published, Action action,
                     std::string_view editors) {
  const bool reads = action == Action::kRead;
  if (published && reads) return {};
  if (identity.user_id.empty()) {
    return Status::Error(401, "unauthorized", "Unauthorized");
  }
  if (Status valid = CheckUserId(identity.user_id); !valid.ok()) return valid;
  switch (identity.role) {
    case Role::kAdmin:
      return {};
    case Role::kUser:
      if (reads || IsEditor(identity.email, editors)) return {};
      return Status::Forbidden("Only admins and the users that EDITORS names may write");
    case Role::kViewer:
      if (reads) return {};
      return Status::Forbidden("This token may only read (role viewer)");
    case Role::kNone:
      break;
  }
  return Status::Forbidden("This token gives no access to documents");
}

}  // namespace tidemark
