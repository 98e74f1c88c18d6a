#include "records/body.h"

#include <algorithm>

#include "base/utf8.h"
#include "engine/await.h"

namespace tidemark {

Status NotJson(size_t offset) {
  return Status::Invalid("invalid_json",
                         "The body is not JSON: look at byte " + std::to_string(offset));
}

Task<Result<Slice>> ReadSlice(size_t offset, size_t size, size_t body_size) {
  const size_t end = std::min(body_size, offset + size);
  Slice slice;
  slice.offset = offset;
  slice.text = co_await BodySlice(offset, end - offset);
  slice.last = end == body_size;
  const size_t valid = ValidUtf8Prefix(slice.text);
  if (valid < slice.text.size()) {
    const bool cut = IsTruncatedCharacter(std::string_view(slice.text).substr(valid));
    if (slice.last || !cut) {
      co_return Status::Invalid(
          "invalid_utf8", "The body is not UTF-8: look at byte " + std::to_string(offset + valid));
    }
    slice.text.resize(valid);
  }
  co_return slice;
}

}  // namespace tidemark
