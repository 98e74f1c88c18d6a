#include "ops/health.h"

namespace tidemark {

Task<Reply> Health(Context context) {
  co_return Reply::Json("{\"status\":\"ok\",\"time\":" + std::to_string(context.request.now_ms) +
                        "}");
}

}  // namespace tidemark
