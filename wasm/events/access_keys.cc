// Access keys: for clients that can send no header. A key is for one tenant, to read or to write,
// and is told once.

#include <utility>

#include "accounts/one_time.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "engine/await.h"
#include "engine/params.h"
#include "events/operations.h"
#include "events/sql_keys.h"
#include "events/sql_sockets.h"

namespace tidemark {

Task<Reply> MakeEventKey(Context context) {
  const Request& request = context.request;
  if (request.body_size > limits::kAccountBodyBytesMax) {
    co_return Reply::Error(Status::TooLarge(
        "body_too_large",
        "The body is larger than " + std::to_string(limits::kAccountBodyBytesMax) + " bytes"));
  }
  const std::string body = co_await BodySlice(0, request.body_size);
  const auto tree = ParseTree(body, limits::kAccountDepthMax);
  if (!tree.ok()) co_return Reply::Error(tree.status());
  const std::string* access = StringField(*tree, "access");
  if (access == nullptr || (*access != "read" && *access != "write")) {
    co_return Reply::Error(Status::Invalid("invalid_access", "access must be read or write"));
  }
  const std::string* label = StringField(*tree, "label");
  if (label != nullptr && label->size() > limits::kEventLabelBytesMax) {
    co_return Reply::Error(Status::Invalid(
        "invalid_label",
        "label is at most " + std::to_string(limits::kEventLabelBytesMax) + " bytes"));
  }
  const ResultSet count = co_await Query(sql::kCountAccessKeys);
  if (count.Integer(0, 0) >= limits::kEventAccessKeysMax) {
    co_return Reply::Error(Status::Error(403, "too_many_keys",
                                         "This tenant has " +
                                             std::to_string(limits::kEventAccessKeysMax) +
                                             " access keys: revoke one of them"));
  }
  const std::string secret = request.Param("secret");
  const ResultSet added = co_await Query(
      sql::kAddAccessKey, {HashOfNewSecret(secret), *access,
                           label == nullptr ? std::string() : *label, request.now_ms});
  Reply reply = Reply::Json("{\"id\":" + std::to_string(added.Integer(0, 0)) + ",\"access\":\"" +
                            *access + "\",\"key\":\"" + secret + "\"}");
  reply.status = 201;
  co_return reply;
}

Task<Reply> ListEventKeys(Context /*context*/) {
  const ResultSet keys = co_await Query(sql::kListAccessKeys);
  co_return Reply::Json("{\"keys\":" + keys.Text(0) + "}");
}

Task<Reply> RevokeEventKey(Context context) {
  const Result<int64_t> id = IntegerParam(context.request, "id", 1, limits::kIntegerMax, 0);
  if (!id.ok()) co_return Reply::Error(Status::NotFound("There is no such access key"));
  const ResultSets sets =
      co_await Batch({{sql::kRemoveAccessKey.text, {*id}}, {sql::kSocketsOfAccessKey.text, {*id}}});
  if (sets[0].rows.empty()) co_return Reply::Error(Status::NotFound("There is no such access key"));
  Reply reply;
  reply.status = 204;
  std::string sockets;
  for (const std::vector<Cell>& row : sets[1].rows) {
    if (!sockets.empty()) sockets += ',';
    sockets += std::to_string(*std::get_if<int64_t>(&row[0]));
  }
  reply.data["close_sockets"] = "[" + sockets + "]";
  co_return reply;
}

}  // namespace tidemark
