// Parameters of a request, read with their bounds.

#pragma once

#include <cstdint>
#include <string_view>

#include "engine/operation.h"

namespace tidemark {

// An integer from `least` to `most`; the fallback where it is not given. Code: `invalid_parameter`.
Result<int64_t> IntegerParam(const Request& request, std::string_view name, int64_t least,
                             int64_t most, int64_t fallback);

// Whether a content-type is that of JSON. Media types compare without regard to case, and their
// parameters, such as charset, do not matter here.
bool IsJsonType(std::string_view content_type);

// The same for any media type; `type` is in lower case.
bool IsMediaType(std::string_view content_type, std::string_view type);

}  // namespace tidemark
