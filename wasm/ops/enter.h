// Which space a caller's requests go to, decided before its object is woken.

#pragma once

#include "engine/operation.h"

namespace tidemark {

// In the Worker. Data: `space`, the name of the object. Errors as CheckSpace.
Task<Reply> Enter(Context context);

}  // namespace tidemark
