#include "accounts/one_time.h"

#include "accounts/sql.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/sha256.h"

namespace tidemark {

std::optional<std::string> HashOfSecret(std::string_view secret) {
  const std::optional<std::string> bytes = Base64UrlDecode(secret);
  if (!bytes || bytes->size() != limits::kSecretBytes) return std::nullopt;
  const Sha256Digest digest = Sha256Of(*bytes);
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string HashOfNewSecret(std::string_view secret) {
  std::optional<std::string> hash = HashOfSecret(secret);
  if (!hash) Trap();
  return std::move(*hash);
}

std::vector<Statement> IssueSecret(std::string hash, std::string_view kind, std::string subject,
                                   int64_t expires_ms, int64_t now_ms) {
  return {{sql::kPruneSecrets.text, {now_ms, limits::kSecretsPrunedMax}},
          {sql::kIssueSecret.text,
           {std::move(hash), std::string(kind), std::move(subject), expires_ms}}};
}

Statement OnSecret(const Sql& sql, const std::string& hash, std::string_view kind, int64_t now_ms) {
  return {sql.text, {hash, std::string(kind), now_ms}};
}

Reply Unavailable() {
  return Reply::Error(Status::Error(503, "unavailable", "Accounts cannot be read; try again"));
}

}  // namespace tidemark
