// Collections that merge by field: an edit names the fields that change, and null removes one.

#pragma once

#include <string>
#include <string_view>

namespace tidemark {

// `patch` laid over `record`: what is seen. Nulls leave no key.
std::string OverlayFields(std::string_view record, std::string_view patch);
// Two patches as one: the later one's fields count, and nulls are kept.
std::string JoinFields(std::string_view earlier, std::string_view later);
// A patch that makes of `record` just what `fields` say: its other fields are null.
std::string ReplaceFields(std::string_view record, std::string_view fields);

}  // namespace tidemark
