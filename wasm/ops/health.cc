#include "ops/health.h"

namespace tidemark {

Task<Reply> Health(Context context) {
  const Request& request = context.request;
  const std::string time = ",\"time\":" + std::to_string(request.now_ms);
  if (request.Param("environment") != "production" || !request.Param("gate").empty()) {
    co_return Reply::Json("{\"status\":\"ok\"" + time + "}");
  }
  co_return Reply::Json("{\"status\":\"degraded\"" + time +
                        ",\"problems\":{\"events\":\"events_not_configured: set SYNC_AUTH_TOKEN or "
                        "JWT_SECRET\"}}");
}

}  // namespace tidemark
