// Which tenant's log a request is for, and what its caller may do there.

#include <algorithm>
#include <utility>

#include "accounts/one_time.h"
#include "base/sha256.h"
#include "events/operations.h"
#include "ops/access.h"

namespace tidemark {
namespace {

constexpr std::string_view kDefaultTenant = "default";
constexpr size_t kTenantBytesMax = 64;

bool IsTenant(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kTenantBytesMax &&
         std::all_of(name.begin(), name.end(), allowed);
}

// The path goes before the header, and that before the query; they must not differ.
Result<std::string> TenantOf(const Request& request) {
  std::string tenant;
  for (const std::string_view place : {"path", "header", "query"}) {
    std::string named = request.Param(place);
    if (named.empty()) continue;
    if (!IsTenant(named)) {
      return Status::Invalid("invalid_tenant",
                             "A tenant is 1 to 64 letters, digits, dots, dashes or underscores");
    }
    if (!tenant.empty() && named != tenant) {
      return Status::Invalid("tenant_conflict", "The request names two tenants");
    }
    tenant = std::move(named);
  }
  return tenant.empty() ? std::string(kDefaultTenant) : tenant;
}

// In a time that does not tell how much of them is equal: their digests are compared.
bool SameSecret(std::string_view a, std::string_view b) {
  const Sha256Digest first = Sha256Of(a);
  const Sha256Digest second = Sha256Of(b);
  unsigned difference = 0;
  for (size_t i = 0; i < first.size(); ++i) difference |= first[i] ^ second[i];
  return difference == 0;
}

// What a verified token gives. A token without a tenant is for the default one.
Result<std::string> AccessOf(const Identity& identity, std::string_view tenant) {
  if (Status valid = CheckUserId(identity.user_id); !valid.ok()) return valid;
  if (identity.role == Role::kNone) return Status::Forbidden("This token gives no access to logs");
  const std::string_view own = identity.tenant.empty() ? kDefaultTenant : identity.tenant;
  if (identity.role != Role::kAdmin && own != tenant) {
    return Status::Forbidden("This token is for another tenant");
  }
  return std::string(identity.role == Role::kViewer ? "read" : "write");
}

// The access, or what is still to be found out, in the reply's data.
Status Enter(const Request& request, const std::string& tenant, Params* data) {
  const std::string sync_token = request.Param("sync_token");
  const std::string token = request.Param("token");
  const bool tokens = !request.Param("tokens").empty();
  const bool open = sync_token.empty() && request.Param("environment") != "production";
  std::string& access = (*data)["access"];
  if (!request.identity.user_id.empty()) {
    Result<std::string> found = AccessOf(request.identity, tenant);
    if (!found.ok()) return found.status();
    access = std::move(*found);
    return {};
  }
  if (sync_token.empty() && !tokens && !open) {
    return Status::Error(503, "events_not_configured",
                         "The event log needs SYNC_AUTH_TOKEN or JWT_SECRET in production");
  }
  access = "write";
  if (!token.empty() && !sync_token.empty() && SameSecret(token, sync_token)) return {};
  // A browser sends an access key as it sends a token, so that it stands in no URL.
  const std::string key = request.Param("key").empty() ? token : request.Param("key");
  const bool ticket = !request.Param("ticket").empty();
  if (!ticket && HashOfSecret(key).has_value()) {
    (*data)["key"] = key;
    return {};
  }
  const bool verifies = !token.empty() || (!request.Param("cookie").empty() && !open);
  if ((ticket || verifies) && tokens) {
    (*data)["verify"] = "1";
    return {};
  }
  if (ticket || verifies || !key.empty()) {
    return Status::Error(401, "unauthorized", "Unauthorized");
  }
  if (open) return {};
  return Status::Error(401, "unauthorized", "Unauthorized");
}

}  // namespace

Task<Reply> EnterEvents(Context context) {
  const Request& request = context.request;
  const Result<std::string> tenant = TenantOf(request);
  if (!tenant.ok()) co_return Reply::Error(tenant.status());
  Reply reply;
  if (Status status = Enter(request, *tenant, &reply.data); !status.ok()) {
    co_return Reply::Error(status);
  }
  if (request.Param("mode") == "view") reply.data["access"] = "read";
  reply.data["tenant"] = *tenant;
  co_return reply;
}

}  // namespace tidemark
