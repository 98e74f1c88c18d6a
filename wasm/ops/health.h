// GET /health: the engine answers, so the module is loaded and runs.

#pragma once

#include "engine/operation.h"

namespace tidemark {

Task<Reply> Health(Context context);

}  // namespace tidemark
