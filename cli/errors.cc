#include "errors.h"

namespace tidemark::samedi {

int ExitOf(const Status& status) {
  if (status.ok()) return kExitOk;
  const std::string_view code = status.code();
  if (code == "usage") return kExitUsage;
  if (code == "not_signed_in" || code == "refused" || code == "other_account") return kExitRefused;
  if (code == "offline" || code == "timeout" || code == "unavailable" || code == "rate_limited") {
    return kExitOffline;
  }
  return code == "busy" ? kExitBusy : kExitFailed;
}

}  // namespace tidemark::samedi
