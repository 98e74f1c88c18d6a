// What little a request of accounts says: one text, in a form's field or in a JSON object.

#include "accounts/operations.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"

namespace tidemark {

Task<Result<std::string>> ReadField(Request request, std::string name) {
  if (request.body_size > limits::kAccountBodyBytesMax) {
    co_return Status::TooLarge(
        "body_too_large",
        "The body is larger than " + std::to_string(limits::kAccountBodyBytesMax) + " bytes");
  }
  if (request.params.contains(name)) co_return request.Param(name);
  if (!IsJsonType(request.Param("content_type"))) {
    co_return Status::Error(415, "unsupported_media_type", "Send content-type: application/json");
  }
  const std::string body = co_await BodySlice(0, request.body_size);
  const auto tree = ParseTree(body, limits::kAccountDepthMax);
  if (!tree.ok()) co_return tree.status();
  const std::string* text = StringField(*tree, name);
  co_return text == nullptr ? std::string() : *text;
}

}  // namespace tidemark
