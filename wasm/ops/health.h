// GET /health: the engine answers, so the module is loaded and runs. Parameters: `environment`, and
// `gate`, where event logs have one: in production they stay shut without it.

#pragma once

#include "engine/operation.h"

namespace tidemark {

Task<Reply> Health(Context context);

}  // namespace tidemark
