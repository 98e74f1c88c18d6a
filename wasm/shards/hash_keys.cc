// What keys are called where their own text must not stand: in KV.

#include <array>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "shards/hmac.h"
#include "shards/operations.h"

namespace tidemark {

Task<Reply> HashKeys(Context context) {
  const Request& request = context.request;
  const std::string text = request.Param("keys");
  const std::string pepper = request.Param("pepper");
  if (text.size() > limits::kSqlParamBytesMax) {
    co_return Reply::Error(Status::TooLarge("too_large", "The keys are too long a text"));
  }
  const auto keys = ParseTree(text, 1);
  if (!keys.ok()) co_return Reply::Error(keys.status());
  if (!keys->is_array() || keys->size() > limits::kSqlKeysMax) {
    co_return Reply::Error(Status::Invalid(
        "invalid_parameter",
        "Keys are an array of at most " + std::to_string(limits::kSqlKeysMax) + " texts"));
  }
  std::string hashes;
  json::Writer out(&hashes);
  out.Char('[');
  for (const nlohmann::json& key : *keys) {
    const auto* value = key.get_ptr<const std::string*>();
    if (value == nullptr) {
      co_return Reply::Error(Status::Invalid("invalid_parameter", "A key is a text"));
    }
    const Sha256Digest digest = pepper.empty() ? Sha256Of(*value) : HmacSha256(pepper, *value);
    out.Comma();
    out.Quoted(HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()}));
  }
  out.Char(']');
  co_return Reply::Json(std::move(out).Take());
}

}  // namespace tidemark
